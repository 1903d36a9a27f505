"""What came of a play: its memberships in rows, and what was not as it should be."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from .accounts import Flow, Want, Watch

LATEST_JOIN = 1.0
"""Seconds from a host's report within which the stream must come."""

_BUSY = 0.5
"""Seconds: a kernel that takes longer to send a report has to wait for the CPU."""

Groups = tuple[str, str]
"""A group of each family, joined together."""


@dataclass
class Results:
    """Judges the memberships and links of a play.

    ``pairs`` are the groups of both families that share a row.
    """

    wants: list[Want]
    watches: list[Watch]
    pairs: Sequence[Groups]

    def update(self) -> None:
        """Judge what came on the links until now."""
        for watch in self.watches:
            watch.update(self.wants)

    def rows(self) -> list[list[Want]]:
        """The memberships, those of one receiver for both families together."""
        rows: dict[tuple[str, str, Groups], list[Want]] = {}
        for want in self.wants:
            pair = next(pair for pair in self.pairs if want.group in pair)
            rows.setdefault((want.receiver, want.filter, pair), []).append(want)
        return list(rows.values())

    def faults(self) -> list[str]:
        """Everything that was not as it should be, a sentence each."""
        found = []
        for want in self.wants:
            who = f"{want.receiver}, {want.group} ({want.filter})"
            found += [f"{who}: {fault}" for fault in want.result().faults(LATEST_JOIN)]
        for watch in self.watches:
            for flow, count in watch.unwanted.items():
                text = f"{count} unwanted packets from {flow.source} to {flow.group}"
                found.append(f"{watch.link}: {text}")
        return found

    def cuts(self) -> list[str]:
        """How long streams went on after the last member of their link had left."""
        found = []
        for want in self.wants:
            if want.released is None or self._is_still_wanted(want):
                continue
            watch = next(watch for watch in self.watches if watch.link == want.link)
            last = max(watch.last(Flow(stream.source, want.group)) for stream in want.streams)
            if last:
                text = f"{want.group} ended {last - want.released:.2f} s after {want.receiver} left"
                found.append(f"{want.link}: {text}")
        return found

    def remarks(self) -> list[str]:
        """What a reader needs to judge the times: whether the hosts themselves were slow."""
        asked = [want.asked - want.joined for want in self.wants if want.asked is not None]
        slowest = max(asked, default=0.0)
        silent = sum(want.asked is None for want in self.wants if want.link != "up")
        found = []
        if slowest > _BUSY:
            found.append(f"the kernel took up to {slowest:.1f} s to send a report")
        if silent:
            found.append(f"the kernel sent no report at all for {silent} joins")
        return [f"This machine is busy: {text}." for text in found]

    def _is_still_wanted(self, ended: Want) -> bool:
        """Whether others on the link want any stream of a membership that ended."""
        flows = [Flow(stream.source, ended.group) for stream in ended.streams]
        here = [want for want in self.wants if want.link == ended.link and want.left is None]
        return any(want.covers(flow, time.time(), 0) for want in here for flow in flows)
