"""Hosts that flood, and packets that arrive while the daemon is stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import packed
from mcproxy.protocol.wire.datagram import destination, encode
from mcproxy.protocol.wire.packets import OldReport, Report

from ..benchmarks import flood
from .messages import IS_EX, TO_EX, TO_IN, queries, record, records, send_message
from .site import IPv4TestCase, IPv6TestCase, Scenarios

FLOOD_RATE, FLOOD_TIME = 20_000, 2.0
PATIENCE = 1.0
"""Seconds in which a join goes upstream in a flood; the machine may be busy."""


class FloodScenarios(Scenarios):
    def flood(self, folder: str) -> None:
        """Have a host at home join groups without end, in an older version."""
        source = packed(self.plan.raw_host)
        packets = []
        for number in range(5000):
            group = packed(self.group)[:-2] + (number + 0x1000).to_bytes(2, "big")
            report = OldReport(self.family.current_version - 1, group)
            packets.append(encode(self.family, source, destination(self.family, report), report))
        path = Path(folder, "packets")
        flood.write_packets(path, packets)
        program = [sys.executable, flood.__file__, "eth0", str(FLOOD_RATE), str(FLOOD_TIME)]
        sender = self.home.popen([*program, str(path)], stdout=subprocess.DEVNULL)
        self.addCleanup(sender.wait)

    def test_joins_from_another_link_go_upstream_in_a_flood(self) -> None:
        """SEC-08."""
        self.start()
        host, upstream = self.other.raw_host(), self.server.capture()
        source = self.plan.raw_host.replace("10.0.2.", "10.0.3.")
        with tempfile.TemporaryDirectory() as folder:
            self.flood(folder)
            time.sleep(0.5)
            for number in range(10):
                group = self.plan.group.format(number + 20)
                send_message(host, source, Report((record(TO_EX, group),)))
                self.await_reported(upstream, record(TO_EX, group), timeout=PATIENCE)

    def test_answer_that_arrives_while_the_daemon_is_stopped_counts(self) -> None:
        """TM-06: what is in the sockets is read before what was due meanwhile ends."""
        self.start()
        host, upstream, link = self.home.raw_host(), self.server.capture(), self.home.capture()
        send_message(host, self.plan.raw_host, Report((record(TO_EX, self.group),)))
        self.await_reported(upstream, record(TO_EX, self.group))
        send_message(host, self.plan.raw_host, Report((record(TO_IN, self.group),)))
        asked = packed(self.group)
        wait_until(lambda: any(q.packet.group == asked for q in queries(link)), 2, "no query")
        self.daemon.process.send_signal(signal.SIGSTOP)
        send_message(host, self.plan.raw_host, Report((record(IS_EX, self.group),)))
        time.sleep(2)
        self.daemon.process.send_signal(signal.SIGCONT)
        time.sleep(1)
        self.assertNotIn(record(TO_IN, self.group), records(upstream, self.group))


class IPv4Tests(FloodScenarios, IPv4TestCase):
    pass


class IPv6Tests(FloodScenarios, IPv6TestCase):
    pass
