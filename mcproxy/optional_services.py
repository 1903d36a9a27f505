"""Services that a table of the configuration asks for, beside the proxy itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.internet.defer import maybeDeferred

from .config.model import Configuration

Make = Callable[[Any], IService | None]
"""Makes the service that a table describes, or None for none; OSError or ValueError."""


class OptionalServices(MultiService):
    """One service for each table of ``makers``, by name; made anew when the table changes."""

    def __init__(self) -> None:
        super().__init__()
        self.makers: dict[str, Make] = {}
        self._current: dict[str, IService] = {}

    def build(self, configuration: Configuration, makers: Mapping[str, Make]) -> None:
        """Have all that the configuration asks for; what a maker raises is raised."""
        self.makers.update(makers)
        for name, make in makers.items():
            self._put(name, make(getattr(configuration, name)))

    async def apply(self, before: Configuration, after: Configuration) -> None:
        """Have what is asked for now; what is raised has changed nothing."""
        done: list[str] = []
        try:
            for name, make in self.makers.items():
                if getattr(before, name) != getattr(after, name):
                    service = make(getattr(after, name))
                    done.append(name)
                    await self._replace(name, service)
        except BaseException:
            for name in reversed(done):
                await self._replace(name, self.makers[name](getattr(before, name)))
            raise

    async def _replace(self, name: str, service: IService | None) -> None:
        """Start ``service`` once the one before has ended: it may want the same address."""
        known = self._current.pop(name, None)
        if known is not None:
            await maybeDeferred(known.disownServiceParent)
        self._put(name, service)

    def _put(self, name: str, service: IService | None) -> None:
        if service is not None:
            self._current[name] = service
            service.setServiceParent(self)
