"""Two proxies on one link: one forwards; the other takes over when it fails (RFC 4605, 3)."""

from __future__ import annotations

import time
from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.lab.capture import Capture
from mcproxy.lab.daemon import Daemon
from mcproxy.lab.node import Node
from mcproxy.lab.topology import Lab
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import packed
from mcproxy.protocol.wire.packets import OldReport, Packet, Report

from .messages import TO_EX, record, send_message

CONFIG = """
[instance.a]
upstream = "up"
downstream = "down"
{versions}

[defaults]
query-interval = 2
query-max-response-time = 1
"""
OTHER_QUERIER_PRESENT = 2 * 2 + 1 / 2

SLACK = 1.0
"""Seconds of delay that the tests accept, because the machine may be busy."""

RATE = 200
"""Packets per second."""

MOST_LOST = RATE // 2
"""Packets that may be lost, or come twice, at a change of the querier on a busy machine."""

STEADY = 2.0
"""Seconds in which each packet must arrive once; they include a general query."""


class TwoProxiesTestCase(SynchronousTestCase):
    """Two proxies connect the provider's switch with the home switch."""

    config = CONFIG

    def setUp(self) -> None:
        self.lab = Lab()
        self.addCleanup(self.lab.close)
        provider, home = self.lab.switch("provider"), self.lab.switch("home")
        self.source, self.host = self.lab.node("source"), self.lab.node("host")
        self.lab.link(provider, "p0", self.source, "eth0", (), ["10.0.1.100/24", "fd00:1::100/64"])
        self.lab.link(home, "p0", self.host, "eth0", (), ["10.0.2.100/24", "fd00:2::100/64"])
        self.proxies = [self.lab.node("first"), self.lab.node("second")]
        for number, proxy in enumerate(self.proxies, 1):
            # In IPv6 the link-local addresses decide: the first proxy has the lower one.
            proxy.sysctl("ipv6/conf/default/addr_gen_mode", 1)
            up = [f"10.0.1.{number}/24", f"fd00:1::{number}/64", f"fe80::{number}/64"]
            down = [f"10.0.2.{number}/24", f"fd00:2::{number}/64", f"fe80::{number}/64"]
            self.lab.link(provider, f"p{number}", proxy, "up", (), up)
            self.lab.link(home, f"p{number}", proxy, "down", (), down)

    def start(self, proxy: Node, versions: str = "") -> Daemon:
        daemon = Daemon(proxy, self.config.format(versions=versions))
        daemon.wait_ready()
        return daemon

    def forwards(self, proxy: Node, group: str) -> bool:
        """Whether the proxy has an entry that forwards the group to its downstream."""
        entries = proxy.run("ip", *(["-6"] if ":" in group else []), "mroute")
        return any(f",{group})" in line and "down" in line for line in entries.splitlines())


class FailoverTests(TwoProxiesTestCase):
    """The first proxy forwards, fails, and returns."""

    def delivers_once(self, capture: Capture, group: str) -> bool:
        """Whether each packet arrives exactly once on the host's link, for ``STEADY`` seconds."""
        capture.clear()
        time.sleep(STEADY)
        copies = Counter(datum.sequence for datum in capture.data() if datum.group == group)
        return bool(copies) and len(copies) == copies.total() == max(copies) - min(copies) + 1

    def await_single_delivery(self, capture: Capture, group: str) -> None:
        """Wait until each packet arrives exactly once.

        A change of the querier may lose or duplicate some packets.
        """
        message = "packets are still lost or duplicated"
        wait_until(lambda: self.delivers_once(capture, group), 4 * STEADY, message)

    def check_election_and_failover(self, group: str, versions: str) -> None:
        """Check that one proxy forwards, fails over to the other, and takes over again."""
        first, second = self.proxies
        daemon = self.start(first, versions)
        self.start(second, versions)
        capture = self.host.capture("eth0", data=True)
        member = self.host.join(group)
        stream = self.source.stream(group, rate=RATE)
        wait_until(lambda: self.forwards(first, group), 15, "the first proxy does not forward")
        wait_until(lambda: not self.forwards(second, group), 15, "the second proxy forwards too")
        self.await_single_delivery(capture, group)

        killed = time.time()
        daemon.kill()
        time.sleep(0.1)  # packets in flight have arrived
        capture.clear()
        self.assertFalse(self.forwards(second, group))
        wait_until(lambda: any(capture.data()), OTHER_QUERIER_PRESENT + 2 * SLACK)
        outage = next(capture.data()).time - killed
        self.assertLess(outage, OTHER_QUERIER_PRESENT + SLACK)
        # With the timers of the RFCs, a group may expire before its hosts answer the new querier.
        self.await_single_delivery(capture, group)

        self.start(first, versions)
        wait_until(lambda: not self.forwards(second, group), 10, "the second proxy still forwards")
        wait_until(
            lambda: self.forwards(first, group), 10, "the first proxy does not forward again"
        )
        self.await_single_delivery(capture, group)
        stream.stop()
        member.leave()

    def test_igmpv3_proxies_elect_one_forwarder_and_fail_over(self) -> None:
        """FWD-03, FWD-06, QE-03, QE-06."""
        self.check_election_and_failover("239.1.1.1", "mld-version = 0")

    def test_mldv2_proxies_elect_one_forwarder_and_fail_over(self) -> None:
        """FWD-03, FWD-06, QE-03, QE-06."""
        self.check_election_and_failover("ff1e::1", "igmp-version = 0")

    def test_igmpv2_proxies_elect_one_forwarder_and_fail_over(self) -> None:
        """With IGMPv2 routers the election is the same."""
        versions = "mld-version = 0\nigmp-version = 2"
        self.host.sysctl("ipv4/conf/eth0/force_igmp_version", 2)
        self.check_election_and_failover("239.1.1.1", versions)

    def test_mldv1_proxies_elect_one_forwarder_and_fail_over(self) -> None:
        """With MLDv1 routers the election is the same."""
        versions = "igmp-version = 0\nmld-version = 1"
        self.host.sysctl("ipv6/conf/eth0/force_mld_version", 1)
        self.check_election_and_failover("ff1e::1", versions)


class HandoverTests(TwoProxiesTestCase):
    """The second proxy forwards; the first one comes up. The host answers no query."""

    config = CONFIG.replace("interval = 2", "interval = 60").replace("time = 1", "time = 10")

    def check_handover(self, group: str, host: str, versions: str, joins: Packet) -> None:
        """Check that the first proxy forwards at once what the second one has forwarded."""
        first, second = self.proxies
        self.start(second, versions)
        send_message(self.host.raw_host("eth0"), host, joins)
        capture = self.host.capture("eth0", data=True)
        stream = self.source.stream(group, rate=RATE)
        wait_until(lambda: any(capture.data()), message="the second proxy does not forward")
        self.start(first, versions)
        wait_until(lambda: self.forwards(first, group), 15, "the first one does not forward")
        wait_until(lambda: not self.forwards(second, group), 15, "both proxies forward")
        sent = stream.sent + RATE
        wait_until(lambda: stream.sent >= sent, 10)
        copies = Counter(datum.sequence for datum in capture.data() if datum.group == group)
        lost = max(copies) - min(copies) + 1 - len(copies)
        self.assertLess(lost, MOST_LOST)
        self.assertLess(copies.total() - len(copies), MOST_LOST)
        stream.stop()

    def test_igmpv3_proxy_that_takes_over_knows_the_groups(self) -> None:
        """QE-16, FWD-03."""
        group = "239.1.1.1"
        joins = Report((record(TO_EX, group),))
        self.check_handover(group, "10.0.2.100", "mld-version = 0", joins)

    def test_mldv2_proxy_that_takes_over_knows_the_groups(self) -> None:
        """QE-16, FWD-03."""
        group = "ff1e::1"
        joins = Report((record(TO_EX, group),))
        self.check_handover(group, "fe80::100", "igmp-version = 0", joins)

    def test_igmpv2_proxy_that_takes_over_knows_the_groups(self) -> None:
        """QE-16 with IGMPv2 routers."""
        joins = OldReport(2, packed("239.1.1.1"))
        versions = "mld-version = 0\nigmp-version = 2"
        self.check_handover("239.1.1.1", "10.0.2.100", versions, joins)

    def test_mldv1_proxy_that_takes_over_knows_the_groups(self) -> None:
        """QE-16 with MLDv1 routers."""
        versions = "igmp-version = 0\nmld-version = 1"
        self.check_handover("ff1e::1", "fe80::100", versions, OldReport(1, packed("ff1e::1")))

    def test_source_by_source_the_groups_are_known_too(self) -> None:
        """QE-16, FWD-03."""
        joins = Report((record(TO_EX, "239.1.1.1"),))
        versions = 'mld-version = 0\nforwarding = "per-source"'
        self.check_handover("239.1.1.1", "10.0.2.100", versions, joins)
