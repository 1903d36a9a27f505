"""What a downstream refused to hosts and routers: warnings, and a memory for views."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..protocol.family import Address, Family
from ..protocol.host.reported_groups import joined_groups
from ..protocol.router.admission import MOST_NOTED, Refusal
from ..protocol.wire.packets import Leave, Packet, Report

WARNINGS = {
    Refusal.MAX_GROUPS: "{host} joined {group}; refused because the link has as many groups as "
    "max-groups allows (see max-groups)",
    Refusal.MAX_SOURCES: "{host} listed more sources of {group} than max-group-sources allows; "
    "the sources beyond the limit are ignored (see max-group-sources)",
    Refusal.MAX_LINK_SOURCES: "{host} listed sources of {group}; new ones are ignored because the "
    "groups of the link have as many sources together as max-sources allows (see max-sources)",
    Refusal.SSM: "{host} joined {group} without naming a source; refused because the group is in "
    "ssm-range (see ssm-range, ssm-map)",
    Refusal.QUERIER: "{host} sends queries from a lower address than ours; ignored because it is "
    "not among allowed-queriers, so this proxy stays the querier (see allowed-queriers, and "
    "router-discovery if joins do not arrive)",
    Refusal.VERSION: "{host} joined {group} by an older version of {protocol} than the link "
    "accepts; ignored (see minimum-{protocol_lower}-version)",
    Refusal.SOURCES: "{host} joined {group} for sources that cannot send forwarded data, such as "
    "link-local ones; ignored",
    Refusal.RATE: "a report of {host} was dropped because more reports arrive than "
    "max-report-rate allows (see max-report-rate)",
    Refusal.HOST_RATE: "a report of {host} was dropped because it sends more reports than "
    "max-host-report-rate allows (see max-host-report-rate)",
    Refusal.SUBNET: "{host} is in no subnet of the link; its reports and queries are ignored "
    "(see check-subnet)",
}
"""By reason; refusals for other reasons are everyday, and are only counted."""


def warning_of(reason: Refusal, packet: Packet, family: Family) -> str | None:
    """The text for a packet that was refused for this reason; None where it is no news.

    Its fields are ``host``, the sender, and ``group``. A refused leave is no news: the join before
    it was refused too.
    """
    found = None if isinstance(packet, Leave) else WARNINGS.get(reason)
    protocol = family.protocol
    if found is None:
        return None
    return found.replace("{protocol}", protocol).replace("{protocol_lower}", protocol.lower())


EXPLANATIONS = {
    Refusal.SCOPE: "the group is not a multicast address",
    Refusal.SOURCES: "none of the listed sources can send forwarded data",
    Refusal.SSM: "the group is source-specific, and the host named no source",
    Refusal.MAX_GROUPS: "the link has as many groups as it may have",
    Refusal.MAX_SOURCES: "the group has as many sources as it may have",
    Refusal.MAX_LINK_SOURCES: "the groups of the link have as many sources as they may have",
    Refusal.VERSION: "the host's version is not accepted on the link",
    Refusal.QUERIER: "the router is not among the allowed queriers",
    Refusal.RATE: "more reports came than the link may send per second",
    Refusal.HOST_RATE: "more reports came than one host may send per second",
    Refusal.SUBNET: "the host is in no subnet of the link",
}
"""What each reason means, in one sentence."""

SETTINGS = {Refusal.SSM: "ssm-range", Refusal.QUERIER: "allowed-queriers"}
"""The settings that decide; the name of another reason is that of its setting."""


def setting_of(reason: Refusal, family: Family) -> str | None:
    """The setting that decides about this refusal; None where the protocol does."""
    if reason is Refusal.VERSION:
        return f"minimum-{family.protocol.lower()}-version"
    return None if reason in _BY_PROTOCOL else SETTINGS.get(reason, reason.value)


_BY_PROTOCOL = (Refusal.SCOPE, Refusal.SOURCES)


@dataclass(slots=True)
class Refused:
    """Joins of one group that were refused for one reason; ``host`` sent the last one.

    ``first`` and ``last`` are times of the daemon's clock.
    """

    host: Address
    first: float
    last: float
    count: int = 0


class RecentRefusals:
    """The latest refused joins of a link, by group and reason, at most ``most`` of them."""

    def __init__(self, most: int = 256) -> None:
        self._known: OrderedDict[tuple[Address, Refusal], Refused] = OrderedDict()
        self._most = most

    def note(self, group: Address, reason: Refusal, host: Address, now: float) -> None:
        """``host`` was refused; the refusal that is the longest ago is forgotten for it."""
        known = self._known.setdefault((group, reason), Refused(host, now, now))
        self._known.move_to_end((group, reason))
        known.host, known.last = host, now
        known.count += 1
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def since(self, when: float) -> dict[Address, tuple[Refusal, Refused]]:
        """The last refusal of each group, if it was not before ``when``."""
        return {
            group: (reason, one) for (group, reason), one in self._known.items() if one.last >= when
        }


def groups_of(
    packet: Packet, refused: Iterable[tuple[Refusal, Address | None]], family: Family
) -> Iterator[tuple[Refusal, Address | None]]:
    """Each refusal with its group; where the whole packet was refused, with each of its joins."""
    for reason, group in refused:
        joined = [one for one in joined_groups(packet) if family.is_proxied(one)]
        if group is not None or not joined:
            yield reason, group
        elif not (reason is Refusal.VERSION and isinstance(packet, Report)):
            # A host begins with the newest version, and uses an older one when it is asked to.
            yield from ((reason, one) for one in joined[:MOST_NOTED])
