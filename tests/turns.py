"""A clock whose calls are made round by round, as those of the reactor."""

from __future__ import annotations

from twisted.internet.task import Clock


class Turns(Clock):
    """As the reactor: what a call wants to be called at once is called in the next round."""

    def turn(self) -> None:
        """Make all calls that were there before, as if their time had come."""
        calls, self.calls = self.calls, []
        for each in calls:
            each.func(*each.args, **each.kw)
