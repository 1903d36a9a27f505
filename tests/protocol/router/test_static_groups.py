"""Groups that are always wanted."""

from __future__ import annotations

from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE

from ..families import ALLOW, TO_EX, TO_IN, both_families, group
from .simulated_router import RouterTests


@both_families
class StaticGroupTests(RouterTests):
    """DB-05: ``static-group``."""

    def setUp(self) -> None:
        """Group 1 is always wanted, and one source of group 2."""
        static = {group(self.family, 1): ANY_SOURCE, group(self.family, 2): self.including(1)}
        self.settings = QuerierSettings(static=static)
        super().setUp()

    def test_static_groups_are_wanted_without_any_host(self) -> None:
        """DB-05: from the start on, and they do not expire."""
        self.note(self.querier.start(self.now))
        groups = [group(self.family, number) for number in (1, 2)]
        self.assertEqual(self.changed, groups)
        self.assertEqual(self.subscription(2), self.including(1))
        self.assertEqual(sorted(self.querier.wanted_groups()), groups)
        self.pass_time(10_000)
        self.assertEqual(self.subscription(1), ANY_SOURCE)

    def test_wishes_of_hosts_are_added_to_static_groups(self) -> None:
        """DB-05, DB-01: and end with the hosts."""
        self.says(ALLOW, 2, group_number=2)
        self.says(TO_EX, 1, group_number=3)
        self.assertEqual(self.subscription(2), self.including(1, 2))
        self.assertEqual(
            set(self.querier.wanted_groups()), {group(self.family, number) for number in (1, 2, 3)}
        )
        self.says(TO_IN, group_number=2)
        self.pass_time(2)
        self.assertEqual(self.subscription(2), self.including(1))

    def test_hosts_cannot_block_static_sources(self) -> None:
        """DB-05: what is always wanted is not blocked."""
        self.says(TO_EX, 1, 2, group_number=2)
        self.assertEqual(self.subscription(2), self.excluding(2))
        self.says(TO_EX, 5)
        self.assertEqual(self.subscription(1), ANY_SOURCE)
