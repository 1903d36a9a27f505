"""Upstream: an upstream link with the host on it, shared by the instances that name it.

The router upstream sees this machine as one host, even if several instances use the link. So their
requests are merged once more before anything is reported.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Protocol

from ..events.bus import Events
from ..events.routers import QueryHeard
from ..events.upstream import (
    OlderQueryNotFollowed,
    QueryFromOtherSubnet,
    ReportSent,
    UpstreamVersionChanged,
)
from ..linux.netlink.links import Link
from ..messages import HeardQuery, Message, OwnPacketReceived, PacketReceived
from ..protocol.family import Address, Family
from ..protocol.host.host import Host
from ..protocol.host.own_packets import contradicted_groups
from ..protocol.host.reported_groups import joined_groups, left_groups, reported_groups
from ..protocol.sources import SourceFilter, merge
from ..protocol.wire.packets import Packet, Query, Send
from ..receiver.receiver import Receiver
from ..sender import Sender
from ..timer import Timer
from .link_log import LinkLog
from .local_programs import LocalPrograms
from .membership_events import Place, query_heard, record_events
from .plan.plan import UpstreamPlan


class UpstreamUser(Protocol):
    """Who joins groups on an upstream: a proxy instance."""

    name: str | None

    def receive(self, message: Message) -> None:
        """Act upon an upcall about data that came in."""

    def wanted(self, upstream: str, group: Address) -> SourceFilter:
        """What it requests of ``group`` from an upstream now; it only reads."""

    def planned_groups(self) -> Iterable[Address]:
        """All groups that it may request."""


class Upstream:
    """One upstream interface of a table and family; ``link`` is None while it cannot be used.

    ``querier`` is the last query that was heard there. It is open while it has ``users``. Without
    one it is closed, and ignores packets, timers and changes of the link until a user comes.
    """

    def __init__(
        self,
        plan: UpstreamPlan,
        timer: Timer,
        events: Events,
        sender: Sender,
        receiver: Receiver,
    ) -> None:
        self.name = plan.interface
        self.family = plan.family
        self.link: Link | None = None
        self.host = Host(plan.family, random.random, version=plan.version)
        self.foreign_queries = 0
        self.querier: HeardQuery | None = None
        self.users: list[UpstreamUser] = []
        self.table = plan.table
        self._spoken = self.host.version
        self._timer = timer
        self._events = events
        self._sender = sender
        self._receiver = receiver
        self._reminder = timer.reminder(self._due)
        self._local = LocalPrograms(plan.family, receiver, self.receive_own)
        self._left: set[Address] = set()
        self._set_plan(plan)
        self._link_log = LinkLog(events, timer)

    def reconfigure(self, plan: UpstreamPlan) -> None:
        """Use the settings of ``plan``; with another version all groups are reported anew."""
        configured = self._version
        self._set_plan(plan)
        if self._version != configured or self._spoken != self.family.current_version:
            # An older version leaves groups out, by these settings; or it is not spoken any more.
            self._send(self.host.rejoin(self._timer.now()))
            if self._version != configured:
                self._spoken = self.host.version  # as configured: no querier has changed it
            self._note_version()
        if self.link is not None and self.users:
            self._register(self.link)
            self._use_programs()
            self._reminder.set(self.host.next_deadline())

    def _set_plan(self, plan: UpstreamPlan) -> None:
        self._version = plan.version
        self._heeds_programs = plan.local_programs
        self._strict = plan.require_router_alert
        self._is_ssm = plan.is_ssm
        self._ssm_fallback = plan.ssm_fallback
        is_left_out = _is_in_no_range if plan.ssm_fallback else plan.is_ssm
        self.host.configure(
            version=plan.version, fallback=plan.version_fallback, is_ssm=is_left_out
        )
        self.host.unqueried.set_interval(plan.report_interval, self._timer.now())

    def add_user(self, user: UpstreamUser) -> None:
        """Request what ``user`` wants too, from its next change on."""
        self.users.append(user)

    def remove_user(self, user: UpstreamUser) -> None:
        """Request nothing for ``user`` any more; the last one leaves all groups."""
        self.users = [other for other in self.users if other is not user]
        if self.users:
            self.changed(list(user.planned_groups()), self._timer.now())
        else:
            self.close()

    def close(self) -> None:
        """Leave all groups, and request nothing for anybody any more."""
        self.users = []
        self._send(self.host.leave(self._timer.now(), keep=self._local.filters))
        self._reminder.cancel()
        self._local.use(None)
        self._link_log.close()
        if self.link is not None:
            self._receiver.unregister(self.family, self.table, self.link, self)
            self.link = None

    def changed(self, groups: Iterable[Address], now: float) -> None:
        """Pull what users want of these groups, and report to the router what is different."""
        wanted = self.users[0].wanted if len(self.users) == 1 else self._merged
        wishes = []
        for group in groups:  # a comprehension is one function more, which costs a lone group 5 us
            wishes.append((group, wanted(self.name, group)))
        if self._local.filters:
            combine, held = self._local.combine, self.host.groups
            wishes = [(group, combine(group, one, group in held)) for group, one in wishes]
        self._send(self.host.update(wishes, now))

    def _merged(self, upstream: str, group: Address) -> SourceFilter:
        """What all users together want."""
        return merge(user.wanted(upstream, group) for user in self.users)

    def receive(self, message: Message) -> None:
        """Act upon queries and other hosts' reports; users act upon upcalls."""
        if not self.users:
            return
        match message:
            case PacketReceived(_, source, packet, direct):
                self._receive_packet(packet, source, direct)
            case OwnPacketReceived():
                pass  # a peer link hears itself; receive_own gets what local programs report
            case _:
                for user in self.users:
                    user.receive(message)

    def _receive_packet(self, packet: Packet, source: Address, direct: bool) -> None:
        now = self._timer.now()
        if isinstance(packet, Query):
            self._left.clear()
            self._note_source(source)
            if QueryHeard in self._events.wanted:
                self._events.tell(query_heard(self.family, packet, source, self._place))
            self.querier = HeardQuery(source, packet.version, now, packet.interval)
            if self._local.filters:
                # A program may have left without a report, as IGMPv1 has no leave.
                self.changed(self._local.read(), now)
        if direct:
            self.host.answer(packet, now)
            self._reminder.set(self.host.next_deadline())
        else:
            self._send(self.host.receive(packet, now))
            self._note_version()
        if isinstance(packet, Query):
            self._note_older_query(packet, source)

    def receive_from_host(self, packet: Packet, now: float) -> None:
        """Report again what a downstream host left and joins again, as the router never queries.

        Such a router may have ended the stream without our knowledge; the viewer switches to
        and fro. Call it before the packet takes effect, ``host.unqueried.since`` its time on.
        """
        if not self.users:
            return
        self._left.update(group for group in left_groups(packet) if group in self.host.groups)
        if self._left:
            again = self._left.intersection(joined_groups(packet))
            self._left -= again
            self._send(self.host.report_again(again, now))

    def receive_own(self, packet: Packet) -> None:
        """Report again at once what the kernel's report of a local program has ended."""
        if not self.users or not any(map(self.family.is_proxied, reported_groups(packet))):
            return
        now = self._timer.now()
        changed = self._local.read() & self.host.groups.keys()
        ended = contradicted_groups(packet, self.host.groups)
        self.changed({*changed, *ended}, now)
        self._send(self.host.report_again(ended, now))

    def _use_programs(self) -> None:
        """Follow the local programs on the link, if the plan says so."""
        self._local.use(self.link if self._heeds_programs else None)

    def _note_source(self, source: Address) -> None:
        """Count and tell queries from other subnets (RFC 9776, 9.1)."""
        link = self.link
        if link is None or not any(source) or link.has_neighbour(self.family, source):
            return
        self.foreign_queries += 1
        self._events.tell(QueryFromOtherSubnet(querier=source, **self._place))

    def _note_older_query(self, query: Query, source: Address) -> None:
        """Tell of an older query that is not followed (RFC 9776, 7.2.1).

        That is any query where older queriers are ignored, and one for a source-specific group.
        """
        if query.version >= self.host.version or self._speaks_older_version():
            return
        if query.group == self.family.unspecified or self._is_ssm(query.group):
            unheeded = OlderQueryNotFollowed(
                querier=source,
                protocol=self.family.protocol,
                version=query.version,
                ours=self.host.version,
                **self._place,
            )
            self._events.tell(unheeded)

    def answer(self, query: Query) -> None:
        """Answer our own query to the hosts of the link: we are its router as well."""
        if not self.users:
            return
        self.host.answer(query, self._timer.now())
        self._reminder.set(self.host.next_deadline())

    def link_changed(self, link: Link | None) -> None:
        """Use the link as it is now, or none; each user calls this, and the first call counts."""
        if link == self.link or not self.users:
            return
        before, self.link = self.link, link
        if before is not None and (link is None or before.index != link.index):
            self._receiver.unregister(self.family, self.table, before, self)
        if link is None:
            self._link_log.lost("upstream", self._users(), self.name)
            self._local.use(None)
            self.host.cancel_pending()
            self._reminder.cancel()
            return
        self._register(link)
        self._use_programs()
        self.host.set_mtu(link.mtu)
        if before is None:
            self._link_log.found("upstream", self._users(), self.name)
        if before is None or _identity(before, self.family) != _identity(link, self.family):
            # The router upstream knows us by our address: with a new one we join again. A switch
            # may forget us in the shortest loss of carrier.
            self._send(self.host.rejoin(self._timer.now()))

    def _register(self, link: Link) -> None:
        self._receiver.register(self.family, self.table, link, self, self._strict)

    def _due(self, now: float) -> None:
        if not self.users:
            return
        self._send(self.host.advance(now))
        self._note_version()

    def _send(self, sends: list[Send]) -> None:
        if self.link is None:
            self.host.cancel_pending()  # it reports everything again when there is a link
            return
        self._sender.send(self.family, self.link, sends)
        if sends and self._events.latencies is not None:
            self._events.latencies.reported()
        if ReportSent in self._events.wanted:
            for _, packet in sends:
                for one in record_events(ReportSent, packet, **self._place):
                    self._events.tell(one)
        self._reminder.set(self.host.next_deadline())

    def _note_version(self) -> None:
        """Tell when a querier makes us speak another version (RFC 9776, section 7.2)."""
        version = self.host.version
        if version == self._spoken:
            return
        self._spoken = version
        if version == self.family.current_version:
            effect = " again; sources are reported again"
        elif self._ssm_fallback:
            effect = (
                ", which cannot name sources; this proxy follows it and reports source-specific "
                "groups without their sources (see ssm-fallback, version-fallback)"
            )
        else:
            effect = (
                ", which cannot name sources; this proxy follows it and leaves source-specific "
                "groups out (see ssm-fallback, version-fallback)"
            )
        changed = UpstreamVersionChanged(
            protocol=self.family.protocol, version=version, effect=effect, **self._place
        )
        self._events.tell(changed)

    def leaves_out(self, group: Address) -> bool:
        """Whether it reports nothing of ``group`` now: an older version cannot name sources."""
        return self._speaks_older_version() and self._is_ssm(group) and not self._ssm_fallback

    def _speaks_older_version(self) -> bool:
        return self.host.version != self.family.current_version

    @property
    def _place(self) -> Place:
        return {"instance": self._users(), "interface": self.name}

    def _users(self) -> str:
        return ", ".join(str(user.name) for user in self.users)


def _is_in_no_range(group: Address) -> bool:
    return False


def _identity(link: Link, family: Family) -> tuple[int, Address | None, int]:
    """What the router upstream knows us by, and how often the link has lost its carrier."""
    return link.index, link.source[family], link.carrier_losses
