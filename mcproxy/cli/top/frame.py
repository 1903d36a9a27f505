"""One frame of the live view, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ..show.cells import time as seconds_of
from ..show.cells import value
from ..table import GREEN, RED, YELLOW, Column, Output, Row, table
from ..units import quantity
from .activity import COUNTED

ADDRESS = 24
"""Characters of an address that are shown at most, so that a flow is one line."""


def _short(key: str) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        text = str(row[key])
        return text if len(text) <= ADDRESS else text[: ADDRESS - 2] + ".."

    return cell


def _outputs(row: Row) -> str:
    names = row["outgoing-interface"]
    return ", ".join(names[:2]) + (f" +{len(names) - 2}" if len(names) > 2 else "")


_COLOURS = {"forwarding": GREEN, "silent": YELLOW, "default": "", "not-wanted": "", "not-asked": ""}


def _colour(state: str) -> str | None:
    return _COLOURS.get(state, RED)


COLUMNS = (
    Column("Source", _short("source-address"), "The source; ``*`` is all sources together."),
    Column("Group", _short("group-address"), "The group."),
    Column("In", value("incoming-interface"), "The interface from which data is accepted."),
    Column("Out", _outputs, "The interfaces that data is sent to; two of them, and how many more."),
    Column("Rate", lambda row: quantity(row["bit-rate"], "bit/s"), "How much arrives."),
    Column("Pkt/s", lambda row: quantity(row["packet-rate"], ""), "Packets a second."),
    Column("Seen", seconds_of("last-seen"), "The time since the last packet."),
    Column("State", value("state"), "The state, as in ``show flows``.", colour=_colour),
)

SORTS: Mapping[str, Callable[[Row], Any]] = {
    "rate": lambda row: -(row["bit-rate"] or 0),
    "packets": lambda row: -row["packets"],
    "group": lambda row: (row["family"], row["group-address"], row["source-address"]),
    "seen": lambda row: row["last-seen"] if row["last-seen"] is not None else float("inf"),
}
"""Orders of the flows, by the name of the option; the key ``s`` takes the next one."""


@attrs.frozen
class Sample:
    """What the daemon said at ``taken``, seconds of a clock that nobody sets."""

    taken: float
    flows: list[Row]
    statistics: list[Row]

    def total(self, what: str, key: str) -> int:
        """The sum of a member over all rows about ``what``."""
        return sum(row.get(key, 0) for row in self.statistics if row["what"] == what)


@attrs.frozen
class Frame:
    """What is shown: two samples, what happened between them, and how to show it."""

    before: Sample
    now: Sample
    activity: Counter[str]
    sort: str = "rate"

    def lines(self, output: Output, height: int) -> list[str]:
        """The lines, at most ``height``."""
        head = [self._happened(), self._messages(), self._flows(), ""]
        room = max(height - len(head), 2)
        shown = sorted(self.now.flows, key=SORTS[self.sort])[: room - 1]
        rows = table(COLUMNS, shown, output).splitlines() if shown else ["no flows"]
        return [*(line[: output.width] for line in head), *rows[:room]]

    def _a_second(self, number: float) -> float:
        return number / max(self.now.taken - self.before.taken, 0.001)

    def _happened(self) -> str:
        parts = [f"{name} {_rounded(self._a_second(self.activity[name]))}" for name in COUNTED]
        return "per s:  " + "  ".join(parts)

    def _messages(self) -> str:
        received, sent = (
            _rounded(self._a_second(self._grown(what, "count"))) for what in ("received", "sent")
        )
        arrived, left = (
            quantity(self._a_second(self._grown(what, "bytes") * 8), "bit/s")
            for what in ("data in", "data out")
        )
        return f"messages in {received}/s, out {sent}/s   data in {arrived}, out {left}"

    def _grown(self, what: str, key: str) -> int:
        """By how much a count has grown; counts can begin at 0 again."""
        return max(self.now.total(what, key) - self.before.total(what, key), 0)

    def _flows(self) -> str:
        states = Counter(row["state"] for row in self.now.flows)
        listed = ", ".join(f"{count} {state}" for state, count in states.most_common(4))
        lost = f"; {self.activity['lost']} events not counted" if self.activity["lost"] else ""
        number = len(self.now.flows)
        return (
            f"{number} flow{'' if number == 1 else 's'}" + (f": {listed}" if listed else "") + lost
        )


def _rounded(number: float) -> str:
    return f"{number:.1f}" if number < 100 else f"{number:.0f}"
