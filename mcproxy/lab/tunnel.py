"""A tunnel between two nodes: two tun devices, and we carry the packets from one to the other."""

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
    """A point-to-point interface without a link layer; what it sends goes to ``far``."""

    def __init__(self, namespace: Namespace, name: str) -> None:
        self.far: TunnelEnd | None = None
        with namespace:
            self._file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                ioctl(self._file, _TUNSETIFF, _IFREQ.pack(name.encode(), _IFF_TUN | _IFF_NO_PI))
            except OSError:
                os.close(self._file)
                raise
        READER.add(self, self._carry)

    def fileno(self) -> int:
        """For the Reader."""
        return self._file

    def close(self) -> None:
        """The interface goes with it."""
        READER.remove(self)
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _carry(self) -> None:
        for _ in range(READS_PER_TURN):
            try:
                packet = os.read(self._file, _LONGEST)
                if self.far is not None:
                    os.write(self.far._file, packet)
            except OSError:  # nothing more, or the other end is down: then it is lost
                return
