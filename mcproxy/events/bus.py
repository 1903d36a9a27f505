"""Events: takes an event to those who read its kind."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ..latency import Latencies
from .event import Event

Reader = Callable[[Event], None]


class Events:
    """The readers of events. ``wanted`` has the kinds that somebody reads.

    Whoever has something to tell looks into ``wanted`` first, so that an event without a reader
    is not even made. A kind that is always told need not be looked up. ``latencies`` measures how
    long hosts wait, while somebody reads that: an event for each step would cost too much.
    """

    def __init__(self) -> None:
        self.wanted: frozenset[type[Event]] = frozenset()
        self.latencies: Latencies | None = None
        self._readers: dict[Reader, frozenset[type[Event]]] = {}
        self._by_kind: dict[type[Event], tuple[Reader, ...]] = {}

    def read(self, reader: Reader, kinds: Collection[type[Event]]) -> None:
        """Give ``reader`` the events of these kinds from now on, and no others.

        It is called in the turn in which an event happens, so it must return at once.
        """
        self._readers[reader] = frozenset(kinds)
        self._note_readers()

    def ignore(self, reader: Reader) -> None:
        """Give ``reader`` nothing any more."""
        self._readers.pop(reader, None)
        self._note_readers()

    def tell(self, event: Event) -> None:
        """Give the event to its readers."""
        for reader in self._by_kind.get(type(event), ()):
            reader(event)

    def _note_readers(self) -> None:
        self.wanted = frozenset().union(*self._readers.values())
        self._by_kind = {
            kind: tuple(reader for reader, kinds in self._readers.items() if kind in kinds)
            for kind in self.wanted
        }
