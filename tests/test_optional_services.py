"""Services that the configuration asks for."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.model import Configuration, ControlConfig, ManholeConfig
from mcproxy.optional_services import OptionalServices

FIRST, SECOND = ControlConfig("/first"), ControlConfig("/second")
MANHOLE = ManholeConfig("/m", "/k")


class Recorded(Service):
    """Tells what becomes of it."""

    def __init__(self, config: Any, events: list[str]) -> None:
        self.label = getattr(config, "socket", "manhole")
        self.events = events

    def startService(self) -> None:
        super().startService()
        if self.label == "/bad":
            raise OSError("no such folder")
        self.events.append(f"{self.label} starts")

    def stopService(self) -> Deferred[None]:
        super().stopService()
        self.events.append(f"{self.label} stops")
        return succeed(None)


class SectionsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.events: list[str] = []
        self.optional_services = OptionalServices()
        self.before = Configuration((), control=FIRST)
        makers = {"control": self.make, "manhole": self.make}
        self.optional_services.build(self.before, makers)
        self.optional_services.startService()
        self.events.clear()

    def make(self, config: Any) -> Service | None:
        return None if config is None else Recorded(config, self.events)

    def apply(self, **changes: Any) -> Deferred[None]:
        after = attrs.evolve(self.before, **changes)
        return Deferred.fromCoroutine(self.optional_services.apply(self.before, after))

    def test_what_is_the_same_goes_on(self) -> None:
        self.successResultOf(self.apply())
        self.assertEqual(self.events, [])

    def test_the_old_one_ends_before_the_new_one_begins(self) -> None:
        self.successResultOf(self.apply(control=SECOND))
        self.assertEqual(self.events, ["/first stops", "/second starts"])

    def test_they_come_and_go(self) -> None:
        self.successResultOf(self.apply(manhole=MANHOLE, control=None))
        self.assertEqual(self.events, ["/first stops", "manhole starts"])

    def test_when_one_fails_all_are_as_before(self) -> None:
        for changes in ({"control": ControlConfig("/bad")}, {"manhole": ControlConfig("/bad")}):
            self.events.clear()
            failed = self.apply(**({"control": SECOND} | changes))
            self.failureResultOf(failed, OSError)
            self.assertEqual(self.events[-1], "/first starts")
            [running] = [one for one in self.optional_services if one.label != "/bad"]
            self.assertEqual(running.label, "/first")
