"""A kernel table that another process made and filled, taken over as it stands."""

from __future__ import annotations

import socket
from contextlib import suppress

from ..linux.mroute.dump import InstalledRoute, dump_routes
from ..linux.mroute.socket import MulticastTable
from ..linux.mroute.vif_record import VifRecord
from ..protocol.family import MOST_VIFS, Address
from ..protocol.forwarding.planner import Route
from .plan import Installed
from .table import ForwardingTable, Vif

Found = dict[Address, list[Route]]
"""Entries by group, those of the unspecified one for any source and group included."""


def adopt(table: ForwardingTable, note: VifRecord, is_exact: bool) -> Found:
    """Have ``table``, a new one, know what the kernel has in it; the entries; OSError.

    It is held until ``go_on``, so that nothing is changed before all owners have said what
    they want. ValueError where ``note`` is not of its virtual interfaces. Unless it
    ``is_exact``, because who wrote it was interrupted, all entries are written once more.
    """
    places = note.read()
    table.held, table.note = True, note
    kernel = table.kernel
    gone = []
    for number in range(MOST_VIFS):
        name = _interface_name(places[number].ifindex) if number in places else None
        if name is None:
            kernel.remove_interface(number)
            gone.append(number)
        else:
            place = places[number]
            kernel.restore_vif(number, place.ifindex)
            table.vifs[name] = Vif(number, place.ifindex)
            if place.threshold != 1:
                table.thresholds[number] = place.threshold
    table.note_vifs()
    routes = dump_routes(kernel.family, kernel.table)
    # A number whose interface is gone may be in any entry, though the kernel does not show it.
    return _note_entries(table, routes, gone, is_exact and not set(gone) & places.keys())


def _note_entries(
    table: ForwardingTable, routes: list[InstalledRoute], gone: list[int], is_exact: bool
) -> Found:
    names = {vif.index: name for name, vif in table.vifs.items()}
    numbers = {vif.index: vif.number for vif in table.vifs.values()}
    found: Found = {}
    entries: dict[Address, list[Installed]] = {}
    for route in routes:
        parent = numbers.get(route.parent)
        if parent is None:
            _remove(table.kernel, route, gone)
            continue
        outgoing = [index for index in route.outgoing if index in numbers]
        shown = [numbers[index] for index in outgoing] if is_exact else range(MOST_VIFS)
        entry = table.entry(route.source, parent, shown)
        entries.setdefault(route.group, []).append(entry)
        told = Route(route.source, names[route.parent], frozenset(names[i] for i in outgoing))
        found.setdefault(route.group, []).append(told)
    table.installed.update({group: tuple(some) for group, some in entries.items()})
    return found


def _remove(kernel: MulticastTable, route: InstalledRoute, gone: list[int]) -> None:
    """Remove an entry whose parent is gone; one for any source goes by the parent's number."""
    for parent in gone if not any(route.source) else gone[:1]:
        with suppress(OSError):
            kernel.remove(kernel.pack(route.source, route.group, parent, ()))


def _interface_name(index: int) -> str | None:
    try:
        return socket.if_indextoname(index)
    except OSError:
        return None
