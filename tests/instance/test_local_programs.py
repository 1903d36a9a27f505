"""Programs on the proxy's own machine that have joined groups on its upstream."""

from __future__ import annotations

from dataclasses import replace

from mcproxy.config.model import InstanceConfig
from mcproxy.instance.local_programs import LocalPrograms as Programs
from mcproxy.messages import OwnPacketReceived, PacketReceived
from mcproxy.protocol.family import packed
from mcproxy.protocol.sources import ANY_SOURCE, SourceFilter
from mcproxy.protocol.wire.packets import Leave, OldReport, Packet, Query, RecordType

from .support import D1, UP, InstanceTestCase, excluding, including, report

TO_EX, TO_IN = RecordType.CHANGE_TO_EXCLUDE_MODE, RecordType.CHANGE_TO_INCLUDE_MODE
ALLOW, BLOCK = RecordType.ALLOW_NEW_SOURCES, RecordType.BLOCK_OLD_SOURCES
G_TEXT = "239.1.1.1"
G = packed(G_TEXT)
A, B = packed("192.0.2.1"), packed("192.0.2.2")
ROUTER = packed("10.0.1.9")


class LocalProgramTests(InstanceTestCase):
    """A host behind downstream d1 and a local program want the same group."""

    def setUp(self) -> None:
        super().setUp()
        self.instance = self.make(InstanceConfig("a", ("up",), ("d1",)))
        self.links(UP, D1)

    def test_programs_are_ignored_without_the_option(self) -> None:
        """LP-01, LP-02: nothing of them is read or heard."""
        self.assertEqual(self.programs.followed, [UP.index])
        self.instance.stopService()
        config = InstanceConfig("a", ("up",), ("d1",), local_programs=False)
        self.instance = self.make(config)
        self.links(UP, D1)
        self.assertEqual(self.programs.followed, [])

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
        self.programs.heard(packet)

    def test_leave_of_the_kernel_is_answered_with_a_report_at_once(self) -> None:
        """LP-01: also each repetition of it."""
        self.host_wants(TO_EX)
        for _ in range(2):
            self.kernel_reports(report(TO_IN, G), {})
            self.assertEqual(self.reported(), [report(TO_EX, G)])

    def test_block_of_the_kernel_is_answered_for_the_wanted_source_only(self) -> None:
        """LP-01: INCLUDE and EXCLUDE."""
        self.host_wants(ALLOW, A)
        self.kernel_reports(report(BLOCK, G, B), {})
        self.assertEqual(self.reported(), [])
        self.kernel_reports(report(BLOCK, G, A, B), {})
        self.assertEqual(self.reported(), [report(ALLOW, G, A)])
        self.kernel_reports(report(TO_EX, G, A), {G: excluding(A)})
        self.assertEqual(self.reported()[-1], report(TO_EX, G))

    def test_reports_that_end_nothing_are_not_answered(self) -> None:
        """LP-01: joins, and leaves of groups that nobody wants."""
        self.host_wants(TO_EX)
        self.kernel_reports(report(TO_EX, G), {G: ANY_SOURCE})
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
        self.kernel_reports(report(TO_EX, G), {G: ANY_SOURCE})
        self.leave_downstream()
        self.assertEqual(self.reported(), [])
        self.kernel_reports(report(TO_IN, G), {})
        self.assertEqual(self.reported(), [report(TO_IN, G)])
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
        self.kernel_reports(report(TO_EX, G), {G: ANY_SOURCE})
        self.leave_downstream()
        self.reported()
        self.programs.filters = {}
        query = Query(3, bytes(4), 1.0)
        self.instance.upstreams["up"].receive(PacketReceived("up", ROUTER, query))
        self.assertEqual(self.reported(), [report(TO_IN, G)])

    def test_group_that_only_a_local_program_wants_is_left_to_the_kernel(self) -> None:
        """LP-02: we report nothing of it."""
        self.kernel_reports(report(TO_EX, G), {G: ANY_SOURCE})
        self.instance.upstreams["up"].changed([G], self.clock.seconds())
        self.kernel_reports(report(TO_IN, G), {})
        self.assertEqual(self.reported(), [])

    def test_stop_leaves_all_but_the_groups_of_local_programs(self) -> None:
        """LP-02, HS-11."""
        other = packed("239.9.9.9")
        self.host_wants(TO_EX)
        self.says("d1", TO_EX, other)
        self.kernel_reports(report(TO_EX, G), {G: ANY_SOURCE})
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
        self.kernel_reports(report(TO_IN, G), {})
        self.assertEqual(self.reported(), [report(TO_EX, G)])
        self.assertEqual(
            warned,
            [
                "cannot read the memberships of local programs: Permission denied; a leave of a "
                "local program may interrupt streams until the next query"
            ],
        )

    def test_refused_socket_is_logged_and_the_upstream_works(self) -> None:
        """LP-01: a sandbox may forbid packet sockets; an interface that went is no trouble."""
        warned: list[str] = []
        warn = lambda _, told, **fields: warned.append(told.format(**fields))  # noqa: E731
        self.patch(Programs, "log", type("Log", (), {"warn": warn})())
        for number, reason in ((19, "No such device"), (1, "Operation not permitted")):
            self.programs.open_error = OSError(number, reason)
            self.links(replace(UP, index=UP.index + number), D1)
        self.host_wants(TO_EX)
        self.leave_downstream()
        self.assertEqual(self.reported()[-1], report(TO_IN, G))
        self.assertEqual(
            warned,
            [
                "cannot hear the reports of local programs: Operation not permitted; a leave of a "
                "local program may interrupt streams until the next query"
            ],
        )

    def test_reports_of_link_local_groups_cost_no_look_at_the_programs(self) -> None:
        """LP-01: the kernel reports the groups of mDNS and of neighbour discovery all the time."""
        self.programs.error = OSError(13, "Permission denied")  # would be logged
        warned: list[str] = []
        warn = lambda _, told, **fields: warned.append(told)  # noqa: E731
        self.patch(Programs, "log", type("Log", (), {"warn": warn})())
        for packet in (report(TO_EX, packed("224.0.0.251")), OldReport(2, packed("224.0.0.251"))):
            self.programs.heard(packet)
        self.assertEqual(warned, [])
        self.programs.heard(report(TO_EX, G))
        self.assertEqual(len(warned), 1)

    def test_own_packets_of_a_peer_link_are_left_to_the_packet_socket(self) -> None:
        """LP-01: a link that is a downstream too hears the kernel twice."""
        self.host_wants(TO_EX)
        self.instance.upstreams["up"].receive(OwnPacketReceived("up", report(TO_IN, G)))
        self.assertEqual(self.reported(), [])

    def test_join_on_a_downstream_is_logged_once(self) -> None:
        """LP-03: the kernel delivers no forwarded data there."""
        for packet in (
            report(TO_EX, packed("224.0.0.251")),
            report(TO_IN, G),
            Leave(G),
            report(TO_EX, G),
            OldReport(2, G),
        ):
            self.instance.receive(OwnPacketReceived("d1", packet))
        self.assertEqual(
            self.log.lines,
            [
                "a program on this machine joined 239.1.1.1 on the downstream d1, where it "
                "receives no forwarded data; let it join on the upstream interface"
            ],
        )
