"""The rows that the page shows: those of the views, without what changes at every look.

A member that grows with time, such as ``up-time``, would change each row in each second. In its
place stands the time when it began, in seconds since 1970 (``since``, ``last-packet``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..views import flows, hosts, interfaces
from ..views.flow_state import MOVING_TIME, FlowState
from ..views.values import Row

if TYPE_CHECKING:
    from ...proxy import Proxy
    from ...routing.readings import Reading

MOST_GROUPS_OF_HOST = 50
"""Groups of a host that are named; ``groups`` counts all."""

GOOD, WAITING, BROKEN, IDLE = "good", "waiting", "broken", "idle"
"""What a flow's state means to who looks at the page, its ``health``."""

_HEALTH = {
    FlowState.FORWARDING: GOOD,
    FlowState.SILENT: WAITING,
    FlowState.NOT_WANTED: IDLE,
    FlowState.DEFAULT: IDLE,
}
HEALTH = {state.value: _HEALTH.get(state, BROKEN) for state in FlowState}
"""By state."""

_SINCE = re.compile(r" for \d+ s$")

_OF_INTERFACE = (
    "instance", "family", "interface", "role", "state", "reason", "cure", "addresses", "version",
    "groups", "querier", "querier-address", "querier-version",
)  # fmt: skip


class Moments:
    """Times at which things began, computed from their ages again and again.

    Ages are rounded and clocks differ, so that a time would change by some tenths of a second; the
    one that was given first stays.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], int] = {}
        self._used: dict[tuple[str, str], int] = {}

    def began(self, key: str, what: str, age: float | None, now: float) -> int | None:
        """When something began that is ``age`` seconds old; None where it never did."""
        if age is None:
            return None
        when = now - age
        known = self._known.get((key, what))
        found = round(when) if known is None or abs(known - when) > 2 else known
        self._used[key, what] = found
        return found

    def forget_unused(self) -> None:
        """Forget what was not asked for since the last call."""
        self._known, self._used = self._used, {}


def flow_rows(
    proxy: Proxy, reading: Reading, moments: Moments, now: float
) -> Iterator[tuple[str, Row] | None]:
    """Each flow with its key; None is a pause, or a flow that is not shown."""
    for row in flows.rows(proxy, reading):
        group = row["group-address"]
        if group == "*":
            yield None
            continue
        key = f"{row['instance']} {row['source-address']} {group}"
        last = row["last-seen"]
        is_moving = last is not None and last <= MOVING_TIME
        yield (
            key,
            {
                "key": key,
                "instance": row["instance"],
                "family": row["family"],
                "source-address": row["source-address"],
                "group-address": group,
                "incoming-interface": row["incoming-interface"],
                "outgoing-interface": row["outgoing-interface"],
                "bit-rate": _rounded(row["bit-rate"]),
                "packet-rate": _rounded(row["packet-rate"]),
                "last-packet": None if is_moving else moments.began(key, "last", last, now),
                "since": moments.began(key, "since", row["up-time"], now),
                "state": row["state"],
                "health": HEALTH[row["state"]],
                "reason": _SINCE.sub("", row["reason"]),
            },
        )


def importance(row: Row) -> tuple[int, float, float]:
    """What decides which rows are shown, if there are too many: faults, the rate, the latest."""
    return row.get("health") == BROKEN, row.get("bit-rate") or 0, row.get("since") or 0


def host_rows(proxy: Proxy) -> Iterator[tuple[str, Row] | None]:
    """Each host with its key; None is a pause."""
    for row in hosts.rows(proxy):
        if row is None:
            yield None
            continue
        key = f"{row['instance']} {row['interface']} {row['host-address']}"
        named = row["group-address"][:MOST_GROUPS_OF_HOST]
        kept = ("instance", "family", "interface", "host-address", "groups", "tracked", "version")
        yield key, {"key": key, **{name: row[name] for name in kept}, "group-address": named}


def interface_rows(proxy: Proxy) -> Iterator[tuple[str, Row]]:
    """Each interface with its key."""
    for row in interfaces.rows(proxy):
        key = f"{row['instance']} {row['role']} {row['interface']}"
        yield key, {"key": key, **{name: row[name] for name in _OF_INTERFACE if name in row}}


def daemon_rows(status: Row) -> Iterator[tuple[str, Row]]:
    """The daemon itself, by its ``status``; the only row."""
    kept = ("version", "pid", "started", "ready", "configuration", "degraded")
    yield "daemon", {"key": "daemon", **{name: status[name] for name in kept}}


def instance_rows(status: Row) -> Iterable[tuple[str, Row]]:
    """The instances, by the ``status`` of the daemon."""
    return [(row["instance"], {"key": row["instance"], **row}) for row in status["instance"]]


def _rounded(rate: Any) -> float | None:
    """Three digits: a steady stream then has the same rate at every look."""
    if rate is None:
        return None
    rounded = float(f"{rate:.3g}")
    return int(rounded) if rounded >= 100 else rounded
