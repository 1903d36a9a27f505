"""The manhole: a Python shell in the running daemon, over SSH, for inspection.

A visitor can do all that the daemon can. So the manhole is off unless it is configured, listens
on a loopback address or a UNIX socket only, and accepts the keys of one file, for any user name.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pprint import pprint
from typing import TYPE_CHECKING, Any, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.application.service import IService, Service
from twisted.conch import checkers, manhole, manhole_ssh
from twisted.conch.insults import insults
from twisted.conch.ssh.keys import BadKeyError, Key
from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from zope.interface import implementer

from ..config.model import ManholeConfig
from .unix_socket import listen_unix
from .views import counters, groups, instances, routes

if TYPE_CHECKING:
    from ..proxy import Proxy

BANNER = (
    b"This is a Python shell in the mcproxy daemon. instances(), groups(), routes() and\r\n"
    b"counters() print its state; proxy is the daemon itself. Ctrl-D ends the session.\r\n"
)


@implementer(checkers.IAuthorizedKeysDB)
class KeyFile:
    """The accepted keys: those of one file, which is read at each login."""

    log = Logger()

    def __init__(self, path: str) -> None:
        self._path = path

    def getAuthorizedKeys(self, username: bytes) -> Iterable[Key]:
        """All keys of the file, for any user name; none if the file cannot be read."""
        try:
            with open(self._path, "rb") as lines:
                return list(checkers.readAuthorizedKeyFile(lines))
        except OSError as error:
            self.log.error(
                "manhole: login refused: cannot read {path}: {reason} (see authorized-keys)",
                path=self._path,
                reason=error.strerror,
            )
            return []


def host_key(path: str) -> Key:
    """The daemon's own key from ``path``; a missing file is created, with mode 0600.

    OSError if the file cannot be read or created, ValueError if it holds no private key.
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
        key: Key = Key.fromFile(path)  # type: ignore[no-untyped-call]  # untyped in Twisted
    except BadKeyError as error:
        raise ValueError(f"{path} holds no private key: {error} (see host-key)") from error
    return key


class _Session(manhole_ssh.TerminalSession):
    """A session whose window may change its size, and whose input may end."""

    def windowChanged(self, newWindowSize: object) -> None:  # noqa: N803 - Twisted's name
        """The new size does not matter to a line editor."""

    def eofReceived(self) -> None:
        """The client closes the channel itself."""


class _Shell(manhole.Manhole):
    """The shell of one session."""

    def initializeScreen(self) -> None:
        """Show the banner and the prompt."""
        self.terminal.reset()
        self.terminal.write(BANNER)
        self.terminal.write(self.ps[self.pn])
        self.setInsertMode()  # type: ignore[no-untyped-call]  # untyped in Twisted


def namespace(proxy: Proxy) -> dict[str, Any]:
    """The names in the shell: the daemon, and functions that print its state."""
    return {
        "proxy": proxy,
        "instances": lambda: pprint(instances.rows(proxy)),
        "groups": lambda: pprint(list(groups.rows(proxy))),
        "routes": lambda: pprint(list(routes.rows(proxy))),
        "counters": lambda: pprint(list(counters.rows(proxy))),
    }


class _Realm(manhole_ssh.TerminalRealm):
    """Gives each visitor a shell with ``names``."""

    sessionFactory = _Session  # noqa: N815 - Twisted's name

    def __init__(self, names: Mapping[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self._names = names

    def chainedProtocolFactory(  # type: ignore[override]  # Twisted calls it with no argument
        self,
    ) -> insults.ServerProtocol:
        """A terminal with a shell; the visitor may change its names."""
        return insults.ServerProtocol(_Shell, dict(self._names))  # type: ignore[no-untyped-call]  # untyped in Twisted


class _SshFactory(manhole_ssh.ConchFactory):
    """The SSH server, with ``key`` as its host key."""

    noisy = False

    def __init__(self, portal: Portal, key: Key) -> None:
        super().__init__(portal)  # type: ignore[no-untyped-call]  # untyped in Twisted
        # Keys by their type; Twisted annotates them as bytes.
        kind, public, private = key.sshType(), cast(bytes, key.public()), cast(bytes, key)  # type: ignore[no-untyped-call]  # untyped in Twisted
        self.publicKeys = {kind: public}
        self.privateKeys = {kind: private}


def make_factory(config: ManholeConfig, names: Mapping[str, Any]) -> Factory:
    """The SSH server; OSError or ValueError if there is no usable host key."""
    keys = checkers.SSHPublicKeyChecker(KeyFile(config.authorized_keys))
    realm: Any = _Realm(names)  # an IRealm, which Twisted does not declare
    return _SshFactory(Portal(realm, [keys]), host_key(config.host_key))


class ManholeService(Service):
    """Listens for SSH at ``listen``: a UNIX socket's path, or a loopback address with a port.

    ``privilegedStartService`` raises OSError if it cannot listen there.
    """

    name = "manhole"

    def __init__(self, reactor: Any, listen: str, factory: Factory) -> None:
        self._reactor = reactor
        self._listen = listen
        self._factory = factory
        self._port: Any = None

    def privilegedStartService(self) -> None:
        """Listen."""
        super().privilegedStartService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        try:
            self._port = self._make_port()
        except OSError as error:
            reason = error.strerror or error
            raise OSError(f"the manhole cannot listen on {self._listen}: {reason}") from error

    def stopService(self) -> Deferred[None]:
        """Stop listening; open sessions stay."""
        super().stopService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        if self._port is None:
            return succeed(None)
        port, self._port = self._port, None
        return maybeDeferred(port.stopListening)

    def _make_port(self) -> Any:
        if self._listen.startswith("/"):
            return listen_unix(self._reactor, self._listen, self._factory)
        host, _, port = self._listen.rpartition(":")
        try:
            return self._reactor.listenTCP(int(port), self._factory, interface=host.strip("[]"))
        except CannotListenError as error:
            raise error.socketError from error


def make_service(reactor: Any, config: ManholeConfig, proxy: Proxy) -> IService:
    """The manhole as a service; OSError or ValueError if it cannot be made."""
    return ManholeService(reactor, config.listen, make_factory(config, namespace(proxy)))
