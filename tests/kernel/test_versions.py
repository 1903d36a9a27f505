"""Versions of IGMP and MLD that one interface has of its own, as they are on the wire."""

from __future__ import annotations

from itertools import product

from mcproxy.cli import client
from mcproxy.lab.capture import Capture
from mcproxy.lab.waiting import wait_until
from mcproxy.linux.forced_versions import forced_version
from mcproxy.protocol.family import packed
from mcproxy.protocol.wire.packets import Leave, OldReport, Packet, Query, Report

from .messages import TO_EX, messages_on, record
from .running import ONE_INSTANCE, with_defaults
from .site import IPv4TestCase, IPv6TestCase, Scenarios

OLDER = "interface.up.igmp-version = 2\ninterface.up.mld-version = 1\n"


class VersionScenarios(Scenarios):
    """The router upstream never queries: the configured version alone counts."""

    def setUp(self) -> None:
        super().setUp()
        self.upstream = self.server.capture()
        self.joined = Report((record(TO_EX, self.group),))
        older = self.family.current_version - 1
        self.joined_older = OldReport(older, packed(self.group))

    def about_group(self) -> list[Packet]:
        """The messages about the group that came upstream since the last look, each kind once."""
        return list(dict.fromkeys(reports(self.upstream, self.group)))

    def await_reported_as(self, expected: Packet) -> None:
        """Wait for a report of the group, and check that nothing else is said of it."""
        wait_until(self.about_group, message="the group is not reported")
        self.assertEqual(self.about_group(), [expected])
        self.upstream.clear()

    def test_upstream_with_an_older_version_of_its_own_is_joined_in_it(self) -> None:
        self.start(ONE_INSTANCE + OLDER)
        downstream = self.home.capture()
        self.home.join(self.group)
        self.await_reported_as(self.joined_older)
        queries = [one.packet for one in messages_on(downstream) if isinstance(one.packet, Query)]
        self.assertEqual({one.version for one in queries} - {self.family.current_version}, set())

    def test_show_interfaces_has_the_version_of_each_interface(self) -> None:
        """Also of one that is down."""
        own = OLDER.replace("up", "gone") + OLDER
        self.start(ONE_INSTANCE.replace('"down1"', '"down1", "gone"') + own)
        answer = client.ask(str(self.daemon.socket), "GET", "/interfaces", None)
        current = self.family.current_version
        found = {
            row["interface"]: row["version"]
            for row in answer["interfaces"]
            if row["instance"] == f"tv/{self.family.name}"
        }
        self.assertEqual(found, {"up": current - 1, "down1": current, "gone": current - 1})

    def test_older_version_of_a_downstream_leaves_the_upstream_alone(self) -> None:
        own = OLDER.replace("up", "down1")
        self.start(ONE_INSTANCE + own)
        self.home.join(self.group)
        self.await_reported_as(self.joined)

    def test_reload_reports_memberships_in_the_other_version_at_once(self) -> None:
        """No leave goes out, and the stream loses no packet."""
        self.start(ONE_INSTANCE)
        self.stream()
        member = self.home.join(self.group)
        self.await_packets(member)
        self.await_reported_as(self.joined)
        for own, expected in ((OLDER, self.joined_older), ("", self.joined)):
            self.daemon.config.write_text(with_defaults(ONE_INSTANCE + own), encoding="utf-8")
            self.proxy.run("kill", "-HUP", str(self.daemon.pid))
            wait_until(lambda wanted=expected: wanted in self.about_group())
            self.upstream.clear()
            self.await_packets(member)
            self.assertEqual(set(self.about_group()) - {expected}, set())
        self.assert_no_loss(member)


class ForcedVersionScenarios(Scenarios):
    """What the kernel's own settings force on the programs of the proxy's machine."""

    def force(self, name: str, version: int) -> None:
        """Set the version of an interface, or of "all"."""
        key = f"force_{self.family.protocol.lower()}_version"
        self.proxy.sysctl(f"{self.family.name}/conf/{name}/{key}", version)

    def test_version_that_is_read_is_the_one_in_which_programs_report(self) -> None:
        """Whichever of the two settings counts."""
        versions = range(self.family.current_version + 1)
        for number, (everywhere, own) in enumerate(product(versions, versions), 1):
            self.force("all", everywhere)
            self.force("up", own)
            found = self.proxy.namespace.call(forced_version, self.family, "up")
            expected = self.family.current_version if found is None else found.version
            self.assertEqual(self.said(self.plan.group.format(number)), expected, (everywhere, own))

    def said(self, group: str) -> int:
        """The version in which the kernel reports a group that a program joins upstream."""
        upstream = self.server.capture()
        self.proxy.join(group, "up")
        wait_until(lambda: reports(upstream, group), message="no report")
        report = reports(upstream, group)[0]
        upstream.close()
        return report.version if isinstance(report, OldReport) else self.family.current_version

    def test_daemon_warns_of_it_at_the_start_and_after_a_reload(self) -> None:
        self.force("up", 1)
        self.start(ONE_INSTANCE)
        protocol = self.family.protocol
        setting = f"net.{self.family.name}.conf.up.force_{protocol.lower()}_version is 1"
        self.await_log("warn", setting, "on the upstream up")
        self.force("down1", 1)
        self.daemon.config.write_text(with_defaults(ONE_INSTANCE + "\n# x\n[control]\nmode='0600'"))
        self.proxy.run("kill", "-HUP", str(self.daemon.pid))
        self.await_log("warn", setting.replace(".up.", ".down1."), "on the downstream down1")
        self.assertEqual(sum(setting in line for line in self.daemon.lines), 1)


def reports(link: Capture, group: str) -> list[Packet]:
    """The messages about a group that arrived, in order."""
    found = [one.packet for one in messages_on(link)]
    return [one for one in found if is_about(one, group)]


def is_about(packet: Packet, group: str) -> bool:
    """Return whether a message reports or leaves a group."""
    match packet:
        case Report() as found:
            return any(one.group == packed(group) for one in found)
        case OldReport(group=address) | Leave(group=address):
            return address == packed(group)
    return False


class IPv4ForcedVersionTests(ForcedVersionScenarios, IPv4TestCase):
    pass


class IPv6ForcedVersionTests(ForcedVersionScenarios, IPv6TestCase):
    pass


class IPv4VersionTests(VersionScenarios, IPv4TestCase):
    pass


class IPv6VersionTests(VersionScenarios, IPv6TestCase):
    pass
