"""The handoff: gives the kernel's tables and the saved state to the process after this one.

Either this process becomes the next one (exec), with the descriptors open, or they stay in the
service manager's store, and it starts the next one. The kernel forwards all the while.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..events.bus import Events
from ..events.daemon import Restarting
from ..instance.instance import ProxyInstance
from ..instance.upstream import Upstream
from ..routing.routing import Routing
from .inherited import INHERITED, LINK_GROUPS, STATE, record_name, socket_name
from .state import state_text
from .store import RestartStore

Named = list[tuple[str, int]]
"""Descriptors, with the names by which the next process knows them."""


class Restartable(Protocol):
    """The daemon, as far as its state is handed over."""

    routing: Routing
    store: RestartStore
    events: Events
    restarts: int

    @property
    def instances(self) -> Iterable[ProxyInstance]:
        """The proxy instances."""

    @property
    def upstreams(self) -> Iterable[Upstream]:
        """All upstreams that instances name, each once."""

    def when_settled(self) -> Coroutine[Any, Any, None]:
        """Wait until nothing is under way in the kernel's tables; OSError while it stops."""


class CannotRestart(OSError):  # noqa: N818 - as those of MulticastRoutingError
    """Why a restart is impossible, and what to do instead; the daemon runs on unchanged."""


class Handoff:
    """Ends this process in favour of one that runs ``command``; None where that is unknown."""

    log = Logger()

    def __init__(self, daemon: Restartable, command: Sequence[str] | None) -> None:
        self._daemon = daemon
        self._command = command

    def check(self) -> None:
        """CannotRestart unless ``restart`` is possible."""
        if self._command is None:
            raise CannotRestart(
                "a daemon that twistd started cannot restart itself: stop it and start it again, "
                'or use "mcproxy run"'
            )

    @property
    def has_store(self) -> bool:
        """Whether a service manager keeps descriptors, and starts the next process."""
        return self._daemon.store.is_available

    def exit_or_log(self) -> Deferred[None]:
        """Exit, so that the service manager starts the next process; log why not."""
        return Deferred.fromCoroutine(self.store_and_exit()).addErrback(self._failed)

    def restart_or_log(self) -> Deferred[None]:
        """Restart; log the reason where that is impossible."""
        return Deferred.fromCoroutine(self.restart()).addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        if failure.check(OSError):  # type: ignore[no-untyped-call]  # untyped in Twisted
            message = "restart failed, this process runs on: {reason}"
            self.log.error(message, reason=str(failure.value))
        else:
            self.log.failure("internal error: restart failed, this process runs on", failure)

    async def restart(self) -> None:
        """Become the next process; it returns only by CannotRestart or another OSError."""
        self.check()
        await self._daemon.when_settled()
        with self._saved_state() as state:
            named = [*self._tables(), (STATE, state), *self._link_groups()]
            self._daemon.events.tell(Restarting())
            with _signals_ignored():
                self._become(named)

    def _become(self, named: Named) -> None:
        command = list(self._command or ())
        value = " ".join(f"{name}:{number}" for name, number in named)
        try:
            for _, number in named:
                os.set_inheritable(number, True)
            sys.stdout.flush()
            sys.stderr.flush()
            os.execve(command[0], command, {**os.environ, INHERITED: value})
        finally:
            for _, number in named:
                os.set_inheritable(number, False)

    async def store_and_exit(self) -> None:
        """Exit without giving anything back; OSError where the service manager keeps nothing."""
        await self._daemon.when_settled()
        with self._saved_state() as state:
            self._daemon.store.keep_state(state)
        self.log.info("exiting; the service manager keeps the tables for the next process")
        sys.stderr.flush()
        os._exit(0)

    def _tables(self) -> Named:
        named: Named = []
        for key, table in self._daemon.routing.tables.items():
            named.append((socket_name(*key), table.kernel.socket.fileno()))
            named.append((record_name(*key), table.vifs.record().descriptor))
        return named

    def _link_groups(self) -> Named:
        """The sockets by which reports reach us: the next process joins before they close."""
        return [
            (LINK_GROUPS, downstream.groups.fileno())
            for instance in self._daemon.instances
            for downstream in instance.downstreams.values()
        ]

    @contextmanager
    def _saved_state(self) -> Iterator[int]:
        """A descriptor of the saved state, which is closed when this process runs on; OSError."""
        descriptor = os.memfd_create("mcproxy-state")
        try:
            with open(descriptor, "wb", closefd=False) as file:
                daemon = self._daemon
                file.write(state_text(daemon.instances, daemon.upstreams, daemon.restarts + 1))
            yield descriptor
        finally:
            os.close(descriptor)


@contextmanager
def _signals_ignored() -> Iterator[None]:
    """Ignore signals that would end the next process before it can handle them."""
    handlers = {n: signal.signal(n, signal.SIG_IGN) for n in (signal.SIGHUP, signal.SIGUSR2)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
