"""A kernel table that a previous process made and filled, adopted as it stands.

What came from the previous process are plain values: the table's socket, and the record of its
virtual interfaces. All else is read from the kernel.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple, Protocol

from twisted.internet.interfaces import IReactorTime

from ..events.bus import Events
from ..linux.mroute.dump import InstalledRoute, dump_routes
from ..linux.mroute.socket import MulticastTable
from ..linux.mroute.vif_record import VifEntry, VifRecord
from ..protocol.family import MAX_VIFS, Address, Family
from ..protocol.forwarding.planner import Route
from .plan import Installed
from .table import ForwardingTable
from .thread import WorkThread
from .vifs import Vifs

TableKey = tuple[Family, int]
"""A table's family and number."""

Routes = dict[Address, list[Route]]
"""Entries by group, those of the unspecified one, (*,*), included."""


class InheritedTable(NamedTuple):
    """What a previous process left of a table: its socket, and the record of its vifs."""

    socket: socket.socket
    vif_record: VifRecord

    def close(self) -> None:
        """Let go of both; the kernel empties a table whose last socket is closed."""
        self.socket.close()
        self.vif_record.close()


class TableStore(Protocol):
    """Keeps tables' descriptors outside of this process, so that they outlive a crash."""

    @property
    def is_available(self) -> bool:
        """Whether anything is kept."""

    def keep_table(self, key: TableKey, sock: socket.socket, record: VifRecord) -> None:
        """Keep what the next process needs to adopt the table; OSError."""

    def forget_table(self, key: TableKey) -> None:
        """Keep nothing of the table any more; never fails."""


def adopt_table(
    kernel: MulticastTable,
    record: VifRecord,
    thread: WorkThread,
    clock: IReactorTime,
    events: Events,
    *,
    is_exact: bool,
) -> tuple[ForwardingTable, Routes]:
    """A table, HELD, that knows what the kernel has, and the entries; OSError or ValueError.

    ValueError where ``record`` is not a record of vifs. The record is the new table's from then
    on. Unless the table ``is_exact``, because the process that wrote it was interrupted, all
    entries are written once more.
    """
    recorded = record.read()
    found: dict[str, tuple[int, VifEntry]] = {}
    refused = set()
    gone = []
    for number in range(MAX_VIFS):
        entry = recorded.get(number)
        name = None if entry is None else _interface_name(entry.ifindex)
        if entry is None or name is None:
            kernel.remove_interface(number)
            gone.append(number)
        else:
            found[name] = number, entry
            if not _has_vif(kernel, number, entry.ifindex):
                refused.add(name)
    routes = dump_routes(kernel.family, kernel.table)
    vifs = Vifs.adopt(kernel, record, found, refused)
    # A number whose interface is gone may be in any entry, though the kernel does not show it.
    is_exact = is_exact and recorded.keys().isdisjoint(gone)
    installed, known = _read_entries(kernel, vifs, routes, gone, is_exact)
    entries = {group: tuple(some) for group, some in installed.items()}
    return ForwardingTable.adopt(kernel, thread, clock, events, vifs, entries), known


def _read_entries(
    kernel: MulticastTable,
    vifs: Vifs,
    routes: Iterable[InstalledRoute],
    gone: list[int],
    is_exact: bool,
) -> tuple[dict[Address, list[Installed]], Routes]:
    """The entries as installed and as routes; those whose iif is gone are removed."""
    numbers = {index: number for number, index in vifs.indexes().items()}
    names = {number: name for name, number in vifs.numbers.items()}
    installed: dict[Address, list[Installed]] = {}
    known: Routes = {}
    for route in routes:
        parent = numbers.get(route.parent)
        if parent is None and any(route.group):
            _remove(kernel, route, gone)
            continue
        if parent is None:
            installed.setdefault(route.group, []).extend(_without_interface(vifs, route.source))
            continue
        outgoing = [numbers[index] for index in route.outgoing if index in numbers]
        shown = outgoing if is_exact else range(MAX_VIFS)
        installed.setdefault(route.group, []).append(vifs.entry(route.source, parent, shown))
        oifs = frozenset(names[number] for number in outgoing)
        known.setdefault(route.group, []).append(Route(route.source, names[parent], oifs))
    return installed, known


def _without_interface(vifs: Vifs, source: Address) -> Iterable[Installed]:
    """All that a (*,*) entry without an interface as its iif may be.

    The kernel does not tell the number. The entry stays until owners say what they want, for
    others may need it; then those that nobody wants are removed.
    """
    used = vifs.indexes()
    return [vifs.entry(source, number, ()) for number in range(MAX_VIFS) if number not in used]


def _remove(kernel: MulticastTable, route: InstalledRoute, gone: list[int]) -> None:
    """Remove an entry whose iif is gone; the kernel's key of a (*,G) entry has its vif."""
    for parent in gone if not any(route.source) else gone[:1]:
        with suppress(OSError):
            kernel.remove(kernel.pack(route.source, route.group, parent, ()))


def _has_vif(kernel: MulticastTable, number: int, index: int) -> bool:
    """Whether the table has this vif, which is made if it is missing; else it is refused."""
    try:
        kernel.add_interface(number, index)
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return True


def _interface_name(index: int) -> str | None:
    try:
        return socket.if_indextoname(index)
    except OSError:
        return None
