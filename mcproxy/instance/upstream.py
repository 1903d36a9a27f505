"""Upstream: an upstream link with the host on it, shared by the instances that name it.

To the router upstream this machine is one host, however many instances there are. So their
wishes are merged once more before anything is told.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Protocol

from twisted.logger import Logger

from ..linux.netlink.links import Link
from ..messages import Message, PacketReceived
from ..protocol.family import Address, Family
from ..protocol.host.host import Host
from ..protocol.sources import SourceFilter, merge
from ..protocol.wire.packets import Query, Send
from ..receiver import Receiver
from ..sender import Sender
from ..timer import Timer


class User(Protocol):
    """Who wants groups of an upstream: a proxy instance."""

    name: str | None

    def receive(self, message: Message) -> None:
        """Act upon what came in."""

    def wanted(self, upstream: str, group: Address) -> SourceFilter:
        """What it wants of ``group`` from an upstream."""

    def planned_groups(self) -> Iterable[Address]:
        """All groups of which it may want something."""


class Upstream:
    """One upstream interface of a table and family; ``link`` is None while it is of no use."""

    log = Logger()

    def __init__(
        self,
        name: str,
        family: Family,
        table: int,
        version: int,
        timer: Timer,
        sender: Sender,
        receiver: Receiver,
    ) -> None:
        self.name = name
        self.link: Link | None = None
        self.host = Host(family, random.random, version=version)
        self.users: list[User] = []
        self.family = family
        self._table = table
        self._spoken = self.host.version
        self._timer = timer
        self._sender = sender
        self._receiver = receiver
        self._reminder = timer.reminder(self._due)

    def leave(self, user: User) -> None:
        """``user`` wants nothing any more; after the last one nothing is left upstream."""
        self.users.remove(user)
        now = self._timer.now()
        if self.users:
            self.changed(list(user.planned_groups()), now)
            return
        self._send(self.host.leave(now))
        self._reminder.cancel()
        if self.link is not None:
            self._receiver.unregister(self.family, self._table, self.link, self)
            self.link = None

    def changed(self, groups: Iterable[Address], now: float) -> None:
        """Users may want something else of ``groups``: tell the router, now."""
        users = self.users
        if len(users) == 1:
            wanted = users[0].wanted
            wishes = [(group, wanted(self.name, group)) for group in groups]
            self._send(self.host.update(wishes, now))
        else:
            united = [(g, merge(user.wanted(self.name, g) for user in users)) for g in groups]
            self._send(self.host.update(united, now))

    def receive(self, message: Message) -> None:
        """Hear queries and other hosts' reports; where data came in is the users' business."""
        if isinstance(message, PacketReceived):
            self._send(self.host.receive(message.packet, self._timer.now()))
            self._note_version()
            return
        for user in self.users:
            user.receive(message)

    def answer(self, query: Query) -> None:
        """Answer what we ask the hosts of the link ourselves, being its router too."""
        self.host.answer(query, self._timer.now())
        self._reminder.set(self.host.next_deadline())

    def link_changed(self, link: Link | None) -> None:
        """The link is this now, or of no use; told by each user, acted upon once."""
        before, self.link = self.link, link
        if before == link:
            return
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
            # A router upstream knows us by our address: under a new one we join anew.
            self._send(self.host.rejoin(self._timer.now()))

    def _identity(self, link: Link) -> tuple[int, Address | None]:
        return link.index, link.address(self.family)

    def _due(self, now: float) -> None:
        self._send(self.host.advance(now))
        self._note_version()

    def _send(self, sends: list[Send]) -> None:
        if self.link is None:
            self.host.cancel_pending()  # all is told anew when there is a link
            return
        self._sender.send(self.family, self.link, sends)
        self._reminder.set(self.host.next_deadline())

    def _note_version(self) -> None:
        """Tell when a querier makes us speak another version (RFC 9776, section 7.2)."""
        version = self.host.version
        if version == self._spoken:
            return
        self._spoken = version
        older = version != self.family.current_version
        self.log.warn(
            "upstream {protocol}v{version} is spoken from now on{loss}",
            protocol=self.family.protocol,
            version=version,
            loss=", which knows no sources: source-specific groups are left out" if older else "",
            instance=self._users(),
            interface=self.name,
        )

    def _log(self, what: str) -> None:
        self.log.info(what, instance=self._users(), interface=self.name)

    def _users(self) -> str:
        return ", ".join(str(user.name) for user in self.users)
