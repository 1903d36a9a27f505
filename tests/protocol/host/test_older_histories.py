"""Random histories with queriers of all versions: a host sends what a slow model sends."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.family import IPV4, Address
from mcproxy.protocol.sources import NOTHING, SourceFilter
from mcproxy.protocol.wire.packets import NO_SOURCES, Leave, OldReport, Packet, Query, Report

from ..families import START, TO_EX, both_families, examples, group, ssm_group
from .simulated_host import OlderQuerierTests
from .slow_host_model import SlowHost

STEPS = ["wish", "wish", "query", "query", "other", "pause", "pause"]


@both_families
class OlderHistoryTests(OlderQuerierTests):
    """The host compared with a slow model, with queriers of all versions."""

    @given(st.data())
    @examples(4)
    def test_random_history_sends_what_the_model_sends(self, data: st.DataObject) -> None:
        """HC, HC-07, H2, HS-04, HQ, HR, SSM-05: at the same times."""
        OlderQuerierTests.setUp(self)
        self.data = data
        self.delay = data.draw(st.sampled_from([0.125, 0.5, 1.0]))
        forced = data.draw(st.sampled_from([None, None, None, 1, self.older]))
        self.robustness = data.draw(st.integers(1, 3))
        self.host = self.make_host(forced)
        self.host.robustness = self.robustness
        self.slow = SlowHost(self.family, self.host.version, self.delay, self.robustness)
        for _ in range(data.draw(st.integers(1, 30))):
            self.step(data.draw(st.sampled_from(STEPS)))
            self.compare()

    def step(self, what: str) -> None:
        """Let something happen to the host and to the model."""
        draw = self.data.draw
        if what == "pause":
            seconds = draw(st.sampled_from([0.0, 0.25, 1.0, 9.0, 50.0, 255.0, 345.0]))
            self.slow.advance(self.now - START + seconds)
            self.pass_time(seconds)
        elif what == "wish":
            changes = draw(st.lists(st.tuples(self.groups(), self.wishes()), max_size=2))
            changes = list(dict(changes).items())
            self.slow.update(changes)
            self.note(self.host.update(changes, self.now))
        else:
            packet = self.query() if what == "query" else self.packet_of_another_host()
            self.slow.hear(packet)
            self.receives(packet)

    def groups(self) -> st.SearchStrategy[Address]:
        """Return a few groups."""
        known = [group(self.family, 1), group(self.family, 2), ssm_group(self.family, 1)]
        return st.sampled_from(known)

    def wishes(self) -> st.SearchStrategy[SourceFilter]:
        """Return what may be wanted; for source-specific groups the mode does not matter here."""
        some = [self.excluding(), self.excluding(1), self.including(1), self.including(1, 2)]
        return st.sampled_from([NOTHING, *some])

    def any_older(self) -> int:
        """Return a random version that is not the current one."""
        return self.data.draw(st.integers(1, self.older))

    def query(self) -> Query:
        """Return a random query."""
        draw = self.data.draw
        group_or_all = draw(st.one_of(st.just(self.family.unspecified), self.groups()))
        within = draw(st.sampled_from([0.0, 1.0, 10.0]))
        if draw(st.booleans()):
            version = self.any_older()
            if self.family is IPV4 and version == 1:
                return Query(1, self.family.unspecified, 10.0)
            return Query(version, group_or_all, within)
        listed = NO_SOURCES
        if any(group_or_all):
            listed = self.sources(*draw(st.frozensets(st.integers(1, 3))))
        interval = draw(st.sampled_from([0, 20, 125]))
        current = self.family.current_version
        return Query(current, group_or_all, within, listed, False, self.robustness, interval)

    def packet_of_another_host(self) -> Packet:
        """Return a random packet of another host."""
        address = self.data.draw(self.groups())
        packets: list[Packet] = [Leave(address), Report((self.record(TO_EX),))]
        packets += [OldReport(1, address), OldReport(self.older, address)]
        return self.data.draw(st.sampled_from(packets))

    def compare(self) -> None:
        """Check that both have sent the same, in the same version, and want the same."""
        said: Counter[tuple[float, object]] = Counter()
        for when, packet in self.sent:
            each = packet if isinstance(packet, Report) else (packet,)
            said.update((when, one) for one in each)
        self.assertEqual(said, Counter(self.slow.sent))
        self.assertEqual(self.host.version, self.slow.version)
        self.assertEqual(self.host.groups, self.slow.wanted)
