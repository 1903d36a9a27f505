"""Our hosts and routers on one link: the routers forward what the hosts want."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.family import Address
from mcproxy.protocol.host.host import Host
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING, SourceFilter

from .families import FamilyTests, both_families, examples, group, host, source
from .simulated_link import Link, PlainHost

GROUPS = (1, 2)
HOSTS = (11, 12, 13)
PLAIN = 14
ROUTERS = (1, 2)
LATENCY = 0.01
PAUSES = [0.0, 0.02, 0.3, 1.0, 5.0, 100.0]
Versions = Sequence[int | None]
CURRENT: Versions = [None] * len(HOSTS)


class HostsAndRoutersTests(FamilyTests):
    """Tests with a simulated link."""

    settings = QuerierSettings()

    def build(self, seed: int, routers: int, versions: Versions = CURRENT) -> None:
        """Put hosts of these versions on a link, one that is not ours, and some routers."""
        self.random = Random(seed)
        self.link = Link(self.family, self.random)
        self.link.delays = (LATENCY, LATENCY)
        for number, version in zip(HOSTS, versions, strict=True):
            ours = Host(self.family, self.random.random, version=version)
            self.link.hosts[host(self.family, number)] = ours
        self.link.hosts[host(self.family, PLAIN)] = PlainHost(self.family)
        for number in ROUTERS[:routers]:
            address = host(self.family, number)
            self.link.routers[address] = Querier(self.family, self.settings, address=address)
        self.link.start()

    def unreliable(self, loss: float) -> None:
        """Lose, duplicate and reorder packets from now on."""
        self.link.loss = loss
        self.link.doubling = 0.2
        self.link.delays = (0.0, 0.2)

    def reliable(self) -> None:
        """Lose no further packets; those under way still arrive."""
        self.link.loss = 0.0

    @property
    def routers(self) -> list[Querier]:
        """Return the routers that are on the link."""
        return list(self.link.routers.values())

    def wish(self, data: st.DataObject, wishes: list[SourceFilter]) -> None:
        """Let some host change what it wants of some group."""
        number = data.draw(st.sampled_from([*HOSTS, PLAIN]))
        address = group(self.family, data.draw(st.sampled_from(GROUPS)))
        wanted = data.draw(st.sampled_from(wishes))
        self.link.wish(host(self.family, number), [(address, wanted)])

    def groups(self) -> list[Address]:
        """Return all groups that the hosts may want."""
        return [group(self.family, number) for number in GROUPS]

    def check_agreement(self) -> None:
        """Check that every router forwards what the hosts want."""
        for address in self.groups():
            for router in self.routers:
                self.assertEqual(router.subscription(address), self.link.wishes(address))

    def check_no_wanted_source_is_missing(self) -> None:
        """Check that every router forwards at least what the hosts want."""
        for address in self.groups():
            wanted = self.link.wishes(address)
            for router in self.routers:
                there = router.subscription(address)
                for number in range(1, 5):
                    one = source(self.family, number)
                    if wanted.wants(one):
                        self.assertTrue(there.wants(one), f"source {number}")

    def check_one_querier(self) -> None:
        """Check that the lowest address is the querier, and that the others know it."""
        lowest = min(self.link.routers)
        for address, router in self.link.routers.items():
            self.assertEqual(router.election.other, None if address == lowest else lowest)

    def simple_wishes(self) -> list[SourceFilter]:
        """Return wishes whose end a router can find out by a query."""
        return [NOTHING, NOTHING, ANY_SOURCE, *map(self.including, (1, 2)), self.including(1, 2)]

    def all_wishes(self) -> list[SourceFilter]:
        """Return these wishes, and others with blocked sources."""
        return [*self.simple_wishes(), *map(self.excluding, (1, 2)), self.excluding(1, 2)]

    @property
    def settling(self) -> float:
        """Return the longest time until old state is gone: an interval and a query round."""
        settings = self.settings
        round_trip = settings.query_interval + settings.query_response_interval
        return settings.group_membership_interval + round_trip + 1


@both_families
class ReliableLinkTests(HostsAndRoutersTests):
    """No packet is lost."""

    @given(st.integers(), st.integers(1, 2), st.data())
    @examples(1)
    def test_joins_are_known_at_once_and_leaves_after_the_query_time(
        self, seed: int, routers: int, data: st.DataObject
    ) -> None:
        """SQ-08: at most the last member query time."""
        self.build(seed, routers)
        self.link.live(data.draw(st.sampled_from(PAUSES)))
        for _ in range(data.draw(st.integers(1, 8))):
            self.wish(data, self.simple_wishes())
            self.link.live(2 * LATENCY)
            self.check_no_wanted_source_is_missing()
            pause = data.draw(st.sampled_from(PAUSES))
            self.link.live(pause, self.check_no_wanted_source_is_missing)
            if pause > self.settings.last_member_query_time + 2 * LATENCY:
                self.check_agreement()
        self.link.live(self.settings.last_member_query_time + 2 * LATENCY)
        self.check_agreement()
        self.link.live(300, self.check_agreement)
        self.check_one_querier()

    @given(st.integers(), st.integers(1, 2), st.data())
    @examples(1)
    def test_wanted_sources_are_always_forwarded(
        self, seed: int, routers: int, data: st.DataObject
    ) -> None:
        """DB-01: in the end nothing else is forwarded."""
        self.build(seed, routers)
        for _ in range(data.draw(st.integers(1, 8))):
            self.wish(data, self.all_wishes())
            self.link.live(2 * LATENCY)
            self.link.live(
                data.draw(st.sampled_from(PAUSES)), self.check_no_wanted_source_is_missing
            )
        self.link.live(self.settling, self.check_no_wanted_source_is_missing)
        self.check_agreement()


@both_families
class LossTests(HostsAndRoutersTests):
    """Packets are lost, duplicated and reordered."""

    @given(st.integers(), st.integers(1, 2), st.sampled_from([0.0, 0.2, 0.6]), st.data())
    @examples(1)
    def test_routers_agree_with_hosts_after_losses_end(
        self, seed: int, routers: int, loss: float, data: st.DataObject
    ) -> None:
        """After a membership interval and a query round."""
        self.build(seed, routers)
        self.unreliable(loss)
        for _ in range(data.draw(st.integers(1, 8))):
            self.wish(data, self.all_wishes())
            self.link.live(data.draw(st.sampled_from([*PAUSES, 300.0])))
        self.reliable()
        self.link.live(self.settling)
        self.check_agreement()
        self.check_one_querier()
        self.link.live(300, self.check_agreement)


@both_families
class OlderHostsTests(HostsAndRoutersTests):
    """Hosts of older versions among the others."""

    def any_versions(self) -> st.SearchStrategy[list[int | None]]:
        """Return a random version for each host."""
        older = list(range(1, self.family.current_version))
        return st.lists(st.sampled_from([None, *older, *older]), min_size=3, max_size=3)

    def old_groups(self, versions: Versions) -> set[Address]:
        """Return the groups that hosts of older versions want, without regard to sources."""
        hosts = [self.link.hosts[host(self.family, n)] for n in HOSTS]
        old = [one for one, version in zip(hosts, versions, strict=True) if version is not None]
        return {address for one in old for address in one.groups}

    def check_agreement_with(self, versions: Versions) -> None:
        """Check that every router forwards what the hosts want; all sources for older hosts."""
        everything = self.old_groups(versions)
        for address in self.groups():
            wanted = ANY_SOURCE if address in everything else self.link.wishes(address)
            for router in self.routers:
                self.assertEqual(router.subscription(address), wanted)

    @given(st.integers(), st.integers(1, 2), st.data())
    @examples(1)
    def test_wanted_sources_are_forwarded_with_older_hosts(
        self, seed: int, routers: int, data: st.DataObject
    ) -> None:
        """B.4, H2: in the end nothing else is forwarded."""
        versions = data.draw(self.any_versions())
        self.build(seed, routers, versions)
        for _ in range(data.draw(st.integers(1, 8))):
            self.wish(data, self.all_wishes())
            self.link.live(2 * LATENCY)
            self.link.live(
                data.draw(st.sampled_from(PAUSES)), self.check_no_wanted_source_is_missing
            )
        self.link.live(
            self.settings.group_membership_interval + self.settling,
            self.check_no_wanted_source_is_missing,
        )
        self.check_agreement_with(versions)

    @given(st.integers(), st.integers(1, 2), st.data())
    @examples(1)
    def test_routers_agree_with_older_hosts_after_losses_end(
        self, seed: int, routers: int, data: st.DataObject
    ) -> None:
        """B.4, H2: after two membership intervals and a query round."""
        versions = data.draw(self.any_versions())
        self.build(seed, routers, versions)
        self.unreliable(0.4)
        for _ in range(data.draw(st.integers(1, 8))):
            self.wish(data, self.all_wishes())
            self.link.live(data.draw(st.sampled_from([*PAUSES, 300.0])))
        self.reliable()
        self.link.live(self.settings.group_membership_interval + self.settling)
        self.check_agreement_with(versions)


@both_families
class TakeoverTests(HostsAndRoutersTests):
    """Two routers, one of which stops or restarts."""

    @given(st.integers(), st.data())
    @examples(1)
    def test_second_router_takes_over_within_255_seconds_with_all_groups(
        self, seed: int, data: st.DataObject
    ) -> None:
        """QE-03, QE-09: the first one has stopped."""
        self.build(seed, routers=2)
        for _ in range(data.draw(st.integers(1, 5))):
            self.wish(data, self.simple_wishes())
            self.link.live(data.draw(st.sampled_from(PAUSES)))
        self.link.live(100 + self.random.random() * 200)
        self.check_one_querier()
        self.check_agreement()
        first, second = (host(self.family, number) for number in ROUTERS)
        del self.link.routers[first]
        left = self.link.routers[second]
        end = self.link.now + self.settings.other_querier_present_interval + LATENCY
        while not left.is_querier:
            self.check_agreement()
            self.link.live(1)
            self.assertLess(self.link.now, end + 1)
        self.check_agreement()
        self.wish(data, self.simple_wishes())
        self.link.live(self.settings.query_response_interval + 2 * LATENCY)
        self.check_agreement()

    @given(st.integers(), st.data())
    @examples(1)
    def test_restarted_router_with_the_lowest_address_is_the_querier_at_once(
        self, seed: int, data: st.DataObject
    ) -> None:
        """QE-01, QE-02, GQ-01: or the other one, if that is lower."""
        self.build(seed, routers=2)
        self.link.live(1)
        for _ in range(data.draw(st.integers(1, 5))):
            self.wish(data, self.simple_wishes())
        self.link.live(data.draw(st.sampled_from([5.0, 100.0])))
        address = host(self.family, data.draw(st.sampled_from(ROUTERS)))
        self.link.routers[address] = Querier(self.family, self.settings, address=address)
        self.link.restart(address)
        self.link.live(3 * LATENCY)
        self.check_one_querier()
        self.link.live(self.settings.query_response_interval)
        self.check_agreement()
