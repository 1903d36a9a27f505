"""Scenarios in which the daemon sends messages of every type, captured on every link."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, Address, packed
from mcproxy.protocol.wire.encoding import pack_reports
from mcproxy.protocol.wire.packets import Leave, OldReport, Packet, Query, Report, WireError

from .messages import ALLOW, TO_EX, TO_IN, decode_message, query, record, send_message
from .site import INSTANCE, UP, Scenarios

MANY_SOURCES = 500
"""Number of sources of one group; more than fit in one packet."""


class SentMessage(NamedTuple):
    """A packet of the daemon, as bytes from the IP header, and the message in it."""

    data: bytes
    message: Packet

    @property
    def groups(self) -> list[Address]:
        """The groups in it, in order."""
        if isinstance(self.message, Report):
            return [one.group for one in self.message]
        return [self.message.group]

    @property
    def sources(self) -> set[Address]:
        """All sources in it."""
        match self.message:
            case Report() as records:
                return set(chain.from_iterable(one.sources for one in records))
            case Query(sources=sources):
                return set(sources)
        return set()


class BusyScenarios(Scenarios):
    """Makes the daemon send messages of every type."""

    def setUp(self) -> None:
        super().setUp()
        self.captures = {
            "up": self.server.capture(),
            "down1": self.lan.capture("proxy"),
            "down2": self.other.capture(),
        }
        self.general = "0.0.0.0" if self.family is IPV4 else "::"

    def sent_messages(self, link: str) -> Iterator[SentMessage]:
        """The messages of the daemon on a link, without reports of the kernel's own groups."""
        for frame in self.captures[link].frames(outgoing=False):
            if (frame.packet[0] >> 4 == 4) is not (self.family is IPV4):
                continue
            try:
                one = SentMessage(frame.packet, decode_message(frame.packet))
            except WireError:
                continue
            if isinstance(one.message, Query) or any(map(self.family.is_proxied, one.groups)):
                yield one

    def await_message_type(self, link: str, kind: type[Packet], version: int | None = None) -> None:
        """Wait until the daemon has sent a message of this type and version on a link."""

        def found() -> bool:
            return any(
                isinstance(one.message, kind) and getattr(one.message, "version", None) == version
                for one in self.sent_messages(link)
            )

        wait_until(found, message=f"no {kind.__name__} of version {version} on {link}")

    def await_named_sources(self, link: str, sources: list[str]) -> None:
        """Wait until messages of the daemon on a link have named all these sources."""
        wanted = set(map(packed, sources))
        wait_until(
            lambda: set().union(*(one.sources for one in self.sent_messages(link))) >= wanted,
            message=f"not all sources were named on {link}",
        )

    # -- exercises

    def exercise_daemon(self) -> None:
        """Join, change source filters, leave, send queries of two versions, and stop the daemon."""
        upstream, router = self.captures["up"], self.server.raw_host()
        self.start(query_interval=2)
        members = [self.home.join(group) for group in self.groups]
        listed = self.other.join(self.ssm, include=self.sources[:2])
        self.guest.join(self.groups[0], exclude=self.sources[:1])
        self.await_reported(upstream, record(TO_EX, self.groups[-1]))
        send_message(router, self.plan.raw_router, query(self.general, 0.2))
        send_message(router, self.plan.raw_router, query(self.groups[1], 0.2))
        listed.include(self.sources[1:])
        members[1].include(self.sources[:1])
        members[2].leave()
        self.await_reported(upstream, record(TO_IN, self.groups[2]))
        older = self.family.current_version - 1
        send_message(router, self.plan.raw_router, Query(older, packed(self.general), 0.2))
        self.await_message_type("up", OldReport, older)
        members[3].leave()
        self.await_message_type("up", Leave)
        self.assertEqual(self.daemon.terminate()[0], 0)

    def exercise_long_source_lists(self) -> None:
        """Join, and then leave, more sources than fit in one packet."""
        first = ipaddress.ip_address(self.plan.at(UP, 1)) + (1 << 16)
        sources = [str(first + number) for number in range(MANY_SOURCES)]
        host = self.home.raw_host()
        self.start(max_group_sources=MANY_SOURCES)
        for report in pack_reports([record(ALLOW, self.ssm, *sources)], self.family, 1500):
            send_message(host, self.plan.raw_host, report)
        self.await_named_sources("up", sources)
        self.captures["up"].clear()
        send_message(host, self.plan.raw_host, Report((record(TO_IN, self.ssm),)))
        self.await_named_sources("down1", sources)
        self.await_named_sources("up", sources)

    def exercise_older_version(self, version: int) -> None:
        """Let all hosts and the daemon use an older version on all links."""
        name = self.family.protocol.lower()
        for node in (self.home, self.guest):
            ip = "ipv4" if self.family is IPV4 else "ipv6"
            node.sysctl(f"{ip}/conf/eth0/force_{name}_version", version)
        self.start(f"{INSTANCE}\n{name}-version = {version}\n", query_interval=2)
        members = [self.home.join(group) for group in self.groups[:3]]
        self.await_message_type("up", OldReport, version)
        self.await_message_type("down1", Query, version)
        if self.family is IPV4 and version == 1:
            return  # IGMPv1 has no leave message
        members[0].leave()
        self.await_message_type("up", Leave)

    def exercise_upstream_without_address(self) -> None:
        """Join and leave while the upstream has no address."""
        own = self.plan.cidrs(UP, 1)[0] if self.family is IPV4 else self.link_local("up")
        self.proxy.delete_address("up", own)
        self.start()
        member = self.home.join(self.group)
        self.await_message_type("up", Report)
        self.captures["up"].clear()
        member.leave()
        self.await_message_type("up", Report)
