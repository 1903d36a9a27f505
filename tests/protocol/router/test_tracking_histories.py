"""Random histories of real hosts: immediate leave never ends what a host wants."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.host.host import Host
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import EXCLUDE, INCLUDE, NOTHING, FilterMode, SourceFilter, merge
from mcproxy.protocol.wire.packets import Query, Send

from ..families import START, FamilyTests, both_families, examples, group, host, source

NAMES = (1, 2, 3)
Wish = tuple[int, FilterMode, frozenset[int], float]

histories: st.SearchStrategy[list[Wish]] = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from([INCLUDE, EXCLUDE]),
        st.frozensets(st.integers(1, 3)),
        st.sampled_from([0.0, 0.25, 1.0, 3.0, 60.0, 140.0]),
    ),
    min_size=2,
    max_size=15,
)


@both_families
class HostsAndRouterTests(FamilyTests):
    """Real hosts and a real router on one link without packet loss."""

    def setUp(self) -> None:
        """Three hosts and a router that has just started."""
        self.now = START
        self.delays = iter(range(1, 10**9))
        self.hosts = {name: Host(self.family, self.random) for name in NAMES}
        self.wanted = dict.fromkeys(NAMES, NOTHING)

    def random(self) -> float:
        """Return delays that are all different."""
        return next(self.delays) * 0.37 % 1.0

    def begin(self, immediate: bool, most: int = 1000) -> None:
        """Start the router, with at most ``most`` tracked hosts."""
        settings = QuerierSettings(immediate_leave=immediate, max_hosts=most, max_group_hosts=most)
        self.querier = Querier(self.family, settings)
        self.ask(self.querier.start(self.now).send)

    def ask(self, queries: Sequence[Send]) -> None:
        """Deliver the router's queries to the hosts."""
        for _, query in queries:
            assert isinstance(query, Query)
            for one in self.hosts.values():
                one.receive(query, self.now)

    def tell(self, name: int, reports: Sequence[Send]) -> None:
        """Deliver a host's reports to the router."""
        for _, report in reports:
            sender = host(self.family, name)
            self.ask(self.querier.receive(report, sender, self.now).send)

    def wishes(self, name: int, wanted: SourceFilter) -> None:
        """Change what a host's applications want."""
        self.wanted[name] = wanted
        changes = [(group(self.family, 1), wanted)]
        self.tell(name, self.hosts[name].update(changes, self.now))

    def pass_time(self, seconds: float) -> None:
        """Let time pass; check that no host misses what it wants."""
        end = self.now + seconds
        machines: list[Querier | Host] = [self.querier, *self.hosts.values()]
        while True:
            times = [when for one in machines if (when := one.next_deadline()) is not None]
            when = min(times, default=end + 1)
            if when > end:
                break
            self.now = when
            for name, one in self.hosts.items():
                self.tell(name, one.advance(self.now))
            self.ask(self.querier.advance(self.now).send)
            self.check_nobody_misses_anything()
        self.now = end

    def got(self) -> SourceFilter:
        """Return what the router forwards."""
        return self.querier.subscription(group(self.family, 1))

    def check_nobody_misses_anything(self) -> None:
        """Check that each source that a host wants is forwarded."""
        for number in (1, 2, 3, 9):
            one = source(self.family, number)
            if any(wanted.wants(one) for wanted in self.wanted.values()):
                self.assertTrue(self.got().wants(one), f"source {number} is cut")

    @given(st.booleans(), st.sampled_from([1, 2, 1000]), histories)
    @examples(5)
    def test_wanted_sources_are_always_forwarded(
        self, immediate: bool, most: int, history: list[Wish]
    ) -> None:
        """TU-02: with immediate leave and without."""
        HostsAndRouterTests.setUp(self)
        self.begin(immediate, most)
        for name, mode, numbers, pause in history:
            self.wishes(name, SourceFilter(mode, self.sources(*numbers)))
            self.check_nobody_misses_anything()
            self.pass_time(pause)
        for name in NAMES:
            self.wishes(name, NOTHING)
        if immediate and most >= len(NAMES):
            self.assertIs(self.got(), NOTHING)
        self.pass_time(2)
        self.assertIs(self.got(), NOTHING)

    @given(st.booleans(), histories)
    @examples(3)
    def test_only_wanted_sources_are_forwarded_in_include_mode(
        self, immediate: bool, history: list[Wish]
    ) -> None:
        """After 2 s, or at once with immediate leave."""
        HostsAndRouterTests.setUp(self)
        self.begin(immediate)
        for name, _, numbers, pause in history:
            self.wishes(name, SourceFilter(INCLUDE, self.sources(*numbers)))
            if not immediate:
                self.pass_time(2)
            self.assertEqual(self.got(), merge(self.wanted.values()))
            self.pass_time(pause)
