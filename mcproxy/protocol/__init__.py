"""The protocol core: bytes and state in, messages and deadlines out.

Nothing in this package knows Twisted, a socket or a clock; the host's random delays come from a
function that is passed in. The shell around it owns sockets and timers. It drives each state
machine with three calls::

    receive(packet, now)   a packet came from the link
    advance(now)           the machine's deadline has come
    next_deadline()        when to call advance; asked again after each other call

``now`` is in seconds of a monotonic clock. Calls return what to send and which groups changed;
they never send, wait or log.

How a join becomes a report and a forwarding entry::

    datagram from a downstream
      wire        datagram.accept            bytes -> Report; WireError tells why it is dropped
      router      Querier.receive            one for each downstream and family
                    ReportReceiver           checks each record and changes the Group
                  -> Effects.changed         groups whose subscription differs from before
      membership  MembershipDatabase.merged  what all downstreams together want of a group
      upstreams   Selection.share            which upstream is asked for which part of it
      host        Host.update                one for each upstream and family: reports to send
      forwarding  Planner.plan               the entries that the kernel should have

What each part owns, and where its timers live:

- ``router``: the memberships of a link. A group's timers are in ``Group``; the next deadline of
  all groups, of the general query and of the other querier is in one ``Deadlines`` queue of the
  Querier (``router.querier``).
- ``host``: what is wanted upstream, and the repeats and answers that are still to be sent, with
  deadlines of their own.
- ``membership``, ``forwarding`` and ``policy`` hold no timers: their results are computed from
  what the queriers hold. Only the observed sources of ``forwarding`` have times.
- ``upstreams``: which upstream provides which group and source.

``family`` has all differences between IGMP over IPv4 and MLD over IPv6. ``sources`` has source
filters and how they merge, ``versions`` the compatibility with older versions, and
``deadlines`` the queue of deadlines.
"""
