"""The audit: the kernel's table is compared with what was installed, and mended.

It runs when the kernel reports that an entry or a vif of ours went, and when events were lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..linux.mroute.dump import InstalledRoute, dump_routes
from ..linux.mroute.socket import MulticastTable
from ..protocol.family import Address
from .plan import Entries, Installed
from .vifs import Vifs

_MOST_TRIES = 3


@dataclass(slots=True)
class Inspection:
    """What the kernel has: all entries, and vifs that were missing.

    Those are ``restored``, or ``lacking`` with the kernel's error: the link may be gone.
    """

    restored: set[int] = field(default_factory=set)
    lacking: dict[int, OSError] = field(default_factory=dict)
    routes: list[InstalledRoute] = field(default_factory=list)


def inspect(kernel: MulticastTable, indexes: dict[int, int]) -> Inspection:
    """Make missing vifs again and read all entries; OSError. For the routing thread.

    Where a link goes meanwhile, its vif is missing in the entries: then they are read again.
    """
    found = Inspection()
    found.lacking = _restore(kernel, indexes, found.restored)
    for _ in range(_MOST_TRIES):
        known, count = found.lacking.keys(), len(found.restored)
        found.routes = dump_routes(kernel.family, kernel.table)
        found.lacking = _restore(kernel, indexes, found.restored)
        if known == found.lacking.keys() and count == len(found.restored):
            break
    return found


def _restore(
    kernel: MulticastTable, indexes: dict[int, int], restored: set[int]
) -> dict[int, OSError]:
    """Make missing vifs again, note them in ``restored``, and return those that are refused."""
    lacking = {}
    for number, index in indexes.items():
        try:
            if kernel.restore_vif(number, index):
                restored.add(number)
        except OSError as error:
            lacking[number] = error
    return lacking


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
