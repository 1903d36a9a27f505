"""The protocol core: bytes and state in, messages and deadlines out.

Nothing in this package knows Twisted, a socket or a clock. Every state machine takes
``now`` (seconds, monotonic) with each call, returns what is to be sent and which groups
changed, and names its next deadline.
"""
