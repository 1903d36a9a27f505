"""Reports without a query, for routers upstream that never query.

Such a router ends a group that is not reported again. So while no querier has been heard for a
membership interval, all groups are reported as often as a querier would ask for them.
"""

from __future__ import annotations

import math

DEFAULT_QUERY_INTERVAL = 125.0
DEFAULT_RESPONSE_INTERVAL = 10.0
DEFAULT_ROBUSTNESS = 2


class UnqueriedReports:
    """When all groups are to be reported without a query; ``due`` is the next time.

    ``interval`` is in seconds; ``math.inf`` is never, and None the default query interval, but
    only while no querier is heard. From ``since`` on no querier was heard for a membership
    interval, so that groups may time out; with a fixed interval that does not matter, and it is
    ``math.inf``.
    """

    def __init__(self) -> None:
        self.due = math.inf
        self.interval: float | None = math.inf
        self.since = math.inf
        self._heard_until = -math.inf
        self._expected_until = math.inf

    def set_interval(self, interval: float | None, now: float) -> None:
        """Use another interval, counted from now."""
        if interval != self.interval:
            self.interval = interval
            self._note_silence()
            self.schedule(now)

    def join(self, now: float) -> None:
        """All groups are reported as just joined; a query is expected from now on."""
        self._expected_until = now + _membership_interval(
            DEFAULT_ROBUSTNESS, DEFAULT_QUERY_INTERVAL
        )
        self._note_silence()
        self.schedule(now)

    def hear_query(self, robustness: int, query_interval: float, now: float) -> None:
        """A querier with these settings is present for a membership interval (RFC 9776, 8.4)."""
        self._heard_until = now + _membership_interval(robustness, query_interval)
        self._note_silence()
        if self.interval is None:
            self.schedule(now)

    def schedule(self, now: float) -> None:
        """All groups are reported now; the next time follows."""
        if self.interval is not None:
            self.due = now + self.interval
        else:
            self.due = max(now + DEFAULT_QUERY_INTERVAL, self._heard_until)

    def spread(self) -> float:
        """Seconds over which these reports are spread, as answers to a query would be.

        A tenth of a fixed interval at most: a router may end a group that is not reported within
        a time that the interval was set for.
        """
        if self.interval is None:
            return DEFAULT_RESPONSE_INTERVAL
        return min(DEFAULT_RESPONSE_INTERVAL, self.interval / 10)

    def is_silent(self, now: float) -> bool:
        """Whether no querier was heard for a membership interval, so that groups may time out."""
        return now >= max(self._heard_until, self._expected_until)

    def _note_silence(self) -> None:
        silence = max(self._heard_until, self._expected_until)
        self.since = silence if self.interval is None else math.inf


def _membership_interval(robustness: int, query_interval: float) -> float:
    return robustness * query_interval + 2 * DEFAULT_RESPONSE_INTERVAL
