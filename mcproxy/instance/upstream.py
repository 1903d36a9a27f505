"""Upstream: an upstream link with the host on it, shared by the instances that name it.

The router upstream sees this machine as one host, even if several instances use the link. So their
requests are merged once more before anything is reported.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Protocol

from twisted.logger import Logger

from ..linux.netlink.links import Link
from ..messages import Message, PacketReceived
from ..protocol.family import Address
from ..protocol.host.host import Host
from ..protocol.sources import SourceFilter, merge
from ..protocol.wire.packets import Query, Send
from ..receiver import Receiver
from ..sender import Sender
from ..timer import Timer
from .plan import UpstreamPlan


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

    It is open while it has ``users``. Without one it is closed, and ignores packets, timers and
    changes of the link until a user comes.
    """

    log = Logger()

    def __init__(
        self, plan: UpstreamPlan, timer: Timer, sender: Sender, receiver: Receiver
    ) -> None:
        self.name = plan.interface
        self.family = plan.family
        self.link: Link | None = None
        self.host = Host(plan.family, random.random, version=plan.version)
        self.host.configure(fallback=plan.version_fallback, is_ssm=plan.is_ssm)
        self.users: list[UpstreamUser] = []
        self._table = plan.table
        self._spoken = self.host.version
        self._timer = timer
        self._sender = sender
        self._receiver = receiver
        self._reminder = timer.reminder(self._due)

    def reconfigure(self, plan: UpstreamPlan) -> None:
        """Use the settings of ``plan``, which has the same version."""
        self.host.configure(fallback=plan.version_fallback, is_ssm=plan.is_ssm)
        if self._spoken != self.family.current_version:
            # An older version leaves groups out, by these settings; or it is not spoken any more.
            self._send(self.host.rejoin(self._timer.now()))
            self._note_version()

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
        self._send(self.host.leave(self._timer.now()))
        self._reminder.cancel()
        if self.link is not None:
            self._receiver.unregister(self.family, self._table, self.link, self)
            self.link = None

    def changed(self, groups: Iterable[Address], now: float) -> None:
        """Pull what users want of these groups, and report to the router what is different."""
        users = self.users
        if len(users) == 1:
            wanted = users[0].wanted
            wishes = [(group, wanted(self.name, group)) for group in groups]
            self._send(self.host.update(wishes, now))
        else:
            united = [(g, merge(user.wanted(self.name, g) for user in users)) for g in groups]
            self._send(self.host.update(united, now))

    def receive(self, message: Message) -> None:
        """Act upon queries and other hosts' reports; users act upon upcalls."""
        if not self.users:
            return
        if isinstance(message, PacketReceived):
            self._send(self.host.receive(message.packet, self._timer.now()))
            self._note_version()
            return
        for user in self.users:
            user.receive(message)

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
            self._receiver.unregister(self.family, self._table, before, self)
        if link is None:
            self._log("upstream lost")
            self.host.cancel_pending()
            self._reminder.cancel()
            return
        self._receiver.register(self.family, self._table, link, self)
        self.host.set_mtu(link.mtu)
        if before is None:
            self._log("upstream found")
        if before is None or self._identity(before) != self._identity(link):
            # The router upstream knows us by our address: with a new one we join again. A switch
            # may forget us in the shortest loss of carrier.
            self._send(self.host.rejoin(self._timer.now()))

    def _identity(self, link: Link) -> tuple[int, Address | None, int]:
        return link.index, link.address(self.family), link.carrier_losses

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
        self._reminder.set(self.host.next_deadline())

    def _note_version(self) -> None:
        """Warn when a querier makes us speak another version (RFC 9776, section 7.2)."""
        version = self.host.version
        if version == self._spoken:
            return
        self._spoken = version
        if version == self.family.current_version:
            told = "upstream router speaks {protocol}v{version} again; sources are reported again"
        else:
            told = (
                "upstream router speaks {protocol}v{version}, which cannot name sources; this "
                "proxy follows it and leaves source-specific groups out (see version-fallback)"
            )
        self.log.warn(
            told,
            protocol=self.family.protocol,
            version=version,
            instance=self._users(),
            interface=self.name,
        )

    def _log(self, what: str) -> None:
        self.log.info(what, instance=self._users(), interface=self.name)

    def _users(self) -> str:
        return ", ".join(str(user.name) for user in self.users)
