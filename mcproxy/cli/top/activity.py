"""What happened since the last frame: joins, leaves, zaps, refusals, drops.

A thread reads the daemon's events; nothing else is asked of the daemon for them.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

from .. import client

ZAP_TIME = 5.0
"""Seconds between a host's leave of one group and its join of another one that are a zap.

Without ``immediate-leave`` the join comes first, and the leave after the last member query time.
"""

AS = {
    "join": "joins",
    "leave": "leaves",
    "refusal": "refused",
    "join-denied": "refused",
    "drop": "dropped",
    "flood": "dropped",
    "queue-overflow": "dropped",
    "query-drop": "dropped",
    "route-refused": "errors",
    "source-limit": "errors",
}
"""What each kind of event is counted as."""

COUNTED = ("joins", "leaves", "zaps", "refused", "dropped", "errors")

_RETRY = 1.0
"""Seconds until a stream of events that has ended is asked for again."""


class Activity:
    """Counts events; ``take`` returns the counts since it was last called."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._unpaired: dict[tuple[str, str], tuple[str, float]] = {}

    def count(self, event: dict[str, Any]) -> None:
        """Count an event of the daemon."""
        with self._lock:
            kind = event["event"]
            if kind == "lost":
                self._counts["lost"] += event["count"]
            elif kind in AS:
                self._counts[AS[kind]] += event.get("count", 1)
            if kind in ("join", "leave"):
                self._pair(kind, event)

    def _pair(self, kind: str, event: dict[str, Any]) -> None:
        host = (event.get("interface", ""), event.get("host-address", ""))
        other, before = self._unpaired.get(host, ("", 0.0))
        if other and other != kind and event["time"] - before <= ZAP_TIME:
            self._counts["zaps"] += 1
            del self._unpaired[host]
        else:
            self._unpaired[host] = (kind, event["time"])

    def take(self, now: float) -> Counter[str]:
        """The counts since the last call; ``now`` is the wall clock's time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            for host, (_, since) in list(self._unpaired.items()):
                if now - since > ZAP_TIME:
                    del self._unpaired[host]
            return counts


def follow(activity: Activity, socket: str, query: str) -> None:
    """Read events in a thread of its own, until the program ends."""
    kinds = urlencode([("event", kind) for kind in AS])
    target = f"/events{query}{'&' if query else '?'}{kinds}"
    threading.Thread(target=_follow, args=(activity, socket, target), daemon=True).start()


def _follow(activity: Activity, socket: str, target: str) -> None:
    while True:
        try:
            connection, response = client.request(socket, "GET", target, answer_time=None)
            with closing(connection):
                for line in response:
                    activity.count(json.loads(line))
        except (client.FailureError, OSError, http.client.HTTPException, ValueError):
            pass  # the daemon may be restarted; the flows show that it does not answer
        time.sleep(_RETRY)
