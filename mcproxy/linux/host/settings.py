"""Kernel settings (sysctl) of interfaces, as they take effect."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ...protocol.family import IPV4, IPV6, Family
from ..forced_versions import ForcedVersion, forced_version

_ROOT = Path("/proc/sys/net")
OFF, STRICT, LOOSE = 0, 1, 2
"""Values of rp_filter."""


class LinkSettings(NamedTuple):
    """Settings of one interface; None where the kernel does not have a setting.

    ``forced_igmp`` and ``forced_mld`` are what the kernel must speak for local programs there.
    """

    rp_filter: int | None = None
    forced_igmp: ForcedVersion | None = None
    forced_mld: ForcedVersion | None = None
    ipv6_disabled: bool = False

    def forced(self, family: Family) -> ForcedVersion | None:
        """The forced version of IGMP or MLD; None if there is none."""
        return self.forced_igmp if family is IPV4 else self.forced_mld


def read_setting(path: str) -> int | None:
    """The value of ``net.<path>``; None if the kernel does not have it. Needs no rights."""
    try:
        return int(_ROOT.joinpath(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def read_link_settings(interface: str) -> LinkSettings:
    """The settings of one interface. Needs no rights."""
    own = read_setting(f"ipv4/conf/{interface}/rp_filter")
    common = read_setting("ipv4/conf/all/rp_filter")
    return LinkSettings(
        rp_filter=None if own is None else max(own, common or 0),
        forced_igmp=forced_version(IPV4, interface),
        forced_mld=forced_version(IPV6, interface),
        ipv6_disabled=bool(read_setting(f"ipv6/conf/{interface}/disable_ipv6")),
    )


def read_rp_filter_drops() -> int:
    """How many packets rp_filter has dropped on this machine; 0 if the kernel does not count."""
    try:
        lines = Path("/proc/thread-self/net/netstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    for names, numbers in zip(lines[::2], lines[1::2], strict=False):
        counters = dict(zip(names.split(), numbers.split(), strict=False))
        if "IPReversePathFilter" in counters:
            return int(counters["IPReversePathFilter"])
    return 0
