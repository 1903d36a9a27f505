"""An upstream: the host's state, the settings, and where queries come from."""

from __future__ import annotations

from typing import Any

from mcproxy.config.model import NEVER, Configuration, InstanceConfig
from mcproxy.instance.plan.plan import compile_plan
from mcproxy.instance.upstream import Upstream
from mcproxy.linux.netlink.links import Link
from mcproxy.messages import Message, PacketReceived
from mcproxy.protocol.family import packed
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING, SourceFilter
from mcproxy.protocol.wire.packets import OldReport, Packet, Query, RecordType

from .support import D1, D2, UP, InstanceTestCase, excluding, including, report

TO_EX, TO_IN = RecordType.CHANGE_TO_EXCLUDE_MODE, RecordType.CHANGE_TO_INCLUDE_MODE
ALLOW, BLOCK = RecordType.ALLOW_NEW_SOURCES, RecordType.BLOCK_OLD_SOURCES
G_TEXT = "239.1.1.1"
G = packed(G_TEXT)
A, B, C = packed("192.0.2.1"), packed("192.0.2.2"), packed("192.0.2.3")
ROUTER = packed("10.0.1.9")


class HostStateTests(InstanceTestCase):
    """The host's state upstream is that of the membership database."""

    def test_host_has_the_merged_filter_of_each_wanted_group_and_of_no_other(self) -> None:
        """HS-01: after each change of two downstreams; a group that nobody wants is no record."""
        self.links(UP, D1, D2)
        host = self.instance.upstreams["up"].host
        for where, kind, sources, merged in (
            ("d1", ALLOW, (A,), including(A)),
            ("d2", ALLOW, (B,), including(A, B)),
            ("d2", TO_EX, (C,), excluding(C)),
            ("d1", TO_EX, (C,), excluding(C)),
            ("d1", TO_EX, (), ANY_SOURCE),
        ):
            self.says(where, kind, G, *sources)
            self.assertEqual(host.groups, {G: merged})
            self.assertEqual(host.groups[G], self.instance.wanted("up", G))
        for where in ("d1", "d2"):
            self.says(where, TO_IN, G)
        self.clock.pump([0.1] * 50)
        self.assertEqual(host.groups, {})


class AddressTests(InstanceTestCase):
    """The upstream's own address comes, goes and changes."""

    def test_groups_are_reported_again_when_a_link_local_address_becomes_valid(self) -> None:
        """HR-11, HR-07: until then reports have no source that a router accepts."""
        config = InstanceConfig("a", ("up",), ("d1",), igmp_version=0)
        (plan,) = compile_plan(Configuration((config,))).upstreams
        recorder: Any = self.neighbours
        group = packed("ff1e::1:1")
        upstream = Upstream(plan, self.context.timer, self.log.events, recorder, recorder)
        upstream.add_user(Asking(group))
        globally = ((packed("2001:db8::1"), 64),)
        upstream.link_changed(Link("up", 1, True, 1500, (), globally))
        upstream.changed([group], self.clock.seconds())
        self.clock.pump([0.1] * 20)
        self.neighbours.sent.clear()
        local = ((packed("fe80::1"), 64), *globally)
        upstream.link_changed(Link("up", 1, True, 1500, (), local))
        self.assertEqual(self.neighbours.sent, [("up", report(TO_EX, group))])
        self.clock.pump([0.1] * 20)
        self.neighbours.sent.clear()
        upstream.link_changed(Link("up", 1, True, 1400, (), local))
        self.assertEqual(self.neighbours.sent, [])


class Asking:
    """A user of an upstream that wants one group."""

    name = "tv"

    def __init__(self, group: bytes) -> None:
        self._group = group

    def receive(self, message: Message) -> None:
        """Upcalls are nothing to it."""

    def wanted(self, upstream: str, group: bytes) -> SourceFilter:
        return ANY_SOURCE if group == self._group else NOTHING

    def planned_groups(self) -> list[bytes]:
        return [self._group]


class UpstreamSettingsTests(InstanceTestCase):
    """Settings of an upstream that change while it runs."""

    def setUp(self) -> None:
        super().setUp()
        self.links(UP, D1)
        self.upstream = self.instance.upstreams["up"]

    def reconfigured(self, **changes: Any) -> None:
        (plan,) = compile_plan(
            Configuration((InstanceConfig("a", ("up",), ("d1",), mld_version=0, **changes),))
        ).upstreams
        self.upstream.reconfigure(plan)

    def reported(self, seconds: int = 0) -> list[Packet]:
        """Return what is sent upstream in these seconds."""
        self.clock.pump([0.5] * 2 * seconds)
        sent = [packet for name, packet in self.neighbours.sent if name == "up"]
        self.neighbours.sent.clear()
        return sent

    def test_ssm_fallback_reports_source_specific_groups_to_an_older_querier(self) -> None:
        """PSSM-04: at once when it is switched on, without the sources."""
        ssm = packed("232.1.1.1")
        self.says("d1", ALLOW, ssm, A)
        query = PacketReceived("up", ROUTER, Query(2, bytes(4), 1.0))
        self.upstream.receive(query)
        self.reported(20)
        self.upstream.receive(query)
        self.assertEqual(self.reported(20), [])
        self.reconfigured(ssm_fallback=True)
        self.assertEqual(self.reported(), [OldReport(2, ssm)])
        self.assertIn("leaves source-specific groups out (see ssm-fallback, ", self.log.lines[0])
        self.reported(300)
        self.upstream.receive(query)
        self.reported(2)
        self.assertIn(
            "reports source-specific groups without their sources (see ssm-fallback, ",
            self.log.lines[-1],
        )

    def test_leave_and_join_of_a_host_is_reported_where_no_querier_is_heard(self) -> None:
        """RI-03: at once, and only where no querier was heard for a membership interval."""
        self.instance = self.make(InstanceConfig("a", ("up",), ("d1",), static_group=(G_TEXT,)))
        self.links(UP, D1)
        self.upstream = self.instance.upstreams["up"]
        self.reported(2)
        for kind in (TO_EX, TO_IN, TO_EX):
            self.says("d1", kind, G)
        self.assertEqual(self.reported(120), [])
        self.reported(180)
        self.says("d1", TO_EX, G)
        self.assertEqual(self.reported(), [])
        self.says("d1", TO_IN, G)
        self.says("d1", TO_EX, G)
        self.assertEqual(self.reported(), [report(TO_EX, G)])
        self.upstream.receive(PacketReceived("up", ROUTER, Query(3, bytes(4), 1.0)))
        self.reported(5)
        self.says("d1", TO_IN, G)
        self.says("d1", TO_EX, G)
        self.assertEqual(self.reported(), [])

    def test_report_interval_counts_from_the_change(self) -> None:
        """RI-02: reports follow within a tenth of it after its end."""
        self.says("d1", TO_EX, G)
        self.reported(10)
        self.reconfigured(report_interval=30.0)
        self.assertEqual(self.reported(29), [])
        self.assertEqual(self.reported(5), [report(RecordType.MODE_IS_EXCLUDE, G)])
        self.reconfigured(report_interval=NEVER)
        self.assertEqual(self.reported(150), [])


class UpstreamQuerySourceTests(InstanceTestCase):
    """Where queries upstream come from (RFC 9776, 9.1)."""

    def setUp(self) -> None:
        super().setUp()
        self.links(UP, D1)
        self.upstream = self.instance.upstreams["up"]

    def queried(self, source: bytes, direct: bool = False, version: int = 3) -> None:
        query = Query(version, bytes(4), 1.0)
        self.upstream.receive(PacketReceived("up", source, query, direct))

    def test_query_from_another_subnet_is_accepted_counted_and_logged_now_and_then(self) -> None:
        """HQ-09: one of 0.0.0.0 or of the subnet is not counted."""
        self.clock.advance(1)
        for source in (bytes(4), ROUTER):
            self.queried(source)
        self.assertEqual((self.upstream.foreign_queries, self.log.lines), (0, []))
        for _ in range(3):
            self.queried(packed("198.51.100.1"))
        self.assertEqual(self.upstream.foreign_queries, 3)
        self.assertEqual(
            self.log.lines,
            [
                "198.51.100.1 sends queries, but is in no subnet of the upstream up; they are "
                "accepted, because some providers send such queries"
            ],
        )
        self.assertEqual(self.upstream.host.last_query, self.clock.seconds())

    def test_older_query_that_is_not_followed_is_logged_now_and_then(self) -> None:
        """HC-08, SEC-05: for a source-specific group, or with version-fallback off."""
        for group in (packed("239.1.1.1"), packed("232.1.1.1"), packed("232.1.1.2")):
            query = Query(2, group, 1.0)
            self.upstream.receive(PacketReceived("up", ROUTER, query))
        told = (
            "10.0.1.9 sends IGMPv2 queries, which cannot name the sources of source-specific "
            "groups; this proxy answers in IGMPv3; set the router to that version (see "
            "version-fallback)"
        )
        self.assertEqual(self.log.lines, [told])
        self.clock.advance(601)
        config = InstanceConfig("a", ("up",), ("d1",), mld_version=0, version_fallback=False)
        self.upstream.reconfigure(compile_plan(Configuration((config,))).upstreams[0])
        for version in (3, 2, 1):
            self.queried(ROUTER, version=version)
        self.assertEqual(self.log.lines, [told, f"{told} (1 more like it in the last 600 s)"])
        self.assertEqual(self.upstream.host.version, 3)

    def test_direct_query_is_answered_and_changes_no_version(self) -> None:
        """HQ-07, IP4-SD-06: it is no general query of the link's querier."""
        self.says("d1", TO_EX, G)
        self.clock.pump([0.1] * 20)
        self.neighbours.sent.clear()
        self.queried(ROUTER, direct=True, version=2)
        self.clock.pump([0.1] * 11)
        sent = [packet for name, packet in self.neighbours.sent if name == "up"]
        self.assertEqual(sent, [report(RecordType.MODE_IS_EXCLUDE, G)])
        self.assertEqual(self.upstream.host.version, 3)
