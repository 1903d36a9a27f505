"""What a router that loses the election reports to the new querier: the groups of the link.

The new querier may have come up a moment ago, and know no group. Its hosts answer within the
query response interval, and until then nobody would forward. So the loser reports what they
want, as a host of the link does, and stops forwarding in the same moment. It must not go on
instead until the hosts have answered: where both routers proxy for one upstream, the new querier
would take what the loser forwards for data of the link, and send it up again (RFC 4605, 3).

These reports are all that the loser says of a group. If no host wants it any more, the new
querier lets it expire.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from ..family import Address, Family
from ..sources import INCLUDE
from ..wire.datagram import destination
from ..wire.encoding import pack_reports
from ..wire.packets import OldReport, Record, RecordType, Report, Send
from .group import Group

GROUPS_A_PART = 100
"""Groups that are reported in one turn."""

PART_INTERVAL = 0.01
"""Seconds between two parts: other work has its turn, and switches are not flooded."""


class Handover:
    """The reports about ``groups``, the owner's mapping, in parts."""

    def __init__(self, family: Family, groups: Mapping[Address, Group]) -> None:
        self._family = family
        self._groups = groups
        self._version = family.current_version
        self._left: deque[Address] = deque()

    def begin(self, version: int) -> None:
        """Report all groups that there are now, in this version."""
        self._version = version
        self._left = deque(self._groups)

    def take(self, mtu: int) -> list[Send]:
        """The next part, in packets of at most ``mtu`` bytes."""
        part = [self._left.popleft() for _ in range(min(GROUPS_A_PART, len(self._left)))]
        known = [group for group in part if group in self._groups]
        reports: list[Report | OldReport]
        if self._version == self._family.current_version:
            records = [_current_state(group, self._groups[group]) for group in known]
            reports = [*pack_reports(records, self._family, mtu)]
        else:
            reports = [OldReport(self._version, group) for group in known]
        return [Send(destination(self._family, report), report) for report in reports]

    def __bool__(self) -> bool:
        """Whether a part is left."""
        return bool(self._left)

    def end(self) -> None:
        """Report nothing more."""
        self._left.clear()


def _current_state(address: Address, group: Group) -> Record:
    mode, sources = group.subscription()
    including = mode is INCLUDE
    kind = RecordType.MODE_IS_INCLUDE if including else RecordType.MODE_IS_EXCLUDE
    return Record(kind, address, sources)
