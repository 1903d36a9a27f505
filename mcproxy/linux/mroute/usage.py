"""Whether the kernel can route multicast, and who does it now; nothing is changed by asking."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from pathlib import Path

from ...protocol.family import IPV4, Family
from .dump import dump_routes
from .errors import socket_holders
from .operations import LAYOUTS

_MRT_INIT, _MRT_VERSION = 200, 206
_DEFAULT_TABLE = 0


@dataclass(frozen=True, slots=True)
class MulticastUsage:
    """What one family's multicast routing looks like; None where it cannot be known.

    ``tables_in_use`` are those, among the tables asked for, that have a router. ``programs``
    are processes (pid, name) with a socket that can be the router.
    """

    supported: bool | None
    tables_in_use: frozenset[int] | None = frozenset()
    programs: tuple[tuple[int, str], ...] = ()


def read_usage(family: Family, tables: frozenset[int]) -> MulticastUsage:
    """The usage of one family. Blocks. Without CAP_NET_RAW it knows less, and never fails."""
    programs = tuple(socket_holders(family))
    try:
        layout = LAYOUTS[family]
        sock = socket.socket(family.socket_family, socket.SOCK_RAW, layout.protocol)
    except PermissionError:
        return MulticastUsage(None, None, programs)
    except OSError:
        return MulticastUsage(supported=False)
    with sock:
        try:
            sock.getsockopt(layout.level, _MRT_VERSION)
        except OSError as error:
            supported = error.errno not in (errno.ENOPROTOOPT, errno.EOPNOTSUPP)
            return MulticastUsage(supported, None, programs)
        used = frozenset(table for table in tables if _in_use(family, table, sock))
    return MulticastUsage(True, used, programs)


def _in_use(family: Family, table: int, sock: socket.socket) -> bool:
    """Whether a table has a router.

    The kernel creates a table when a socket names it, so only the default one is asked, and
    only when some table has a router: then the request of a second router fails.
    """
    if table != _DEFAULT_TABLE:
        return bool(dump_routes(family, table))
    if not _routers(family):
        return False
    try:
        sock.setsockopt(LAYOUTS[family].level, _MRT_INIT, 1)
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def _routers(family: Family) -> int:
    """The number of sockets that route multicast in this network namespace, over all tables."""
    name = "ipv4" if family is IPV4 else "ipv6"
    path = Path(f"/proc/sys/net/{name}/conf/all/mc_forwarding")
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
