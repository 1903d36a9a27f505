"""Explicit tracking: which host wants what of a group (RFC 9776, appendix A.2).

It serves ``immediate-leave``: a stream may be cut without asking when the last host that
reported for it has left. A host that vanishes without a word is forgotten after the
membership interval, as the group's own timers do.
"""

from __future__ import annotations

from .family import Address
from .packets import NO_SOURCES, Record, RecordType, Sources

_SAYS_EXCLUDE = (RecordType.MODE_IS_EXCLUDE, RecordType.CHANGE_TO_EXCLUDE_MODE)
_ADDS = (RecordType.MODE_IS_INCLUDE, RecordType.ALLOW_NEW_SOURCES)


class HostTable:
    """The hosts that reported for one group, what each wants, and until when it counts.

    A host in EXCLUDE mode counts as one that wants every source: its own list is left out,
    which can only cause a query that was not needed. What it says about single sources
    counts for the time after.
    """

    __slots__ = ("_excluding", "_including", "unknowable_until")

    def __init__(self) -> None:
        self.unknowable_until = 0.0
        self._excluding: dict[Address, float] = {}
        self._including: dict[Address, tuple[Sources, float]] = {}

    def __len__(self) -> int:
        return len(self._excluding.keys() | self._including.keys())

    def note(self, host: Address, record: Record, now: float, until: float) -> None:
        """Take in what ``host`` says; it counts ``until`` then unless it says it again."""
        self._forget(now)
        kind, _, listed = record
        if kind in _SAYS_EXCLUDE:
            self._including.pop(host, None)
            self._excluding[host] = until
            return
        if kind is RecordType.CHANGE_TO_INCLUDE_MODE:
            self._excluding.pop(host, None)
            sources = listed
        else:
            known = self._including.get(host, (NO_SOURCES, until))[0]
            sources = known | listed if kind in _ADDS else known - listed
        if sources:
            self._including[host] = (sources, until)
        else:
            self._including.pop(host, None)

    def wants_any(self) -> bool:
        """Whether some host wants the group from any source."""
        return bool(self._excluding)

    def wanted(self) -> dict[Address, float]:
        """The sources that hosts listed, with the time until which that counts."""
        times: dict[Address, float] = {}
        for sources, until in self._including.values():
            for source in sources:
                times[source] = max(until, times.get(source, until))
        return times

    def unwanted(self, sources: Sources) -> Sources:
        """Those of ``sources`` that no host wants."""
        if self._excluding:
            return NO_SOURCES
        return sources.difference(*(wanted for wanted, _ in self._including.values()))

    def _forget(self, now: float) -> None:
        for host in [h for h, until in self._excluding.items() if until <= now]:
            del self._excluding[host]
        for host in [h for h, (_, until) in self._including.items() if until <= now]:
            del self._including[host]
