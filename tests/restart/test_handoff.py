"""The handoff: what the next process gets, and what happens when there is none."""

from __future__ import annotations

import os
import signal
import socket
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.events.bus import Events
from mcproxy.linux.mroute.operations import Operations
from mcproxy.linux.mroute.vif_record import VifEntry
from mcproxy.protocol.family import IPV6
from mcproxy.restart import handoff as handoff_module
from mcproxy.restart.handoff import CannotRestart, Handoff
from mcproxy.restart.inherited import INHERITED, Inherited
from mcproxy.routing.vifs import Vifs


class FakeProxy:
    """A daemon with a table, which has one virtual interface, and a downstream."""

    def __init__(self, sock: socket.socket) -> None:
        self.vifs = Vifs(Operations(IPV6))
        self.vifs.add("down1", 8)
        table = SimpleNamespace(kernel=SimpleNamespace(socket=sock), vifs=self.vifs)
        self.events = Events()
        self.settled: Deferred[None] = Deferred()
        self.routing = SimpleNamespace(tables={(IPV6, 7): table})
        self.store: Any = SimpleNamespace(is_available=False)
        groups = SimpleNamespace(fileno=sock.fileno)
        downstream = SimpleNamespace(groups=groups, querier=SimpleNamespace())
        self.instances = [SimpleNamespace(downstreams={"down1": downstream})]
        self.upstreams: list[Any] = []
        self.restarts = 0

    async def when_settled(self) -> None:
        await self.settled


class HandoffTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.proxy: Any = FakeProxy(self.socket)
        self.addCleanup(self.proxy.vifs.close_record)
        self.patch(handoff_module, "state_text", lambda *_: b"the state")


class RestartTests(HandoffTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.calls: list[tuple[str, list[str], dict[str, str]]] = []
        self.inheritable: list[bool] = []
        self.patch(os, "execve", self.execve)
        self.patch(os, "environ", {"HOME": "/"})

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
        raise OSError(2, "no such file")

    def restart(self, command: tuple[str, ...] | None = ("/bin/x", "run")) -> Deferred[None]:
        done = Deferred.fromCoroutine(Handoff(self.proxy, command).restart())
        if not self.proxy.settled.called:
            self.assertEqual(self.calls, [])
            self.proxy.settled.callback(None)
        return done

    def test_next_process_inherits_tables_state_and_link_groups(self) -> None:
        self.failureResultOf(self.restart(), OSError)
        path, command, environment = self.calls[0]
        self.assertEqual((path, command), ("/bin/x", ["/bin/x", "run"]))
        self.assertEqual(environment["HOME"], "/")
        self.assertTrue(all(self.inheritable))
        self.assertEqual(self.next.state, b"the state")
        self.assertEqual(self.next.tables.keys(), {(IPV6, 7)})
        self.assertEqual(self.next.tables[IPV6, 7].vif_record.read(), {0: VifEntry(8, 1)})
        self.assertEqual(environment[INHERITED].count("groups:"), 1)

    def test_failed_exec_leaves_everything_as_it_was(self) -> None:
        """It may be tried again."""
        numbers = (signal.SIGHUP, signal.SIGUSR2)
        handlers = [signal.getsignal(number) for number in numbers]
        open_before = os.listdir("/proc/self/fd")
        for _ in range(2):
            self.failureResultOf(self.restart(), OSError)
            self.next.close()
        self.assertEqual([signal.getsignal(number) for number in numbers], handlers)
        self.assertFalse(os.get_inheritable(self.socket.fileno()))
        # The table has a record now.
        self.assertEqual(len(os.listdir("/proc/self/fd")), len(open_before) + 1)

    def test_restart_without_a_known_command_is_refused(self) -> None:
        failure = self.failureResultOf(self.restart(None), CannotRestart)
        self.assertIn("mcproxy run", str(failure.value))
        self.assertEqual(self.calls, [])

    def test_state_that_cannot_be_written_leaves_no_descriptor(self) -> None:
        def fail(*_: object) -> bytes:
            raise OSError("no room")

        self.patch(handoff_module, "state_text", fail)
        open_before = os.listdir("/proc/self/fd")
        self.failureResultOf(self.restart(), OSError)
        self.assertEqual((os.listdir("/proc/self/fd"), self.calls), (open_before, []))


class StoreTests(HandoffTestCase):
    """SIGUSR2 under a service manager with a descriptor store."""

    def setUp(self) -> None:
        super().setUp()
        self.kept: list[bytes] = []
        self.exits: list[int] = []
        self.errors: list[str] = []
        self.refusal: OSError | None = None
        self.proxy.store = SimpleNamespace(is_available=True, keep_state=self.keep_state)
        self.patch(os, "_exit", self.exits.append)
        log = SimpleNamespace(
            info=lambda text: None, error=lambda text, reason: self.errors.append(reason)
        )
        self.patch(Handoff, "log", log)
        self.proxy.settled.callback(None)

    def keep_state(self, descriptor: int) -> None:
        """What the service manager gets."""
        if self.refusal is not None:
            raise self.refusal
        self.kept.append(os.pread(descriptor, 100, 0))

    def test_state_is_kept_before_the_process_exits(self) -> None:
        Handoff(self.proxy, None).exit_or_log()
        self.assertEqual((self.kept, self.exits), ([b"the state"], [0]))

    def test_state_that_is_not_kept_ends_nothing_and_leaves_no_descriptor(self) -> None:
        self.refusal = OSError("nobody reads")
        open_before = os.listdir("/proc/self/fd")
        Handoff(self.proxy, None).exit_or_log()
        self.assertEqual((self.exits, self.errors), ([], ["nobody reads"]))
        self.assertEqual(os.listdir("/proc/self/fd"), open_before)
