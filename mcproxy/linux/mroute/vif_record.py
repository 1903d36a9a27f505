"""The record of a table's virtual interfaces, for the process after this one.

The kernel does not show the vifs of every table, and all entries name interfaces by vif
number. The record is in anonymous memory (memfd) with a descriptor, which the next process
inherits together with the table's socket. It is up to date at any time, also after a crash.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from struct import Struct
from typing import NamedTuple

from ...protocol.family import MAX_VIFS

_ENTRY = Struct("=ii")
_SIZE = MAX_VIFS * _ENTRY.size


class VifEntry(NamedTuple):
    """A vif: the index of its interface, and its TTL threshold."""

    ifindex: int
    threshold: int


class VifRecord:
    """A record of vifs, a new one or the one behind an inherited descriptor; OSError."""

    def __init__(self, descriptor: int | None = None) -> None:
        made = descriptor is None
        self.descriptor = os.memfd_create("mcproxy-vifs") if descriptor is None else descriptor
        if made:
            self.write({})

    def write(self, entries: Mapping[int, VifEntry]) -> None:
        """Record these vifs, by number, and no others."""
        nothing = VifEntry(0, 0)
        data = b"".join(_ENTRY.pack(*entries.get(n, nothing)) for n in range(MAX_VIFS))
        os.pwrite(self.descriptor, data, 0)

    def read(self) -> dict[int, VifEntry]:
        """What was written last; OSError, or ValueError where it is no such record."""
        data = os.pread(self.descriptor, _SIZE + 1, 0)
        if len(data) != _SIZE:
            raise ValueError("not a record of virtual interfaces")
        entries = [VifEntry(*values) for values in _ENTRY.iter_unpack(data)]
        return {number: entry for number, entry in enumerate(entries) if entry.ifindex}

    def close(self) -> None:
        """Close our descriptor; the record is gone unless another process has one too."""
        os.close(self.descriptor)
