"""The keys of the manhole: those that may log in, and the daemon's own."""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import IO

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.conch import checkers
from twisted.conch.ssh.keys import BadKeyError, Key
from twisted.logger import Logger
from zope.interface import implementer

KINDS = {
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
}
"""The kinds of keys that may log in; the word before a public key in OpenSSH's format."""

_DAMAGED = (BadKeyError, UnsupportedAlgorithm, ValueError, IndexError, struct.error)
"""What Twisted raises for a key that it cannot read."""

_OTHERS_WRITE, _OTHERS_ACCESS = 0o022, 0o077


@implementer(checkers.IAuthorizedKeysDB)
class KeyFile:
    """The accepted keys: those of one file, which is read at each login.

    A line that is not accepted is logged, once for each reason.
    """

    log = Logger()

    def __init__(self, path: str) -> None:
        self._path = path
        self._logged: set[str] = set()

    def check(self) -> None:
        """ValueError if others may write to the file; a warning if it cannot be read."""
        try:
            self._read()
        except OSError as error:
            self.log.warn(
                "manhole: cannot read {path}: {reason}; nobody can log in until the file can be "
                "read (see authorized-keys)",
                path=self._path,
                reason=error.strerror,
            )

    def getAuthorizedKeys(self, username: bytes) -> Iterable[Key]:
        """All keys of the file, for any user name; none if the file cannot be used."""
        try:
            return self._read()
        except OSError as error:
            reason = f"cannot read {self._path}: {error.strerror} (see authorized-keys)"
        except ValueError as error:
            reason = str(error)
        self.log.error("manhole: login refused: {reason}", reason=reason)
        return []

    def _read(self) -> list[Key]:
        return accepted_keys(self._path, self._log_once)

    def _log_once(self, reason: str) -> None:
        if reason not in self._logged:
            self._logged.add(reason)
            self.log.warn("manhole: {reason} (see authorized-keys)", reason=reason)


def accepted_keys(path: str, tell: Callable[[str], None]) -> list[Key]:
    """The keys of a file that may log in; OSError, or ValueError if others may write to it.

    ``tell`` is called with the reason for each line that is not accepted.
    """
    with _opened(path) as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & _OTHERS_WRITE:
            raise ValueError(
                f"other users may write to {path} (mode {mode:04o}), and so let "
                f"themselves in; run chmod go-w {path} (see authorized-keys)"
            )
        return list(_accepted(file, path, tell))


def _accepted(lines: Iterable[bytes], path: str, tell: Callable[[str], None]) -> Iterator[Key]:
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        try:
            yield public_key(text)
        except ValueError as error:
            tell(f"line {number} of {path} is not accepted: {error}")


def public_key(line: bytes) -> Key:
    """The key in a line of OpenSSH's format without options; ValueError with the reason."""
    kind = line.split(maxsplit=1)[0].decode("ascii", "backslashreplace")
    if kind not in KINDS:
        if any(f" {known} ".encode() in line for known in KINDS):
            raise ValueError("options before a key are not supported; remove them")
        accepted = "Ed25519, ECDSA and RSA keys, and these on security keys"
        raise ValueError(f"{kind[:40]} is not a kind of key that may log in; use {accepted}")
    try:
        key: Key = Key.fromString(line)  # type: ignore[no-untyped-call]  # untyped in Twisted
    except _DAMAGED as error:
        raise ValueError(f"the {kind} key is damaged: {error or type(error).__name__}") from error
    return key


def host_key(path: str) -> Key:
    """The daemon's own key from ``path``; a missing file is created, with mode 0600.

    OSError if the file cannot be read or created, ValueError if it holds no private key, or if
    other users may read it.
    """
    if not os.path.exists(path):
        secret = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )
        check_folder(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(secret)
    return existing_host_key(path)


def check_folder(path: str) -> None:
    """FileNotFoundError, with the cure, if the folder of the host key does not exist."""
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise FileNotFoundError(
            f"the folder {folder} for the daemon's own key does not exist; run mkdir -p {folder}, "
            "or name a file in another folder (see host-key)"
        )


def existing_host_key(path: str) -> Key:
    """The daemon's own key from a file that exists; OSError or ValueError as ``host_key``."""
    with _opened(path) as file:
        mode, secret = stat.S_IMODE(os.fstat(file.fileno()).st_mode), file.read()
    if mode & _OTHERS_ACCESS:
        raise ValueError(
            f"other users may use the private key {path} (mode {mode:04o}); run chmod 600 {path}, "
            "or delete the file and mcproxy makes another (see host-key)"
        )
    try:
        key: Key = Key.fromString(secret)  # type: ignore[no-untyped-call]  # untyped in Twisted
    except _DAMAGED as error:
        raise ValueError(f"{path} holds no private key: {error} (see host-key)") from error
    return key


def _opened(path: str) -> IO[bytes]:
    """A regular file, open for reading; OSError. A FIFO would wait for its writer."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", path)
    return os.fdopen(descriptor, "rb")
