"""Paths that the daemon uses when the configuration names no others.

Nothing is imported here: commands that only need a path start faster.
"""

CONFIGURATION = "/etc/mcproxy.toml"
CONTROL_SOCKET = "/run/mcproxy/control.sock"
HOST_KEY = "/var/lib/mcproxy/manhole_host_key"
