"""Downstream: one link on which a proxy instance is the router.

It passes packets and time to the link's querier, and sends the querier's packets on the link. It
tells its owner which groups have another subscription, and when the querier's role changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from twisted.logger import Logger

from ..linux.netlink.links import Link
from ..linux.report_groups import ReportGroups
from ..protocol.family import Address, text
from ..protocol.host.reported_groups import joined_groups
from ..protocol.router.admission import Refusal
from ..protocol.router.effects import Effects
from ..protocol.router.querier import Querier
from ..protocol.router.settings import QuerierSettings
from ..protocol.wire.packets import Packet, Query
from ..sender import Sender
from ..timer import Timer
from .link_layer_watch import LinkLayerWatch
from .refusals import refused_group, warning_of

WARNING_INTERVAL = 600.0
"""Seconds between warnings of the same kind."""


class DownstreamOwner(Protocol):
    """Whose link it is: a proxy instance."""

    name: str | None

    def changed(self, groups: Iterable[Address], now: float) -> None:
        """The link has another subscription to these groups."""

    def role_changed(self, downstream: Downstream) -> None:
        """We became the querier of the link, or another router did."""

    def asked(self, downstream: Downstream, query: Query) -> None:
        """We sent this query to the hosts of the link."""


class Downstream:
    """One downstream link.

    ``groups`` lets reports reach us, and ``link_layer`` tells from where they come; both are
    closed with it.

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
        self._sender = sender
        self._link_layer = link_layer
        link_layer.configure(querier)
        self._check_subnet = check_subnet
        self._closed = False
        self._warned_of_local = False
        self._reminder = timer.reminder(self._due)
        self._warned: dict[str, float] = {}
        self._known_refusals: Counter[Refusal] = Counter()

    def begin(self) -> None:
        """Begin to query, unless another router is the querier already."""
        other = self.querier.election.other
        if other is None or self._is_refused(other):
            self.start()
            return
        self.querier.set_address(self.link.address(self.querier.family))
        self._log_role()
        self._reminder.set(self.querier.next_deadline())

    def start(self) -> None:
        """Begin to query, from the address that the link has now."""
        self.querier.set_address(self.link.address(self.querier.family))
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

    def close(self) -> None:
        """Leave the groups of reports, and ignore everything from now on."""
        self._closed = True
        self._reminder.cancel()
        self._link_layer.close()
        self.groups.close()

    def update(self, link: Link) -> None:
        """Use the link as it is now, with the same index."""
        if self._closed:
            return
        self.link = link
        self.renew_groups()
        self.querier.set_mtu(link.mtu)
        address = link.address(self.querier.family)
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

    def receive(self, packet: Packet, source: Address) -> None:
        """Act upon what a host or another router sent."""
        if self._closed:
            return
        querier, now = self.querier, self._timer.now()
        if isinstance(packet, Query):
            if packet.version != querier.version:
                self._warn_of_version(packet.version, source, now)
        else:
            self._link_layer.read(querier, now)
        refusals = querier.admission.refusals
        if self._is_refused(source):
            querier.admission.refuse(Refusal.SUBNET)
        else:
            self._carry_out(querier.receive(packet, source, now), now)
        if querier.admission.refusals != refusals:
            self._warn_of_refusals(packet, source, now)

    def receive_own(self, packet: Packet) -> None:
        """Warn once that a local program has joined a group here, where it receives nothing."""
        if self._closed or self._warned_of_local:
            return
        family = self.querier.family
        joined = next((g for g in joined_groups(packet) if family.is_proxied(g)), None)
        if joined is None:
            return
        self._warned_of_local = True
        self.log.warn(
            "a program on this machine joined {group} on the downstream {interface}, where it "
            "receives no forwarded data; let it join on the upstream interface",
            group=text(joined),
            instance=self._owner.name,
            interface=self.link.name,
        )

    def _is_refused(self, source: Address) -> bool:
        """Whether ``check_subnet`` refuses ``source``; a host without an address is not refused."""
        if not self._check_subnet or not any(source):
            return False
        return not self.link.has_neighbour(self.querier.family, source)

    def _due(self, now: float) -> None:
        if self._closed:
            return
        self._carry_out(self.querier.advance(now), now)

    def _carry_out(self, effects: Effects, now: float) -> None:
        self._reminder.set(self.querier.next_deadline())
        if effects.role_changed:
            self._log_role()
            self._owner.role_changed(self)
        if effects.changed:
            self._owner.changed(effects.changed, now)
        if effects.send:
            self._sender.send(self.querier.family, self.link, effects.send)
            for one in effects.send:
                if isinstance(one.packet, Query):
                    self._owner.asked(self, one.packet)

    # -- the log

    def _log_role(self) -> None:
        other = self.querier.election.other
        interface = self.link.name
        if other is None:
            message = "this proxy is the querier on {interface}"
            self.log.info(message, instance=self._owner.name, interface=interface)
            return
        self.log.warn(
            "{querier} became the querier on {interface}; forwarding to {interface} stops until "
            "it goes silent, for at least {seconds} s (see allowed-queriers)",
            querier=text(other),
            seconds=round(self.querier.election.until - self._timer.now()),
            instance=self._owner.name,
            interface=interface,
        )

    def _warn_of_version(self, version: int, source: Address, now: float) -> None:
        """All routers of a link must speak one version (RFC 9776, 7.3.1); warn now and then."""
        if not self._time_to_warn("version", now):
            return
        family = self.querier.family
        self.log.warn(
            "{source} sends {protocol}v{version} queries, but this proxy speaks "
            "{protocol}v{ours}; set all routers of the link to one version (see {setting})",
            source=text(source),
            protocol=family.protocol,
            version=version,
            ours=self.querier.version,
            setting=f"{family.protocol.lower()}-version",
            instance=self._owner.name,
            interface=self.link.name,
        )

    def _warn_of_refusals(self, packet: Packet, source: Address, now: float) -> None:
        """Warn of what was refused in ``packet`` and may surprise somebody, now and then."""
        for reason, count in self.querier.refused.items():
            if self._known_refusals[reason] == count:
                continue
            self._known_refusals[reason] = count
            message = warning_of(reason, packet)
            if message is not None and self._time_to_warn(reason.value, now):
                self.log.warn(
                    message,
                    host=text(source),
                    group=refused_group(self.querier, reason, packet),
                    instance=self._owner.name,
                    interface=self.link.name,
                )

    def _time_to_warn(self, what: str, now: float) -> bool:
        """Whether a warning of ``what`` is due; if so, the next one waits."""
        due = now >= self._warned.get(what, now)
        if due:
            self._warned[what] = now + WARNING_INTERVAL
        return due
