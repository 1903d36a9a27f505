"""Passing on, to the process after this one, the kernel's tables and what is known.

Either this process becomes the next one (exec), with the descriptors open, or they are left
with the service manager, which starts the next one. The kernel forwards all the while.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..linux.mroute.vif_record import VifRecord
from .inherited import INHERITED, LINK_GROUPS, MEMORY, note_name, socket_name
from .state import written

if TYPE_CHECKING:
    from ..proxy import Proxy

Named = list[tuple[str, int]]
"""Descriptors, with the names by which the next process knows them."""


class CannotRestart(OSError):  # noqa: N818 - as those of MulticastRoutingError
    """Why not, and what to do instead; all goes on as it was."""


class Handoff:
    """Ends this process in favour of one that runs ``command``; None where that is not known."""

    log = Logger()

    def __init__(self, proxy: Proxy, command: Sequence[str] | None) -> None:
        self._proxy = proxy
        self._command = command

    def check(self) -> None:
        """CannotRestart unless ``restart`` is possible."""
        if self._command is None:
            raise CannotRestart(
                "a daemon that twistd started cannot restart itself: stop it and start it again, "
                'or use "mcproxy run"'
            )

    def signalled(self) -> None:
        """SIGUSR2: end so that the service manager can start the next one, or restart."""
        if self._proxy.routing.store.is_there:
            Deferred.fromCoroutine(self.leave()).addErrback(self._failed)
        else:
            self.restart_or_tell()

    def restart_or_tell(self) -> Deferred[None]:
        """Restart; why that cannot be goes to the log."""
        return Deferred.fromCoroutine(self.restart()).addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        if failure.check(OSError):
            self.log.error("not restarted: {reason}", reason=str(failure.value))
        else:
            self.log.failure("not restarted", failure)

    async def restart(self) -> None:
        """Become the next process; returns only by CannotRestart or another OSError."""
        self.check()
        await self._proxy.when_settled()
        memory = self._write_memory()
        named = [*self._tables(), (MEMORY, memory), *self._link_groups()]
        self.log.info("restarting")
        told = " ".join(f"{name}:{number}" for name, number in named)
        # A signal that comes before the next process can handle it must not end it.
        handlers = {n: signal.signal(n, signal.SIG_IGN) for n in (signal.SIGHUP, signal.SIGUSR2)}
        try:
            for _, number in named:
                os.set_inheritable(number, True)
            sys.stdout.flush()
            sys.stderr.flush()
            command = list(self._command or ())
            os.execve(command[0], command, {**os.environ, INHERITED: told})
        except OSError:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            for _, number in named:
                os.set_inheritable(number, False)
            os.close(memory)
            raise

    async def leave(self) -> None:
        """End, with nothing taken back; OSError where the service manager does not keep it."""
        await self._proxy.when_settled()
        store = self._proxy.routing.store
        memory = self._write_memory()
        with suppress(OSError):
            store.drop(MEMORY)
        store.put(MEMORY, memory)
        os.close(memory)
        store.settle()
        self.log.info("ending; the service manager keeps the tables for the next process")
        sys.stderr.flush()
        os._exit(0)

    def _tables(self) -> Named:
        named: Named = []
        for (family, number), table in self._proxy.routing.tables.items():
            if table.note is None:
                table.note = VifRecord()
                table.note_vifs()
            named.append((socket_name(family, number), table.kernel.socket.fileno()))
            named.append((note_name(family, number), table.note.descriptor))
        return named

    def _link_groups(self) -> Named:
        """What lets reports reach us; the next process joins before these are closed."""
        return [
            (LINK_GROUPS, downstream.groups.fileno())
            for instance in self._proxy.instances
            for downstream in instance.downstreams.values()
        ]

    def _write_memory(self) -> int:
        memory = os.memfd_create("mcproxy-memory")
        with open(memory, "wb", closefd=False) as file:
            file.write(written(self._proxy.instances, self._proxy.upstreams))
        return memory
