"""Programs on the proxy's own machine that have joined groups on its upstream."""

from __future__ import annotations

from typing import Any

from mcproxy.config.model import NEVER, Configuration, InstanceConfig
from mcproxy.instance.downstream import Downstream
from mcproxy.instance.local_programs import LocalPrograms as Programs
from mcproxy.instance.plan import compile_plan
from mcproxy.instance.upstream import Upstream
from mcproxy.messages import OwnPacketReceived, PacketReceived
from mcproxy.protocol.family import packed
from mcproxy.protocol.sources import ANY_SOURCE, EXCLUDE, INCLUDE, SourceFilter
from mcproxy.protocol.wire.packets import (
    Leave,
    OldReport,
    Packet,
    Query,
    Record,
    RecordType,
    Report,
)

from .support import D1, UP, InstanceTestCase

TO_EX, TO_IN = RecordType.CHANGE_TO_EXCLUDE_MODE, RecordType.CHANGE_TO_INCLUDE_MODE
ALLOW, BLOCK = RecordType.ALLOW_NEW_SOURCES, RecordType.BLOCK_OLD_SOURCES
G_TEXT = "239.1.1.1"
G = packed(G_TEXT)
A, B = packed("192.0.2.1"), packed("192.0.2.2")
ROUTER = packed("10.0.1.9")


def report(kind: RecordType, group: bytes = G, *sources: bytes) -> Report:
    return Report((Record(kind, group, frozenset(sources)),))


def including(*sources: bytes) -> SourceFilter:
    return SourceFilter(INCLUDE, frozenset(sources))


def excluding(*sources: bytes) -> SourceFilter:
    return SourceFilter(EXCLUDE, frozenset(sources))


class LocalProgramTests(InstanceTestCase):
    """A host behind downstream d1 and a local program want the same group."""

    def setUp(self) -> None:
        super().setUp()
        self.links(UP, D1)

    def reported(self) -> list[Packet]:
        """Return what was sent upstream since the last call."""
        sent = [packet for name, packet in self.neighbours.sent if name == "up"]
        self.neighbours.sent.clear()
        return sent

    def host_wants(self, kind: RecordType, *sources: bytes) -> None:
        """A host reports, and the proxy repeats what it reports about that."""
        self.says("d1", kind, G, *sources)
        for _ in range(20):
            self.clock.advance(0.1)
        self.reported()

    def kernel_reports(self, packet: Packet, after: dict[bytes, SourceFilter]) -> None:
        """A local program changes its membership; the kernel reports that."""
        self.programs.filters = after
        self.instance.upstreams["up"].receive(OwnPacketReceived("up", packet))

    def test_leave_of_the_kernel_is_answered_with_a_report_at_once(self) -> None:
        """LP-01: also each repetition of it."""
        self.host_wants(TO_EX)
        for _ in range(2):
            self.kernel_reports(report(TO_IN), {})
            self.assertEqual(self.reported(), [report(TO_EX)])

    def test_block_of_the_kernel_is_answered_for_the_wanted_source_only(self) -> None:
        """LP-01: INCLUDE and EXCLUDE."""
        self.host_wants(ALLOW, A)
        self.kernel_reports(report(BLOCK, G, B), {})
        self.assertEqual(self.reported(), [])
        self.kernel_reports(report(BLOCK, G, A, B), {})
        self.assertEqual(self.reported(), [report(ALLOW, G, A)])
        self.kernel_reports(report(TO_EX, G, A), {G: excluding(A)})
        self.assertEqual(self.reported()[-1], report(TO_EX))

    def test_reports_that_end_nothing_are_not_answered(self) -> None:
        """LP-01: joins, and leaves of groups that nobody wants."""
        self.host_wants(TO_EX)
        self.kernel_reports(report(TO_EX), {G: ANY_SOURCE})
        self.kernel_reports(report(ALLOW, G, A), {G: ANY_SOURCE})
        self.kernel_reports(report(TO_IN, packed("239.9.9.9")), {G: ANY_SOURCE})
        self.assertEqual(self.reported(), [])

    def test_leave_of_the_kernel_in_an_older_version_is_answered(self) -> None:
        """LP-01: with a report of that version."""
        self.instance.upstreams["up"].receive(PacketReceived("up", ROUTER, Query(2, bytes(4), 1.0)))
        self.host_wants(TO_EX)
        self.kernel_reports(Leave(G), {})
        self.assertEqual(self.reported(), [OldReport(2, G)])

    def test_group_that_a_local_program_wants_is_not_left(self) -> None:
        """LP-02: the program's leave ends it."""
        self.host_wants(TO_EX)
        self.kernel_reports(report(TO_EX), {G: ANY_SOURCE})
        self.leave_downstream()
        self.assertEqual(self.reported(), [])
        self.kernel_reports(report(TO_IN), {})
        self.assertEqual(self.reported(), [report(TO_IN)])
        self.assertEqual(self.instance.upstreams["up"].host.groups, {})

    def leave_downstream(self) -> None:
        """The host leaves, and nobody answers the queries."""
        self.says("d1", TO_IN, G)
        for _ in range(50):
            self.clock.advance(0.1)

    def test_leave_keeps_the_sources_of_a_local_program(self) -> None:
        """LP-02: and no others."""
        self.host_wants(TO_EX)
        self.kernel_reports(report(TO_IN, G, A), {G: including(A)})
        self.reported()
        self.leave_downstream()
        self.assertEqual(self.reported()[-2:], [report(TO_IN, G, A)] * 2)

    def test_group_that_a_program_left_without_a_report_is_left_at_the_next_query(self) -> None:
        """LP-02: IGMPv1 has no leave, and a kernel may have none to send."""
        self.host_wants(TO_EX)
        self.kernel_reports(report(TO_EX), {G: ANY_SOURCE})
        self.leave_downstream()
        self.reported()
        self.programs.filters = {}
        query = Query(3, bytes(4), 1.0)
        self.instance.upstreams["up"].receive(PacketReceived("up", ROUTER, query))
        self.assertEqual(self.reported(), [report(TO_IN)])

    def test_group_that_only_a_local_program_wants_is_left_to_the_kernel(self) -> None:
        """LP-02: we report nothing of it."""
        self.kernel_reports(report(TO_EX), {G: ANY_SOURCE})
        self.instance.upstreams["up"].changed([G], self.clock.seconds())
        self.kernel_reports(report(TO_IN), {})
        self.assertEqual(self.reported(), [])

    def test_stop_leaves_all_but_the_groups_of_local_programs(self) -> None:
        """LP-02, HS-11."""
        other = packed("239.9.9.9")
        self.host_wants(TO_EX)
        self.says("d1", TO_EX, other)
        self.kernel_reports(report(TO_EX), {G: ANY_SOURCE})
        self.reported()
        self.instance.upstreams["up"].remove_user(self.instance)
        self.assertEqual(self.reported(), [report(TO_IN, other)])
        self.assertEqual(self.programs.followed, [])

    def test_refusals_of_the_kernel_are_logged_and_the_upstream_works(self) -> None:
        """LP-01: as without local programs."""
        warned: list[str] = []
        warn = lambda _, told, **fields: warned.append(told.format(**fields))  # noqa: E731
        self.patch(Programs, "log", type("Log", (), {"warn": warn})())
        self.programs.error = OSError(13, "Permission denied")
        self.host_wants(TO_EX)
        self.kernel_reports(report(TO_IN), {})
        self.assertEqual(self.reported(), [report(TO_EX)])
        self.assertEqual(
            warned,
            [
                "cannot read the memberships of local programs: Permission denied; a leave of a "
                "local program may interrupt streams until the next query"
            ],
        )

    def test_join_on_a_downstream_is_logged_once(self) -> None:
        """LP-03: the kernel delivers no forwarded data there."""
        warned: list[str] = []
        warn = lambda _, told, **fields: warned.append(told.format(**fields))  # noqa: E731
        self.patch(Downstream, "log", type("Log", (), {"warn": warn})())
        for packet in (
            report(TO_EX, packed("224.0.0.251")),
            report(TO_IN),
            Leave(G),
            report(TO_EX),
            OldReport(2, G),
        ):
            self.instance.receive(OwnPacketReceived("d1", packet))
        self.assertEqual(
            warned,
            [
                "a program on this machine joined 239.1.1.1 on the downstream d1, where it "
                "receives no forwarded data; let it join on the upstream interface"
            ],
        )


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
        warned: list[str] = []
        warn = lambda _, told, **f: warned.append(told.format(**f))  # noqa: E731
        self.patch(Upstream, "log", type("Log", (), {"warn": warn})())
        ssm = packed("232.1.1.1")
        self.says("d1", ALLOW, ssm, A)
        query = PacketReceived("up", ROUTER, Query(2, bytes(4), 1.0))
        self.upstream.receive(query)
        self.reported(20)
        self.upstream.receive(query)
        self.assertEqual(self.reported(20), [])
        self.reconfigured(ssm_fallback=True)
        self.assertEqual(self.reported(), [OldReport(2, ssm)])
        self.assertIn("leaves source-specific groups out (see ssm-fallback, ", warned[0])
        self.reported(300)
        self.upstream.receive(query)
        self.reported(2)
        self.assertIn(
            "reports source-specific groups without their sources (see ssm-fallback, ", warned[-1]
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
        self.assertEqual(self.reported(), [report(TO_EX)])
        self.upstream.receive(PacketReceived("up", ROUTER, Query(3, bytes(4), 1.0)))
        self.reported(5)
        self.says("d1", TO_IN, G)
        self.says("d1", TO_EX, G)
        self.assertEqual(self.reported(), [])

    def test_report_interval_counts_from_the_change(self) -> None:
        """RI-02: reports follow within 10 s of its end."""
        self.says("d1", TO_EX, G)
        self.reported(10)
        self.reconfigured(report_interval=30.0)
        self.assertEqual(self.reported(29), [])
        self.assertEqual(self.reported(12), [report(RecordType.MODE_IS_EXCLUDE)])
        self.reconfigured(report_interval=NEVER)
        self.assertEqual(self.reported(150), [])


class UpstreamQuerySourceTests(InstanceTestCase):
    """Where queries upstream come from (RFC 9776, 9.1)."""

    def setUp(self) -> None:
        super().setUp()
        self.links(UP, D1)
        self.warned: list[str] = []
        warn = lambda _, told, **f: self.warned.append(told.format(**f))  # noqa: E731
        log: Any = {"warn": warn, "info": lambda *_, **__: None}
        self.patch(Upstream, "log", type("Log", (), log)())
        self.upstream = self.instance.upstreams["up"]

    def queried(self, source: bytes, direct: bool = False, version: int = 3) -> None:
        query = Query(version, bytes(4), 1.0)
        self.upstream.receive(PacketReceived("up", source, query, direct))

    def test_query_from_another_subnet_is_accepted_counted_and_logged_now_and_then(self) -> None:
        """HQ-09: one of 0.0.0.0 or of the subnet is not counted."""
        self.clock.advance(1)
        for source in (bytes(4), ROUTER):
            self.queried(source)
        self.assertEqual((self.upstream.foreign_queries, self.warned), (0, []))
        for _ in range(3):
            self.queried(packed("198.51.100.1"))
        self.assertEqual(self.upstream.foreign_queries, 3)
        self.assertEqual(
            self.warned,
            [
                "198.51.100.1 sends queries, but is in no subnet of the upstream up; they are "
                "accepted, because some providers send such queries"
            ],
        )
        self.assertEqual(self.upstream.host.last_query, self.clock.seconds())

    def test_direct_query_is_answered_and_changes_no_version(self) -> None:
        """HQ-07, IP4-SD-06: it is no general query of the link's querier."""
        self.says("d1", TO_EX, G)
        self.clock.pump([0.1] * 20)
        self.neighbours.sent.clear()
        self.queried(ROUTER, direct=True, version=2)
        self.clock.pump([0.1] * 11)
        sent = [packet for name, packet in self.neighbours.sent if name == "up"]
        self.assertEqual(sent, [report(RecordType.MODE_IS_EXCLUDE)])
        self.assertEqual(self.upstream.host.version, 3)
