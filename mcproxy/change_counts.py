"""Counts of changes of the running configuration."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

RELOAD, COMMAND = "reload", "command"
"""What asked for a change: a reload of the file, or a command such as ``add``."""


@dataclass(slots=True)
class ChangeCounts:
    """How many changes were ``applied`` and ``refused``, by what asked for them.

    ``last_applied`` is a system time in seconds; ``last_failed`` is true if the latest change was
    refused.
    """

    applied: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    last_applied: float | None = None
    last_failed: bool = False

    def note(self, what: str, was_applied: bool) -> None:
        """Count a change."""
        self.last_failed = not was_applied
        if was_applied:
            self.applied[what] += 1
            self.last_applied = time.time()
        else:
            self.refused[what] += 1
