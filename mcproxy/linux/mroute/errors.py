"""Why a multicast routing table cannot be opened, in words for the operator."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from ...protocol.family import IPV4, Family


class MulticastRoutingError(Exception):
    """A multicast routing table cannot be opened; the text says why and what to do."""


class NotPermitted(MulticastRoutingError):  # noqa: N818
    """The process lacks capabilities."""


class NotSupported(MulticastRoutingError):  # noqa: N818
    """The kernel was built or started without a feature that is needed."""


class TableInUse(MulticastRoutingError):  # noqa: N818
    """Another socket is the multicast router of this table."""


_REMEDY = "run it as root, or grant CAP_NET_ADMIN and CAP_NET_RAW"
_FAMILIES = {"ipv4": ("IPv4", "CONFIG_IP_MROUTE"), "ipv6": ("IPv6", "CONFIG_IPV6_MROUTE")}


def socket_error(family: Family, error: OSError) -> MulticastRoutingError:
    """The error to raise where the socket could not be opened."""
    label, _ = _FAMILIES[family.name]
    if error.errno in (errno.EPERM, errno.EACCES):
        return NotPermitted(f"not permitted to open a raw {label} socket: {_REMEDY}")
    if error.errno in (errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT):
        return NotSupported(
            f"this kernel has no {label}: enable it,"
            f" or leave {family.protocol} out of the configuration"
        )
    return MulticastRoutingError(
        f"cannot open a socket for {label} multicast routing: {error.strerror}"
    )


def table_error(family: Family, table: int, error: OSError) -> MulticastRoutingError:
    """The error to raise where the kernel refused to make ``table`` (not the default one)."""
    label, option = _FAMILIES[family.name]
    if error.errno in (errno.EPERM, errno.EACCES):
        return NotPermitted(f"not permitted to route {label} multicast: {_REMEDY}")
    if error.errno in (errno.ENOPROTOOPT, errno.EOPNOTSUPP):
        return NotSupported(
            f"this kernel has only one {label} multicast routing table ({option}_MULTIPLE_TABLES"
            " is not set): leave table at 0"
        )
    return MulticastRoutingError(
        f"the kernel refuses {table} as the number of an {label} multicast routing table"
        f" ({error.strerror}): choose a number from 1 to 999999999"
    )


def init_error(family: Family, table: int, error: OSError) -> MulticastRoutingError:
    """The error to raise where the kernel refused our socket as the router of ``table``."""
    label, option = _FAMILIES[family.name]
    if error.errno in (errno.EPERM, errno.EACCES):
        return NotPermitted(f"not permitted to route {label} multicast: {_REMEDY}")
    if error.errno in (errno.ENOPROTOOPT, errno.EOPNOTSUPP):
        return NotSupported(
            f"this kernel cannot route {label} multicast ({option} is not set): use one that can,"
            f" or leave {family.protocol} out of the configuration"
        )
    if error.errno == errno.EADDRINUSE:
        name = f"table {table}" if table else "the default table"
        holders = ", ".join(f"{program} (pid {pid})" for pid, program in socket_holders(family))
        seen = f"; a multicast routing socket is open in {holders}" if holders else ""
        return TableInUse(
            f"another multicast router uses {name} of {label}{seen}:"
            " stop it, or choose another table"
        )
    return MulticastRoutingError(f"the kernel refuses {label} multicast routing: {error.strerror}")


def socket_holders(family: Family) -> list[tuple[int, str]]:
    """Other processes (pid, name) with raw sockets of the kind that can be a multicast router.

    The kernel does not show which of them is the router. A process of another pid namespace or
    user may be missing. This process is left out: it has such sockets for its other tables.
    Never fails.
    """
    try:
        inodes = _raw_socket_inodes(family)
        found = _processes_with({f"socket:[{inode}]" for inode in inodes})
        return [(pid, program) for pid, program in found if pid != os.getpid()]
    except (OSError, ValueError, IndexError):
        return []


def _raw_socket_inodes(family: Family) -> set[int]:
    """Inodes of the raw IGMP or ICMPv6 sockets in this thread's network namespace."""
    file, protocol = ("raw", 2) if family is IPV4 else ("raw6", 58)
    inodes = set()
    # /proc/net would be the main thread's, and threads may be in different namespaces.
    for line in Path("/proc/thread-self/net", file).read_text().splitlines()[1:]:
        fields = line.split()
        # A raw socket's "port" is its protocol.
        if int(fields[1].rpartition(":")[2], 16) == protocol:
            inodes.add(int(fields[9]))
    return inodes


def _processes_with(targets: set[str]) -> list[tuple[int, str]]:
    found = []
    for process in Path("/proc").iterdir() if targets else ():
        if process.name.isdigit() and _has_open(process, targets):
            found.append((int(process.name), _name_of(process)))
    return sorted(found)


def _has_open(process: Path, targets: set[str]) -> bool:
    try:
        return any(_link(file) in targets for file in process.joinpath("fd").iterdir())
    except OSError:
        return False  # it ended, or we may not look at it


def _link(file: Path) -> str:
    try:
        return os.readlink(file)
    except OSError:
        return ""


def _name_of(process: Path) -> str:
    """The program's name; of one in Python that of the program, and not of its interpreter."""
    try:
        name = process.joinpath("comm").read_text().strip()
        words = process.joinpath("cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "?"
    return python_program(words) or name if name.startswith(("python", "pypy", "twistd")) else name


_OPTIONS_WITH_VALUE = ("-W", "-X", "-Q", "--check-hash-based-pycs")


def python_program(words: Sequence[str]) -> str:
    """The name of what an interpreter runs with this command line; empty if it is not known.

    ``twistd`` runs mcproxy as a plugin, so that it stands among its arguments.
    """
    if any(os.path.basename(word) == "mcproxy" for word in words):
        return "mcproxy"
    rest = iter(words[1:])
    for word in rest:
        if word == "-m":
            return next(rest, "").partition(".")[0]
        if word == "-c":
            return ""
        if word in _OPTIONS_WITH_VALUE:
            next(rest, None)
        elif word and not word.startswith("-"):
            return os.path.basename(word)
    return ""
