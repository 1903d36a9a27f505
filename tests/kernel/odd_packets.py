"""Packets that no healthy host or source sends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from mcproxy.lab.node import Node
from mcproxy.protocol.wire.encoding import checksum

_IPV6_MTU_DISCOVER, _PMTUDISC_PROBE = 23, 3


def altered(data: bytes, hops: int, *, alert: bool) -> bytes:
    """An encoded message with another TTL, or without its Router Alert option."""
    packet = bytearray(data)
    if packet[0] >> 4 == 6:
        packet[7] = hops
        if not alert:
            packet[42:48] = bytes.fromhex("010400000000")  # PadN
        return bytes(packet)
    packet[8] = hops
    if not alert:
        del packet[20:24]
        packet[0] = 0x45
        packet[2:4] = len(packet).to_bytes(2, "big")
    size = 4 * (packet[0] & 15)
    packet[10:12] = bytes(2)
    packet[10:12] = checksum(bytes(packet[:size])).to_bytes(2, "big")
    return bytes(packet)


def large_stream(node: Node, group: str, source: str) -> Callable[[], None]:
    """Send packets of 1400 bytes of data that must not be fragmented; call the result to stop."""
    is_ipv6 = ":" in group
    family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
    ended = threading.Event()
    with node.namespace:
        sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind((source, 0))
    level, hops = (41, socket.IPV6_MULTICAST_HOPS) if is_ipv6 else (0, socket.IP_MULTICAST_TTL)
    sock.setsockopt(level, hops, 8)
    if is_ipv6:  # as a source that never sees Packet Too Big: it does not fragment
        sock.setsockopt(level, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE)

    def send() -> None:
        while not ended.wait(0.01):
            sock.sendto(bytes(1400), (group, 5000))
        sock.close()

    thread = threading.Thread(target=send)
    thread.start()

    def stop() -> None:
        ended.set()
        thread.join()

    return stop
