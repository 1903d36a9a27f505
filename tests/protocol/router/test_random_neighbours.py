"""Random histories with hosts and routers of all versions: the router does what a model does."""

from __future__ import annotations

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.family import Address
from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import EXCLUDE
from mcproxy.protocol.wire.packets import (
    NO_SOURCES,
    Leave,
    OldReport,
    Packet,
    Query,
    RecordType,
    Report,
)
from mcproxy.restart.codec import querier_values, restored_querier

from ..families import both_families, examples, group, host, ssm_group
from .simulated_router import RouterTests
from .slow_neighbour_model import SlowNeighbour
from .slow_router_model import SentQuery

OURS = 5
PAUSES = [0.25, 0.5, 1.0, 2.0, 10.0, 45.0, 50.0, 100.0, 255.0, 260.0, 270.0]
STEPS = [
    *["report"] * 4, *["old report"] * 2, "leave", "query", "specific query", "start", "restart"
]  # fmt: skip

STEPS += ["pause"] * 3


@both_families
class NeighbourTests(RouterTests):
    """State, role, timers and queries are those of the slow model, whatever is heard."""

    was_querier: bool

    def note(self, effects: Effects) -> Effects:
        """Check that a change of role is reported when it happens, and only then."""
        self.assertEqual(effects.role_changed, self.querier.is_querier is not self.was_querier)
        self.was_querier = self.querier.is_querier
        return super().note(effects)

    @given(st.data())
    @examples(4)
    def test_random_messages_of_hosts_and_routers_give_the_state_of_the_model(
        self, data: st.DataObject
    ) -> None:
        """GC, OLD, VM-04, QE, QR, SQ-10, GQ-01, GQ-03."""
        RouterTests.setUp(self)
        self.data = data
        self.settings = settings = data.draw(self.any_settings())
        ours = host(self.family, OURS)
        self.was_querier = True
        self.querier = Querier(self.family, settings, address=ours)
        self.slow = SlowNeighbour(self.family, settings, ours)
        self.both_start()
        for _ in range(data.draw(st.integers(1, 30))):
            self.step(data.draw(st.sampled_from(STEPS)))
            self.compare()
        self.check_queries(settings)

    def any_settings(self) -> st.SearchStrategy[QuerierSettings]:
        """Return random settings with times that floats add up exactly."""
        return st.builds(
            QuerierSettings,
            query_interval=st.sampled_from([20.0, 125.0]),
            robustness=st.integers(1, 3),
            last_member_query_interval=st.sampled_from([0.5, 1.0]),
            version=st.sampled_from([None, None, *range(1, self.family.current_version + 1)]),
        )

    def both_start(self) -> None:
        """Start both routers, as when their address is new."""
        self.slow.start(self.now)
        self.note(self.querier.start(self.now))

    def restarts(self) -> None:
        """Replace the router by one that resumes its saved state."""
        before = self.querier
        values = json.loads(json.dumps(querier_values(before)))
        self.querier = restored_querier(self.family, values)
        self.querier.set_address(before.election.address)
        self.querier.reconfigure(self.settings, self.now)
        self.slow.objected = None
        if self.querier.is_querier:
            self.both_start()

    def step(self, what: str) -> None:
        """Let something happen to both routers."""
        draw = self.data.draw
        if what == "pause":
            seconds = draw(st.sampled_from(PAUSES))
            self.slow.advance(self.now + seconds)
            self.pass_time(seconds)
        elif what == "start":
            address = host(self.family, draw(st.integers(4, 6)))
            self.slow.address = address
            self.querier.set_address(address)
            self.both_start()
        elif what == "restart":
            self.restarts()
        elif what in ("query", "specific query"):
            self.both_receive(self.query(what == "specific query"), self.any_router())
        else:
            self.both_receive(self.membership(what), host(self.family, draw(st.integers(1, 9))))

    def both_receive(self, packet: Packet, sender: Address) -> None:
        """Deliver a packet to both routers."""
        self.slow.hear(packet, sender, self.now)
        self.note(self.querier.receive(packet, sender, self.now))

    def any_group(self) -> Address:
        """Return one of a few groups."""
        known = [group(self.family, 1), group(self.family, 2), ssm_group(self.family, 1)]
        return self.data.draw(st.sampled_from(known))

    def any_router(self) -> Address:
        """Return a lower or higher router, ourselves, or the unspecified address."""
        routers = [host(self.family, number) for number in (1, 3, 3, OURS, 7)]
        return self.data.draw(st.sampled_from([*routers, self.family.unspecified]))

    def any_sources(self) -> frozenset[Address]:
        """Return some of a few sources."""
        return self.sources(*self.data.draw(st.frozensets(st.integers(1, 3))))

    def older(self) -> int:
        """Return a random version that is not the current one."""
        return self.data.draw(st.integers(1, self.family.current_version - 1))

    def membership(self, what: str) -> Packet:
        """Return a random packet of a host."""
        address = self.any_group()
        if what == "old report":
            return OldReport(self.older(), address)
        if what == "leave":
            return Leave(address)
        kinds = self.data.draw(st.lists(st.sampled_from(RecordType), min_size=1, max_size=2))
        return Report(
            tuple(
                self.record(kind)._replace(group=address, sources=self.any_sources())
                for kind in kinds
            )
        )

    def query(self, specific: bool) -> Query:
        """Return a random query of another router."""
        draw = self.data.draw
        about = self.any_group() if specific else self.family.unspecified
        within = draw(st.sampled_from([0.5, 1.0])) if specific else 10.0
        if draw(st.booleans()) and draw(st.booleans()):
            return Query(self.older(), about, within)
        return Query(
            self.family.current_version,
            about,
            within,
            self.any_sources() if specific else NO_SOURCES,
            draw(st.booleans()),
            draw(st.sampled_from([0, 1, 2, 3])),
            draw(st.sampled_from([0, 20, 125])),
        )

    def compare(self) -> None:
        """Check that both routers are in the same state."""
        slow, querier = self.slow, self.querier
        self.assertEqual((querier.election.other, querier.settings), (slow.other, slow.settings))
        self.assertEqual(querier.groups.keys(), slow.groups.keys())
        for address, expected in slow.groups.items():
            ours = querier.groups[address]
            self.assertEqual(querier.subscription(address), expected.subscription())
            timers = {**expected.x, **dict.fromkeys(expected.y, 0.0)}
            self.assertEqual((ours.mode, ours.sources), (expected.mode, timers))
            if ours.mode is EXCLUDE:
                self.assertEqual(ours.timer, expected.timer)
            current = self.family.current_version
            mode = ours.older.oldest(current, self.now) if ours.older else current
            self.assertEqual(mode, slow.mode(address, self.now))
        sent = Counter(SentQuery(when, q.group, q.sources, q.suppress) for when, q in self.sent)
        self.assertEqual(sent, Counter(slow.queries))

    def check_queries(self, settings: QuerierSettings) -> None:
        """QE-05, GQ-02: check that all queries have our version and our own settings."""
        expected = (self.querier.version, settings.robustness, settings.query_interval)
        for _, query in self.sent:
            self.assertEqual((query.version, query.robustness, query.interval), expected)
