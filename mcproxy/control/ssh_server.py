"""The SSH server of the manhole: connections, their number, and the time for a login."""

from __future__ import annotations

from typing import Any, cast

from twisted.conch import manhole_ssh
from twisted.conch.ssh import transport
from twisted.conch.ssh.keys import Key
from twisted.cred.portal import Portal
from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

LOGIN_TIME = 30.0
"""Seconds from the connection to the end of the login."""

MAX_CONNECTIONS = 8
"""Connections at the same time, before and after the login."""

_SIGNATURES = (
    b"ssh-ed25519,sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com,"
    b"ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256"
)
"""The signatures that a login may use (RFC 8308, section 3.1, and RFC 8332)."""


class _Connection(transport.SSHServerTransport):
    """One connection. It ends when its login takes longer than LOGIN_TIME."""

    log = Logger()
    factory: SshFactory

    def __init__(self) -> None:
        # Twisted's own lines, under its name: they are for debugging only.
        self._log = Logger("twisted.conch.ssh.transport")
        self._timeout: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Begin the login."""
        self._timeout = self.factory.reactor.callLater(LOGIN_TIME, self._login_time_over)
        super().connectionMade()  # type: ignore[no-untyped-call]  # untyped in Twisted

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Let another client connect."""
        self.factory.connection_lost()
        if self._timeout is not None and self._timeout.active():
            self._timeout.cancel()
        super().connectionLost(reason)

    def _login_time_over(self) -> None:
        if not hasattr(self, "avatar"):  # which Twisted sets after a login
            self.log.warn(
                "manhole: no login within {seconds} s; connection closed", seconds=int(LOGIN_TIME)
            )
            connection: Any = self.transport
            connection.abortConnection()

    def sendExtInfo(self, extensions: list[tuple[bytes, bytes]]) -> None:
        """Name the signatures that are accepted.

        Twisted names those of the host key alone, and a client then offers no RSA key.
        """
        super().sendExtInfo(  # type: ignore[no-untyped-call]  # untyped in Twisted
            [
                (name, _SIGNATURES if name == b"server-sig-algs" else value)
                for name, value in extensions
            ]
        )

    def receiveError(self, reasonCode: int, description: bytes) -> None:  # noqa: N803 - Twisted's name
        """Log the client's reason for the end, unless it is the usual one."""
        text = description.decode("utf-8", "backslashreplace")
        if reasonCode == transport.DISCONNECT_BY_APPLICATION:
            self.log.debug("manhole: the client disconnected: {reason}", reason=text)
        else:
            self.log.warn(
                "manhole: the client disconnected: {reason} (code {code})",
                reason=text,
                code=reasonCode,
            )


class SshFactory(manhole_ssh.ConchFactory):
    """The SSH server, with ``key`` as its host key, and at most MAX_CONNECTIONS."""

    log = Logger()
    noisy = False
    protocol = _Connection

    def __init__(self, reactor: Any, portal: Portal, key: Key) -> None:
        super().__init__(portal)  # type: ignore[no-untyped-call]  # untyped in Twisted
        self._log = Logger("twisted.conch.ssh.factory")
        self.reactor = reactor
        self._connections = 0
        # Keys by their type; Twisted annotates them as bytes.
        kind, public, private = key.sshType(), cast(bytes, key.public()), cast(bytes, key)  # type: ignore[no-untyped-call]  # untyped in Twisted
        self.publicKeys = {kind: public}
        self.privateKeys = {kind: private}

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A connection; None, which closes it, where there are too many."""
        if self._connections >= MAX_CONNECTIONS:
            self.log.warn(
                "manhole: connection refused: {most} are open, which is the most that is allowed",
                most=MAX_CONNECTIONS,
            )
            return None
        self._connections += 1
        return super().buildProtocol(addr)

    def connection_lost(self) -> None:
        """Count one connection less."""
        self._connections -= 1
