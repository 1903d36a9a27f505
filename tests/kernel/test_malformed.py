"""Malformed packets: the daemon drops each, and streams continue."""

from __future__ import annotations

import random
from collections.abc import Iterator
from struct import pack
from typing import Any

from scapy.layers.inet import IP, IPOption_Router_Alert
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    PadN,
    RouterAlert,
)

from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.wire import igmp, mld
from mcproxy.protocol.wire.encoding import checksum
from mcproxy.protocol.wire.packets import OldReport, Packet, Report

from ..protocol.mld_checksum import pseudo_header
from .messages import ALLOW, IS_EX, TO_EX, messages_on, query, record, records
from .site import IPv4TestCase, IPv6TestCase, Scenarios

RANDOM_PACKETS = 500
NOT_MULTICAST = ("10.0.2.2", "0.0.0.0", "127.0.0.1", "255.255.255.255")
NOT_MULTICAST_IPV6 = ("fd00::1", "::", "::1", "fe80::1")


class MalformedScenarios(Scenarios):
    """``home`` receives a stream; raw hosts on its link and upstream send malformed packets."""

    not_multicast: tuple[str, ...]

    def setUp(self) -> None:
        super().setUp()
        self.start()
        self.upstream = self.server.capture()
        self.hosts = [self.home.raw_host(), self.server.raw_host()]
        self.bad = self.groups[-1]
        self.join = self.message(Report((record(TO_EX, self.bad),)))
        self.member = self.home.join(self.group)
        self.stream()
        self.await_packets(self.member)

    def message(self, packet: Packet) -> bytes:
        """The bytes of a valid message."""
        if self.family is IPV4:
            return igmp.encode(packet)
        return mld.encode(packet, packed(self.plan.raw_host), self.family.report_destination)

    def wrap(self, message: bytes, **wrong: Any) -> bytes:
        """``message`` with a valid checksum in an IP packet that has these faults."""
        raise NotImplementedError

    def malformed_packets(self) -> Iterator[bytes]:
        """A packet of every kind; if the daemon accepted it, it would join the bad group."""
        for message in self.malformed_messages():
            yield self.wrap(message)
        yield self.wrap(self.join, checksum=1)
        for hops in (2, 64, 255):
            yield self.wrap(self.join, hops=hops)

    def malformed_messages(self) -> Iterator[bytes]:
        """Messages that are malformed by themselves."""
        good, end = self.join, 12 + self.family.address_size
        yield from (good[:length] for length in range(4, len(good)))
        yield good[:6] + pack("!H", 0xFFFF) + good[8:12] + packed(self.not_multicast[0])
        yield good[:9] + b"\xff" + good[10:]  # missing auxiliary data
        yield good[:10] + pack("!H", 0xFFFF) + good[12:]  # missing sources
        yield from (bytes([kind]) + good[1:] for kind in (0, 1, 0x13, 0x40, 144, 255))
        yield from (good[:8] + bytes([kind]) + good[9:] for kind in (0, 7, 255))
        yield from (good[:12] + packed(group) + good[end:] for group in self.not_multicast)
        yield self.message(Report((record(ALLOW, self.bad, self.group, self.not_multicast[2]),)))

    def test_malformed_packet_of_every_kind_is_dropped(self) -> None:
        """V-1, V-4..9, V-12."""
        for packet in self.malformed_packets():
            for host in self.hosts:
                host.send(packet)
        self.check_streams_continue()
        self.assertEqual(records(self.upstream, self.bad), [])
        self.hosts[0].send(self.wrap(self.join))  # a valid packet
        self.await_reported(self.upstream, record(TO_EX, self.bad))

    def test_randomly_changed_packets_do_no_harm(self) -> None:
        """SEC-07."""
        dice = random.Random(1)
        listing = Report((record(ALLOW, self.ssm, *self.sources), record(IS_EX, self.bad)))
        samples = [
            self.join,
            self.message(listing),
            self.message(query(self.bad, 0.1, self.source)),
        ]
        for _ in range(RANDOM_PACKETS):
            message = bytearray(dice.choice(samples))
            for _ in range(dice.randint(1, 4)):
                message[dice.randrange(len(message))] = dice.randrange(256)
            for host in self.hosts:
                host.send(self.wrap(bytes(message[: dice.randint(4, len(message))])))
        self.check_streams_continue()

    def reported_groups(self) -> set[bytes]:
        """The groups that were reported upstream, in any version."""
        packets = [message.packet for message in messages_on(self.upstream)]
        current = {one.group for p in packets if isinstance(p, Report) for one in p}
        return current | {p.group for p in packets if isinstance(p, OldReport)}

    def check_streams_continue(self) -> None:
        """Check that the stream lost no packet, and that a new member receives another stream."""
        new = self.other.join(self.groups[1])
        self.stream(self.groups[1])
        self.await_packets(new)
        # A changed packet may be a valid query of the version before, which is followed.
        group = packed(self.groups[1])
        wait_until(lambda: group in self.reported_groups(), 5, "the new group is not reported")
        self.await_packets(self.member)
        self.assert_no_loss(self.member)


class IPv4MalformedTests(MalformedScenarios, IPv4TestCase):
    not_multicast = NOT_MULTICAST

    def wrap(self, message: bytes, **wrong: Any) -> bytes:
        message = message[:2] + bytes(2) + message[4:]
        value = checksum(message) ^ wrong.get("checksum", 0)
        header = IP(
            src=self.plan.raw_host,
            dst=wrong.get("to", "224.0.0.22"),
            ttl=wrong.get("hops", 1),
            proto=2,
            flags=wrong.get("flags", 0),
            frag=wrong.get("offset", 0),
            options=[IPOption_Router_Alert()],
        )
        return bytes(header / (message[:2] + pack("!H", value) + message[4:]))

    def malformed_packets(self) -> Iterator[bytes]:
        yield from super().malformed_packets()
        good = self.wrap(self.join)
        yield self.wrap(self.join, flags="MF")
        yield self.wrap(self.join, offset=1)
        yield good[:24]
        yield good[:2] + pack("!H", 0xFFFF) + good[4:]  # shorter than its header states
        yield b"\x41" + good[1:]


class IPv6MalformedTests(MalformedScenarios, IPv6TestCase):
    not_multicast = NOT_MULTICAST_IPV6

    def wrap(self, message: bytes, **wrong: Any) -> bytes:
        source, to = wrong.get("source", self.plan.raw_host), "ff02::16"
        message = message[:2] + bytes(2) + message[4:]
        covered = pseudo_header(packed(source), packed(to), len(message)) + message
        value = checksum(covered) ^ wrong.get("checksum", 0)
        header = IPv6(src=source, dst=to, hlim=wrong.get("hops", 1))
        for extension in wrong.get("extensions", (IPv6ExtHdrHopByHop(options=[RouterAlert()]),)):
            header = header / extension
        header.lastlayer().nh = 58
        return bytes(header / (message[:2] + pack("!H", value) + message[4:]))

    def malformed_packets(self) -> Iterator[bytes]:
        yield from super().malformed_packets()
        for source in ("fd00:2::99", "2001:db8::1", "::", "::1"):
            yield self.wrap(self.join, source=source)
        alert = IPv6ExtHdrHopByHop(options=[RouterAlert()])
        padding = PadN(optdata=bytes(4))
        for extensions in (
            (),
            (IPv6ExtHdrHopByHop(options=[padding]),),
            (IPv6ExtHdrHopByHop(options=[RouterAlert(value=1)]),),
            (IPv6ExtHdrDestOpt(options=[padding]),),
            (alert, IPv6ExtHdrFragment(m=1, id=1)),
            (alert, IPv6ExtHdrFragment(offset=1, id=2)),
        ):
            yield self.wrap(self.join, extensions=extensions)
        good = self.wrap(self.join)
        yield good[:48]
        yield good[:4] + pack("!H", 0xFFFF) + good[6:]  # shorter than its header states
