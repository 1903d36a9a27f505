"""The kernel: sockets, multicast routing tables, links and addresses of Linux.

Nothing here knows of proxying. From the rest of the project it imports ``protocol.family``.
"""
