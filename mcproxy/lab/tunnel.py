"""A tunnel between two nodes: two tun devices; this process carries packets between them."""

from __future__ import annotations

import os
from fcntl import ioctl
from struct import Struct

from .namespace import Namespace
from .reader import READER, READS_PER_TURN

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_IFREQ = Struct("16sH22x")
_LONGEST = 1 << 16


class TunnelEnd:
    """A point-to-point interface without a link layer; its packets go to a connected end."""

    def __init__(self, namespace: Namespace, name: str) -> None:
        self._far: TunnelEnd | None = None
        with namespace:
            self._file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                ioctl(self._file, _TUNSETIFF, _IFREQ.pack(name.encode(), _IFF_TUN | _IFF_NO_PI))
            except OSError:
                os.close(self._file)
                raise
        READER.add(self, self._carry)

    def connect(self, far: TunnelEnd) -> None:
        """Send what comes from here on to ``far``."""
        self._far = far

    def fileno(self) -> int:
        """For the Reader."""
        return self._file

    def close(self) -> None:
        """Remove the interface."""
        READER.remove(self)
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _carry(self) -> None:
        for _ in range(READS_PER_TURN):
            try:
                packet = os.read(self._file, _LONGEST)
                if self._far is not None:
                    os.write(self._far._file, packet)
            except OSError:  # nothing more to read, or the other end is down: a packet is lost
                return
