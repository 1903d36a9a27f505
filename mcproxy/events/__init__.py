"""What happened in the daemon, as typed values, and who reads them.

::

    event        Event, and what all events have in common
    membership   hosts: joins, leaves, expiry, reports, refusals
    routers      queriers: queries heard and sent, elections, versions
    upstream     what is reported upstream, and the choice among upstreams
    links        interfaces that are found and lost
    forwarding   entries in the kernel, sources, data that is not forwarded
    daemon       start, stop, changes of the configuration
    bus          Events: takes an event to its readers
    log_reader   the log, one of the readers

An event is made where it happens, and only if a reader wants its kind::

    if Joined in events.wanted:
        events.tell(Joined(...))
"""
