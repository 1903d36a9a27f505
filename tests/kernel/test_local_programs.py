"""Programs on the proxy's own machine that join groups, beside hosts that want the same."""

from __future__ import annotations

from mcproxy.lab.host import Member
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import packed, text
from mcproxy.protocol.wire.packets import Leave, OldReport, Packet, Query, Record, Report

from .memberships import joined
from .messages import ALLOW, BLOCK, TO_EX, TO_IN, messages_on, record, records, send_message
from .site import LAST_MEMBER_TIME, IPv4TestCase, IPv6TestCase, Scenarios

AT_ONCE = 0.5
"""Seconds, on a machine with other work. A provider with fast leave cuts the stream meanwhile."""


class LocalProgramScenarios(Scenarios):
    """A program, as udpxy is one, has joined on the upstream; so has a host through the proxy."""

    def setUp(self) -> None:
        super().setUp()
        self.start()
        self.upstream = self.server.capture()

    def both_join(self, include: list[str] | None = None) -> tuple[Member, Member]:
        """Join on a downstream and then, on the machine itself, on the upstream."""
        member = self.home.join(self.group, include=include)
        joined = record(ALLOW if include else TO_EX, self.group, *include or ())
        self.await_reported(self.upstream, joined)
        program = self.proxy.join(self.group, "up", include=include)
        wait_until(lambda: records(self.upstream, self.group).count(joined) >= 3)
        return member, program

    def packets(self) -> list[tuple[float, Packet]]:
        """What was said of the group upstream, with times."""
        return [
            (one.time, one.packet)
            for one in messages_on(self.upstream)
            if self.group in _groups(one.packet)
        ]

    def assert_reported_again(self, ends: Packet, again: Packet) -> None:
        """Check that each ``ends`` of the kernel is followed at once by ``again``."""
        wait_until(lambda: any(_says(packet, ends) for _, packet in self.packets()))
        self.await_sent_again(ends, again)
        for when, packet in self.packets():
            if _says(packet, ends):
                later = [t - when for t, one in self.packets() if _says(one, again) and t >= when]
                self.assertLess(min(later), AT_ONCE)

    def await_sent_again(self, ends: Packet, again: Packet) -> None:
        """Wait until the last word about the group is ``again``."""

        def found() -> bool:
            said = [one for _, one in self.packets() if _says(one, ends) or _says(one, again)]
            return _says(said[-1], again)

        wait_until(found)

    def test_leave_of_a_local_program_is_followed_by_a_report_at_once(self) -> None:
        """LP-01: and by another one after the kernel's repeated leave."""
        _, program = self.both_join()
        program.leave()
        self.assert_reported_again(_report(record(TO_IN, self.group)), _report(self.joined()))
        wait_until(lambda: records(self.upstream, self.group).count(record(TO_IN, self.group)) == 2)
        self.assert_reported_again(_report(record(TO_IN, self.group)), _report(self.joined()))

    def check_leave_is_answered(self, program: Member) -> None:
        """The program leaves, and the group is reported again at once."""
        self.upstream.clear()
        program.leave()
        self.assert_reported_again(_report(record(TO_IN, self.group)), _report(self.joined()))

    def test_leave_after_a_restart_is_followed_by_a_report_at_once(self) -> None:
        """LP-01: the program joined while the previous process ran."""
        _, program = self.both_join()
        self.daemon.command("restart")
        self.await_log("resumed the previous process's state")
        self.check_leave_is_answered(program)

    def test_leave_after_a_lost_carrier_is_followed_by_a_report_at_once(self) -> None:
        """LP-01: the program stays a member meanwhile."""
        _, program = self.both_join()
        self.server.set_link("eth0", state="down")
        self.await_log("upstream lost")
        self.upstream.clear()
        self.server.set_link("eth0", state="up")
        self.await_log("upstream found", count=4)
        wait_until(lambda: len(self.packets()) >= 2)  # of the proxy; in MLD of the kernel, too
        self.check_leave_is_answered(program)

    def test_upstream_that_two_instances_share_answers_once(self) -> None:
        """LP-01: one report for one leave, for the router sees one host."""
        self.daemon.terminate()
        self.start(
            '[instance.a]\nupstream = "up"\ndownstream = "down1"\n'
            '[instance.b]\nupstream = "up"\ndownstream = "down2"\n'
        )
        _, program = self.both_join()
        self.await_nothing(1.5)
        self.check_leave_is_answered(program)
        said = [packet for _, packet in self.packets()]
        again, ended = _report(self.joined()), _report(record(TO_IN, self.group))
        self.assertLessEqual(said.count(again), said.count(ended))

    def test_no_group_is_joined_upstream(self) -> None:
        """LP-01: the kernel would report it there."""
        member, _ = self.both_join()
        found = joined(self.proxy.namespace, self.family, self.proxy.index("up"))
        self.assertIn(self.group, found)
        self.assertNotIn(text(self.family.report_destination), found)
        member.leave()

    def joined(self) -> Record:
        """Return the record that reports the group."""
        return record(TO_EX, self.group)

    def test_stream_of_a_host_goes_on_when_a_local_program_leaves(self) -> None:
        """LP-01: no packet is lost in the proxy."""
        self.stream()
        member, program = self.both_join()
        self.await_packets(member)
        program.leave()
        self.await_packets(member, 200)
        self.assert_no_loss(member)

    def test_block_of_a_local_program_is_followed_by_the_wanted_sources_at_once(self) -> None:
        """LP-01: when it drops one source of two, and when it leaves."""
        one, two = self.sources[:2]
        _, program = self.both_join([one, two])
        again = _report(record(ALLOW, self.group, one, two))
        program.include([one])
        self.assert_reported_again(_report(record(BLOCK, self.group, two)), again)
        program.leave()
        self.assert_reported_again(_report(record(BLOCK, self.group, one)), again)

    def test_leave_keeps_the_sources_of_a_local_program(self) -> None:
        """LP-02: the group is left for these sources only."""
        one = self.sources[0]
        member = self.home.join(self.group)
        self.await_reported(self.upstream, self.joined())
        self.proxy.join(self.group, "up", include=[one])
        self.await_nothing(1.5)
        member.leave()
        self.await_reported(self.upstream, record(TO_IN, self.group, one))
        self.await_nothing(1.5)
        self.assertNotIn(record(TO_IN, self.group), records(self.upstream, self.group))

    def test_leave_in_an_older_version_is_followed_by_a_report_at_once(self) -> None:
        """LP-01: in the version of the querier."""
        older = self.family.current_version - 1
        general = Query(older, self.family.unspecified, 0.2)
        send_message(self.server.raw_host(), self.plan.raw_router, general)
        self.await_log("upstream router speaks")
        member = self.home.join(self.group)
        report = OldReport(older, packed(self.group))
        wait_until(lambda: any(packet == report for _, packet in self.packets()))
        program = self.proxy.join(self.group, "up")
        # The kernel's report. The proxy's own repeat comes within ten seconds (RFC 2236, 8.10).
        wait_until(lambda: len(self.packets()) >= 2)
        program.leave()
        self.assert_reported_again(Leave(packed(self.group)), report)
        member.leave()

    def test_group_of_a_local_program_is_not_left(self) -> None:
        """LP-02: until the program leaves it, too."""
        member, program = self.both_join()
        member.leave()
        wait_until(lambda: not self.home_is_forwarded(), 5)
        self.await_nothing(2 * LAST_MEMBER_TIME)
        self.assertNotIn(record(TO_IN, self.group), records(self.upstream, self.group))
        program.leave()
        self.await_reported(self.upstream, record(TO_IN, self.group))

    def home_is_forwarded(self) -> bool:
        """Return whether the kernel table forwards the group."""
        return any(text(route.group) == self.group for route in self.routes())

    def await_nothing(self, seconds: float) -> None:
        """Give the proxy time to report what it must not."""
        stream = self.stream(self.groups[5])
        sent = stream.sent + int(seconds * self.rate)
        wait_until(lambda: stream.sent >= sent, 2 * seconds + 5)

    def test_join_on_a_downstream_is_logged_once(self) -> None:
        """LP-03: it receives nothing there."""
        self.proxy.join(self.group, "down1")
        self.await_log("a program on this machine joined", self.group, "down1")
        self.proxy.join(self.groups[1], "down1")
        self.await_nothing(0.5)
        lines = [line for line in self.daemon.lines if "a program on this machine" in line]
        self.assertEqual(len(lines), 1)


def _report(one: Record) -> Report:
    return Report((one,))


def _says(packet: Packet, said: Packet) -> bool:
    """Whether ``packet`` is ``said``, or a report that has its record beside those of others."""
    if isinstance(packet, Report) and isinstance(said, Report):
        return set(said) <= set(packet)
    return packet == said


def _groups(packet: Packet) -> set[str]:
    match packet:
        case Report() as listed:
            return {text(one.group) for one in listed}
        case OldReport(group=group) | Leave(group=group):
            return {text(group)}
    return set()


class IPv4LocalProgramTests(LocalProgramScenarios, IPv4TestCase):
    """A program and hosts that speak IGMP."""


class IPv6LocalProgramTests(LocalProgramScenarios, IPv6TestCase):
    """A program and hosts that speak MLD."""
