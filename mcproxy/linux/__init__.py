"""The kernel's side: sockets, multicast routing tables, links and addresses of Linux.

Nothing here knows of proxying; of the project only ``protocol.family`` is imported.
"""
