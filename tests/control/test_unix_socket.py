"""The control socket: its file, its permissions and the limit of its connections."""

from __future__ import annotations

import grp
import os
import socket
from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Protocol
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.model import ControlConfig
from mcproxy.control import unix_socket as module
from mcproxy.control.unix_socket import ControlService, remove_stale_socket


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

    def listenUNIX(self, path: str, factory: object, backlog: int, mode: int) -> Any:
        if self.error is not None:
            raise CannotListenError(None, path, self.error)
        open(path, "w").close()
        return self.port


class ServiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = os.path.relpath(self.mktemp())
        self.reactor = FakeReactor()

    def service(self, config: ControlConfig | None) -> ControlService:
        return ControlService(self.reactor, config, lambda factory: Protocol())

    def test_socket_is_for_its_owner_only_by_default(self) -> None:
        service = self.service(ControlConfig(self.path))
        service.startService()
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        service.stopService()
        self.assertTrue(self.reactor.port.stopped)

    def test_configured_mode_is_set(self) -> None:
        self.service(ControlConfig(self.path, "0666")).startService()
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o666)

    def test_empty_path_makes_no_socket(self) -> None:
        service = self.service(ControlConfig(""))
        service.startService()
        self.assertIsNone(self.successResultOf(service.stopService()))

    def test_configured_socket_that_cannot_be_made_fails_the_start(self) -> None:
        self.reactor.error = PermissionError(13, "Permission denied")
        service = self.service(ControlConfig(self.path))
        error = self.assertRaises(OSError, service.startService)
        self.assertEqual(
            str(error), f"cannot listen on the control socket {self.path}: Permission denied"
        )

    def test_default_socket_that_cannot_be_made_fails_nothing(self) -> None:
        self.reactor.error = PermissionError(13, "Permission denied")
        usual = ControlConfig(self.path)
        self.patch(module, "ControlConfig", lambda: usual)
        service = self.service(None)
        service.startService()
        self.assertIsNone(self.successResultOf(service.stopService()))

    def forbid_chown(self) -> None:
        """As the unit's filter of system calls does."""

        def chown(path: str, user: int, group: int) -> None:
            raise PermissionError(1, "Operation not permitted")

        self.patch(os, "chown", chown)

    def test_group_that_the_socket_has_already_needs_no_chown(self) -> None:
        self.forbid_chown()
        own = grp.getgrgid(os.getegid()).gr_name
        for group in ("", own):
            self.service(ControlConfig(self.path, "0660", group)).startService()
            self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o660)
            os.unlink(self.path)

    def test_forbidden_change_of_the_group_names_the_cure(self) -> None:
        self.forbid_chown()
        other = next(one for one in grp.getgrall() if one.gr_gid != os.getegid()).gr_name
        service = self.service(ControlConfig(self.path, "0660", other))
        error = self.assertRaises(OSError, service.startService)
        self.assertIn(f"not permitted to give it to the group {other}", str(error))
        self.assertIn(f"under systemd the group of the unit: set Group={other}", str(error))

    def test_unknown_group_fails_the_start(self) -> None:
        service = self.service(ControlConfig(self.path, group="no-such-group"))
        error = self.assertRaises(OSError, service.startService)
        self.assertIn("group no-such-group does not exist", str(error))
        self.assertFalse(os.path.exists(self.path))


class StaleSocketTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = os.path.relpath(self.mktemp())

    def bound(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.bind(self.path)
        return sock

    def test_socket_without_a_listener_is_removed(self) -> None:
        self.bound().close()
        remove_stale_socket(self.path)
        self.assertFalse(os.path.exists(self.path))
        remove_stale_socket(self.path)

    def test_socket_with_a_listener_is_kept(self) -> None:
        self.bound().listen(1)
        for _ in range(3):  # and when its owner does not come to accept
            error = self.assertRaises(FileExistsError, remove_stale_socket, self.path)
            self.assertIn("another process listens on it", error.strerror)

    def test_other_file_is_kept(self) -> None:
        with open(self.path, "w") as file:
            file.write("mine")
        self.assertRaises(FileExistsError, remove_stale_socket, self.path)
        self.assertTrue(os.path.exists(self.path))
