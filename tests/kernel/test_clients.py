"""Programs that people receive with: socat and iperf, any source and chosen sources.

Both let the kernel join. socat writes what it receives, iperf counts what it misses; iperf is the
source of what iperf receives.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from pathlib import Path
from struct import Struct

from twisted.trial.unittest import SkipTest

from mcproxy.lab.capture import Frame
from mcproxy.lab.node import Node
from mcproxy.lab.payload import PAYLOAD
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, packed

from .messages import ALLOW, BLOCK, TO_EX, TO_IN, record
from .site import DOWN1, UP, IPv4TestCase, IPv6TestCase, Scenarios

PORT = "5000"
SECONDS, LENGTH = 2, 500
"""How long iperf sends, and the bytes of a datagram."""

_NUMBER = Struct("!i")
_RESULT = re.compile(r"\s(\d+)/\s*(\d+) \(")
"""The lost and all datagrams of a line of iperf."""


class ClientScenarios(Scenarios):
    def setUp(self) -> None:
        for program in ("socat", "iperf"):
            if shutil.which(program) is None:
                raise SkipTest(f"{program} is not installed: apt-get install {program}")
        super().setUp()
        self.home.add_route(self.plan.subnet(UP), self.plan.at(DOWN1, 1))  # iperf wants one
        self.upstream = self.server.capture()
        self.start()

    def run_client(self, node: Node, *words: str) -> subprocess.Popen[str]:
        """Start a program that receives on a node."""
        process: subprocess.Popen[str] = node.popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.addCleanup(process.stdout.close if process.stdout else process.kill)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def socat(self, node: Node, group: str) -> tuple[subprocess.Popen[str], Path]:
        """Receive a group with socat, into a file."""
        file = Path(self.mktemp()).absolute()
        file.touch()
        if self.family is IPV4:
            source = f"UDP4-RECV:{PORT},ip-add-membership={group}:eth0,reuseaddr"
        else:
            source = f"UDP6-RECV:{PORT},ipv6-join-group=[{group}]:eth0,reuseaddr"
        return self.run_client(node, "socat", "-u", source, f"OPEN:{file},append"), file

    def assert_complete(self, file: Path) -> None:
        """Check that no packet is missing or twice in what socat wrote."""
        numbers = [number for _, number, _ in PAYLOAD.iter_unpack(file.read_bytes())]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))

    def iperf(self, node: Node, group: str, *options: str) -> subprocess.Popen[str]:
        """Receive a group with iperf."""
        version = () if self.family is IPV4 else ("-V",)
        words = ("iperf", "-s", "-u", *version, "-B", f"{group}%eth0", "-f", "k", *options)
        return self.run_client(node, *words)

    def send_with_iperf(self, group: str) -> None:
        """Send to a group with iperf."""
        version = () if self.family is IPV4 else ("-V",)
        target = group if self.family is IPV4 else f"{group}%eth0"
        self.server.run(
            *("iperf", "-u", *version, "-c", target, "-T", "8", "-B", self.source),
            *("-b", "1M", "-l", str(LENGTH), "-t", str(SECONDS)),
        )

    def check_received(self, process: subprocess.Popen[str], group: str) -> None:
        """Send to a group with iperf; all must come to the link, and to the program.

        iperf may miss packets on a busy machine; so only the link shows that none was lost.
        """
        near, far = self.server.capture(data=True), self.home.capture(data=True)
        self.send_with_iperf(group)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=10)
        sent = self.numbers(near.frames(outgoing=True), group)
        self.assertGreater(len(sent), 100)
        self.assertEqual(self.numbers(far.frames(outgoing=False), group), sent)
        results = _RESULT.findall(said)
        self.assertTrue(results, said)
        lost, total = map(int, results[-1])
        self.assertGreater(total - lost, len(sent) // 2, said)

    def numbers(self, frames: list[Frame], group: str) -> list[int]:
        """The numbers of iperf's datagrams to a group."""
        address, length = packed(group), 20 if self.family is IPV4 else 40
        return [
            _NUMBER.unpack_from(frame.packet, length + 8)[0]
            for frame in frames
            if frame.packet[length - len(address) : length] == address
            and len(frame.packet) >= length + 8 + LENGTH
        ]

    def test_socat_receives_a_group_and_leaves_it(self) -> None:
        process, file = self.socat(self.home, self.group)
        self.await_reported(self.upstream, record(TO_EX, self.group))
        self.stream()
        wait_until(lambda: len(file.read_bytes()) >= 200 * PAYLOAD.size, 5, "socat has no packets")
        self.upstream.clear()
        process.terminate()
        self.await_reported(self.upstream, record(TO_IN, self.group))
        self.assert_complete(file)

    def test_two_programs_of_one_host_want_a_group_until_both_end(self) -> None:
        first, _ = self.socat(self.home, self.group)
        second, file = self.socat(self.home, self.group)
        self.await_reported(self.upstream, record(TO_EX, self.group))
        self.stream()
        wait_until(lambda: file.stat().st_size, 5, "socat has no packets")
        self.upstream.clear()
        first.terminate()
        first.wait()
        size = file.stat().st_size
        wait_until(lambda: file.stat().st_size >= size + self.rate * PAYLOAD.size, 5)
        second.terminate()
        self.await_reported(self.upstream, record(TO_IN, self.group))
        self.assert_complete(file)

    def test_iperf_receives_a_group_of_any_source(self) -> None:
        process = self.iperf(self.home, self.group)
        self.await_reported(self.upstream, record(TO_EX, self.group))
        self.check_received(process, self.group)
        self.await_reported(self.upstream, record(TO_IN, self.group))

    def test_iperf_receives_a_chosen_source(self) -> None:
        process = self.iperf(self.home, self.ssm, "-H", self.source)
        self.await_reported(self.upstream, record(ALLOW, self.ssm, self.source))
        self.check_received(process, self.ssm)
        self.await_reported(self.upstream, record(BLOCK, self.ssm, self.source))


class IPv4ClientTests(ClientScenarios, IPv4TestCase):
    pass


class IPv6ClientTests(ClientScenarios, IPv6TestCase):
    pass
