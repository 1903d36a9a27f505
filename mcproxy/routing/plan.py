"""What owners want of a kernel table, what was installed, and the steps from one to the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ..linux.mroute.operations import Operation
from ..protocol.family import Address
from ..protocol.forwarding.planner import Route


class Owner(Protocol):
    """Who wants entries in a table: a proxy instance."""

    def plan(self, group: Address, source: Address | None = None) -> tuple[Route, ...]:
        """The entries that it wants for ``group``, or for one source of it alone.

        Those of the unspecified group are its entries for any source and group.
        """

    def planned_groups(self) -> Iterable[Address]:
        """All groups for which it may want entries."""


class Installed(NamedTuple):
    """One entry as the kernel was given it, but for the group.

    ``parent`` is the vif of an entry for any source, since it is part of that one's key in
    the kernel, and -1 otherwise. ``tail`` holds parent and outgoing vifs in kernel form.
    """

    source: Address
    parent: int
    tail: bytes


Entries = tuple[Installed, ...]


@dataclass(slots=True)
class Batch:
    """Operations for the kernel; ``groups`` tells, one by one, whose entry each is."""

    operations: list[Operation] = field(default_factory=list)
    groups: list[Address | None] = field(default_factory=list)

    def add(self, operation: Operation, group: Address | None = None) -> None:
        """One more operation; without a group it is about a vif."""
        self.operations.append(operation)
        self.groups.append(group)


def united(plans: list[tuple[Route, ...]]) -> tuple[Route, ...]:
    """The plans of owners that share a table, as one: outgoing interfaces add up.

    The kernel has one entry for a source and group; the first owner's parent holds there.
    """
    united: dict[tuple[Address, str], Route] = {}
    for plan in plans:
        for route in plan:
            specific = any(route.source)
            key = (route.source, "" if specific else route.parent)
            known = united.get(key)
            if known is None:
                united[key] = route
            else:
                outgoing = (known.outgoing | route.outgoing) - (
                    {known.parent} if specific else set()
                )
                united[key] = known._replace(outgoing=outgoing)
    return tuple(united.values())
