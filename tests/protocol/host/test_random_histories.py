"""Random histories: a host reports what slow models report, and packet loss does no harm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.family import Address
from mcproxy.protocol.host.host import Host
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import EXCLUDE, INCLUDE, NOTHING, FilterMode, SourceFilter
from mcproxy.protocol.wire.packets import NO_SOURCES, Query, Report, Send

from ..families import IS_EX, IS_IN, both_families, examples, group, host
from .simulated_host import HostTests
from .slow_host_model import ChangeTransmissions, SlowAnswers

ANSWERS = (IS_IN, IS_EX)
Wishes = list[tuple[int, FilterMode, frozenset[int]]]

wishes: st.SearchStrategy[Wishes] = st.lists(
    st.tuples(
        st.integers(1, 2),
        st.sampled_from([INCLUDE, EXCLUDE]),
        st.frozensets(st.integers(1, 3)),
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda wish: wish[0],
)

pauses = st.sampled_from([0.0, 0.125, 0.375, 1.0, 5.0])


@both_families
class HistoryTests(HostTests):
    """The host compared with slow models of it."""

    def change(self, some: Wishes) -> list[tuple[Address, SourceFilter]]:
        """Return random wishes in the form that the host takes."""
        return [
            (group(self.family, number), SourceFilter(mode, self.sources(*numbers)))
            for number, mode, numbers in some
        ]

    @given(st.integers(1, 3), st.lists(st.tuples(wishes, pauses), max_size=15), st.randoms())
    @examples(5)
    def test_random_changes_are_transmitted_as_the_model_says(
        self, robustness: int, history: list[tuple[Wishes, float]], random: Random
    ) -> None:
        """HS-02..09: every transmission is complete, and none is missing."""
        HostTests.setUp(self)
        self.host = Host(self.family, lambda: random.random() * 0.999)
        self.host.robustness = robustness
        model = {group(self.family, number): ChangeTransmissions(robustness) for number in (1, 2)}
        for some, pause in [*history, ([], 10.0)]:
            changes = self.change(some)
            changed = [g for g, wanted in changes if wanted != model[g].wanted]
            for address, wanted in changes:
                model[address].change(wanted)
            self.note(self.host.update(changes, self.now))
            self.check_transmitted(model, changed)
            end = self.now + pause
            while (when := self.host.next_deadline()) is not None and when <= end:
                self.assertTrue(self.now < when <= self.now + 1.0)
                self.now = when
                self.note(self.host.advance(self.now))
                self.check_transmitted(model, [])
            self.now = end
        self.assertFalse(any(one.outstanding() for one in model.values()))

    def check_transmitted(
        self, model: dict[Address, ChangeTransmissions], changed: list[Address]
    ) -> None:
        """Check the reports since the last call: each is the next transmission of its groups."""
        records = [record for report in self.sent_records() for record in report]
        transmitted = {record.group for record in records}
        self.assertLessEqual(set(changed), transmitted)
        for address in transmitted:
            expected = model[address].expected(address)
            self.assertEqual({r for r in records if r.group == address}, expected)
            model[address].number += 1
        self.assertEqual(len(records), len(set(records)))
        if any(one.outstanding() for one in model.values()):
            self.assertIsNotNone(self.host.next_deadline())

    @given(st.data())
    @examples(5)
    def test_random_queries_are_answered_as_the_model_says(self, data: st.DataObject) -> None:
        """HQ-01..06, HR-01..05: whatever changes meanwhile."""
        HostTests.setUp(self)
        model = SlowAnswers()
        for _ in range(data.draw(st.integers(1, 15))):
            action = data.draw(st.sampled_from(["ask", "ask", "ask", "change", "pass"]))
            if action == "ask":
                query, delay = self.draw_query(data)
                when = self.now + query.max_response * delay
                model.ask(query, when, query.group in self.host.groups)
                self.receives(query, delay)
            elif action == "change":
                self.note(self.host.update(self.change(data.draw(wishes)), self.now))
            else:
                self.pass_time_beside(model, data.draw(st.sampled_from([0.0, 0.25, 2.0, 9.0])))
        self.pass_time_beside(model, 100)

    def draw_query(self, data: st.DataObject) -> tuple[Query, float]:
        """Return a random query, and the fraction of its time that the host waits."""
        numbers = data.draw(st.frozensets(st.integers(1, 4)))
        groups = [group(self.family, number) for number in (1, 2, 3)]
        address = data.draw(st.sampled_from([self.family.unspecified, *groups]))
        listed = self.sources(*numbers) if any(address) else NO_SOURCES
        within = data.draw(st.sampled_from([1.0, 8.0]))
        delay = data.draw(st.sampled_from([0.125, 0.25, 0.5, 1.0]))
        return Query(self.version, address, within, listed), delay

    def pass_time_beside(self, model: SlowAnswers, seconds: float) -> None:
        """Let time pass for the host and the model, and compare their answers."""
        expected = model.due(self.now + seconds, self.host.groups)
        self.sent.clear()
        self.pass_time(seconds)
        answers = Counter(
            (when, record)
            for when, report in self.sent
            for record in report
            if record.type in ANSWERS
        )
        self.assertEqual(answers, expected)


@both_families
class LossTests(HostTests):
    """A router that misses some reports still learns what is wanted."""

    def listen(self, robustness: int) -> None:
        """Put a router on the host's link."""
        self.router = Querier(self.family, QuerierSettings(robustness=robustness))
        self.host.robustness = robustness
        self.most = robustness - 1
        self.lost: Counter[Address] = Counter()

    def deliver(self, sends: Iterable[Send], data: st.DataObject) -> None:
        """Deliver a report, or only its answers; no change is lost too often in a row."""
        for _, packet in sends:
            assert isinstance(packet, Report)
            changes = {r.group for r in packet if r.type not in ANSWERS}
            may_be_lost = changes and all(self.lost[g] < self.most for g in changes)
            if may_be_lost and data.draw(st.booleans()):
                self.lost.update(changes)
                records = tuple(r for r in packet if r.type in ANSWERS)
            else:
                self.lost.subtract({g: self.lost[g] for g in changes})
                records = packet
            self.query(self.router.receive(Report(records), host(self.family, 1), self.now).send)

    def query(self, queries: Iterable[Send]) -> None:
        """Deliver every query to the host."""
        for _, query in queries:
            self.host.receive(query, self.now)

    def live(self, seconds: float, data: st.DataObject) -> None:
        """Let time pass for host and router."""
        end = self.now + seconds
        while True:
            machines = (self.host, self.router)
            times = [when for one in machines if (when := one.next_deadline()) is not None]
            self.now = min(times, default=end + 1)
            if self.now > end:
                break
            self.deliver(self.host.advance(self.now), data)
            self.query(self.router.advance(self.now).send)
        self.now = end

    @given(st.integers(1, 3), st.data())
    @examples(5)
    def test_router_learns_each_change_unless_all_its_transmissions_are_lost(
        self, robustness: int, data: st.DataObject
    ) -> None:
        """HS-04..08: all but one may be lost."""
        HostTests.setUp(self)
        self.listen(robustness)
        for some, pause in data.draw(st.lists(st.tuples(wishes, pauses), max_size=10)):
            changes = [
                (group(self.family, number), SourceFilter(mode, self.sources(*numbers)))
                for number, mode, numbers in some
            ]
            self.deliver(self.host.update(changes, self.now), data)
            self.live(pause, data)
        self.live(20, data)
        for number in (1, 2):
            address = group(self.family, number)
            wanted = self.host.groups.get(address, NOTHING)
            self.assertEqual(self.router.subscription(address), wanted)
