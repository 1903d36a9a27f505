"""What both kinds of forwarding have in common: by groups, and source by source.

A forwarding never installs entries. It marks groups dirty at the table, and the table pulls their
plan when it makes its next batch: see the package.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from ..messages import CacheMiss, WrongInterface
from ..protocol.family import Address
from ..protocol.forwarding.planner import Route
from ..protocol.sources import SourceFilter
from .links import LinkSet

Subscriptions = Mapping[str, SourceFilter]
Towards = Callable[[Address], int | None]
"""Returns the index of the interface that leads to an address."""


class Forwarding(Protocol):
    """Plans the entries of an instance; receives the kernel's upcalls about data."""

    def links_changed(self, links: LinkSet) -> None:
        """Use these links from now on; the owner has the table plan all groups again."""

    def base(self) -> tuple[Route, ...]:
        """The entries for any source and group."""

    def plan(
        self, group: Address, subscriptions: Subscriptions, source: Address | None
    ) -> tuple[Route, ...]:
        """The entries of a group with these subscriptions by downstream, or of one source."""

    def planned_sources(
        self, group: Address, subscriptions: Subscriptions
    ) -> Iterable[Address] | None:
        """The sources that may have entries for a group; None if there are other entries, too."""

    def groups(self) -> Collection[Address]:
        """Groups that may have entries without being wanted."""

    def receive(self, message: CacheMiss | WrongInterface) -> None:
        """Act upon an upcall."""

    def restore_source(self, source: Address, group: Address, interface: str) -> None:
        """Restore a source found in an inherited kernel entry; ``interface`` is its iif."""

    def close(self) -> None:
        """Ignore upcalls, timers and answers from now on."""
