"""Wire formats: from bytes to values, and back.

``datagram`` handles the IP packet: headers, checks on receipt, destinations. ``igmp`` and
``mld`` handle the messages; ``encoding`` has what they share, and ``discovery`` the messages by
which routers advertise themselves. The values are in ``packets``: a message with one meaning has
one type, whichever protocol carries it. Bytes that are not an acceptable message raise WireError,
whose reason names the counter.
"""
