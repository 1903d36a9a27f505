"""Where commands come in."""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Protocol
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.model import ControlConfig
from mcproxy.control import unix_socket as module
from mcproxy.control.unix_socket import (
    MOST_CONNECTIONS,
    ConnectionFactory,
    ControlService,
    make_room,
)


class FakePort:
    def __init__(self) -> None:
        self.stopped = False

    def stopListening(self) -> None:
        self.stopped = True


class FakeReactor:
    """Makes the file and nothing else; or fails as Twisted does."""

    def __init__(self) -> None:
        self.error: OSError | None = None
        self.port = FakePort()

    def listenUNIX(self, path: str, factory: object, mode: int) -> Any:
        if self.error is not None:
            raise CannotListenError(None, path, self.error)
        open(path, "w").close()
        return self.port


class ServiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = os.path.relpath(self.mktemp())
        self.reactor = FakeReactor()

    def service(self, config: ControlConfig | None) -> ControlService:
        return ControlService(self.reactor, config, lambda closed: Protocol())

    def test_it_is_its_owner_s_alone(self) -> None:
        service = self.service(ControlConfig(self.path))
        service.startService()
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        service.stopService()
        self.assertTrue(self.reactor.port.stopped)

    def test_another_mode(self) -> None:
        self.service(ControlConfig(self.path, "0666")).startService()
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o666)

    def test_there_may_be_none(self) -> None:
        service = self.service(ControlConfig(""))
        service.startService()
        self.assertIsNone(self.successResultOf(service.stopService()))

    def test_one_that_is_configured_must_be(self) -> None:
        self.reactor.error = PermissionError(13, "Permission denied")
        service = self.service(ControlConfig(self.path))
        error = self.assertRaises(OSError, service.startService)
        self.assertEqual(str(error), f"no control socket at {self.path}: Permission denied")

    def test_the_usual_one_need_not_be(self) -> None:
        self.reactor.error = PermissionError(13, "Permission denied")
        usual = ControlConfig(self.path)
        self.patch(module, "ControlConfig", lambda: usual)
        service = self.service(None)
        service.startService()
        self.assertIsNone(self.successResultOf(service.stopService()))

    def test_a_group_that_is_not(self) -> None:
        service = self.service(ControlConfig(self.path, group="no-such-group"))
        error = self.assertRaises(OSError, service.startService)
        self.assertIn("there is no group no-such-group", str(error))
        self.assertFalse(os.path.exists(self.path))


class RoomTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = os.path.relpath(self.mktemp())

    def bound(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.bind(self.path)
        return sock

    def test_a_socket_that_nobody_answers_on_is_removed(self) -> None:
        self.bound().close()
        make_room(self.path)
        self.assertFalse(os.path.exists(self.path))
        make_room(self.path)

    def test_a_living_one_is_left_alone(self) -> None:
        self.bound().listen(1)
        for _ in range(3):  # and when its owner does not come to accept
            error = self.assertRaises(FileExistsError, make_room, self.path)
            self.assertIn("another daemon answers there", error.strerror)

    def test_another_file_is_left_alone(self) -> None:
        with open(self.path, "w") as file:
            file.write("mine")
        self.assertRaises(FileExistsError, make_room, self.path)
        self.assertTrue(os.path.exists(self.path))


class ConnectionTests(SynchronousTestCase):
    def test_more_than_the_most_are_turned_away(self) -> None:
        ends: list[Any] = []

        def make(closed: Any) -> Protocol:
            ends.append(closed)
            return Protocol()

        factory = ConnectionFactory(make)
        for _ in range(MOST_CONNECTIONS):
            self.assertIsNotNone(factory.buildProtocol(None))
        self.assertIsNone(factory.buildProtocol(None))
        ends[0]()
        self.assertIsNotNone(factory.buildProtocol(None))
