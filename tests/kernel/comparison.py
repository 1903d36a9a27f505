"""The same scene with igmpproxy, with mcproxy and its file, and with the converted file.

Hosts join one after another, data is sent, hosts leave, data is sent again. Each step waits for
the one before, so that what is seen does not depend on the speed of the machine: at each place
the number of packets of each group, and on the upstreams the messages of each step.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from mcproxy.lab.daemon import PROJECT, Daemon
from mcproxy.lab.host import Member
from mcproxy.protocol.family import IPV4
from mcproxy.protocol.wire.packets import Query, Record, Report

from .igmpproxy import require_igmpproxy, start_igmpproxy
from .messages import ALLOW, TO_IN, record, send_message
from .seen import CHOSEN, LAN, LEFT, OTHER, SSDP, SSM, A, B, Seen, counted, was_left
from .site import DOWN1, SiteTestCase

CUT_TIME = 5.0
"""Seconds within which mcproxy ends what was left."""

PACKETS = 50
"""Packets of a stream in each step, after one that opens the way."""


class ComparisonTestCase(SiteTestCase):
    """``provided`` groups come from the provider; a host sends to LAN and SSDP."""

    family = IPV4
    maxDiff = None
    uplinks: tuple[str, ...] = ("eth0",)
    """Interfaces of the server, one at each upstream."""
    provided: tuple[str, ...] = (A, B, SSM, OTHER, SSDP, CHOSEN)
    early: frozenset[str] = frozenset()
    """Groups that mcproxy leaves upstream before hosts do: a named difference."""
    querier_version = 0
    """The version of the provider's router, which queries at the start; 0 if there is none."""

    def setUp(self) -> None:
        super().setUp()
        require_igmpproxy()
        self.lan_source = self.plan.at(DOWN1, 3)
        for node in (self.home, self.other):  # igmpproxy queries in IGMPv2; mcproxy does not
            node.sysctl("ipv4/conf/eth0/force_igmp_version", 2)

    def compare(self, config: str) -> Seen:
        """Check that mcproxy shows what igmpproxy does, with both files; what was seen."""
        file = Path(self.mktemp()).absolute()
        file.write_text(config, encoding="utf-8")
        convert = [sys.executable, "-m", "mcproxy", "convert", str(file)]
        converted = subprocess.run(convert, cwd=PROJECT, check=True, capture_output=True, text=True)
        model = start_igmpproxy(self.proxy, config, vifs=config.count("phyint"))
        expected = self.play(model, is_model=True)
        for each in (config, converted.stdout):
            daemon = self.use_daemon(Daemon(self.proxy, each))
            daemon.wait_ready()
            self.assert_same(self.play(daemon), expected, each)
        return expected

    def assert_same(self, seen: Seen, model: Seen, config: str) -> None:
        """Check that mcproxy shows what igmpproxy does, but for two differences.

        Where a host names sources, mcproxy joins these and igmpproxy the group; behind an IGMPv2
        router both join the group. What a host has left, mcproxy ends; igmpproxy goes on for
        12 s, or 22 s, or until it is stopped.
        """
        named = {("TO_EX", CHOSEN): ("ALLOW", CHOSEN), ("TO_IN", CHOSEN): ("BLOCK", CHOSEN)}
        if self.querier_version == 2:
            named.clear()
        for name, steps in model.messages.items():
            joins, *leaves = [[named.get(one, one) for one in step] for step in steps]
            found, at_the_leave, at_the_end = seen.messages[name]
            self.assertEqual(found, joins, f"{name}: {config}")
            self.assertEqual(sorted(at_the_leave + at_the_end), sorted(chain(*leaves)), config)
            joined = {group for _, group in joins}
            self.assertEqual(
                {group for _, group in at_the_leave} - self.early, joined & {A, CHOSEN} - self.early
            )
        first, second = model.packets
        left = Counter({place: n for place, n in second.items() if not was_left(place)})
        self.assertEqual(seen.packets, [first, left], config)

    # -- the scene

    def play(self, program: Daemon, is_model: bool = False) -> Seen:
        """Run the scene while a program runs, and end the program."""
        self.addCleanup(program.close)
        links = {name: self.server.capture(name) for name in self.uplinks}
        places = {
            "home": self.home.capture("eth0", data=True),
            "other": self.other.capture("eth0", data=True),
            **{f"server {name}": self.server.capture(name, data=True) for name in self.uplinks},
        }
        seen = Seen([], {name: [] for name in self.uplinks})
        self.query()
        members = self.join_all()
        seen.note(links)
        self.send_all()
        seen.packets.append(counted(places))
        self.leave_some(members)
        if not is_model:
            self.await_silence()
        seen.note(links)
        counted(places)
        self.send_all()
        seen.packets.append(counted(places))
        program.terminate()
        time.sleep(1.3)  # within a second the kernel repeats what it reports for igmpproxy
        seen.note(links)
        for member in members.values():
            member.close()
        return seen

    def query(self) -> None:
        """A switch on the first downstream queries from a lower address; perhaps the provider."""
        lower = Query(version=2, group=IPV4.unspecified, max_response=10.0)
        send_message(self.guest.raw_host(), "10.0.2.0", lower)
        if self.querier_version:
            for name in self.uplinks:
                older = Query(self.querier_version, IPV4.unspecified, max_response=1.0)
                send_message(self.server.raw_host(name), self.plan.raw_router, older)
        time.sleep(0.2)

    def join_all(self) -> dict[tuple[str, str], Member]:
        """Join the groups one after another."""
        members = {}
        for name, groups in (("home", (A, SSM, OTHER, SSDP)), ("other", (B, LAN, OTHER))):
            node = self.home if name == "home" else self.other
            for group in groups:
                members[name, group] = node.join(group)
                time.sleep(0.15)
        self.choose(record(ALLOW, CHOSEN, self.source))
        return members

    def choose(self, one: Record) -> None:
        """Report as an IGMPv3 host on the first downstream does."""
        send_message(self.guest.raw_host(), self.lan_source, Report((one,)))
        time.sleep(0.15)

    def send_all(self) -> None:
        """Send to all groups: one packet, and the rest when the program had time for that."""
        for count in (1, PACKETS):
            for group, source, interface in self.streams_of_provider():
                self.server.burst(group, count, interface, source)
            for group in (LAN, SSDP):
                self.guest.burst(group, count, "eth0", self.lan_source)
            time.sleep(0.4)

    def streams_of_provider(self) -> Iterable[tuple[str, str, str]]:
        """Group, source and interface of what the provider sends."""
        return [(group, self.source, "eth0") for group in self.provided]

    def leave_some(self, members: dict[tuple[str, str], Member]) -> None:
        """Leave A and CHOSEN, and OTHER where another link still wants it."""
        for group in (A, OTHER):
            members["home", group].leave()
            time.sleep(0.15)
        self.choose(record(TO_IN, CHOSEN))

    def await_silence(self) -> None:
        """Wait until nothing that was left comes to the first downstream any more."""
        link = self.home.capture("eth0", data=True)
        end = time.monotonic() + CUT_TIME
        while time.monotonic() < end:
            link.clear()
            for group, source, interface in self.streams_of_provider():
                if group in LEFT:
                    self.server.burst(group, 1, interface, source)
            time.sleep(0.3)
            if not list(link.data()):
                return
        self.fail(f"data arrives {CUT_TIME} s after the leave")
