"""LiveReader: the stream of one page."""

from __future__ import annotations

from collections.abc import Callable


class LiveReader:
    """Gives a page its messages, or nothing until it has taken what was sent."""

    def __init__(
        self,
        write: Callable[[bytes], object],
        snapshot: Callable[[], bytes],
        remove: Callable[[LiveReader], object],
    ) -> None:
        self._write = write
        self._snapshot = snapshot
        self._remove = remove
        self._is_paused = False
        self._is_closed = False
        self.has_nothing = True
        """Whether the page still needs a snapshot."""

    def start(self) -> None:
        """Send all rows, unless the page does not keep up."""
        if self._is_paused or self._is_closed:
            return
        self.has_nothing = False
        self._write(self._snapshot())

    def send(self, text: bytes) -> None:
        """Send a message; one that is missed makes the page need a snapshot."""
        if self._is_paused:
            self.has_nothing = True
        elif not self.has_nothing and not self._is_closed:
            self._write(text)

    def pause(self) -> None:
        """Write nothing until ``resume``."""
        self._is_paused = True

    def resume(self) -> None:
        """Write again; the next cycle sends a snapshot, if one is needed."""
        self._is_paused = False

    def close(self) -> None:
        """Write nothing any more."""
        self._is_closed = True
        self._remove(self)
