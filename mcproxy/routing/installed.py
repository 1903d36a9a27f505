"""The entries of one kernel table as they were installed, by group.

Of most groups one short tuple is stored. A group to which many sources send, each with an entry of
its own, has an index by source: a change of one source costs the same however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from ..protocol.family import Address
from .plan import Entries, Installed

FEW = 8
"""A tuple of up to so many entries is searched faster than an index is made of it."""


class InstalledEntries(Mapping[Address, Entries]):
    """The entries by group, at first those of ``entries``; a group without entries is left out.

    ``count`` is how many entries all groups have together. ``many`` has those of the groups with
    more than FEW, by source.
    """

    def __init__(self, entries: Mapping[Address, Entries] | None = None) -> None:
        self.many: dict[Address, dict[Address, Entries]] = {}
        self._few: dict[Address, Entries] = {}
        self.count = 0
        for group, some in (entries or {}).items():
            self.set(group, some)

    def __getitem__(self, group: Address) -> Entries:
        found = self._few.get(group)
        return _joined(self.many[group]) if found is None else found

    def __iter__(self) -> Iterator[Address]:
        return chain(self._few, self.many)

    def __len__(self) -> int:
        return len(self._few) + len(self.many)

    def of(self, group: Address) -> Entries:
        """The entries of a group, which may be none."""
        found = self._few.get(group)
        if found is not None:
            return found
        many = self.many.get(group)
        return () if many is None else _joined(many)

    def is_only(self, group: Address, entry: Installed) -> bool:
        """Whether the group has this entry and no other."""
        return self._few.get(group) == (entry,)

    def of_source(self, group: Address, source: Address) -> Entries:
        """The entries of one source of a group."""
        many = self.many.get(group)
        if many is not None:
            return many.get(source, ())
        return tuple(entry for entry in self._few.get(group, ()) if entry.source == source)

    def set(self, group: Address, entries: Entries) -> None:
        """The group has these entries from now on, or none."""
        self.count += len(entries) - len(self.of(group))
        if self.many:
            self.many.pop(group, None)
        if len(entries) > FEW:
            self._few.pop(group, None)
            self.many[group] = _by_source(entries)
        elif entries:
            self._few[group] = entries
        else:
            self._few.pop(group, None)

    def set_source(self, group: Address, source: Address, entries: Entries) -> None:
        """One source of the group has these entries from now on, or none."""
        many = self.many.get(group)
        if many is None:
            known = self._few.get(group, ())
            self.set(group, tuple(one for one in known if one.source != source) + entries)
            return
        self.count += len(entries) - len(many.get(source, ()))
        if entries:
            many[source] = entries
        else:
            many.pop(source, None)
            if len(many) <= FEW // 2:
                self.set(group, _joined(many))


def _by_source(entries: Entries) -> dict[Address, Entries]:
    found: dict[Address, Entries] = {}
    for entry in entries:
        found[entry.source] = (*found.get(entry.source, ()), entry)
    return found


def _joined(by_source: Mapping[Address, Entries]) -> Entries:
    return tuple(entry for entries in by_source.values() for entry in entries)
