"""Services that the configuration asks for."""

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.model import ControlConfig, ManholeConfig
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


class OptionalServicesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.events: list[str] = []
        self.optional_services = OptionalServices()
        makers = {"control": self.make, "manhole": self.make}
        self.optional_services.build([("manhole", None), ("control", FIRST)], makers)
        self.optional_services.startService()
        self.events.clear()

    def make(self, config: Any) -> Service | None:
        return None if config is None else Recorded(config, self.events)

    def change(self, name: str, config: Any) -> Deferred[None]:
        return Deferred.fromCoroutine(self.optional_services.change(name, config))

    def running(self) -> list[str]:
        return [one.label for one in self.optional_services]

    def test_old_service_ends_before_the_new_one_begins(self) -> None:
        self.successResultOf(self.change("control", SECOND))
        self.assertEqual(self.events, ["/first stops", "/second starts"])

    def test_services_come_and_go(self) -> None:
        self.successResultOf(self.change("manhole", MANHOLE))
        self.successResultOf(self.change("control", None))
        self.assertEqual(self.events, ["manhole starts", "/first stops"])
        self.assertEqual(self.running(), ["manhole"])

    def test_service_that_cannot_start_leaves_the_former_one(self) -> None:
        self.failureResultOf(self.change("control", ControlConfig("/bad")), OSError)
        self.assertEqual(self.events, ["/first stops", "/bad stops", "/first starts"])
        self.assertEqual(self.running(), ["/first"])

    def test_service_that_cannot_start_leaves_none_where_there_was_none(self) -> None:
        self.failureResultOf(self.change("manhole", ControlConfig("/bad")), OSError)
        self.assertEqual(self.running(), ["/first"])

    def test_service_that_cannot_be_made_leaves_the_former_one_untouched(self) -> None:
        def refuse(config: Any) -> Service:
            raise OSError("no such folder")

        self.optional_services.build([], {"control": refuse})
        self.failureResultOf(self.change("control", SECOND), OSError)
        self.assertEqual((self.events, self.running()), ([], ["/first"]))
