"""A simulated router that hears the queries of other routers."""

from __future__ import annotations

from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.wire.packets import Query

from ..families import START, group, host
from .simulated_router import RouterTests

OURS = 5
LOWER = 3
LOWEST = 1
HIGHER = 7


class ElectionTests(RouterTests):
    """Tests with a router that has an address, and others with lower and higher ones."""

    def setUp(self) -> None:
        """A router that has started and sent its first query."""
        super().setUp()
        self.serves(self.settings)

    def serves(self, settings: QuerierSettings) -> None:
        """Set up a router with other settings, and start it."""
        self.ours = settings
        self.querier = Querier(self.family, settings, address=host(self.family, OURS))
        self.roles: list[tuple[float, bool]] = []
        self.note(self.querier.start(self.now))
        self.sent.clear()

    def note(self, effects: Effects) -> Effects:
        """Keep the changes of role, too: when, and whether we are the querier then."""
        if effects.role_changed:
            self.roles.append((self.now - START, self.querier.is_querier))
        return super().note(effects)

    def query(
        self,
        *numbers: int,
        of: int = LOWER,
        about_group: bool = False,
        suppress: bool = False,
        robustness: int = 2,
        interval: int = 125,
        version: int | None = None,
        within: float | None = None,
    ) -> Effects:
        """Receive another router's query: a general one, or one for group 1 or its sources."""
        specific = about_group or bool(numbers)
        packet = Query(
            self.family.current_version if version is None else version,
            group(self.family, 1) if specific else self.family.unspecified,
            (1.0 if specific else 10.0) if within is None else within,
            self.sources(*numbers),
            suppress,
            robustness,
            interval,
        )
        return self.receives(packet, of)

    def general(self) -> list[float]:
        """Return when general queries were sent since the last call, and forget all queries."""
        times = [when - START for when, q in self.sent if q.group == self.family.unspecified]
        self.sent.clear()
        return times

    def check_other_querier(self, number: int) -> None:
        """Check that the router with that number is the querier."""
        self.assertFalse(self.querier.is_querier)
        self.assertEqual(self.querier.election.other, host(self.family, number))

    def check_is_querier(self) -> None:
        """Check that we are the querier, with our own settings."""
        self.assertTrue(self.querier.is_querier)
        self.assertIsNone(self.querier.election.other)
        self.assertEqual(self.querier.settings, self.ours)
