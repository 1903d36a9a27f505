"""Downstream: whose reports count, the warnings about others, and the end."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.events.log_reader import SELDOM
from mcproxy.instance.downstream import Downstream
from mcproxy.instance.link_layer_watch import LinkLayerWatch
from mcproxy.linux.netlink.links import Link
from mcproxy.protocol.family import IPV4, IPV6, packed
from mcproxy.protocol.router.admission import Refusal
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.wire.packets import Leave, OldReport, Query, Record, RecordType, Report
from mcproxy.timer import Timer

from ..events.log_lines import LogLines

G, SSM = packed("239.1.1.1"), packed("232.1.1.1")
JOIN = Report((Record(RecordType.CHANGE_TO_EXCLUDE_MODE, G),))
LINK = Link("d1", 2, True, 1500, ((packed("10.0.2.1"), 24), (packed("192.0.2.65"), 26)))


class Owner:
    """Notes which groups changed."""

    name = "tv"

    def __init__(self) -> None:
        self.groups: list[bytes] = []

    def changed(self, groups: Iterable[bytes], now: float, *, may_wait: bool = False) -> None:
        self.groups += groups

    def role_changed(self, downstream: Downstream) -> None:
        """Nothing happens."""

    def asked(self, downstream: Downstream, query: Query) -> None:
        """Nobody else answers."""


class Silent:
    """A sender that notes what it is given, and groups of a link."""

    def __init__(self) -> None:
        self.sent: list[object] = []

    def send(self, *sent: object) -> None:
        self.sent.append(sent)

    def renew(self) -> None:
        """The kernel refuses it."""
        raise OSError(errno.ENOBUFS, "No buffer space available")

    def close(self) -> None:
        """Nothing is closed."""


class DownstreamTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.owner = Clock(), Owner()
        self.log = LogLines(self.clock)
        self.make(QuerierSettings())

    def make(self, settings: QuerierSettings, check_subnet: bool = False) -> None:
        querier, silent = Querier(IPV4, settings), Silent()
        nobody: Any = silent
        timer = Timer(self.clock)
        self.sent = silent.sent
        watch = LinkLayerWatch(self.open_reporters, "tv", "d1")
        self.downstream = Downstream(
            self.owner,
            LINK,
            querier,
            nobody,
            timer,
            self.log.events,
            nobody,
            watch,
            check_subnet,
        )
        self.downstream.start()

    def open_reporters(self, *_: object) -> Any:
        """No link-layer addresses are needed."""
        raise AssertionError

    def says(self, source: str, packet: Any = JOIN) -> None:
        self.downstream.receive(packet, packed(source), self.clock.seconds())

    def test_report_from_a_foreign_subnet_counts(self) -> None:
        """IP4-SD-09, SEC-03: they count, unless that is not wanted."""
        self.says("198.51.100.9")
        self.assertEqual(self.owner.groups, [G])

    def test_report_from_a_foreign_subnet_is_dropped_with_check_subnet(self) -> None:
        """IP4-SD-09, SEC-03: and it is told, now and then."""
        self.make(QuerierSettings(), check_subnet=True)
        for source in ("198.51.100.9", "10.0.3.1", "192.0.2.63", "192.0.2.128"):
            self.says(source)
        refused = self.downstream.querier.refused
        self.assertEqual((self.owner.groups, refused), ([], {Refusal.SUBNET: 4}))
        self.assertEqual(len(self.log.lines), 1)
        for source in ("10.0.2.255", "192.0.2.64", "192.0.2.127", "0.0.0.0"):
            self.make(QuerierSettings(), check_subnet=True)
            self.owner.groups.clear()
            self.says(source)
            self.assertEqual(self.owner.groups, [G], source)

    def test_query_from_a_foreign_subnet_is_ignored_with_check_subnet(self) -> None:
        """IP4-SD-09, SEC-09: and it is told; without the setting, its sender is the querier."""
        query = Query(3, IPV4.unspecified, 10.0)
        self.make(QuerierSettings(), check_subnet=True)
        self.says("9.0.0.1", query)
        self.assertTrue(self.downstream.querier.is_querier)
        self.assertEqual(self.downstream.querier.refused, {Refusal.SUBNET: 1})
        self.assertIn("9.0.0.1 is in no subnet of the link", self.log.lines[0])
        self.make(QuerierSettings())
        self.says("9.0.0.1", query)
        self.assertFalse(self.downstream.querier.is_querier)

    def test_changes_of_the_querier_are_counted(self) -> None:
        self.assertEqual(self.downstream.role_changes, 0)
        self.says("10.0.0.1", Query(3, IPV4.unspecified, 10.0))
        self.says("10.0.0.1", Query(3, IPV4.unspecified, 10.0))
        self.assertEqual(self.downstream.role_changes, 1)
        self.clock.pump([1.0] * 300)
        self.assertEqual(self.downstream.role_changes, 2)

    def test_new_querier_is_warned_of_with_the_time_that_forwarding_stops(self) -> None:
        """SEC-09: what it claims counts no longer than our own settings say."""
        self.says("9.0.0.1", Query(3, IPV4.unspecified, 10.0, robustness=7, interval=31744))
        [warning] = self.log.lines
        self.assertIn("9.0.0.1 became the querier on d1; forwarding to d1 stops", warning)
        self.assertIn("at least 255 s", warning)
        self.clock.advance(255)
        self.assertTrue(self.downstream.querier.is_querier)

    def test_reload_with_check_subnet_ends_the_role_of_a_foreign_querier(self) -> None:
        """SEC-09, QE-15: a querier on the link may stay."""
        for router, stays in (("9.0.0.1", False), ("10.0.2.0", True)):
            self.make(QuerierSettings())
            self.says(router, Query(3, IPV4.unspecified, 10.0))
            self.downstream.reconfigure(QuerierSettings(), True)
            self.assertEqual(self.downstream.querier.is_querier, not stays)

    def test_restored_foreign_querier_is_refused_with_check_subnet(self) -> None:
        """SEC-09: after a restart, with the state of the process before."""
        self.make(QuerierSettings(), check_subnet=True)
        querier = self.downstream.querier
        querier.restore_other_querier(packed("9.0.0.1"), self.clock.seconds() + 200000, 7, 31744.0)
        self.downstream.begin()
        self.assertTrue(querier.is_querier)

    def test_refusal_is_warned_of_once_in_a_while_by_reason(self) -> None:
        """SSM-08, SEC-01, LIM-01: each reason by itself, once in a while."""
        allowed = frozenset([packed("10.0.2.2")])
        self.make(QuerierSettings(max_groups=0, allowed_queriers=allowed))
        ssm = Report((Record(RecordType.CHANGE_TO_EXCLUDE_MODE, SSM),))
        for _ in range(3):
            self.says("10.0.2.9")
            self.says("10.0.2.9", ssm)
            self.says("9.0.0.1", Query(3, IPV4.unspecified, 10.0))
        self.assertEqual(len(self.log.lines), 3)
        for part in ("max-groups allows", "ssm-range", "allowed-queriers,"):
            self.assertEqual(sum(part in told for told in self.log.lines), 1, part)
        self.clock.advance(SELDOM)
        self.says("10.0.2.9", ssm)
        self.assertEqual(len(self.log.lines), 4)

    def test_warning_names_host_group_and_setting(self) -> None:
        """SSM-08, LIM-01, LIM-02: of several groups in a report, the first that was refused."""
        other, old = packed("239.1.1.2"), Leave(SSM)
        listed = frozenset([packed("192.0.2.1"), packed("192.0.2.2")])
        self.make(QuerierSettings(max_groups=1, max_group_sources=1))
        allow = RecordType.ALLOW_NEW_SOURCES
        self.says("10.0.2.9", Report((*JOIN, Record(JOIN[0].type, other))))
        self.says("10.0.2.9", old)
        self.says("10.0.2.8", OldReport(2, SSM))
        self.says("10.0.2.7", Report((Record(allow, G, listed),)))
        expected = (
            ("10.0.2.9 joined 239.1.1.2;", "(see max-groups)"),
            ("10.0.2.8 joined 232.1.1.1 without naming a source;", "(see ssm-range, ssm-map)"),
            ("10.0.2.7 listed more sources of 239.1.1.1", "(see max-group-sources)"),
        )
        for told, (start, end) in zip(self.log.lines, expected, strict=True):
            self.assertTrue(told.startswith(start) and told.endswith(end), told)

    def test_report_of_a_link_local_group_is_no_refusal(self) -> None:
        """Link-local groups are in every host's reports."""
        record = Record(RecordType.CHANGE_TO_EXCLUDE_MODE, packed("224.0.0.251"))
        self.says("10.0.2.9", Report((record,)))
        querier = self.downstream.querier
        self.assertEqual((self.log.lines, querier.refused), ([], {}))
        self.assertEqual(querier.admission.link_scope, 1)

    def test_other_settings_apply_at_once(self) -> None:
        """Static groups come at once, and the subnet is checked from then on."""
        static = {G: self.downstream.querier.subscription(G)}
        self.downstream.reconfigure(QuerierSettings(static=static), check_subnet=True)
        self.assertEqual(self.owner.groups, [G])
        self.says("198.51.100.9")
        self.assertEqual(self.downstream.querier.groups, {})

    def test_groups_that_cannot_be_joined_again_are_logged_and_the_link_is_taken(self) -> None:
        failed: list[str] = []
        log = {"error": lambda told, **fields: failed.append(told.format(**fields))}
        self.patch(Downstream, "log", type("Log", (), log))
        changed = replace(LINK, mtu=1400)
        self.downstream.update(changed)
        self.assertEqual(self.downstream.link, changed)
        self.assertEqual(len(failed), 1)
        self.assertIn("No buffer space available; joins and leaves", failed[0])

    def test_neighbour_is_an_address_in_a_prefix_of_the_link(self) -> None:
        """By the prefixes of the link's own addresses, of the family asked about."""
        ipv6 = Link("d1", 2, True, 1500, ipv6=((packed("fe80::1"), 64), (packed("fd00::1"), 48)))
        for address, there in (("fe80::9", True), ("fd00:0:0:7::1", True), ("fd00:0:1::1", False)):
            self.assertIs(ipv6.has_neighbour(IPV6, packed(address)), there, address)
        self.assertFalse(ipv6.has_neighbour(IPV4, packed("10.0.2.1")))

    def test_peer_of_a_point_to_point_address_is_a_neighbour(self) -> None:
        """SEC-03: ``ip address add 10.2.0.1 peer 10.2.0.2/32``."""
        own, peer = ((packed("10.2.0.1"), 32),), ((packed("10.2.0.2"), 32),)
        link = Link("ppp0", 2, True, 1500, ipv4=own, peers=peer)
        for address, there in (("10.2.0.1", True), ("10.2.0.2", True), ("10.2.0.3", False)):
            self.assertIs(link.has_neighbour(IPV4, packed(address)), there, address)

    def test_query_address_counts_only_without_an_ipv4_address(self) -> None:
        plain = Link("d1", 2, True, 1500)
        self.assertEqual(
            plain.with_query_address(packed("192.0.2.1")).source[IPV4], packed("192.0.2.1")
        )
        self.assertIs(plain.with_query_address(None), plain)
        self.assertIs(LINK.with_query_address(packed("192.0.2.1")), LINK)

    # -- the end

    def test_closed_downstream_ignores_packets_timers_and_link_changes(self) -> None:
        """Its querier may belong to another instance by then."""
        self.says("10.0.2.9")
        self.downstream.close()
        sent, groups = list(self.sent), list(self.owner.groups)
        self.says("10.0.2.9", Report((Record(RecordType.CHANGE_TO_INCLUDE_MODE, G),)))
        self.says("10.0.2.1", Query(3, IPV4.unspecified, 10.0))
        self.downstream.update(Link("d1", 2, True, 1500, ((packed("10.0.2.77"), 24),)))
        self.downstream._due(1000.0)
        self.clock.pump([100.0] * 10)
        self.assertEqual((self.sent, self.owner.groups), (sent, groups))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.downstream.querier.election.address, packed("10.0.2.1"))
        self.assertIn(G, self.downstream.querier.groups)
