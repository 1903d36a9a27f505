"""Random histories of reports: the router does what a slow model does."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import EXCLUDE
from mcproxy.protocol.wire.packets import Query, RecordType, Report

from ..families import START, both_families, examples, group, host
from .simulated_router import RouterTests
from .slow_router_model import SentQuery, SlowRouter

GROUPS = (1, 2)
PAUSES = [0.25, 0.5, 1.0, 1.5, 2.0, 31.0, 100.0, 258.0, 260.0, 270.0, 300.0]
Step = list[tuple[RecordType, int, frozenset[int]]] | float

steps: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.lists(
            st.tuples(
                st.sampled_from(RecordType),
                st.sampled_from(GROUPS),
                st.frozensets(st.integers(1, 4)),
            ),
            min_size=1,
            max_size=2,
        ),
        st.sampled_from(PAUSES),
    ),
    min_size=5,
    max_size=40,
)

any_settings = st.builds(
    QuerierSettings,
    query_interval=st.sampled_from([20.0, 125.0]),
    robustness=st.integers(1, 3),
    last_member_query_interval=st.sampled_from([0.5, 1.0]),
)


def specific(sent: list[tuple[float, Query]]) -> Counter[SentQuery]:
    """Return queries in the form that the slow router keeps."""
    return Counter(SentQuery(when, q.group, q.sources, q.suppress) for when, q in sent)


@both_families
class HistoryTests(RouterTests):
    """The router compared with a slow model that was written from the tables."""

    @given(any_settings, steps)
    @examples(8)
    def test_random_records_and_pauses_give_the_state_of_the_model(
        self, settings: QuerierSettings, history: list[Step]
    ) -> None:
        """CS-01..04, SC-01..14, TX-01, TX-02, SQ-01..04, SQ-09: all that is visible is the same."""
        RouterTests.setUp(self)
        self.querier = Querier(self.family, settings)
        slow = SlowRouter(settings)
        for step in history:
            before = self.wanted(slow)
            self.changed.clear()
            if isinstance(step, float):
                slow.advance(self.now + step)
                self.pass_time(step)
                told_at_least = {g for g in before if before[g] != self.wanted(slow)[g]}
                self.assertLessEqual(told_at_least, set(self.changed))
            else:
                records = [
                    self.record(kind, *numbers, group_number=number)
                    for kind, number, numbers in step
                ]
                slow.receive(records, self.now)
                self.reports(*records)
                if len(records) == 1:
                    after = self.wanted(slow)
                    self.assertEqual(self.changed, [g for g in before if before[g] != after[g]])
            self.compare(slow)

    def wanted(self, slow: SlowRouter) -> dict[bytes, object]:
        """Return what the slow router forwards of each group."""
        groups = [group(self.family, number) for number in GROUPS]
        return {address: slow.subscription(address) for address in groups}

    def compare(self, slow: SlowRouter) -> None:
        """Check that both routers are in the same state."""
        for address, wanted in self.wanted(slow).items():
            self.assertEqual(self.querier.subscription(address), wanted)
        self.assertEqual(self.querier.groups.keys(), slow.groups.keys())
        for address, expected in slow.groups.items():
            ours = self.querier.groups[address]
            timers = {**expected.x, **dict.fromkeys(expected.y, 0.0)}
            self.assertEqual((ours.mode, ours.sources), (expected.mode, timers))
            if ours.mode is EXCLUDE:
                self.assertEqual(ours.timer, expected.timer)
        self.assertEqual(specific(self.sent), Counter(slow.queries))

    @given(st.booleans(), steps)
    @examples(4)
    def test_late_calls_of_advance_never_fail(self, immediate: bool, history: list[Step]) -> None:
        """In the end all groups are gone."""
        settings = QuerierSettings(immediate_leave=immediate)
        querier = Querier(self.family, settings)
        now = START
        for number, step in enumerate(history):
            if isinstance(step, float):
                now += step
                continue
            records = tuple(
                self.record(kind, *numbers, group_number=which) for kind, which, numbers in step
            )
            querier.receive(Report(records), host(self.family, 1 + number % 3), now)
        for _ in range(20):
            now += 300
            querier.advance(now)
        self.assertEqual((querier.groups, querier.next_deadline()), ({}, None))

    @given(any_settings, steps)
    @examples(8)
    def test_report_without_effects_brings_no_earlier_deadline(
        self, settings: QuerierSettings, history: list[Step]
    ) -> None:
        """The owner of a querier sets its timer after reports with effects only."""
        RouterTests.setUp(self)
        self.querier = Querier(self.family, settings)
        for number, step in enumerate(history):
            if isinstance(step, float):
                self.pass_time(step)
                continue
            before = self.querier.next_deadline()
            records = [
                self.record(kind, *numbers, group_number=which) for kind, which, numbers in step
            ]
            effects = self.reports(*records, host_number=1 + number % 3)
            after = self.querier.next_deadline()
            if not effects.changed and not effects.send and before is not None:
                self.assertTrue(after is not None and after >= before)
            elif before is None and not effects.changed:
                self.assertIsNone(after)
