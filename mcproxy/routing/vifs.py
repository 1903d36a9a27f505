"""The virtual interfaces (vifs) of one kernel table: numbers, users, TTL thresholds.

The kernel's entries name vifs by number, and keep a number when its link is deleted. The next
vif of that number would revive them. So a number is retired when its vif is removed, and free
again only after every entry was planned anew without it. Only the same link gets it back at once:
entries that are not planned anew yet lead where they led before.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from ..linux.mroute.operations import Operations
from ..linux.mroute.vif_record import VifEntry, VifRecord
from ..protocol.family import MAX_VIFS, Address
from ..protocol.forwarding.planner import NO_INTERFACE
from .plan import Installed, Owner, VifChange
from .retired import RetiredNumbers


@dataclass(slots=True)
class Vif:
    """A virtual interface, the owners that use it, and whether the kernel refused it."""

    number: int
    index: int
    users: list[Owner] = field(default_factory=list)
    refused: bool = False


class Vifs:
    """The vifs that a table should have, and the operations that bring the kernel there.

    ``by_name`` has them by interface; ``numbers`` are those that entries may use. An iif that is
    no interface has a number ``without_vif``, which no vif gets. ``pending`` are changes that the
    kernel has not got yet; they are recorded first, if there is a record. ``version`` is another
    one after each change. ``thresholds`` are TTLs by vif number, where they are not 1.
    """

    def __init__(self, operations: Operations) -> None:
        self.numbers: dict[str, int] = {}
        self.without_vif: dict[str, int] = {}
        self._operations = operations
        self._any = operations.family.unspecified
        self.by_name: dict[str, Vif] = {}
        self.thresholds: dict[int, int] = {}
        self.pending: list[VifChange] = []
        self.version = 0
        self.retired = RetiredNumbers()
        self._record: VifRecord | None = None

    @classmethod
    def adopt(
        cls,
        operations: Operations,
        record: VifRecord,
        found: Mapping[str, tuple[int, VifEntry]],
        refused: Container[str],
    ) -> Vifs:
        """The vifs that a previous process made: by interface name, number and entry.

        The kernel lacks those that are ``refused``.
        """
        vifs = cls(operations)
        for name, (number, entry) in found.items():
            vifs.by_name[name] = Vif(number, entry.ifindex, refused=name in refused)
            if name not in refused:
                vifs.numbers[name] = number
            if entry.threshold != 1:
                vifs.thresholds[number] = entry.threshold
        vifs._record = record
        vifs._note_change()
        return vifs

    # -- what there is

    def name_of(self, number: int) -> str | None:
        """The interface that is vif ``number``."""
        return next((name for name, vif in self.by_name.items() if vif.number == number), None)

    def has_index(self, index: int) -> bool:
        """Whether the interface with this index is a vif."""
        return any(vif.index == index for vif in self.by_name.values())

    def iif(self, name: str) -> int | None:
        """The number of an iif, which may be no interface; None if it cannot have one."""
        if not name.startswith(NO_INTERFACE):
            return self.numbers.get(name)
        if name not in self.without_vif:
            free = [number for number in range(MAX_VIFS) if number not in self._taken()]
            if not free:
                return None
            # From the other end than vifs, which so keep their numbers.
            self.without_vif[name] = free[-1]
        return self.without_vif[name]

    def _taken(self) -> set[int]:
        used = {vif.number for vif in self.by_name.values()}
        return used.union(self.without_vif.values(), self.retired.taken)

    def indexes(self) -> dict[int, int]:
        """Interface indexes by vif number, refused vifs included."""
        return {vif.number: vif.index for vif in self.by_name.values()}

    def entry(self, source: Address, parent: int, outgoing: Iterable[int]) -> Installed:
        """An entry with these vifs, in kernel form."""
        tail = self._operations.route_tail(parent, outgoing, self.thresholds)
        return Installed(source, parent if source == self._any else -1, tail)

    # -- changes

    def add(self, name: str, index: int) -> Vif | None:
        """Make the interface a vif; None when all numbers are taken or retired (see is_full)."""
        taken = self._taken()
        number = self.retired.take_back(index)
        if number is None:
            number = next((n for n in range(MAX_VIFS) if n not in taken), None)
        if number is None:
            return None
        self._pend_removals(*self.retired.retry_removals())
        vif = self.by_name[name] = Vif(number, index)
        self._pend_addition(name, vif)
        self._note_change()
        return vif

    def rename_unused(self, index: int, name: str) -> Vif | None:
        """Give a vif that was adopted by the interface's own name an alternative one."""
        for other, vif in self.by_name.items():
            if vif.index == index and not vif.users and other in self.numbers:
                self.by_name[name] = self.by_name.pop(other)
                self.numbers[name] = self.numbers.pop(other)
                return vif
        return None

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another vif, also when the retired numbers are free."""
        lasting = len(self.by_name) + len(self.without_vif) + len(self.retired.not_removed)
        return lasting >= MAX_VIFS

    def retry(self, name: str) -> bool:
        """Ask the kernel again for a vif that it refused; whether it had refused it."""
        vif = self.by_name[name]
        if vif.refused:
            self._pend_addition(name, vif)
            return True
        return False

    def retry_all(self) -> bool:
        """Ask the kernel again for all that it refused; whether a vif is among it."""
        self._pend_removals(*self.retired.retry_removals())
        return bool([name for name in self.refused() if self.retry(name)])

    def refused(self) -> list[str]:
        """The interfaces that the kernel refused as vifs."""
        return [name for name, vif in self.by_name.items() if vif.refused]

    def _pend_addition(self, name: str, vif: Vif) -> None:
        vif.refused = False
        self.numbers[name] = vif.number
        operation = self._operations.vif_addition(vif.number, vif.index)
        self.pending.append(VifChange(operation, vif.number, is_addition=True))

    def remove(self, name: str) -> None:
        """Take the vif away; its number is retired."""
        vif = self.by_name.pop(name)
        self.numbers.pop(name, None)
        self.thresholds.pop(vif.number, None)
        self._pend_removals(*self.retired.retry_removals(), vif.number)
        self.retired.retire(vif.number, vif.index)
        self._note_change()

    def _pend_removals(self, *numbers: int) -> None:
        for number in numbers:
            operation = self._operations.vif_removal(number)
            self.pending.append(VifChange(operation, number, is_addition=False))

    def set_threshold(self, name: str, ttl: int) -> bool:
        """Set the TTL that a packet must exceed to leave by the vif; whether it changed."""
        number = self.by_name[name].number
        if self.thresholds.get(number, 1) == ttl:
            return False
        self.thresholds[number] = ttl
        self._note_change()
        return True

    # -- what the kernel does with them

    def take_pending(self) -> list[VifChange]:
        """The changes that the kernel has not got yet, for the next batch."""
        pending, self.pending = self.pending, []
        return pending

    def refuse(self, change: VifChange) -> str | None:
        """The kernel refused a change: entries do without a vif that it did not add.

        A vif that it did not remove has its number for itself until that works. Returns the
        interface that is without a vif now, if there is one.
        """
        if not change.is_addition:
            self.retired.removal_refused(change.number)
            return None
        return self.lack(change.number)

    def lack(self, number: int) -> str | None:
        """Note that the kernel lacks this vif; return its interface if entries used it."""
        name = self.name_of(number)
        if name is None or self.numbers.pop(name, None) is None:
            return None
        self.by_name[name].refused = True
        return name

    def accept(self, number: int) -> bool:
        """The kernel has this vif now; whether it had refused it before."""
        name = self.name_of(number)
        if name is None or not self.by_name[name].refused:
            return False
        self.by_name[name].refused = False
        self.numbers[name] = number
        return True

    # -- the record for the next process

    def record(self) -> VifRecord:
        """The record of the vifs, which is made at the first call; OSError."""
        if self._record is None:
            self._record = VifRecord()
            self._note_change()
        return self._record

    def close_record(self) -> None:
        """Let go of the record."""
        if self._record is not None:
            self._record.close()
            self._record = None

    def _note_change(self) -> None:
        self.version += 1
        if self._record is not None:
            levels = self.thresholds
            vifs = self.by_name.values()
            entries = {v.number: VifEntry(v.index, levels.get(v.number, 1)) for v in vifs}
            self._record.write(entries)
