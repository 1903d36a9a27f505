"""Files of igmpproxy, run by igmpproxy and by mcproxy: the same packets at the same places.

Each file is one of a kind that people post: altnet alone, nothing but roles, a whitelist on a
downstream or on the upstream, and two upstreams.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from twisted.trial.unittest import SkipTest

from mcproxy.lab.capture import Capture
from mcproxy.lab.daemon import PROJECT, Daemon
from mcproxy.protocol.family import IPV4, text
from mcproxy.protocol.wire.packets import OldReport, Query, Report

from .messages import TO_IN, messages_on, send_message
from .providers import ProvidersTestCase
from .site import DOWN1, UP, UP2, SiteTestCase

A, B, SSM, OTHER, LAN, SSDP = (
    "239.1.0.1",
    "239.1.0.2",
    "232.1.0.1",
    "239.9.0.1",
    "239.1.0.9",
    "239.255.255.250",
)
REMOTE, REMOTE_NET = "10.9.0.9", "10.9.0.0/16"
WATCHED = 2.0
"""Seconds within which packets must have come to where they come at all."""

ALTNET = """
quickleave
phyint up upstream ratelimit 0 threshold 1
    altnet 10.9.0.0/16
phyint down1 downstream ratelimit 0 threshold 1
phyint down2 downstream ratelimit 0 threshold 1
"""
NOTHING = "phyint up upstream\nphyint down1 downstream\nphyint down2 downstream\n"
WHITELIST_DOWN = """
phyint up upstream
phyint down1 downstream whitelist 239.1.0.1/32 whitelist 239.0.3.0/8
phyint down2 downstream
"""
WHITELIST_UP = """
quickleave
phyint up upstream whitelist 239.1.0.0/16 whitelist 224.0.0.0/24
phyint down1 downstream
phyint down2 downstream
"""
TWO_UPSTREAMS = """
phyint up upstream altnet 10.0.1.0/24
phyint up2 upstream altnet 10.0.4.0/24
phyint down1 downstream
phyint down2 downstream
"""


class ComparisonTestCase(SiteTestCase):
    """Plays the same scene with igmpproxy, with mcproxy, and with the converted file."""

    family = IPV4
    uplinks: tuple[str, ...] = ("eth0",)
    """Interfaces of the server, one at each upstream."""

    def setUp(self) -> None:
        super().setUp()
        if shutil.which("igmpproxy") is None:
            raise SkipTest("igmpproxy is not installed")
        self.lan_source = self.plan.at(DOWN1, 3)

    def compare(self, text: str, **expected: object) -> None:
        """Check that all three show the same, and this."""
        file = Path(self.mktemp()).absolute()
        file.write_text(text, encoding="utf-8")
        convert = [sys.executable, "-m", "mcproxy", "convert", str(file)]
        converted = subprocess.run(convert, cwd=PROJECT, check=True, capture_output=True, text=True)
        model = Daemon(self.proxy, command=("igmpproxy", "-n", str(file)))
        time.sleep(0.5)  # it does not say when it is ready
        seen = self.play(model)
        self.assertEqual({key: seen[key] for key in expected}, expected)
        for config in (text, converted.stdout):
            daemon = self.use_daemon(Daemon(self.proxy, config))
            daemon.wait_ready()
            self.assertEqual(self.play(daemon), seen, config)

    def play(self, program: Daemon) -> dict[str, object]:
        """What can be seen from outside while a program runs."""
        self.addCleanup(program.close)
        reports = [self.server.capture(name) for name in self.uplinks]
        data = [self.server.capture(name, data=True) for name in self.uplinks]
        members = {("home", group): self.home.join(group) for group in (A, SSM, OTHER, SSDP)}
        members |= {("other", group): self.other.join(group) for group in (B, LAN, OTHER)}
        time.sleep(0.2)
        lower = Query(version=2, group=IPV4.unspecified, max_response=10.0)
        send_message(self.guest.raw_host(), "10.0.2.0", lower)
        self.send()
        time.sleep(WATCHED)
        seen: dict[str, object] = {
            "received": sorted(
                (*who, source) for who, member in members.items() for source in member.received
            ),
            "joined": [joined_groups(link) for link in reports],
            "sent_up": [{d.group for d in x.data() if d.source == self.lan_source} for x in data],
        }
        for one in (*members.values(), *self.streams):
            one.close()
        self.streams.clear()
        program.terminate()
        return seen

    def send(self) -> None:
        """Start all streams: from the provider, and from a host."""
        for group in (A, B, SSM, OTHER, SSDP):
            self.stream(group)
        for group in (LAN, SSDP):
            self.stream(group, self.lan_source, self.guest)


def joined_groups(link: Capture) -> set[str]:
    """The IPv4 groups that were asked for on a link; the kernel itself joins others in IPv6."""
    groups: set[str] = set()
    for message in messages_on(link):
        match message.packet:
            case OldReport(group=group):
                groups.add(text(group))
            case Report(records=records):
                groups |= {text(r.group) for r in records if r.type is not TO_IN or r.sources}
    return {group for group in groups if ":" not in group}


class OneUpstreamTests(ComparisonTestCase):
    def test_altnet_alone(self) -> None:
        """The source is in altnet, and nothing of hosts goes up."""
        self.proxy.add_route(REMOTE_NET, self.plan.at(UP, 2))
        self.server.add_address("eth0", f"{REMOTE}/16")
        self.source = REMOTE
        self.compare(ALTNET, joined=[{A, B, SSM, OTHER, LAN}], sent_up=[set()])

    def test_nothing_but_roles(self) -> None:
        self.compare(NOTHING, joined=[{A, B, SSM, OTHER, LAN}], sent_up=[set()])

    def test_whitelist_of_a_downstream(self) -> None:
        """An entry with host bits matches no group."""
        self.compare(WHITELIST_DOWN, joined=[{A, B, OTHER, LAN}])


class WhitelistTests(ComparisonTestCase):
    """The provider delivers only what was joined, as providers do."""

    def send(self) -> None:
        """Start streams of joined groups, and those of a host."""
        for group in (A, B):
            self.stream(group)
        for group in (LAN, SSDP):
            self.stream(group, self.lan_source, self.guest)

    def test_whitelist_of_the_upstream(self) -> None:
        self.compare(WHITELIST_UP, joined=[{A, B, LAN}], sent_up=[set()])


class TwoUpstreamTests(ComparisonTestCase, ProvidersTestCase):
    uplinks = ("eth0", "eth1")

    def send(self) -> None:
        """Start streams of one provider each, and those of a host."""
        self.stream(A, self.plan.at(UP, 2), interface="eth0")
        self.stream(B, self.plan.at(UP2, 2), interface="eth1")
        for group in (LAN, SSDP):
            self.stream(group, self.lan_source, self.guest)

    def test_two_upstreams(self) -> None:
        groups = {A, B, SSM, OTHER, LAN}
        self.compare(TWO_UPSTREAMS, joined=[groups, groups], sent_up=[set(), set()])
