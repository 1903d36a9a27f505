"""What hosts report on interfaces, heard by listening for a while."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from ..linux.host.links import HostLink
from ..linux.host.listening import listen
from ..protocol.family import IPV4, IPV6, Address, Family
from ..protocol.wire.datagram import Datagram, accept, decode_ipv4, ipv6_router_alert
from ..protocol.wire.packets import OldReport, Report, WireError

_IPV6_HEADER, _EXTENSION_LENGTH_AT = 40, 41


def hear(links: Iterable[HostLink], seconds: float) -> Mapping[int, tuple[Address, ...]]:
    """The groups that hosts report within ``seconds``, by interface index; OSError. Blocks."""
    indexes = {link.name: link.index for link in links if link.up and link.multicast}
    heard: dict[int, dict[Address, None]] = {}
    for name, packet in listen(indexes, seconds):
        with suppress(WireError):
            for group in _reported(packet):
                heard.setdefault(indexes[name], {})[group] = None
    return {index: tuple(groups) for index, groups in heard.items()}


def _reported(packet: bytes) -> Iterator[Address]:
    """The groups in a report; none in other messages. WireError."""
    family, found = decode(packet)
    match accept(family, found):
        case Report() as records:
            yield from (record.group for record in records)
        case OldReport(group=group):
            yield group


def decode(packet: bytes) -> tuple[Family, Datagram]:
    """The message in an IP packet, with its family; WireError or IndexError."""
    if packet[0] >> 4 == 4:
        return IPV4, decode_ipv4(packet)
    start = _IPV6_HEADER + 8 * (packet[_EXTENSION_LENGTH_AT] + 1)
    alert = ipv6_router_alert(packet[_IPV6_HEADER:start])
    source, destination = packet[8:24], packet[24:40]
    return IPV6, Datagram(source, destination, packet[7], alert, packet[start:])
