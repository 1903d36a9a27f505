"""The version of IGMP or MLD that the kernel's settings force on the programs of this machine."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..protocol.family import IPV4, Family

_SETTINGS = Path("/proc/sys/net")


class ForcedVersion(NamedTuple):
    """A version, and the name of the setting that forces it, as sysctl writes it."""

    setting: str
    version: int


def forced_version(
    family: Family, interface: str, settings: Path = _SETTINGS
) -> ForcedVersion | None:
    """What the kernel's own host part must speak on an interface; None if it may choose.

    It is None as well where the kernel has no such setting or does not show it. Of two IGMP
    settings the older version counts. Of two MLD settings that for all interfaces counts.
    """
    found = [_read(family, name, settings) for name in ("all", _kernel_name(interface))]
    set_ones = [one for one in found if one is not None and one.version]
    if family is IPV4:
        return min(set_ones, key=lambda one: one.version, default=None)
    return next(iter(set_ones), None)


def _kernel_name(interface: str) -> str:
    """The name that the settings have: ``interface`` may be an alternative name."""
    try:
        return socket.if_indextoname(socket.if_nametoindex(interface))
    except OSError:
        return interface


def _read(family: Family, name: str, settings: Path) -> ForcedVersion | None:
    kind, key = family.name, f"force_{family.protocol.lower()}_version"
    with suppress(OSError, ValueError):
        number = int((settings / kind / "conf" / name / key).read_text(encoding="ascii"))
        # sysctl writes the dots of a name as slashes, because dots divide the parts.
        return ForcedVersion(f"net.{kind}.conf.{name.replace('.', '/')}.{key}", number)
    return None
