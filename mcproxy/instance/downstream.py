"""Downstream: one link on which a proxy instance is the router.

It passes packets and time to the link's querier, and sends the querier's packets on the link. It
tells its owner which groups have another subscription, and when the querier's role changes.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from twisted.logger import Logger

from ..events.bus import Events
from ..events.membership import LocalProgramJoined, Refused, ReportReceived
from ..events.routers import BecameQuerier, LostQuerierRole, OtherVersionHeard, QueryHeard
from ..latency import Latencies
from ..linux.netlink.links import Link
from ..linux.report_groups import ReportGroups
from ..messages import HeardQuery
from ..protocol.family import Address
from ..protocol.host.reported_groups import joined_groups, left_sources
from ..protocol.router.admission import Refusal
from ..protocol.router.effects import NO_EFFECTS, Effects
from ..protocol.router.querier import Querier
from ..protocol.router.settings import QuerierSettings
from ..protocol.wire.packets import (
    Leave,
    OldReport,
    Packet,
    Query,
    Report,
    Send,
)
from ..sender import Sender
from ..timer import Timer
from .advertiser import Advertiser
from .link_layer_watch import LinkLayerWatch
from .membership_events import (
    MEMBERSHIP,
    MembershipEvents,
    Place,
    query_heard,
    record_events,
)
from .recent_leaves import RecentLeaves
from .refusals import RecentRefusals, groups_of, setting_of, warning_of

_REPORTS = (Report, OldReport, Leave)


class DownstreamOwner(Protocol):
    """Whose link it is: a proxy instance."""

    name: str | None

    def changed(self, groups: Collection[Address], now: float, *, may_wait: bool = False) -> None:
        """The link has another subscription to these groups; many of them may wait a turn."""

    def role_changed(self, downstream: Downstream) -> None:
        """We became the querier of the link, or another router did."""

    def asked(self, downstream: Downstream, query: Query) -> None:
        """We sent this query to the hosts of the link."""


class Downstream:
    """One downstream link.

    ``groups`` lets reports reach us, and ``link_layer`` tells from where they come; both are
    closed with it.

    ``heard`` is the last query of another router, ``refusals`` are joins that were refused lately,
    and ``leaves`` the groups that ended. ``role_changes`` counts how often this router became the
    querier, or another one did.
    With ``check_subnet`` it drops reports and queries of hosts and routers that are in no subnet
    of the link. Once closed it ignores packets, timers and changes of the link.
    """

    log = Logger()

    def __init__(
        self,
        owner: DownstreamOwner,
        link: Link,
        querier: Querier,
        groups: ReportGroups,
        timer: Timer,
        events: Events,
        sender: Sender,
        link_layer: LinkLayerWatch,
        check_subnet: bool = False,
    ) -> None:
        self.link = link
        self.since = timer.now()
        self.querier = querier
        self._owner = owner
        self.groups = groups
        self._timer = timer
        self._events = events
        self._sender = sender
        self._link_layer = link_layer
        link_layer.configure(querier)
        self._check_subnet = check_subnet
        self._closed = False
        self._warned_of_local = False
        self._reminder = timer.reminder(self._due)
        self._membership = MembershipEvents(events, querier)
        self.heard: HeardQuery | None = None
        self.role_changes = 0
        self.refusals = RecentRefusals()
        self.leaves = RecentLeaves()
        self.advertiser = Advertiser(querier, timer, self._send)

    def begin(self) -> None:
        """Begin to query, unless another router is the querier already."""
        other = self.querier.election.other
        if other is None or self._is_refused(other):
            self.start()
            return
        self.querier.set_address(self.link.source[self.querier.family])
        self._tell_of_role()
        self._reminder.set(self.querier.next_deadline())

    def start(self) -> None:
        """Begin to query, from the address that the link has now."""
        self.querier.set_address(self.link.source[self.querier.family])
        now = self._timer.now()
        self._carry_out(self.querier.start(now), now)

    def reconfigure(self, settings: QuerierSettings, check_subnet: bool) -> None:
        """Apply other settings; memberships stay."""
        self._check_subnet = check_subnet
        now = self._timer.now()
        self._carry_out(self.querier.reconfigure(settings, now), now)
        self._link_layer.configure(self.querier)
        other = self.querier.election.other
        if other is not None and self._is_refused(other):
            self.start()

    def close(self, *, is_gone: bool = False) -> None:
        """Leave the groups of reports, and ignore everything from now on.

        Nothing is sent on a link that ``is_gone``.
        """
        self._closed = True
        self._reminder.cancel()
        self._link_layer.close()
        self.advertiser.close(is_gone=is_gone)
        self.groups.close()

    def update(self, link: Link) -> None:
        """Use the link as it is now, with the same index."""
        if self._closed:
            return
        self.link = link
        self.renew_groups()
        self.querier.set_mtu(link.mtu)
        address = link.source[self.querier.family]
        if address is None:
            self.querier.set_address(None)  # the address may be changing: memberships stay
        elif address != self.querier.election.address:
            self.start()

    def renew_groups(self) -> None:
        """Join again the groups that let reports reach us: the kernel may have dropped them."""
        try:
            self.groups.renew()
        except OSError as error:
            self.log.error(
                "cannot join the groups of reports: {reason}; joins and leaves of "
                "hosts are missed until the interface changes again",
                reason=error.strerror,
                instance=self._owner.name,
                interface=self.link.name,
            )

    def receive(self, packet: Packet, source: Address, now: float) -> None:
        """Act upon what a host or another router sent."""
        if self._closed:
            return
        querier = self.querier
        if isinstance(packet, _REPORTS):
            if self._link_layer.source is not None:
                self._link_layer.read(querier, now)
            if ReportReceived in self._events.wanted:
                for one in record_events(ReportReceived, packet, host=source, **self._place):
                    self._events.tell(one)
        elif isinstance(packet, Query):
            self.heard = HeardQuery(source, packet.version, now, packet.interval)
            self._tell_of_query(packet, source)
        else:
            if self._is_local(source):
                self.advertiser.receive(packet)
            return
        if self._check_subnet and self._is_refused(source):
            querier.admission.refuse(Refusal.SUBNET)
        else:
            effects = querier.receive(packet, source, now)
            if effects is not NO_EFFECTS:
                self._carry_out(effects, now, source)
            if self._events.latencies is not None:
                known = querier.groups
                ends = {g: known[g].ends() for g in left_sources(packet) if g in known}
                self._events.latencies.note_left(self, source, ends)
        if querier.admission.latest:
            self._tell_of_refusals(packet, source)

    def receive_own(self, packet: Packet) -> None:
        """Warn once that a local program has joined a group here, where it receives nothing."""
        if self._closed or self._warned_of_local:
            return
        family = self.querier.family
        joined = next((g for g in joined_groups(packet) if family.is_proxied(g)), None)
        if joined is None:
            return
        self._warned_of_local = True
        self._events.tell(LocalProgramJoined(group=joined, **self._place))

    def _is_refused(self, source: Address) -> bool:
        """Whether ``check_subnet`` refuses ``source``; a host without an address is not refused."""
        return self._check_subnet and not self._is_local(source)

    def _is_local(self, source: Address) -> bool:
        """Whether ``source`` is of this link; one without an address is (RFC 4286, section 7)."""
        return not any(source) or self.link.has_neighbour(self.querier.family, source)

    def _due(self, now: float) -> None:
        if self._closed:
            return
        self._carry_out(self.querier.advance(now), now)

    def _carry_out(self, effects: Effects, now: float, host: Address | None = None) -> None:
        """Do what the querier asks for; ``host`` sent the packet that made it act."""
        querier = self.querier
        if querier.deadlines.next != self._reminder.when:
            self._reminder.set(querier.next_deadline())
        if self._events.wanted & MEMBERSHIP:
            self._membership.tell(effects, host, now, self._place)
        if effects.role_changed:
            self.role_changes += 1
            self._tell_of_role()
            self._owner.role_changed(self)
        if effects.changed:
            if self._events.latencies is None:
                self._owner.changed(effects.changed, now, may_wait=True)
            else:
                self._tell_measured(self._events.latencies, effects.changed, now)
            for group in effects.changed:
                if group not in querier.groups:
                    self.leaves.note(group, host, now)
        if effects.send:
            self._sender.send(querier.family, self.link, effects.send)
            for one in effects.send:
                if isinstance(one.packet, Query):
                    self._owner.asked(self, one.packet)

    def _tell_measured(self, latencies: Latencies, changed: list[Address], now: float) -> None:
        """Tell the owner of changes, and measure how long hosts wait for what it does."""
        querier = self.querier
        latencies.begin(querier.family.name, self, changed, querier.groups)
        try:
            self._owner.changed(changed, now, may_wait=True)
        finally:
            latencies.end()

    def _send(self, sends: list[Send]) -> None:
        if sends:
            self._sender.send(self.querier.family, self.link, sends)

    # -- what it tells

    @property
    def _place(self) -> Place:
        return {"instance": self._owner.name, "interface": self.link.name}

    def _tell_of_role(self) -> None:
        other = self.querier.election.other
        if other is None:
            self._events.tell(BecameQuerier(**self._place))
            return
        seconds = round(self.querier.election.until - self._timer.now())
        self._events.tell(LostQuerierRole(querier=other, seconds=seconds, **self._place))

    def _tell_of_query(self, query: Query, source: Address) -> None:
        """All routers of a link must speak one version (RFC 9776, 7.3.1)."""
        family, ours = self.querier.family, self.querier.version
        if QueryHeard in self._events.wanted:
            self._events.tell(query_heard(family, query, source, self._place))
        if query.version != ours:
            heard = OtherVersionHeard(
                querier=source,
                protocol=family.protocol,
                version=query.version,
                ours=ours,
                setting=f"{family.protocol.lower()}-version",
                **self._place,
            )
            self._events.tell(heard)

    def _tell_of_refusals(self, packet: Packet, source: Address) -> None:
        """Note and tell what was refused in ``packet`` and may surprise somebody."""
        family, now = self.querier.family, self._timer.now()
        refused = self.querier.admission.take_latest()
        for reason, group in groups_of(packet, refused, family):
            explanation = warning_of(reason, packet, family)
            if explanation is None:
                continue
            if group is not None:
                self.refusals.note(group, reason, source, now)
            event = Refused(
                host=source,
                group=group,
                reason=reason.value,
                setting=setting_of(reason, family),
                explanation=explanation,
                **self._place,
            )
            self._events.tell(event)
