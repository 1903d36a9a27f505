"""The audit: the kernel's table is compared with what was installed, and mended.

It runs when the kernel reports that an entry or a vif of ours went, and when events were lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..linux.mroute.dump import InstalledRoute, dump_routes
from ..linux.mroute.socket import MulticastTable
from ..protocol.family import Address
from .plan import Entries, Installed
from .vifs import Vifs


class Inspection(NamedTuple):
    """What the kernel has: the vifs that were missing and are made again, and all entries."""

    restored: list[int]
    routes: list[InstalledRoute]


def inspect(kernel: MulticastTable, indexes: dict[int, int]) -> Inspection:
    """Make missing vifs again and read all entries; OSError. For the routing thread."""
    restored = [number for number, index in indexes.items() if kernel.restore_vif(number, index)]
    return Inspection(restored, dump_routes(kernel.family, kernel.table))


def damaged_groups(
    installed: Mapping[Address, Entries], vifs: Vifs, routes: Iterable[InstalledRoute]
) -> dict[Address, Entries]:
    """The groups whose installed entries are missing or different, with those that remain."""
    numbers = {index: number for number, index in vifs.indexes().items()}
    actual: set[tuple[Address, Installed]] = set()
    for route in routes:
        # The dump does not tell numbers of iifs without a vif one from another.
        parents = [numbers[route.parent]] if route.parent in numbers else []
        for parent in parents or vifs.without_vif.values():
            outgoing = [numbers[index] for index in route.outgoing if index in numbers]
            actual.add((route.group, vifs.entry(route.source, parent, outgoing)))
    damaged = {}
    for group, entries in installed.items():
        present = tuple(entry for entry in entries if (group, entry) in actual)
        if present != entries:
            damaged[group] = present
    return damaged
