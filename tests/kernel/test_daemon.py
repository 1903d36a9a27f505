"""The daemon as a process: start, privileges, exit."""

from __future__ import annotations

import signal
import sys
import time

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.waiting import wait_until
from mcproxy.linux.mroute.socket import MulticastTable
from mcproxy.protocol.family import IPV4, IPV6

from .messages import BLOCK, TO_EX, TO_IN, queries, record
from .site import ADDRESS_PLANS, INSTANCE, IPv4TestCase, IPv6TestCase, Scenarios

INTERFACES = ("--upstream", "up", "--downstream", "down1", "--downstream", "down2")
RUN_WITH_INTERFACES = (sys.executable, "-m", "mcproxy", "run", "--socket=", *INTERFACES)
DISABLED = {IPV4: f"{INSTANCE}igmp-version = 0", IPV6: f"{INSTANCE}mld-version = 0"}
OTHER = {IPV4: IPV6, IPV6: IPV4}
NOBODY = ("--reuid=65534", "--regid=65534", "--clear-groups")

FIRST_QUERY = 5.0
"""Maximum seconds from start to first query; on an idle machine it takes half a second."""

START_WORK = 1.0
"""Maximum seconds of CPU time of the start."""


class StartScenarios(Scenarios):
    def test_first_query_leaves_soon_after_start(self) -> None:
        """GQ-01."""
        link = self.home.capture()
        began = time.time()
        daemon = self.launch()

        def asked() -> list[float]:
            size = self.family.address_size
            return [when for when, source, _ in queries(link) if len(source) == size]

        wait_until(asked)
        took = asked()[0] - began
        ready = daemon.wait_ready()
        work = daemon.cpu_seconds()
        print(
            f"first query after {took:.3f} s, ready after {ready:.3f} s, {work:.3f} s of CPU",
            end=" ",
        )
        self.assertLess(took, FIRST_QUERY)
        self.assertLess(work, START_WORK)

    def test_members_that_joined_before_the_start_receive_their_streams(self) -> None:
        members = [self.home.join(self.group), self.other.join(self.ssm, include=[self.source])]
        self.stream()
        self.stream(self.ssm)
        self.start()
        for member in members:
            self.await_packets(member)

    def test_interfaces_given_on_the_command_line_are_proxied(self) -> None:
        self.use_daemon(Daemon(self.proxy, command=RUN_WITH_INTERFACES)).wait_ready()
        self.stream()
        for node in (self.home, self.other):
            self.await_packets(node.join(self.group))

    def test_family_with_version_zero_is_not_touched(self) -> None:
        link = self.home.capture()
        self.start(DISABLED[self.family])
        other = ADDRESS_PLANS[OTHER[self.family]]
        group = other.group.format(1)
        member = self.home.join(group)
        self.stream(group, source=other.at(1, 2))
        self.await_packets(member)
        self.assertEqual(self.vifs(), [])
        sizes = {len(query.source) for query in queries(link)}
        self.assertEqual(sizes, {other.family.address_size})
        self.proxy.namespace.call(MulticastTable, self.family).close()  # another program can use it


class RightsScenarios(Scenarios):
    def with_capabilities(self, *capabilities: str) -> tuple[str, ...]:
        """A command prefix that runs a program with only these capabilities.

        The user is nobody, or root if nobody cannot run Python.
        """
        rights = ",".join(("-all", *(f"+{name}" for name in capabilities)))
        limits = [f"--{kind}={rights}" for kind in ("inh-caps", "ambient-caps", "bounding-set")]
        prefix = ("setpriv", "--pdeathsig", "KILL", *limits)
        imports = (sys.executable, "-c", "import mcproxy.proxy")
        probe = Daemon(self.proxy, command=(*prefix, *NOBODY, *imports))
        return prefix if probe.wait() else (*prefix, *NOBODY)

    def test_start_without_rights_is_refused_with_a_reason(self) -> None:
        daemon = Daemon(self.proxy, command=(*self.with_capabilities(), *RUN_WITH_INTERFACES))
        self.assertEqual(daemon.wait(), 4)
        [line] = daemon.lines
        self.assertIn("not permitted", line)
        self.assertIn("CAP_NET_ADMIN and CAP_NET_RAW", line)

    def test_daemon_with_two_capabilities_forwards(self) -> None:
        command = (*self.with_capabilities("net_admin", "net_raw"), *RUN_WITH_INTERFACES)
        self.use_daemon(Daemon(self.proxy, command=command))
        self.await_log("ready")
        self.stream()
        member = self.other.join(self.group)
        self.await_packets(member)
        self.assert_no_loss(member)
        self.assertEqual(self.daemon.terminate()[0], 0)

    def test_second_daemon_is_refused_and_the_first_keeps_forwarding(self) -> None:
        first = self.start()
        member = self.home.join(self.group)
        self.stream()
        self.await_packets(member)
        second = Daemon(self.proxy, DISABLED[OTHER[self.family]])
        self.assertEqual(second.wait(), 1)
        [line] = second.lines
        self.assertIn(f"mcproxy (pid {first.pid})", line)
        self.await_packets(member)
        self.assert_no_loss(member)


class EndScenarios(Scenarios):
    """Members of a group and of a single source receive streams."""

    def setUp(self) -> None:
        super().setUp()
        self.start()
        self.members = [
            self.home.join(self.group),
            self.other.join(self.ssm, include=[self.source]),
        ]
        self.stream()
        self.stream(self.ssm)
        for member in self.members:
            self.await_packets(member)

    def check_clean_exit(self, number: signal.Signals) -> None:
        """Check that a signal ends the daemon: it leaves all groups and empties the table."""
        upstream = self.server.capture()
        links = [node.capture(data=True) for node in (self.home, self.other)]
        code, took = self.daemon.terminate(number)
        self.assertEqual(code, 0)
        self.assertLess(took, 2.0)
        left = record(TO_IN, self.group), record(BLOCK, self.ssm, self.source)
        self.await_reported(upstream, *left)
        self.assertEqual((self.routes(), self.vifs()), ([], []))
        for link in links:
            self.await_sources_on(link, [])

    def test_sigterm_leaves_all_groups_and_empties_the_table(self) -> None:
        """HS-11."""
        self.check_clean_exit(signal.SIGTERM)

    def test_sigint_leaves_all_groups_and_empties_the_table(self) -> None:
        """HS-11."""
        self.check_clean_exit(signal.SIGINT)

    def test_daemon_starts_again_after_a_stop(self) -> None:
        self.daemon.terminate()
        self.start()
        for member in self.members:
            self.await_packets(member)

    def test_daemon_starts_again_after_it_was_killed(self) -> None:
        upstream = self.server.capture()
        self.daemon.kill()
        self.start()
        for member in self.members:
            self.await_packets(member)
        self.await_reported(upstream, record(TO_EX, self.group))


class IPv4StartTests(StartScenarios, IPv4TestCase):
    pass


class IPv6StartTests(StartScenarios, IPv6TestCase):
    pass


class IPv4RightsTests(RightsScenarios, IPv4TestCase):
    pass


class IPv6RightsTests(RightsScenarios, IPv6TestCase):
    pass


class IPv4EndTests(EndScenarios, IPv4TestCase):
    pass


class IPv6EndTests(EndScenarios, IPv6TestCase):
    pass
