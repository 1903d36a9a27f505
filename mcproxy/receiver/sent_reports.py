"""What local programs have joined on one link, and the reports that the kernel sends for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..linux.datagram_port import DatagramPort
from ..linux.local_memberships import LocalFilters, local_filters
from ..linux.packet_info import Ancillary
from ..linux.sent_reports import open_sent_reports
from ..protocol.family import Family
from ..protocol.wire.datagram import decode_sent
from ..protocol.wire.packets import Packet, WireError


class SentReports:
    """A DatagramPort's protocol that calls ``heard`` with each message of a local program.

    What cannot be decoded is ignored: no router upstream can act upon it either.
    """

    def __init__(self, family: Family, heard: Callable[[Packet], None]) -> None:
        self._family = family
        self._heard = heard

    def makeConnection(self, transport: Any) -> None:
        """This protocol does not use its transport: it only receives."""

    def connectionLost(self, reason: Any) -> None:
        """The socket closes when the link is released."""

    def receiveFailed(self, error: OSError) -> None:
        """The link went down (ENETDOWN); the socket goes on when it is up again."""

    def datagramReceived(self, data: bytes, ancillary: Ancillary, address: Any) -> None:
        """Decode a message and pass it on."""
        try:
            packet = decode_sent(self._family, data)
        except WireError:
            return
        self._heard(packet)


class LocalMemberships:
    """The memberships of local programs on an interface; ``heard`` gets each of their reports.

    The constructor raises OSError when the interface is gone, or the kernel refuses the socket.
    """

    def __init__(
        self, reactor: Any, family: Family, ifindex: int, heard: Callable[[Packet], None]
    ) -> None:
        self._family = family
        self._ifindex = ifindex
        sock = open_sent_reports(family, ifindex)
        self._port = DatagramPort(sock, SentReports(family, heard), reactor)
        self._port.startListening()

    def read(self) -> LocalFilters:
        """The source filter of each proxied group; OSError when the kernel does not tell."""
        return local_filters(self._family, self._ifindex)

    def close(self) -> None:
        """Hear nothing any more; closing again is no error."""
        self._port.stopListening()
