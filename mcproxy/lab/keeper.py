"""Who closes what a lab has opened."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol, TypeVar


class Closing(Protocol):
    """Something that has to be closed."""

    @property
    def close(self) -> Callable[[], object]:
        """Close it; closing again is no error."""


Kept = TypeVar("Kept", bound=Closing)


class Keeper:
    """Closes all that it was given, the latest first."""

    def __init__(self) -> None:
        self._closing = ExitStack()

    def keep(self, thing: Kept) -> Kept:
        """Close ``thing`` when the keeper closes."""
        self._closing.callback(thing.close)
        return thing

    def close(self) -> None:
        """Close everything; what fails to close does not spare the rest."""
        self._closing.close()
