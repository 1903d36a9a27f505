"""Which link each source is on, for entries that have one iif."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..protocol.family import Address

MOST_SOURCES = 10_000
"""Sources whose link is remembered; the links of others are looked up again."""


class SourceSides:
    """The links of one proxy instance, and the sources behind them.

    At first the kernel's unicast route decides (``interface_towards`` gives an interface index).
    The interface that the data of a source and group was seen on takes precedence over the
    route; it says nothing about other groups, because anybody can send with that address.
    """

    def __init__(self, upstream: str, interface_towards: Callable[[Address], int | None]) -> None:
        self._upstream = upstream
        self._interface_towards = interface_towards
        self._names: dict[int, str] = {}
        self._routed: dict[Address, str] = {}
        self._seen: dict[tuple[Address, Address], str] = {}

    def set_downstreams(self, downstreams: Mapping[str, int]) -> None:
        """Sources may be behind these (by name, with index) or upstream; forget the others."""
        self._names = {index: name for name, index in downstreams.items()}
        self._routed.clear()
        self._seen.clear()

    def locate(self, source: Address) -> str:
        """The interface of the route to ``source``: the upstream if it is no downstream."""
        known = self._routed.get(source)
        if known is None:
            known = self.look_up(source)
            if len(self._routed) >= MOST_SOURCES:
                self._routed.clear()
            self._routed[source] = known
        return known

    def locate_in(self, source: Address, group: Address) -> str:
        """The interface where ``source`` was seen sending to ``group``, else that of its route."""
        return self._seen.get((source, group)) or self.locate(source)

    def look_up(self, source: Address) -> str:
        """The interface of the present route to ``source``, which is not remembered."""
        index = self._interface_towards(source)
        return self._upstream if index is None else self._names.get(index, self._upstream)

    def is_possible(self, interface: str) -> bool:
        """Whether sources can be behind this interface."""
        return interface == self._upstream or interface in self._names.values()

    def seen(self, source: Address, group: Address, interface: str) -> None:
        """Note data of ``source`` to ``group`` on an interface where it is possible."""
        if len(self._seen) >= MOST_SOURCES:
            self._seen.clear()
        self._seen[(source, group)] = interface
