"""What both ways of forwarding have in common: by groups, and source by source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from ..messages import CacheMiss, WrongInterface
from ..protocol.family import Address
from ..protocol.forwarding.planner import Interfaces, Route
from ..protocol.sources import SourceFilter

Subscriptions = Mapping[str, SourceFilter]
Towards = Callable[[Address], int | None]
"""Names the interface, by index, that leads to an address."""


class Forwarding(Protocol):
    """Plans the entries of an instance; told what data the kernel has seen."""

    def links_changed(self, downstreams: Mapping[str, int], upstreams: Interfaces) -> None:
        """Data may pass to and from these downstreams (by name, with index), and upstreams."""

    def base(self) -> tuple[Route, ...]:
        """The entries for any source and group."""

    def plan(
        self, group: Address, subscriptions: Subscriptions, source: Address | None
    ) -> tuple[Route, ...]:
        """The entries of a group that downstreams want so, or of one source of it."""

    def groups(self) -> Iterable[Address]:
        """Groups that may have entries without being wanted."""

    def receive(self, message: CacheMiss | WrongInterface) -> None:
        """Act upon what the kernel saw."""

    def recall(self, source: Address, group: Address, interface: str) -> None:
        """The kernel has an entry for data of ``source`` that comes in there."""

    def close(self) -> None:
        """Do nothing any more."""
