"""Sender: queries and advertisements to downstream links, reports to upstream links."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Iterable

from twisted.application.service import Service
from twisted.logger import Logger

from .linux.netlink.links import Link
from .linux.send_socket import open_send_socket, send_without_address, way_out
from .message_counts import MessageCounts, MessageKey, by_kind, message_key, report_key
from .protocol.family import IPV4, Family
from .protocol.wire import datagram
from .protocol.wire.packets import Query, Report, RouterAdvertisement, RouterTermination, Send

_NEEDS_ADDRESS = frozenset((Query, RouterAdvertisement, RouterTermination))
"""What is not sent from 0.0.0.0 or :: (RFC 9776 4.1.12, RFC 9777 5.1.14, RFC 4286 3.3.1, 5.2.1)."""


class Sender(Service):
    """Sends packets on links, each from the source address that its kind needs.

    Failures are counted, and logged once until the link sends again: the protocols repeat
    their messages, and the kernel reports a link that went down anyway. ``messages`` counts
    what was sent, ``not_sent`` what could not be sent.
    """

    name = "sender"
    log = Logger()

    def __init__(self, open_socket: Callable[[Family], socket.socket] = open_send_socket) -> None:
        self._open = open_socket
        self._sockets: dict[Family, socket.socket] = {}
        self._failing: set[tuple[Family, str]] = set()
        self.messages: MessageCounts = Counter()
        self.not_sent: MessageCounts = Counter()

    @property
    def sent(self) -> Counter[tuple[str, str]]:
        """How many messages were sent, by interface and type."""
        return by_kind(self.messages)

    @property
    def failed(self) -> Counter[tuple[str, str]]:
        """How many messages could not be sent, by interface and type."""
        return by_kind(self.not_sent)

    def open(self, family: Family) -> None:
        """Open the socket of ``family``; OSError when that is not permitted."""
        if family not in self._sockets:
            self._sockets[family] = self._open(family)

    def stopService(self) -> None:
        """Close the sockets."""
        super().stopService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        for sock in self._sockets.values():
            sock.close()
        self._sockets.clear()

    def send(self, family: Family, link: Link, sends: Iterable[Send]) -> None:
        """Send ``sends`` on ``link``, in their order."""
        sock = self._sockets[family]
        for destination, packet in sends:
            source = link.source[family]
            if source is None:
                if type(packet) in _NEEDS_ADDRESS:
                    continue
                source = family.unspecified
            data = datagram.encode(family, source, destination, packet)
            if type(packet) is Report:
                key = report_key(family, link.name)
            else:
                key = message_key(family, link.name, packet)
            try:
                if family is IPV4 and source == IPV4.unspecified:
                    send_without_address(link.name, data, destination)
                else:
                    sock.sendmsg((data,), *way_out(family, link.index, destination))
            except OSError as error:
                self._note_failure(family, link, key, error)
            else:
                self.messages[key] += 1
                if self._failing:
                    self._failing.discard((family, link.name))

    def _note_failure(self, family: Family, link: Link, key: MessageKey, error: OSError) -> None:
        self.not_sent[key] += 1
        if (family, link.name) not in self._failing:
            self._failing.add((family, link.name))
            self.log.warn(
                "cannot send a {protocol} {kind}: {reason}; tried again with the next one",
                protocol=family.protocol,
                kind=key.kind,
                interface=link.name,
                reason=error.strerror or str(error),
            )
