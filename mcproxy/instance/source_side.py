"""Which link each source is on, for entries that have one iif."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..protocol.family import Address

MOST_SOURCES = 10_000
"""Sources whose link is remembered; the links of others are looked up again."""


class SourceSides:
    """The links of one proxy instance, and the sources behind them.

    At first the kernel's unicast route decides (``interface_towards`` gives an interface index).
    The interface that data of a source came in on takes precedence over the route.
    """

    def __init__(self, upstream: str, interface_towards: Callable[[Address], int | None]) -> None:
        self._upstream = upstream
        self._interface_towards = interface_towards
        self._names: dict[int, str] = {}
        self._known: dict[Address, str] = {}

    def set_downstreams(self, downstreams: Mapping[str, int]) -> None:
        """Sources may be behind these (by name, with index) or upstream; forget the others."""
        self._names = {index: name for name, index in downstreams.items()}
        self._known.clear()

    def locate(self, source: Address) -> str:
        """The interface that ``source`` is behind: the upstream if no downstream is known."""
        known = self._known.get(source)
        if known is None:
            index = self._interface_towards(source)
            known = self._upstream if index is None else self._names.get(index, self._upstream)
            self._remember(source, known)
        return known

    def seen(self, source: Address, interface: str) -> bool:
        """Note data of ``source`` on ``interface``; return whether it can be behind that one."""
        possible = interface == self._upstream or interface in self._names.values()
        if possible:
            self._remember(source, interface)
        return possible

    def _remember(self, source: Address, interface: str) -> None:
        if len(self._known) >= MOST_SOURCES:
            self._known.clear()
        self._known[source] = interface
