"""The host part on an upstream link (RFC 9776, section 5; RFC 9777, section 6).

The proxy looks like one host upstream. ``host.Host`` holds what this host wants, and chooses
the version by the queriers that it receives. Two state machines do the reporting, of which one
is in use at a time:

- ``current_version``: IGMPv3 or MLDv2, with source lists and repeated change reports,
- ``older_version``: IGMPv1, IGMPv2 or MLDv1, with one report for each group.
"""
