"""A host whose packets are made by hand, down to the link layer."""

from __future__ import annotations

import errno
import socket
import time

PATIENCE = 2.0
"""Seconds to try again."""

_ETH_P_IP, _ETH_P_IPV6 = 0x0800, 0x86DD


class RawHost:
    """Sends complete IP packets on one interface, to the link address of their group."""

    def __init__(self, interface: str) -> None:
        self.interface = interface
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)

    def send(self, packet: bytes) -> None:
        """Send an IP packet with any content; OSError when the link refuses it.

        When the other end has just gone down, the kernel refuses packets (ENOBUFS) until it
        notices the lost carrier, which takes up to a second. So this tries again for a while.
        """
        if packet[0] >> 4 == 4:
            kind = _ETH_P_IP
            hardware = b"\x01\x00\x5e" + bytes([packet[17] & 0x7F]) + packet[18:20]
        else:
            kind = _ETH_P_IPV6
            hardware = b"\x33\x33" + packet[36:40]
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self._socket.sendto(packet, (self.interface, kind, 0, 0, hardware))
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS or time.monotonic() > deadline:
                    raise
            time.sleep(0.001)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
