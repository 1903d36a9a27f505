"""The manhole: a Python shell in the running daemon, over SSH, for inspection.

A visitor can do all that the daemon can. So the manhole is off unless it is configured, listens
on a loopback address or a UNIX socket only, and accepts the keys of one file, for any user name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from twisted.application.service import IService, Service
from twisted.conch import checkers, manhole_ssh
from twisted.conch.insults import insults
from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory

from ..config.model import ManholeConfig
from .shell import Shell, namespace
from .ssh_keys import KeyFile, host_key
from .ssh_server import SshFactory
from .unix_socket import listen_unix

if TYPE_CHECKING:
    from ..proxy import Proxy


class _Session(manhole_ssh.TerminalSession):
    """A session whose window may change its size, and whose input may end."""

    width, height = 80, 24
    """Of a client without a terminal."""

    def windowChanged(self, newWindowSize: object) -> None:  # noqa: N803 - Twisted's name
        """The new size does not matter to a line editor."""

    def eofReceived(self) -> None:
        """The client closes the channel itself."""


class _Transport(manhole_ssh.TerminalSessionTransport):
    """Tells the client at the end of a session that all went well: ssh returns exit code 0."""

    def __init__(self, proto: Any, shell: Any, avatar: Any, width: int, height: int) -> None:
        super().__init__(proto, shell, avatar, width, height)  # type: ignore[no-untyped-call]  # untyped in Twisted
        close = proto.transport.loseConnection

        def close_with_status() -> None:
            avatar.conn.sendRequest(proto.session, b"exit-status", bytes(4))
            close()

        proto.transport.loseConnection = close_with_status


class _Realm(manhole_ssh.TerminalRealm):
    """Gives each visitor a shell with ``names``."""

    sessionFactory = _Session  # noqa: N815 - Twisted's name
    transportFactory = _Transport  # noqa: N815 - Twisted's name

    def __init__(self, names: Mapping[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self._names = names

    def chainedProtocolFactory(  # type: ignore[override]  # Twisted calls it with no argument
        self,
    ) -> insults.ServerProtocol:
        """A terminal with a shell; the visitor may change its names."""
        return insults.ServerProtocol(Shell, self._names)  # type: ignore[no-untyped-call]  # untyped in Twisted


def make_factory(reactor: Any, config: ManholeConfig, names: Mapping[str, Any]) -> Factory:
    """The SSH server; OSError or ValueError if a file of keys cannot be used."""
    accepted = KeyFile(config.authorized_keys)
    accepted.check()
    realm: Any = _Realm(names)  # an IRealm, which Twisted does not declare
    portal = Portal(realm, [checkers.SSHPublicKeyChecker(accepted)])
    return SshFactory(reactor, portal, host_key(config.host_key))


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
    return ManholeService(reactor, config.listen, make_factory(reactor, config, namespace(proxy)))
