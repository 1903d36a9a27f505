"""Services that the configuration asks for, beside the proxy itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.internet.defer import maybeDeferred

# In quotes: zope.interface 5 cannot make the union.
Make = Callable[[Any], "IService | None"]
"""Makes the service for a configuration, or None for none; OSError or ValueError."""


class OptionalServices(MultiService):
    """One service for each name that has a maker; made anew when its configuration changes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self._makers: dict[str, Make] = {}
        self._configs: dict[str, Any] = {}
        self._current: dict[str, IService] = {}

    def build(self, services: Iterable[tuple[str, Any]], makers: Mapping[str, Make]) -> None:
        """Make the services for these configurations; whatever a maker raises is raised."""
        self._makers.update(makers)
        for name, config in services:
            self._put(name, config, makers[name](config))

    async def change(self, name: str, config: Any) -> None:
        """Replace a service by one for ``config``; whatever is raised has changed nothing.

        The former service ends before the new one starts, which may want the same address.
        """
        before = self._configs[name]
        service = self._makers[name](config)
        try:
            await self._end(name)
            self._put(name, config, service)
        except BaseException:
            await self._end(name)
            self._put(name, before, self._makers[name](before))
            raise

    async def _end(self, name: str) -> None:
        known = self._current.pop(name, None)
        if known is not None:
            await maybeDeferred(known.disownServiceParent)

    def _put(self, name: str, config: Any, service: IService | None) -> None:
        self._configs[name] = config
        if service is not None:
            self._current[name] = service
            service.setServiceParent(self)  # type: ignore[no-untyped-call]  # untyped in Twisted
