"""Which routers may become the querier."""

from __future__ import annotations

from dataclasses import replace

from mcproxy.protocol.router.admission import Refusal
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.wire.packets import Query

from ..families import both_families, host
from .simulated_router import RouterTests


@both_families
class AllowedQueriersTests(RouterTests):
    """SEC-01, QE-10: ``allowed-queriers``."""

    def setUp(self) -> None:
        """Our address is 5, and only router 2 may become the querier."""
        self.settings = QuerierSettings(allowed_queriers=frozenset([host(self.family, 2)]))
        super().setUp()
        self.querier.set_address(host(self.family, 5))

    def query(self, number: int) -> None:
        """Receive a general query of another router."""
        version, nothing = self.family.current_version, self.family.unspecified
        self.receives(Query(version, nothing, 10.0), host_number=number)

    def test_query_of_a_router_that_is_not_allowed_is_ignored_and_counted(self) -> None:
        """SEC-01: we stay the querier."""
        self.query(1)
        self.assertTrue(self.querier.is_querier)
        self.assertEqual(self.querier.refused, {Refusal.QUERIER: 1})
        self.assertEqual(self.sent, [])

    def test_allowed_router_becomes_the_querier(self) -> None:
        """SEC-01: a forged query does not change that."""
        self.query(2)
        self.assertEqual(self.querier.election.other, host(self.family, 2))
        self.query(1)
        self.assertEqual(self.querier.election.other, host(self.family, 2))

    def test_query_of_a_higher_router_is_answered_and_not_counted(self) -> None:
        """SEC-01: it would lose the election anyway."""
        self.query(7)
        self.assertEqual((len(self.sent), self.querier.refused.total()), (1, 0))

    def test_empty_list_allows_no_other_querier(self) -> None:
        """SEC-01: we stay the querier."""
        settings = replace(self.settings, allowed_queriers=frozenset())
        self.note(self.querier.reconfigure(settings, self.now))
        self.query(2)
        self.assertTrue(self.querier.is_querier)
