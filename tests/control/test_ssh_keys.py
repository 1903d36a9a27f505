"""The keys of the manhole: which may log in, and who may write to or read the files."""

from __future__ import annotations

import os
from typing import Any

from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from twisted.conch.ssh.keys import Key
from twisted.internet.task import Clock
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.model import ManholeConfig
from mcproxy.control.manhole import make_factory
from mcproxy.control.ssh_keys import KeyFile, host_key, public_key


def line_of(private: Any) -> bytes:
    """The public part of a key in a line of OpenSSH's format."""
    line: bytes = Key(private).public().toString("openssh")
    return line


class KeyTests(SynchronousTestCase):
    def test_host_key_is_created_once_with_mode_0600(self) -> None:
        path = self.mktemp()
        key = host_key(path)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertEqual(host_key(path).fingerprint(), key.fingerprint())

    def test_file_without_a_key_is_named(self) -> None:
        path = self.mktemp()
        with open(path, "w") as file:
            file.write("no key")
        os.chmod(path, 0o600)
        error = self.assertRaises(ValueError, host_key, path)
        self.assertIn(f"{path} holds no private key", str(error))

    def test_server_offers_its_host_key(self) -> None:
        config = ManholeConfig("127.0.0.1:4022", "/keys", self.mktemp())
        factory: Any = make_factory(Clock(), config, {})
        key: Key = host_key(config.host_key)
        self.assertEqual(list(factory.publicKeys), [b"ssh-ed25519"])
        public = factory.publicKeys[b"ssh-ed25519"]
        self.assertEqual(public.fingerprint(), key.fingerprint())

    def test_keys_of_the_file_are_accepted_for_any_user(self) -> None:
        path = self.mktemp()
        key = host_key(self.mktemp()).public()
        with open(path, "wb") as file:
            file.write(key.toString("openssh") + b"\n")
        for user in (b"operator", b"root"):
            (accepted,) = KeyFile(path).getAuthorizedKeys(user)
            self.assertEqual(accepted.fingerprint(), key.fingerprint())

    def test_missing_file_accepts_no_key(self) -> None:
        self.assertEqual(list(KeyFile("/nowhere/keys").getAuthorizedKeys(b"operator")), [])

    def test_keys_of_all_accepted_kinds_are_read(self) -> None:
        for private in (
            rsa.generate_private_key(65537, 2048),
            ec.generate_private_key(ec.SECP256R1()),
            ec.generate_private_key(ec.SECP521R1()),
        ):
            self.assertEqual(public_key(line_of(private) + b" me@home"), Key(private).public())

    def test_line_that_is_not_accepted_is_refused_with_the_reason(self) -> None:
        good = line_of(ec.generate_private_key(ec.SECP256R1()))
        for line, reason in (
            (line_of(dsa.generate_private_key(1024)), "ssh-dss is not a kind of key"),
            (b'from="10.0.0.1" ' + good, "options before a key are not supported"),
            (b"ssh-ed25519", "the ssh-ed25519 key is damaged"),
            (b"ssh-rsa AAAA", "the ssh-rsa key is damaged"),
            (b"ssh-ed25519 ====", "the ssh-ed25519 key is damaged"),
            (good[:60], "the ecdsa-sha2-nistp256 key is damaged"),
            (b"\xff\x00 x", "\\xff\x00 is not a kind of key"),
        ):
            error = self.assertRaises(ValueError, public_key, line)
            self.assertIn(reason, str(error))


class FileTests(SynchronousTestCase):
    """What is said about the files of keys."""

    def setUp(self) -> None:
        self.path = self.mktemp()
        self.lines: list[str] = []

        def observe(event: LogEvent) -> None:
            self.lines.append(f"{event['log_level'].name} {formatEvent(event)}")

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)

    def write(self, content: bytes, mode: int = 0o600) -> None:
        with open(self.path, "wb") as file:
            file.write(content)
        os.chmod(self.path, mode)

    def test_line_that_is_not_accepted_is_logged_once_and_others_count(self) -> None:
        good = line_of(ec.generate_private_key(ec.SECP256R1()))
        self.write(b"# mine\n\nssh-dss AAAA me\n" + good + b"\n")
        keys = KeyFile(self.path)
        keys.check()
        self.assertEqual(len(list(keys.getAuthorizedKeys(b"me"))), 1)
        (line,) = self.lines
        self.assertIn(f"warn manhole: line 3 of {self.path} is not accepted: ssh-dss", line)

    def test_missing_file_is_a_warning_at_the_start(self) -> None:
        KeyFile(self.path).check()
        (line,) = self.lines
        self.assertIn(f"warn manhole: cannot read {self.path}: No such file or directory", line)

    def test_file_that_others_may_write_to_is_refused(self) -> None:
        good = line_of(ec.generate_private_key(ec.SECP256R1()))
        for mode in (0o602, 0o620, 0o666):
            self.write(good, mode)
            error = self.assertRaises(ValueError, KeyFile(self.path).check)
            self.assertIn(f"other users may write to {self.path} (mode {mode:04o})", str(error))
            self.assertEqual(list(KeyFile(self.path).getAuthorizedKeys(b"me")), [])
            self.assertIn(f"error manhole: login refused: {error}", self.lines)
        self.write(good, 0o644)
        self.assertEqual(len(list(KeyFile(self.path).getAuthorizedKeys(b"me"))), 1)

    def test_fifo_is_not_waited_for(self) -> None:
        os.mkfifo(self.path, 0o600)
        self.assertEqual(list(KeyFile(self.path).getAuthorizedKeys(b"me")), [])
        (line,) = self.lines
        self.assertIn(f"cannot read {self.path}: it is not a regular file", line)
        self.assertRaises(OSError, host_key, self.path)

    def test_host_key_that_others_may_use_is_refused(self) -> None:
        host_key(self.path)
        for mode in (0o640, 0o604, 0o622):
            os.chmod(self.path, mode)
            error = self.assertRaises(ValueError, host_key, self.path)
            self.assertIn(f"private key {self.path} (mode {mode:04o}); run chmod 600", str(error))
