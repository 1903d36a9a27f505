"""A clock that is called turn by turn, as the reactor is."""

from __future__ import annotations

from twisted.internet.task import Clock


class Turns(Clock):
    """As the reactor: what is to be called at once in a turn is called in the next one."""

    def turn(self) -> None:
        """Make all calls that were there before, as if their time had come."""
        calls, self.calls = self.calls, []
        for each in calls:
            each.func(*each.args, **each.kw)
