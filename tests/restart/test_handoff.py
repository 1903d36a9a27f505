"""Ending in favour of another process: what it is given, and what happens when there is none."""

from __future__ import annotations

import os
import signal
import socket
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.mroute.vif_record import Place
from mcproxy.protocol.family import IPV6
from mcproxy.restart.handoff import CannotRestart, Handoff
from mcproxy.restart.inherited import INHERITED, Inherited


class FakeTable:
    """A table with one virtual interface."""

    def __init__(self, sock: socket.socket) -> None:
        self.kernel = SimpleNamespace(socket=sock)
        self.note: Any = None

    def note_vifs(self) -> None:
        self.note.write({3: Place(8, 1)})


class FakeProxy:
    """A daemon with a table and a downstream."""

    def __init__(self, sock: socket.socket) -> None:
        self.table = FakeTable(sock)
        self.settled: Deferred[None] = Deferred()
        tables = {(IPV6, 7): self.table}
        self.routing = SimpleNamespace(tables=tables, store=SimpleNamespace(is_there=False))
        querier = SimpleNamespace()
        groups = SimpleNamespace(fileno=sock.fileno)
        downstream = SimpleNamespace(groups=groups, querier=querier)
        self.instances = [SimpleNamespace(downstreams={"down1": downstream})]
        self.upstreams: list[Any] = []

    async def when_settled(self) -> None:
        await self.settled


class SuccessorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.proxy: Any = FakeProxy(self.socket)
        self.calls: list[tuple[str, list[str], dict[str, str]]] = []
        self.inheritable: list[bool] = []
        self.refusal: OSError | None = None
        self.patch(os, "execve", self.execve)
        self.patch(os, "environ", {"HOME": "/"})
        import mcproxy.restart.handoff as module

        self.patch(module, "written", lambda instances, upstreams: b"what is known")

    def execve(self, path: str, command: list[str], environment: dict[str, str]) -> None:
        """Keep what the next process would get."""
        self.calls.append((path, command, environment))
        words = environment[INHERITED].split()
        numbers = [int(word.partition(":")[2]) for word in words]
        self.inheritable = [os.get_inheritable(number) for number in numbers]
        copies = [
            (word.partition(":")[0], os.dup(n)) for word, n in zip(words, numbers, strict=True)
        ]
        self.next = Inherited(copies)
        self.addCleanup(self.next.close)
        raise self.refusal or OSError(2, "no such file")

    def restart(self, command: tuple[str, ...] | None = ("/bin/x", "run")) -> Deferred[None]:
        done = Deferred.fromCoroutine(Handoff(self.proxy, command).restart())
        if not self.proxy.settled.called:
            self.assertEqual(self.calls, [])
            self.proxy.settled.callback(None)
        return done

    def test_what_the_next_process_gets(self) -> None:
        self.failureResultOf(self.restart(), OSError)
        path, command, environment = self.calls[0]
        self.assertEqual((path, command), ("/bin/x", ["/bin/x", "run"]))
        self.assertEqual(environment["HOME"], "/")
        self.assertTrue(all(self.inheritable))
        self.assertEqual(self.next.memory, b"what is known")
        self.assertEqual(self.next.tables.keys(), {(IPV6, 7)})
        self.assertEqual(self.next.tables[IPV6, 7].note.read(), {3: Place(8, 1)})
        self.assertEqual(environment[INHERITED].count("groups:"), 1)

    def test_when_there_is_no_next_process(self) -> None:
        """Nothing is different; it may be tried again."""
        numbers = (signal.SIGHUP, signal.SIGUSR2)
        handlers = [signal.getsignal(number) for number in numbers]
        open_before = os.listdir("/proc/self/fd")
        for _ in range(2):
            self.failureResultOf(self.restart(), OSError)
            self.next.close()
        self.assertEqual([signal.getsignal(number) for number in numbers], handlers)
        self.assertFalse(os.get_inheritable(self.socket.fileno()))
        # The table has a note now.
        self.assertEqual(len(os.listdir("/proc/self/fd")), len(open_before) + 1)
        self.proxy.table.note.close()

    def test_a_daemon_whose_command_is_not_known(self) -> None:
        failure = self.failureResultOf(self.restart(None), CannotRestart)
        self.assertIn("mcproxy run", str(failure.value))
        self.assertEqual(self.calls, [])
