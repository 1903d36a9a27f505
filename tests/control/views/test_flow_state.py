"""What stops a flow, by counters as the kernel moves them in each case."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.views.flow_state import Flow, FlowState, Judge
from mcproxy.linux.arrivals import Arrival
from mcproxy.linux.host_counters import ANY_INTERFACE, HostCounters
from mcproxy.linux.mroute.counters import EntryCounters, VifCounters
from mcproxy.protocol.family import IPV4, IPV6, Family, packed
from mcproxy.routing.readings import Look, Moved, Reading, Sample

SOURCES = {IPV4: packed("10.0.0.1"), IPV6: packed("fd00::1")}
GROUPS = {IPV4: packed("239.1.1.1"), IPV6: packed("ff1e::1")}
NOBODYS_LOOK: Look | None = Look()


class JudgeTests(SynchronousTestCase):
    """A flow from up to down1, and two samples one second apart; ``family`` is changed by some."""

    family: Family = IPV4

    def reading(
        self,
        routed: int = 100,
        sent: int = 100,
        reverse_path: int = 0,
        fragments: int = 0,
        seen: dict[Arrival, int] | None = None,
        look: Look | None = NOBODYS_LOOK,
    ) -> Reading:
        place = (self.family, ANY_INTERFACE if self.family is IPV4 else "down1")
        vif = (self.family, 0, "down1")
        before = HostCounters(7, {place: 1000}, {place: 5})
        after = HostCounters(7 + reverse_path, {place: 1000 + sent}, {place: 5 + fragments})
        return Reading(
            Sample(1.0, {vif: VifCounters(packets_out=50)}, before),
            Sample(2.0, {vif: VifCounters(packets_out=50 + routed)}, after),
            look if seen is None else Look(frozenset(), seen),
            {},
        )

    def flow(
        self,
        packets: int = 100,
        wrong: int = 0,
        idle: float | None = 0.0,
        oifs: tuple[str, ...] = ("down1",),
        specific: bool = False,
        is_wanted: bool = True,
        is_asked: bool = True,
        denied_by: str = "",
    ) -> Flow:
        """A flow of which so many packets came in the second between the samples."""
        family = self.family
        source = SOURCES[family] if specific else family.unspecified
        total = EntryCounters(packets, 0, wrong, idle)
        moved = Moved(total, 1.0, packets, 0, wrong)
        table = (family, 0)
        group = GROUPS[family]
        return Flow(table, source, group, "up", oifs, is_wanted, is_asked, 42.4, denied_by, moved)

    def arrival(self, interface: str = "up", hops: int = 8) -> Arrival:
        return Arrival(interface, SOURCES[self.family], GROUPS[self.family], hops)

    def judged(self, flow: Flow, reading: Reading, threshold: int = 1) -> tuple[str, str]:
        thresholds = {(flow.table, "down1"): threshold} if threshold > 1 else {}
        state, reason = Judge(reading, thresholds).judge(flow)
        return state.value, reason

    def still(self, **others: bool | str | float | None) -> Flow:
        """A flow of which nothing came."""
        return self.flow(packets=0, **{"idle": None, **others})  # type: ignore[arg-type]

    def test_flow_for_links_of_another_querier_says_so_and_not_that_nothing_arrives(self) -> None:
        for flow in self.still(oifs=()), self.flow(oifs=()):
            foreign = flow._replace(foreign=("lan1", "lan2"))
            reason = "not forwarded, another router is the querier on lan1, lan2"
            self.assertEqual(self.judged(foreign, self.reading()), ("denied", reason))

    def test_flow_that_goes_upstream_is_judged_whoever_is_the_querier(self) -> None:
        flow = self.flow()._replace(foreign=("lan1",))
        self.assertEqual(self.judged(flow, self.reading()), ("forwarding", "forwarding"))

    def test_stream_that_leaves_is_forwarded(self) -> None:
        self.assertEqual(self.judged(self.flow(), self.reading()), ("forwarding", "forwarding"))

    def test_small_ttl_stops_it_if_most_packets_have_it(self) -> None:
        low = self.arrival(hops=1)
        stopped = self.reading(routed=0, sent=0, seen={low: 30})
        expected = ("ttl", "arrives with TTL 1, not forwarded")
        self.assertEqual(self.judged(self.flow(), stopped), expected)
        some = self.reading(seen={low: 3, self.arrival(hops=8): 27})
        expected = ("forwarding", "forwarding; some arrives with TTL 1")
        self.assertEqual(self.judged(self.flow(), some), expected)

    def test_ttl_up_to_the_threshold_stops_it(self) -> None:
        seen = self.reading(routed=0, sent=0, seen={self.arrival(hops=8): 30})
        expected = ("ttl", "arrives with TTL 8, ttl-threshold is 16, not forwarded")
        self.assertEqual(self.judged(self.flow(), seen, threshold=16), expected)

    def test_ttl_is_suspected_where_no_look_was_permitted(self) -> None:
        reading = self.reading(routed=0, sent=0, look=None)
        self.assertEqual(self.judged(self.flow(), reading)[0], "ttl")

    def test_packets_that_cannot_be_fragmented_are_too_large(self) -> None:
        reading = self.reading(routed=0, sent=0, fragments=100)
        self.assertEqual(self.judged(self.flow(), reading)[0], "too-large")
        self.family = IPV6
        reading = self.reading(routed=100, sent=0, fragments=100)
        self.assertEqual(self.judged(self.flow(), reading)[0], "too-large")

    def test_packets_that_are_routed_and_do_not_leave_are_dropped_after_routing(self) -> None:
        for family in (IPV4, IPV6):
            self.family = family
            reading = self.reading(sent=0)
            self.assertEqual(self.judged(self.flow(), reading)[0], "dropped-after-routing")

    def test_stream_that_leaves_beside_one_that_does_not_is_forwarded(self) -> None:
        group, other = GROUPS[IPV4], packed("239.9.9.9")
        left = Look(frozenset([group, other]), {self.arrival("down1"): 9})
        reading = self.reading(routed=200, sent=100)._replace(left=left)
        self.assertEqual(self.judged(self.flow(), reading)[0], "forwarding")
        nothing = reading._replace(left=left._replace(seen={}))
        self.assertEqual(self.judged(self.flow(), nothing)[0], "dropped-after-routing")
        elsewhere = left._replace(seen={self.arrival("down2"): 9})
        state, _ = self.judged(self.flow(), reading._replace(left=elsewhere))
        self.assertEqual(state, "dropped-after-routing")

    def test_stream_that_is_too_slow_to_be_seen_is_blamed_for_nothing(self) -> None:
        left = Look(frozenset([GROUPS[IPV4]]), {})
        reading = self.reading(routed=200, sent=100)._replace(left=left)
        self.assertEqual(self.judged(self.flow(packets=10), reading)[0], "forwarding")

    def test_loss_of_some_of_several_streams_is_told_and_blamed_on_none(self) -> None:
        state, reason = self.judged(self.flow(), self.reading(routed=200, sent=100))
        self.assertEqual(state, "forwarding")
        self.assertIn("some streams are dropped after routing", reason)

    def test_data_that_is_seen_and_not_counted_is_dropped_before_routing(self) -> None:
        seen = {self.arrival(): 30}
        firewall = self.reading(seen=seen)
        self.assertEqual(self.judged(self.still(), firewall)[0], "dropped-before-routing")
        strict = self.reading(seen=seen, reverse_path=30)
        self.assertEqual(self.judged(self.still(), strict)[0], "rp-filter")
        self.family = IPV6  # IPv6 has no rp_filter
        strict = self.reading(seen={self.arrival(): 30}, reverse_path=30)
        self.assertEqual(self.judged(self.still(), strict)[0], "dropped-before-routing")

    def test_other_interface_is_named_where_it_was_seen(self) -> None:
        seen = self.reading(seen={self.arrival("eth5"): 3, self.arrival("eth4"): 3})
        expected = ("wrong-interface", "arrives at eth4, eth5, accepted from up only")
        self.assertEqual(self.judged(self.still(), seen), expected)
        counted = self.flow(packets=20, wrong=20)
        expected = ("wrong-interface", "arrives elsewhere, accepted from up only")
        self.assertEqual(self.judged(counted, self.reading()), expected)

    def test_data_of_another_source_is_not_of_the_flow(self) -> None:
        other = self.arrival()._replace(source=packed("10.0.0.99"))
        flow = self.flow(packets=0, idle=None, specific=True)
        self.assertEqual(self.judged(flow, self.reading(seen={other: 9}))[0], "silent")

    def test_silent_flow_says_for_how_long(self) -> None:
        for idle, seconds in ((None, 42), (29.6, 30)):
            expected = ("silent", f"asked, nothing arrives for {seconds} s")
            self.assertEqual(self.judged(self.still(idle=idle), self.reading()), expected)

    def test_slow_stream_is_forwarded_for_a_while_after_each_packet(self) -> None:
        self.assertEqual(self.judged(self.still(idle=1.5), self.reading())[0], "forwarding")

    def test_flow_that_nothing_can_come_of_says_why(self) -> None:
        reading = self.reading()
        filtered = "the filter of up (in)"
        for flow, state, reason in (
            (self.still(is_asked=False), "not-asked", "not asked upstream (no usable upstream?)"),
            (self.still(is_wanted=False), "not-wanted", "nobody asks for it"),
            (self.still(denied_by=filtered), "denied", f"not asked, denied by {filtered}"),
            (self.flow(denied_by=filtered, oifs=()), "denied", f"arrives, denied by {filtered}"),
            (self.flow(oifs=()), "not-wanted", "arrives, not accepted from there"),
            (self.flow(oifs=(), is_wanted=False), "not-wanted", "arrives, nobody asks for it"),
        ):
            self.assertEqual(self.judged(flow, reading), (state, reason))

    def test_entry_for_all_groups_is_the_default(self) -> None:
        flow = self.flow()
        nothing = IPV4.unspecified
        base = Flow(flow.table, nothing, nothing, "up", ("up",), False, True, None, "", flow.moved)
        self.assertEqual(self.judged(base, self.reading())[0], FlowState.DEFAULT.value)
