"""A laboratory: hosts, sources and routers as network namespaces of this machine.

Nothing in it has a name in the system. A namespace lives as long as somebody holds its file
descriptor, so all of it goes when its owner closes it, or ends in whatever way.
"""
