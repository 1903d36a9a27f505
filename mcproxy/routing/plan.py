"""The values between owners and the kernel: wanted routes, installed entries, batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from ..linux.mroute.operations import Operation
from ..protocol.family import Address
from ..protocol.forwarding.planner import Route


class Owner(Protocol):
    """Who wants entries in a table: a proxy instance."""

    def plan(self, group: Address, source: Address | None = None) -> tuple[Route, ...]:
        """The entries that it wants for ``group``, or for one source of it alone.

        Those of the unspecified group are its (*,*) entries.
        """

    def planned_sources(self, group: Address) -> Iterable[Address] | None:
        """The sources of ``group`` for which it may want entries.

        None if it may want other entries, too, so that sources cannot be planned one by one.
        """

    def planned_groups(self) -> Iterable[Address]:
        """All groups for which it may want entries.

        They are taken in many turns of the reactor, and what is wanted may change meanwhile.
        """


class Installed(NamedTuple):
    """One entry as the kernel got it, without the group.

    ``parent`` is the iif's vif for a (*,G) entry, where it is part of the kernel's key, and -1
    for an (S,G) entry. ``tail`` holds iif and oifs in kernel form.
    """

    source: Address
    parent: int
    tail: bytes


Entries = tuple[Installed, ...]


Failures = list[tuple[int, OSError]]
"""The position and the error of each operation of a batch that failed."""


class VifChange(NamedTuple):
    """The addition or removal of vif ``number``."""

    operation: Operation
    number: int
    is_addition: bool


class Batch:
    """Operations for the kernel: those of ``vifs`` first, then those on entries.

    ``before`` has what was installed for each group that changes, or for one source of it: its
    key is the group, or group and source.
    """

    __slots__ = ("before", "operations", "vifs")

    def __init__(self, vifs: list[VifChange]) -> None:
        self.vifs = vifs
        self.operations = [change.operation for change in vifs] if vifs else []
        self.before: dict[bytes, Entries] = {}


def united(plans: list[tuple[Route, ...]]) -> tuple[Route, ...]:
    """The plans of owners that share a table as one: outgoing interfaces add up.

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
