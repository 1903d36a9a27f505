"""What the control socket and the manhole need of the machine, found before a start."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.model import Configuration, ControlConfig, ManholeConfig
from mcproxy.control.machine import look
from mcproxy.control.ssh_keys import host_key

from .test_ssh_keys import line_of


class LookTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.keys, self.own = self.folder / "keys", self.folder / "own"
        self.keys.write_bytes(line_of(Ed25519PrivateKey.generate()) + b"\n")
        self.keys.chmod(0o600)

    def found(self, config: ControlConfig | ManholeConfig) -> list[tuple[str, bool]]:
        is_control = isinstance(config, ControlConfig)
        services = {"control" if is_control else "manhole": config}
        return [(str(one.mistake), one.refuses) for one in look(Configuration((), **services))]

    def manhole(self, listen: str = "127.0.0.1:4022") -> list[tuple[str, bool]]:
        return self.found(ManholeConfig(listen, str(self.keys), str(self.own)))

    def test_what_is_in_order_is_not_told_and_nothing_is_made(self) -> None:
        self.assertEqual(self.manhole(str(self.folder / "socket")), [])
        self.assertEqual(self.found(ControlConfig(str(self.folder / "socket"))), [])
        self.assertEqual(os.listdir(self.folder), ["keys"])
        host_key(str(self.own))
        self.assertEqual(self.manhole(), [])

    def test_group_that_does_not_exist_refuses_the_start(self) -> None:
        path = str(self.folder / "socket")
        [(text, refuses)] = self.found(ControlConfig(path, group="nobody-has-it"))
        self.assertTrue(refuses)
        self.assertIn("control.group: group nobody-has-it does not exist; create it", text)

    def test_file_in_the_socket_s_place_refuses_the_start(self) -> None:
        [(text, refuses)] = self.found(ControlConfig(str(self.keys)))
        self.assertTrue(refuses)
        self.assertIn("control.socket: ", text)
        self.assertIn("exists and is not a socket", text)

    def test_missing_folders_are_warnings_with_the_command_that_makes_them(self) -> None:
        """A service manager may make them at the start."""
        [(text, refuses)] = self.found(ControlConfig("/nowhere/socket"))
        self.assertIn("the folder /nowhere does not exist; run mkdir -p /nowhere", text)
        self.assertFalse(refuses)
        self.own = Path("/nowhere/in/key")
        [(text, refuses)] = self.manhole()
        self.assertIn("manhole.host-key: the folder /nowhere/in for", text)
        self.assertFalse(refuses)

    def test_modes_that_let_others_in_refuse_the_start(self) -> None:
        host_key(str(self.own))
        self.keys.chmod(0o622)
        self.own.chmod(0o644)
        (keys, first), (own, second) = self.manhole()
        self.assertTrue(first and second)
        self.assertIn("manhole.authorized-keys: other users may write to", keys)
        self.assertIn("manhole.host-key: other users may use the private key", own)

    def test_keys_that_nobody_can_use_are_warnings(self) -> None:
        self.keys.write_text("nonsense\n")
        first, second = self.manhole()
        self.assertIn("line 1 of", first[0])
        self.assertIn("has no key that is accepted; nobody can log in", second[0])
        self.keys.unlink()
        [(text, refuses)] = self.manhole()
        self.assertIn("No such file or directory; nobody can log in", text)
        self.assertFalse(refuses)

    def test_missing_packages_refuse_the_start(self) -> None:
        name = "mcproxy.control.ssh_keys"
        self.addCleanup(sys.modules.__setitem__, name, sys.modules[name])
        sys.modules[name] = None  # type: ignore[assignment]
        [(text, refuses)] = self.manhole()
        self.assertTrue(refuses)
        self.assertIn("manhole: the manhole needs Python packages that are missing", text)
        self.assertIn("-m pip install 'twisted[conch]'", text)
