"""What the packet filters would do to a packet, computed without sending one.

Every match has three answers: it holds, it does not, or nobody can tell from here (None).
"""
