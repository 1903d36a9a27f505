"""The audit: the kernel's table is compared with what was installed, and mended.

It runs when the kernel reports that an entry or a vif of ours went, and when events were lost. To
read and to compare a large table takes long, so both happen in the routing thread. Nothing else is
done to the table meanwhile, so what was installed stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from ..garbage import no_search
from ..linux.mroute.dump import InstalledRoute, dump_routes
from ..linux.mroute.operations import Operations
from ..linux.mroute.socket import MulticastTable
from ..protocol.family import Address
from .installed import InstalledEntries
from .plan import Entries, Installed
from .vifs import Vifs

EntryMaker = Callable[[Address, int, tuple[int, ...]], Installed]
"""Makes an entry of its source, iif and oifs."""


class Expected(NamedTuple):
    """What the kernel should have.

    ``indexes`` are interface indexes by vif number, ``without_vif`` the numbers of iifs that are
    no interface; ``entry`` makes an entry of its source, iif and oifs.
    """

    installed: InstalledEntries
    indexes: dict[int, int]
    without_vif: tuple[int, ...]
    entry: EntryMaker

    @classmethod
    def now(cls, operations: Operations, installed: InstalledEntries, vifs: Vifs) -> Expected:
        """What is expected now: ``vifs`` may change while the audit runs."""
        without_vif = tuple(vifs.without_vif.values())
        entry = _entry_maker(operations, dict(vifs.thresholds))
        return cls(installed, vifs.indexes(), without_vif, entry)


def _entry_maker(operations: Operations, thresholds: Mapping[int, int]) -> EntryMaker:
    """A function that makes entries; each combination of vifs is put into kernel form once."""
    any_source = operations.family.unspecified
    tails: dict[tuple[int, tuple[int, ...]], bytes] = {}

    def entry(source: Address, parent: int, outgoing: tuple[int, ...]) -> Installed:
        tail = tails.get((parent, outgoing))
        if tail is None:
            tail = operations.route_tail(parent, outgoing, thresholds)
            tails[parent, outgoing] = tail
        return Installed(source, parent if source == any_source else -1, tail)

    return entry


class Inspection(NamedTuple):
    """What differs: vifs that were missing and are made again, and groups with lost entries.

    ``damaged`` has the entries that remain of each group.
    """

    restored: list[int]
    damaged: dict[Address, Entries]


def inspect(kernel: MulticastTable, expected: Expected) -> Inspection:
    """Make missing vifs again and compare all entries; OSError. For the routing thread."""
    wanted = expected.indexes.items()
    restored = [number for number, index in wanted if kernel.restore_vif(number, index)]
    with no_search():
        damaged = damaged_groups(expected, dump_routes(kernel.family, kernel.table))
    return Inspection(restored, damaged)


def damaged_groups(expected: Expected, routes: Iterable[InstalledRoute]) -> dict[Address, Entries]:
    """The groups whose installed entries are missing or different, with those that remain."""
    numbers = {index: number for number, index in expected.indexes.items()}
    installed = expected.installed
    intact: set[Address] = set()  # groups with their only entry, as nearly all are
    actual: set[tuple[Address, Installed]] = set()
    for route in routes:
        # The dump does not tell numbers of iifs without a vif one from another.
        parents = [numbers[route.parent]] if route.parent in numbers else []
        for parent in parents or expected.without_vif:
            outgoing = tuple(numbers[index] for index in route.outgoing if index in numbers)
            entry = expected.entry(route.source, parent, outgoing)
            if installed.is_only(route.group, entry):
                intact.add(route.group)
            else:
                actual.add((route.group, entry))
    damaged = {}
    for group, entries in installed.items():
        if group in intact:
            continue
        present = tuple(entry for entry in entries if (group, entry) in actual)
        if present != entries:
            damaged[group] = present
    return damaged
