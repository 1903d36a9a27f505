"""MeasuredBatches: how long changes of hosts wait until the kernel has their entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..events.bus import Events
from ..latency import Change


class MeasuredBatches:
    """The changes of hosts that wait for the next batches of a table.

    Without a reader of latencies there are none.
    """

    def __init__(self, events: Events) -> None:
        self._events = events
        self._waiting: list[Change] = []
        self._noted: Sequence[Change] = ()

    def note(self) -> None:
        """What changes now waits for entries; once, however often it is said."""
        latencies = self._events.latencies
        if latencies is not None and latencies.changes is not self._noted:
            self._noted = latencies.changes
            self._waiting += latencies.changes

    def forget(self) -> None:
        """Nothing more is to be planned: what waits needed no entries."""
        if self._waiting:
            self._waiting = []

    def measure(self, apply: Callable[..., Any], is_last: bool) -> Callable[..., Any]:
        """``apply``, or what calls it and then counts the changes that wait.

        They wait for the batch that leaves nothing to plan: what changed last is planned last.
        """
        latencies, waiting = self._events.latencies, self._waiting
        if latencies is None or not waiting or not is_last:
            return apply
        self._waiting = []

        def measured(*arguments: Any) -> Any:
            result = apply(*arguments)
            latencies.installed(waiting)
            return result

        return measured
