"""The audit: the kernel's table is compared with what was installed, and mended.

It runs when the kernel reports that an entry or a vif of ours went, and when events were lost. To
read and to compare a large table takes long, so both happen in the routing thread. Nothing else is
done to the table meanwhile, so what was installed stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..garbage import no_search
from ..linux.mroute.dump import InstalledRoute, dump_routes
from ..linux.mroute.operations import Operations
from ..linux.mroute.socket import MulticastTable
from ..protocol.family import Address
from .installed import InstalledEntries
from .plan import Entries, Installed
from .vifs import Vifs

_MOST_TRIES = 3

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


@dataclass(slots=True)
class Inspection:
    """What the kernel lacks: vifs, and entries of groups that are ``damaged``.

    Missing vifs are ``restored``, or ``lacking`` with the kernel's error: the link may be gone.
    Then entries are not compared. Damaged groups come with the entries that remain.
    """

    restored: set[int] = field(default_factory=set)
    lacking: dict[int, OSError] = field(default_factory=dict)
    damaged: dict[Address, Entries] = field(default_factory=dict)


def inspect(kernel: MulticastTable, expected: Expected) -> Inspection:
    """Make missing vifs again and compare all entries; OSError. For the routing thread.

    Where a link goes meanwhile, its vif is missing in the entries: then they are read again.
    """
    found, indexes = Inspection(), expected.indexes
    found.lacking = _restore(kernel, indexes, found.restored)
    with no_search():
        for _ in range(_MOST_TRIES):
            known, count = found.lacking.keys(), len(found.restored)
            routes = dump_routes(kernel.family, kernel.table)
            found.lacking = _restore(kernel, indexes, found.restored)
            if known == found.lacking.keys() and count == len(found.restored):
                break
        if not found.lacking:
            found.damaged = damaged_groups(expected, routes)
        del routes
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
