"""The router part on a downstream link (RFC 9776, section 6; RFC 9777, section 7).

The shell uses ``querier.Querier`` and ``settings.QuerierSettings``, and carries out the
``effects.Effects`` of each call. Behind the Querier stand::

    role        is this router the querier? general queries; ``election`` decides
    reports     from a record to a change of a group; ``admission`` refuses, ``tracking``
                notes who wants what, ``fast_leave`` drops what no tracked host wants
    groups      the table of groups, their expiry; ``group`` is the state of one of them
    queries     query messages, and the repeated specific queries after a leave

All of them share one queue of deadlines; the next of these is the timer of the querier.

``discovery.RouterDiscovery`` is independent of them: it advertises the router to snooping switches.
"""
