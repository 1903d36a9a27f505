"""The host part on an upstream link: the proxy as one host that wants what its links want.

What is wanted stands in ``groups``. How it is told depends on the querier of the link: in
the current version, with sources, or in an older one, of which the querier was heard within
its time (RFC 9776, section 7.2; RFC 9777, section 8.2). Each has a machine of its own; when
the version changes, what was pending is dropped and all groups are told anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..family import IPV4, Address, Family, Predicate
from ..sources import NOTHING, SourceFilter
from ..versions import OlderVersions
from ..wire.datagram import destination
from ..wire.encoding import pack_reports
from ..wire.packets import OldReport, Packet, Query, Record, Send
from .current import Change, CurrentHost
from .older import OldHost

DEFAULT_ROBUSTNESS = 2
DEFAULT_QUERY_INTERVAL = 125.0


class Host:
    """IGMP's or MLD's host on one link.

    ``groups`` is what it wants, by group. ``version`` is the newest version to speak; only
    the current one gives way to older queriers. ``random`` gives numbers in [0, 1). What may
    be changed at any time: ``mtu`` bounds the packets; without ``fallback`` older queriers are
    not followed; ``is_ssm`` tells which groups are source-specific.
    """

    def __init__(
        self,
        family: Family,
        random: Callable[[], float],
        mtu: int = 1500,
        version: int | None = None,
    ) -> None:
        self.family = family
        self.mtu = mtu
        self.groups: dict[Address, SourceFilter] = {}
        self.robustness = DEFAULT_ROBUSTNESS
        self.query_interval = DEFAULT_QUERY_INTERVAL
        self.version = family.current_version if version is None else version
        self.last_query: float | None = None
        self.last_report: float | None = None
        self._configured = self.version
        self.fallback = True
        self.is_ssm: Predicate = family.is_ssm
        self.older = OlderVersions()
        self._version_ends: float | None = None
        self._random = random
        self._current = CurrentHost(family, self.groups, random)
        self._old = self._old_host()

    def set_mtu(self, mtu: int) -> None:
        """Send packets no longer than this from now on."""
        self.mtu = mtu

    def next_deadline(self) -> float | None:
        """When ``advance`` is to be called."""
        times = (
            self._current.next_deadline(),
            self._old.next_deadline(),
            self._version_ends,
        )
        return min((when for when in times if when is not None), default=None)

    def _old_host(self) -> OldHost:
        return OldHost(self.family, self.version, self.groups, self._random, self._leaves_out)

    def _leaves_out(self, group: Address) -> bool:
        """Whether older versions cannot tell of ``group`` (RFC 4604, section 2.2)."""
        return self.is_ssm(group)

    # -- changes

    def update(self, changes: Iterable[tuple[Address, SourceFilter]], now: float) -> list[Send]:
        """Take over what is wanted of some groups now, and report what that changes."""
        differences: list[Change] = []
        groups = self.groups
        for group, after in changes:
            before = groups.get(group, NOTHING)
            if after == before:
                continue
            if after == NOTHING:
                del groups[group]
            else:
                groups[group] = after
            differences.append((group, before, after))
        return self._tell(differences, now) if differences else []

    def rejoin(self, now: float) -> list[Send]:
        """Report all groups as joined just now: the link, its address or version is new."""
        self.version = self.older.oldest(self._configured, now)
        self._version_ends = self.older.next_end(now)
        self.silence()
        return self._tell([(g, NOTHING, wanted) for g, wanted in self.groups.items()], now)

    def leave(self, now: float) -> list[Send]:
        """One last report that leaves all groups; nothing is pending after it."""
        self.silence()
        sends = self.update([(group, NOTHING) for group in self.groups], now)
        self.silence()
        return sends

    def silence(self) -> None:
        """Forget all transmissions and answers that are due: the link is gone."""
        self._current = CurrentHost(self.family, self.groups, self._random)
        self._old = self._old_host()

    def _tell(self, differences: list[Change], now: float) -> list[Send]:
        if self.version == self.family.current_version:
            return self._reports(self._current.change(differences, self.robustness, now), now)
        return self._noted(self._old.change(differences, self.robustness, now), now)

    # -- what comes in, and time

    def receive(self, packet: Packet, now: float) -> list[Send]:
        """React to a query or another host's report; what a change of version makes us say."""
        sends: list[Send] = []
        if isinstance(packet, Query):
            self.last_query = now
            sends = self._note_querier(packet, now)
        self.answer(packet, now)
        return sends

    def answer(self, packet: Packet, now: float) -> None:
        """React to ``packet`` as ``receive`` does, but learn nothing of who has sent it."""
        if self.version == self.family.current_version:
            self._current.receive(packet, now)
        elif isinstance(packet, Query | OldReport):
            self._old.receive(packet, now)

    def advance(self, now: float) -> list[Send]:
        """Send the repeats and answers that are due, and go back to a newer version."""
        if self._version_ends is not None and self._version_ends <= now:
            return self._choose_version(now)
        sends = self._reports(self._current.advance(now), now)
        return sends + self._noted(self._old.advance(now), now)

    def _note_querier(self, query: Query, now: float) -> list[Send]:
        family = self.family
        if query.version == family.current_version:
            self.robustness = query.robustness or DEFAULT_ROBUSTNESS
            self.query_interval = query.interval or DEFAULT_QUERY_INTERVAL
            return []
        # IGMPv2 is told by its general query alone: hosts that do so agree with each other.
        specific = query.group != family.unspecified
        follows = self.fallback and self._configured == family.current_version
        if not follows or (family is IPV4 and specific):
            return []
        until = now + self.robustness * self.query_interval + query.max_response
        self.older.heard(query.version, until)
        return self._choose_version(now)

    def _choose_version(self, now: float) -> list[Send]:
        if self.older.oldest(self._configured, now) != self.version:
            return self.rejoin(now)
        self._version_ends = self.older.next_end(now)
        return []

    # -- sending

    def _reports(self, records: list[Record], now: float) -> list[Send]:
        if not records:
            return []
        reports = pack_reports(records, self.family, self.mtu)
        return self._noted([Send(destination(self.family, r), r) for r in reports], now)

    def _noted(self, sends: list[Send], now: float) -> list[Send]:
        if sends:
            self.last_report = now
        return sends
