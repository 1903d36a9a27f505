"""Downstream: one link on which a proxy instance is the router.

It holds the link's querier, feeds it with packets and time, and puts what it says on the
link. The groups whose subscription changed, and a change of role, go to its owner.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from twisted.logger import Logger

from ..linux.netlink.links import Link
from ..linux.report_groups import ReportGroups
from ..protocol.family import Address, text
from ..protocol.router.admission import Refusal
from ..protocol.router.effects import Effects
from ..protocol.router.querier import Querier
from ..protocol.router.settings import QuerierSettings
from ..protocol.wire.packets import Packet, Query
from ..sender import Sender
from ..timer import Timer

WARNING_INTERVAL = 600.0
"""Seconds between warnings of the same thing."""


_TOLD = {
    Refusal.MAX_GROUPS: "more groups are wanted than max-groups allows: these are refused",
    Refusal.MAX_SOURCES: "more sources are listed for a group than max-group-sources allows: "
    "these are refused",
    Refusal.SSM: "a host wants a source-specific group without naming its sources: refused",
    Refusal.QUERIER: "a router with a lower address queries that is not among allowed-queriers: "
    "we stay the querier",
    Refusal.RATE: "more reports come in than max-report-rate allows: these are refused",
    Refusal.SUBNET: "a host of another subnet reports, and check-subnet is set: refused",
}
"""What is said of a refusal; others are everyday and only counted."""


class Owner(Protocol):
    """Whose link it is: a proxy instance."""

    name: str | None

    def changed(self, groups: Iterable[Address], now: float) -> None:
        """The link's subscription to these groups is another."""

    def role_changed(self, downstream: Downstream) -> None:
        """Another router became the querier of the link, or ceased to be it."""

    def asked(self, downstream: Downstream, query: Query) -> None:
        """The hosts of the link are asked this."""


class Downstream:
    """One downstream link; ``groups`` is what lets reports reach us, closed with it.

    With ``check_subnet`` only reports of hosts in a subnet of the link count.
    """

    log = Logger()

    def __init__(
        self,
        owner: Owner,
        link: Link,
        querier: Querier,
        groups: ReportGroups,
        timer: Timer,
        sender: Sender,
    ) -> None:
        self.link = link
        self.check_subnet = False
        self.since = timer.now()
        self.querier = querier
        self._owner = owner
        self.groups = groups
        self._timer = timer
        self._sender = sender
        self._reminder = timer.reminder(self._due)
        self._warned: dict[str, float] = {}
        self._known_refusals: Counter[Refusal] = Counter()

    def begin(self) -> None:
        """Begin to query, or go on while another router is the querier."""
        if self.querier.is_querier:
            self.start()
            return
        self.querier.set_address(self.link.address(self.querier.family))
        self._tell_role()
        self._reminder.set(self.querier.next_deadline())

    def start(self) -> None:
        """Begin to query, from the address that the link has now."""
        self.querier.set_address(self.link.address(self.querier.family))
        now = self._timer.now()
        self._carry_out(self.querier.start(now), now)

    def reconfigure(self, settings: QuerierSettings, check_subnet: bool) -> None:
        """Live by other settings; what hosts want stays."""
        self.check_subnet = check_subnet
        now = self._timer.now()
        self._carry_out(self.querier.reconfigure(settings, now), now)

    def close(self) -> None:
        """Do nothing any more."""
        self._reminder.cancel()
        self.groups.close()

    def update(self, link: Link) -> None:
        """The link is this now, with the same index."""
        self.link = link
        self.querier.set_mtu(link.mtu)
        address = link.address(self.querier.family)
        if address is None:
            self.querier.set_address(None)  # it may be changing: what hosts want stays
        elif address != self.querier.election.address:
            self.start()

    def receive(self, packet: Packet, source: Address) -> None:
        """Act upon what a host or another router sent."""
        querier, now = self.querier, self._timer.now()
        if isinstance(packet, Query) and packet.version != querier.version:
            self._warn_of_version(packet.version, source, now)
        refusals = querier.admission.refusals
        if self.check_subnet and not isinstance(packet, Query) and not self._is_on_link(source):
            querier.admission.refuse(Refusal.SUBNET)
        else:
            self._carry_out(querier.receive(packet, source, now), now)
        if querier.admission.refusals != refusals:
            self._warn_of_refusals(now)

    def _is_on_link(self, source: Address) -> bool:
        """Whether ``source`` is in a subnet of the link, or has no address yet."""
        return not any(source) or self.link.has_neighbour(self.querier.family, source)

    def _due(self, now: float) -> None:
        self._carry_out(self.querier.advance(now), now)

    def _carry_out(self, effects: Effects, now: float) -> None:
        self._reminder.set(self.querier.next_deadline())
        if effects.role_changed:
            self._tell_role()
            self._owner.role_changed(self)
        if effects.changed:
            self._owner.changed(effects.changed, now)
        if effects.send:
            self._sender.send(self.querier.family, self.link, effects.send)
            for one in effects.send:
                if isinstance(one.packet, Query):
                    self._owner.asked(self, one.packet)

    # -- the log

    def _tell_role(self) -> None:
        other = self.querier.election.other
        self.log.info(
            "the querier is {querier}",
            querier="this proxy" if other is None else text(other),
            instance=self._owner.name,
            interface=self.link.name,
        )

    def _warn_of_version(self, version: int, source: Address, now: float) -> None:
        """All routers of a link must speak one version (RFC 9776, 7.3.1); say so now and then."""
        if not self._time_to_warn("version", now):
            return
        self.log.warn(
            "{source} queries in {protocol}v{version}, and we in {protocol}v{ours}: all routers "
            "of a link need the same version",
            source=text(source),
            protocol=self.querier.family.protocol,
            version=version,
            ours=self.querier.version,
            instance=self._owner.name,
            interface=self.link.name,
        )

    def _warn_of_refusals(self, now: float) -> None:
        """Something was not acted upon that somebody may wonder about; say so now and then."""
        for reason in self.querier.refused:
            told = _TOLD.get(reason)
            if self._known_refusals[reason] != self.querier.refused[reason]:
                self._known_refusals[reason] = self.querier.refused[reason]
                if told is not None and self._time_to_warn(reason.value, now):
                    self.log.warn(told, instance=self._owner.name, interface=self.link.name)

    def _time_to_warn(self, what: str, now: float) -> bool:
        """Whether it is time to warn of ``what``; if so, it is not for a while."""
        due = now >= self._warned.get(what, now)
        if due:
            self._warned[what] = now + WARNING_INTERVAL
        return due
