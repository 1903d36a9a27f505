"""The manhole: a Python shell in the running daemon, over SSH, for inspection.

Whoever comes in can do all that the daemon can. So it is off unless configured, listens
on loopback or a UNIX socket only, and lets in the keys of one file, whatever user is named.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pprint import pprint
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.application.internet import StreamServerEndpointService
from twisted.application.service import IService
from twisted.conch import checkers, manhole, manhole_ssh
from twisted.conch.insults import insults
from twisted.conch.ssh.keys import BadKeyError, Key
from twisted.cred.portal import Portal
from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint, UNIXServerEndpoint
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.logger import Logger
from zope.interface import implementer

from ..config.model import ManholeConfig
from . import views as snapshot
from .unix_socket import make_room

if TYPE_CHECKING:
    from ..proxy import Proxy

BANNER = b"mcproxy: instances(), groups(), routes(), counters() and proxy are here.\r\n"


@implementer(checkers.IAuthorizedKeysDB)
class KeyFile:
    """The keys that are let in: those of one file, read anew at each attempt."""

    log = Logger()

    def __init__(self, path: str) -> None:
        self._path = path

    def getAuthorizedKeys(self, username: bytes) -> Iterable[Key]:
        """All keys of the file, for any user name; none when it cannot be read."""
        try:
            with open(self._path, "rb") as lines:
                return list(checkers.readAuthorizedKeyFile(lines))
        except OSError as error:
            self.log.error(
                "manhole: no authorized keys: {path}: {reason}",
                path=self._path,
                reason=error.strerror,
            )
            return []


def host_key(path: str) -> Key:
    """The daemon's own key from ``path``; made there, readable by us alone, if missing.

    OSError where the file cannot be read or made, ValueError where it holds no key.
    """
    if not os.path.exists(path):
        secret = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(secret)
    try:
        return Key.fromFile(path)
    except BadKeyError as error:
        raise ValueError(f"{path}: no private key: {error}") from error


class _Session(manhole_ssh.TerminalSession):
    """A session whose window may be resized, and whose input may end."""

    def windowChanged(self, newWindowSize: object) -> None:  # noqa: N803 - Twisted's name
        """The new size does not matter to a line editor."""

    def eofReceived(self) -> None:
        """The client closes the channel itself."""


class _Shell(manhole.Manhole):
    """The prompt."""

    def initializeScreen(self) -> None:
        """Say what there is to look at."""
        self.terminal.reset()
        self.terminal.write(BANNER)
        self.terminal.write(self.ps[self.pn])
        self.setInsertMode()


def namespace(proxy: Proxy) -> dict[str, Any]:
    """What a visitor finds: the daemon, and functions that print its state."""
    return {
        "proxy": proxy,
        "instances": lambda: pprint(snapshot.instances(proxy)),
        "groups": lambda: pprint(list(snapshot.groups(proxy))),
        "routes": lambda: pprint(list(snapshot.routes(proxy))),
        "counters": lambda: pprint(snapshot.counters(proxy)),
    }


def make_factory(config: ManholeConfig, names: Mapping[str, Any]) -> manhole_ssh.ConchFactory:
    """The SSH server; OSError or ValueError when its host key is not to be had."""
    realm: Any = manhole_ssh.TerminalRealm()
    realm.sessionFactory = _Session
    realm.chainedProtocolFactory = lambda: insults.ServerProtocol(_Shell, dict(names))
    keys = KeyFile(config.authorized_keys)
    factory: Any = manhole_ssh.ConchFactory(Portal(realm, [checkers.SSHPublicKeyChecker(keys)]))
    key = host_key(config.host_key)
    kind = key.sshType()
    factory.publicKeys = {kind: key.public()}
    factory.privateKeys = {kind: key}
    return factory


def endpoint(reactor: Any, listen: str) -> IStreamServerEndpoint:
    """Where ``listen`` says: a UNIX socket's path, or a loopback address with a port."""
    if listen.startswith("/"):
        return UNIXServerEndpoint(reactor, listen, mode=0o600)
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    kind = TCP6ServerEndpoint if ":" in host else TCP4ServerEndpoint
    return kind(reactor, int(port), interface=host)


class ManholeService(StreamServerEndpointService):
    """Listens once there is room for its socket; OSError where somebody else has it."""

    path = ""

    def privilegedStartService(self) -> None:
        """Remove a socket that an earlier run left, and listen."""
        if self.path:
            make_room(self.path)
        super().privilegedStartService()


def make_service(reactor: Any, config: ManholeConfig, proxy: Proxy) -> IService:
    """The manhole as a service; OSError or ValueError when it cannot be."""
    factory = make_factory(config, namespace(proxy))
    service = ManholeService(endpoint(reactor, config.listen), factory)
    service.path = config.listen if config.listen.startswith("/") else ""
    service.setName("manhole")
    return service
