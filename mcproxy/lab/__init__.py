"""A laboratory: hosts, sources and routers as network namespaces of this machine.

Nothing in it has a name in the system. A namespace lives as long as a process holds its file
descriptor, so everything goes when the owner closes it, and also when the owner dies.
"""
