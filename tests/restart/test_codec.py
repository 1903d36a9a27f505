"""A querier or host restored from saved values behaves as the one that was saved."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.forwarding.planner import Planner, Route
from mcproxy.protocol.host.host import Host
from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.router.link_layer import Known
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE, EXCLUDE, INCLUDE, NOTHING, SourceFilter
from mcproxy.protocol.wire.packets import Query, Record, RecordType, Report
from mcproxy.restart.codec import (
    group_wanted,
    host_values,
    querier_values,
    restore_host,
    restored_querier,
    wanted_by_entries,
)

from ..protocol.families import FamilyTests, both_families, examples, group, host, source, ssm_group
from ..protocol.forwarding.test_planner import forwarded

LINKS = ["down1", "down2", "down3"]
START = 1000.0


def told(effects: Effects) -> tuple[object, ...]:
    """Effects without regard to the order in which groups come."""
    return (sorted(map(repr, effects.send)), sorted(effects.changed), effects.role_changed)


@both_families
class QuerierTests(FamilyTests):
    """With tracked hosts; without them tests of neighbours do the same."""

    @given(st.data())
    @examples(4)
    def test_restored_querier_behaves_as_the_saved_one(self, data: st.DataObject) -> None:
        """Also in the middle of an inquiry, and with immediate leaves after it."""
        settings = QuerierSettings(immediate_leave=True, max_group_hosts=3)
        address = host(self.family, 1)
        first = Querier(self.family, settings, address=address)
        first.start(START)
        for number, key in ((1, b"\1"), (2, b"\2"), (2, b"\3")):
            first.note_link_layer(host(self.family, number), key, START)
        now = self.history(data, [first], START)
        second = restored_querier(self.family, json.loads(json.dumps(querier_values(first))))
        second.set_address(address)
        second.reconfigure(settings, now)
        self.assertEqual(told(first.start(now)), told(second.start(now)))
        self.history(data, [first, second], now)
        self.assertEqual(querier_values(first), querier_values(second))

    def history(self, data: st.DataObject, queriers: list[Querier], now: float) -> float:
        """Reports come in and time passes, for all the same."""
        for _ in range(data.draw(st.integers(1, 15))):
            until = now + data.draw(st.sampled_from([0.0, 0.5, 1.0, 10.0, 100.0]))
            # One that was kept may wake up earlier, find nothing to do, and go on.
            while (due := min(q.next_deadline() or until + 1 for q in queriers)) <= until:
                self.all_do(queriers, lambda q, now=due: q.advance(now))
            now = until
            packet = Report((self.any_record(data),))
            reporter = host(self.family, data.draw(st.integers(2, 6)))
            self.all_do(queriers, lambda q, p=packet, r=reporter, n=now: q.receive(p, r, n))
        return now

    def all_do(self, queriers: list[Querier], act: Callable[..., Effects]) -> None:
        done = [told(act(querier)) for querier in queriers]
        self.assertEqual(done, done[:1] * len(done))

    def any_record(self, data: st.DataObject) -> Record:
        kind = data.draw(st.sampled_from(list(RecordType)))
        sources = data.draw(st.frozensets(st.integers(1, 3)))
        address = data.draw(st.sampled_from([group(self.family, 1), ssm_group(self.family, 1)]))
        return Record(kind, address, frozenset(source(self.family, n) for n in sources))

    def test_other_querier_stays_elected_with_its_timers(self) -> None:
        """Its timers too, and until when it counts."""
        first = Querier(self.family, QuerierSettings(), address=host(self.family, 5))
        first.start(START)
        asked = self.family.unspecified
        query = Query(self.family.current_version, asked, 1.0, robustness=4, interval=50)
        first.receive(query, host(self.family, 1), START)
        second = restored_querier(self.family, querier_values(first))
        second.reconfigure(QuerierSettings(query_interval=90.0), START)
        self.assertFalse(second.is_querier)
        self.assertEqual(second.settings.group_membership_interval, 4 * 50 + 2 * 10)
        self.assertEqual(second.next_deadline(), first.election.until)
        self.assertTrue(second.advance(first.election.until).role_changed)
        self.assertEqual(second.settings.query_interval, 90.0)

    def test_querier_values_in_another_form_are_refused(self) -> None:
        """ValueError, whatever is wrong."""
        querier = Querier(self.family, QuerierSettings(explicit_tracking=True))
        report = Report((Record(RecordType.MODE_IS_INCLUDE, group(self.family, 1),
                                frozenset([source(self.family, 1)])),))  # fmt: skip
        querier.receive(report, host(self.family, 2), START)
        querier.restore_link_layer({host(self.family, 2): Known(b"\1", START, 0.0)})
        good = querier_values(querier)
        restored_querier(self.family, good)
        spoilt: list[Any] = [None, [], {}, {**good, "version": "x"}, {**good, "groups": [1]}]
        spoilt += [{**good, "groups": {"00": {"since": 1.0}}}, {**good, "other": ["zz", 1]}]
        spoilt += [{**good, "link-layer": {"00": ["", 1.0]}}, {**good, "link-layer": ["x"]}]
        for key in ("since", "hosts", "sources", "inquiry", "older"):
            address = group(self.family, 1).hex()
            spoilt.append({**good, "groups": {address: {**good["groups"][address], key: "x"}}})
        for values in spoilt:
            self.assertRaises(ValueError, restored_querier, self.family, values)


@both_families
class HostTests(FamilyTests):
    """The host part."""

    def test_host_speaks_the_saved_version_for_the_remaining_time(self) -> None:
        """It is spoken from the first report on, for as long as it would have been."""
        older = self.family.current_version - 1
        first = Host(self.family, lambda: 0.5)
        first.receive(Query(older, self.family.unspecified, 10.0), START)
        second = Host(self.family, lambda: 0.5)
        restore_host(second, json.loads(json.dumps(host_values(first))))
        second.rejoin(START + 1)
        self.assertEqual(second.version, older)
        self.assertEqual(second.next_deadline(), first.next_deadline())

    def test_host_values_in_another_form_change_nothing(self) -> None:
        """Nothing is taken over of it."""
        known = Host(self.family, lambda: 0.5)
        for values in ({}, {"older": {}}, {"older": {"x": 1}, "robustness": 1, "interval": 1}):
            self.assertRaises(ValueError, restore_host, known, values)
        self.assertEqual(host_values(known), host_values(Host(self.family, lambda: 0.5)))


@both_families
class EntryTests(FamilyTests):
    """What entries tell of memberships."""

    def filters(self) -> st.SearchStrategy[SourceFilter]:
        numbers = st.frozensets(st.integers(1, 3))
        sources = numbers.map(lambda some: frozenset(source(self.family, n) for n in some))
        return st.builds(SourceFilter, st.sampled_from([INCLUDE, EXCLUDE]), sources)

    @given(st.data())
    @examples(2)
    def test_memberships_from_entries_forward_the_same(self, data: st.DataObject) -> None:
        """Forwarding by what entries tell sends everything to where they sent it."""
        where = {
            source(self.family, n): data.draw(st.sampled_from(["up", *LINKS])) for n in (1, 2, 3)
        }
        planner = Planner(self.family.unspecified, "up", lambda one, _: where[one])
        wanted = {name: data.draw(self.filters()) for name in LINKS}
        entries = planner.plan(group(self.family, 1), wanted)
        known = wanted_by_entries(entries, LINKS, is_learned=False)
        again = planner.plan(
            group(self.family, 1), {name: known.get(name, NOTHING) for name in LINKS}
        )
        base = planner.base(frozenset(LINKS))
        for one, arrival in where.items():
            self.assertEqual(
                forwarded(base, again, one, arrival), forwarded(base, entries, one, arrival)
            )

    def test_link_that_gets_an_observed_source_may_want_others(self) -> None:
        """Who gets one source may want others, but of a source-specific group."""
        entries = [Route(source(self.family, 1), "up", frozenset(["down1"]))]
        told = wanted_by_entries(entries, LINKS, is_learned=True)
        self.assertEqual(told, {"down1": ANY_SOURCE})

    def test_rebuilt_group_expires_without_a_report(self) -> None:
        """The group is forgotten when nobody reports it again."""
        sources = frozenset([source(self.family, 1)])
        for wanted in (ANY_SOURCE, SourceFilter(EXCLUDE, sources), SourceFilter(INCLUDE, sources)):
            made = group_wanted(wanted, START, START + 5)
            self.assertEqual(made.subscription(), wanted)
            self.assertEqual(made.next_event(), START + 5)
            made.expire(START + 5)
            self.assertFalse(made)
