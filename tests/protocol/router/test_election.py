"""Which of several routers on a link is the querier."""

from __future__ import annotations

from dataclasses import replace

from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.wire.packets import Query

from ..families import IS_EX, both_families, host
from .simulated_election import HIGHER, LOWER, LOWEST, OURS, ElectionTests


@both_families
class RoleTests(ElectionTests):
    """Which router is the querier (B.8)."""

    def test_router_is_the_querier_from_its_start(self) -> None:
        """GQ-01: the start is no change of role."""
        self.pass_time(1000)
        self.check_is_querier()
        self.assertEqual(self.roles, [])

    def test_lower_address_becomes_the_querier(self) -> None:
        """QE-01: we send no query for 255 s."""
        self.pass_time(10)
        self.query()
        self.check_other_querier(LOWER)
        self.pass_time(254.9)
        self.assertEqual(self.general(), [])
        self.assertEqual(self.roles, [(10, False)])

    def test_higher_address_does_not_become_the_querier(self) -> None:
        """QE-02: it has to give way."""
        self.pass_time(10)
        self.query(of=HIGHER)
        self.check_is_querier()
        self.pass_time(200)
        self.assertEqual(self.general(), [10, 31.25, 156.25])
        self.assertEqual(self.roles, [])

    def test_query_of_a_higher_address_is_answered_at_most_once_a_second(self) -> None:
        """QE-02: the answer is a general query."""
        self.pass_time(10)
        for _ in range(9):
            self.query(of=HIGHER)
            self.query(of=HIGHER, about_group=True)
            self.pass_time(0.25)
        self.assertEqual(self.general(), [10, 11, 12])

    def test_only_the_querier_answers_a_higher_address(self) -> None:
        """GQ-03: no answer to ourselves, to a switch, or without an address."""
        self.query(of=OURS)
        general = Query(self.family.current_version, self.family.unspecified, 10.0)
        self.querier.receive(general, self.family.unspecified, self.now)
        self.query()
        self.query(of=HIGHER)
        self.querier.set_address(None)
        self.query(of=HIGHER)
        self.assertEqual(self.general(), [])

    def test_own_query_is_ignored(self) -> None:
        """QR-06, QE-07: a query that is looped back changes neither role nor timers."""
        self.given_exclude()
        self.query(of=OURS)
        self.query(of=OURS, about_group=True)
        self.check_is_querier()
        self.check_exclude({}, set(), 270)

    def test_query_of_the_unspecified_address_is_ignored(self) -> None:
        """QE-08, IP4-SD-10: a snooping switch takes no part in the election."""
        for version in range(1, self.family.current_version + 1):
            query = Query(version, self.family.unspecified, 10.0, robustness=7, interval=1)
            effects = self.querier.receive(query, self.family.unspecified, self.now)
            self.assertEqual(effects, Effects())
        self.check_is_querier()

    def test_addresses_are_compared_as_unsigned_numbers(self) -> None:
        """QE-01: 0x7f is lower than 0x80."""
        low, high = (bytes([*host(self.family, 1)[:-1], last]) for last in (0x7F, 0x80))
        for ours, theirs, goes_before in ((high, low, True), (low, high, False)):
            self.setUp()
            self.querier.set_address(ours)
            general = Query(self.family.current_version, self.family.unspecified, 10.0)
            self.querier.receive(general, theirs, self.now)
            self.assertEqual(self.querier.is_querier, not goes_before)

    def test_router_without_an_address_stays_the_querier(self) -> None:
        """QE-07: it cannot compare addresses."""
        self.querier.set_address(None)
        self.query()
        self.assertTrue(self.querier.is_querier)

    def test_each_general_query_of_the_querier_extends_its_time(self) -> None:
        """QE-01: one with the S flag, too."""
        self.query()
        self.pass_time(250)
        self.query(suppress=True)
        self.pass_time(254.9)
        self.check_other_querier(LOWER)
        self.assertEqual(self.roles, [(0, False)])
        self.pass_time(0.1)
        self.check_is_querier()

    def test_router_becomes_the_querier_after_255_seconds_of_silence(self) -> None:
        """QE-03, GQ-05: it sends a query at once."""
        self.query()
        self.pass_time(500)
        self.check_is_querier()
        self.assertEqual(self.general(), [255, 286.25, 411.25])
        self.assertEqual(self.roles, [(0, False), (255, True)])

    def test_role_changes_each_time_the_other_querier_comes_and_goes(self) -> None:
        """QE-01, QE-03: with startup queries each time."""
        for _ in range(3):
            self.query()
            self.pass_time(300)
        times = [0, 255, 300, 555, 600, 855]
        self.assertEqual(self.roles, [(when, when % 300 == 255) for when in times])
        self.assertEqual(self.general(), [255, 286.25, 555, 586.25, 855, 886.25])

    def test_still_lower_address_replaces_the_other_querier(self) -> None:
        """QE-01: our role does not change."""
        self.query()
        self.pass_time(100)
        self.query(of=LOWEST, robustness=3)
        self.check_other_querier(LOWEST)
        self.assertEqual(self.querier.settings.robustness, 3)
        self.pass_time(254)
        self.check_other_querier(LOWEST)
        self.assertEqual(self.roles, [(0, False)])

    def test_next_lower_router_replaces_a_silent_querier(self) -> None:
        """QE-01: we do not become the querier in between."""
        self.query(of=LOWEST)
        self.pass_time(254.9)
        self.query(of=LOWER)
        self.pass_time(10)
        self.check_other_querier(LOWER)
        self.assertEqual(self.general(), [])

    def test_higher_address_is_ignored_while_another_router_is_the_querier(self) -> None:
        """QE-02: settings and timers do not change."""
        self.given_exclude()
        self.query(robustness=3, interval=60)
        before = self.querier.settings
        self.pass_time(100)
        self.query(of=HIGHER)
        self.query(of=HIGHER, about_group=True)
        self.assertEqual(self.querier.settings, before)
        self.check_other_querier(LOWER)
        self.check_exclude({}, set(), 170)
        self.pass_time(85)
        self.assertTrue(self.querier.is_querier)

    def test_new_address_restarts_the_election(self) -> None:
        """QE-07: with startup queries."""
        self.query()
        self.pass_time(10)
        self.querier.set_address(host(self.family, LOWEST))
        self.note(self.querier.start(self.now))
        self.check_is_querier()
        self.query(of=LOWEST)
        self.check_is_querier()
        self.pass_time(300)
        self.assertEqual(self.general(), [10, 41.25, 166.25, 291.25])
        self.assertEqual(self.roles, [(0, False), (10, True)])

    def test_query_of_the_last_older_version_counts(self) -> None:
        """VM-01, QE-01: IGMPv1 is the exception."""
        older = self.family.current_version - 1
        self.query(version=older)
        self.check_other_querier(LOWER)

    def test_router_with_a_configured_older_version_takes_part(self) -> None:
        """QE-01: against its own version and against the current one."""
        older = self.family.current_version - 1
        for ours, theirs in ((older, older), (older, self.family.current_version)):
            self.serves(replace(self.settings, version=ours))
            self.query(version=theirs)
            self.check_other_querier(LOWER)
            self.pass_time(255)
            self.assertTrue(self.querier.is_querier)
            self.assertEqual({query.version for _, query in self.sent}, {older})

    def test_record_for_the_all_nodes_group_does_not_end_the_other_querier(self) -> None:
        """ADR-01: its time runs on."""
        self.query()
        self.reports(self.record(IS_EX)._replace(group=self.family.all_nodes))
        self.pass_time(254.9)
        self.check_other_querier(LOWER)
