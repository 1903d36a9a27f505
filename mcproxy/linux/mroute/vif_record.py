"""Which interfaces a table's virtual ones are, noted where it outlives the process.

The kernel does not tell that for every table, and all entries are by these numbers. The note
is in anonymous memory with a descriptor, which is passed on together with the table's socket.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from struct import Struct
from typing import NamedTuple

from ...protocol.family import MOST_VIFS

_PLACE = Struct("=ii")
_SIZE = MOST_VIFS * _PLACE.size


class Place(NamedTuple):
    """A virtual interface: the index of its interface, and its TTL threshold."""

    ifindex: int
    threshold: int


class VifRecord:
    """A note of virtual interfaces, new or behind a descriptor that somebody passed on."""

    def __init__(self, descriptor: int | None = None) -> None:
        made = descriptor is None
        self.descriptor = os.memfd_create("mcproxy-vifs") if descriptor is None else descriptor
        if made:
            self.write({})

    def write(self, places: Mapping[int, Place]) -> None:
        """Note these, by number, and no others."""
        nothing = Place(0, 0)
        noted = b"".join(_PLACE.pack(*places.get(n, nothing)) for n in range(MOST_VIFS))
        os.pwrite(self.descriptor, noted, 0)

    def read(self) -> dict[int, Place]:
        """What was written last; OSError or ValueError where it is no such note."""
        noted = os.pread(self.descriptor, _SIZE + 1, 0)
        if len(noted) != _SIZE:
            raise ValueError("no note of virtual interfaces")
        places = [Place(*values) for values in _PLACE.iter_unpack(noted)]
        return {number: place for number, place in enumerate(places) if place.ifindex}

    def close(self) -> None:
        """Forget it, unless somebody else has it too."""
        os.close(self.descriptor)
