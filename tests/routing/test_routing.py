"""Routing opens, adopts and closes tables, and leaves no descriptor behind."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.events.bus import Events
from mcproxy.linux.mroute.vif_record import VifEntry, VifRecord
from mcproxy.protocol.family import IPV4, Address
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.routing import adopt, routing
from mcproxy.routing.adopt import InheritedTable, TableKey
from mcproxy.routing.routing import Routing
from mcproxy.routing.state import State
from mcproxy.routing.thread import RoutingThread

from .support import ANY, G1, S1, FakeKernel, FakeOwner, any_source

KEY: TableKey = (IPV4, 0)


class Kernel(FakeKernel):
    """A kernel table with a socket."""

    def __init__(self, sock: socket.socket | None = None) -> None:
        super().__init__()
        self.socket = sock or socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def add_interface(self, number: int, index: int) -> None:
        if number in self.vifs:
            raise OSError(errno.EADDRINUSE, "it exists")
        for _, error in self.apply([self.vif_addition(number, index)]):
            raise error

    def remove_interface(self, number: int) -> None:
        self.vifs.pop(number, None)

    def pack(self, source: Address, group: Address, parent: int, outgoing: Any) -> Any:
        return source, group, bytes([parent])

    def remove(self, entry: Any) -> None:
        self.entries.pop(self._key(*entry), None)

    def close(self) -> None:
        super().close()
        self.socket.close()


class Store:
    """Keeps tables by key."""

    def __init__(self) -> None:
        self.is_available = True
        self.kept: dict[TableKey, int] = {}
        self.refusal: OSError | None = None

    def keep_table(self, key: TableKey, sock: socket.socket, record: VifRecord) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.kept[key] = record.descriptor

    def forget_table(self, key: TableKey) -> None:
        self.kept.pop(key, None)


class RoutingTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(RoutingThread, "submit", self.submit)
        self.patch(RoutingThread, "quiet_work", lambda _: self)
        self.open_before = self.descriptors()
        self.store = Store()
        self.clock = Clock()

    def submit(self, function: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        return succeed(function(*arguments))

    def has_ended(self) -> bool:
        return False

    def descriptors(self) -> list[str]:
        return os.listdir("/proc/self/fd")

    def routing(self, **inherited: Any) -> Routing:
        return Routing(self.clock, Events(), lambda *_: Kernel(), store=self.store, **inherited)  # type: ignore[arg-type, return-value]

    def check_nothing_is_open(self) -> None:
        self.assertEqual(self.descriptors(), self.open_before)


class DescriptorTests(RoutingTestCase):
    def test_closed_table_leaves_no_descriptor(self) -> None:
        """Neither its socket nor the record of its vifs, which the store had."""
        made = self.routing()
        made.open(*KEY)
        self.assertEqual(self.store.kept.keys(), {KEY})
        self.assertEqual(len(self.descriptors()), len(self.open_before) + 2)
        self.successResultOf(made.close(*KEY))
        self.assertEqual(self.store.kept, {})
        self.check_nothing_is_open()

    def test_store_that_refuses_leaves_no_descriptor_of_a_closed_table(self) -> None:
        told: list[object] = []
        self.patch(Routing, "log", self)
        self.warn = lambda text, reason, **_: told.append(str(reason))
        self.store.refusal = OSError("full")
        made = self.routing()
        made.open(*KEY)
        self.successResultOf(made.close(*KEY))
        self.assertEqual(told, ["full"])
        self.check_nothing_is_open()

    def test_stop_leaves_no_descriptor(self) -> None:
        """Also of what was inherited and never opened."""
        made = self.routing(inherited={(IPV4, 9): inherited_table(VifRecord())})
        made.open(*KEY)
        made._thread.start()
        self.successResultOf(made.stopService())
        self.check_nothing_is_open()

    def test_record_that_is_none_is_closed_and_the_table_built_anew(self) -> None:
        kernels: list[Kernel] = []
        self.patch(
            routing, "MulticastTable", lambda *a: kernels.append(Kernel(a[2])) or kernels[-1]
        )
        self.check_unusable(inherited_table(VifRecord(os.memfd_create("test"))))
        self.assertTrue(kernels[0].closed)

    def test_socket_of_another_kind_is_closed_and_the_table_built_anew(self) -> None:
        self.check_unusable(inherited_table(VifRecord()))

    def check_unusable(self, inherited: InheritedTable) -> None:
        told: list[str] = []
        self.patch(Routing, "log", self)
        self.warn = lambda text, **fields: told.append(text)
        made = self.routing(inherited={KEY: inherited})
        table = made.open(*KEY)
        self.assertEqual((table.state, made.adopted), (State.OPEN, {}))
        self.assertIn("unusable", told[0])
        self.successResultOf(made.close(*KEY))
        self.check_nothing_is_open()

    def test_inherited_table_without_owners_is_closed_by_release_hold(self) -> None:
        made = self.routing(inherited={KEY: inherited_table(VifRecord())})
        self.store.kept[KEY] = 0
        made.release_hold()
        self.assertEqual(self.store.kept, {})
        self.check_nothing_is_open()


class AdoptTests(RoutingTestCase):
    """A table with vifs 0 (up), 3 (down) and 5, whose interface is gone."""

    def setUp(self) -> None:
        super().setUp()
        names = {10: "up", 13: "down"}
        self.patch(adopt, "_interface_name", names.get)
        self.kernel = Kernel()
        self.kernel.vifs = {0: 10, 3: 13, 7: 17}
        self.kernel.entries = {
            (ANY, G1, 0): bytes([0, 0, 3]),
            (S1, G1, -1): bytes([0, 0]),
        }
        self.patch(adopt, "dump_routes", lambda *_: self.kernel.dump())
        self.record = VifRecord()
        self.record.write({0: VifEntry(10, 1), 3: VifEntry(13, 2), 5: VifEntry(15, 1)})

    def adopted(self, is_exact: bool = True) -> Routing:
        self.patch(routing, "MulticastTable", lambda *_: self.kernel)
        table = InheritedTable(self.kernel.socket, self.record)
        made = self.routing(inherited={KEY: table}, is_exact=is_exact)
        made.open(*KEY)
        return made

    def test_adopted_table_is_held_and_knows_vifs_and_entries(self) -> None:
        made = self.adopted()
        table = made.tables[KEY]
        self.assertIs(table.state, State.HELD)
        self.assertEqual(dict(table.vifs.numbers), {"up": 0, "down": 3})
        self.assertEqual(made.adopted[KEY][G1][0], Route(ANY, "up", frozenset(["up", "down"])))
        self.assertEqual(self.kernel.vifs, {0: 10, 3: 13})
        self.assertEqual(self.record.read(), {0: VifEntry(10, 1), 3: VifEntry(13, 2)})
        owner = FakeOwner()
        table.attach(owner)
        table.changed([G1])
        table.audit()
        self.assertEqual(self.kernel.applied, [])
        self.successResultOf(made.close(*KEY))
        self.check_nothing_is_open()

    def test_vif_that_the_kernel_refused_before_the_restart_is_tried_again(self) -> None:
        """It is refused at the restart too; later its link changes, and the kernel makes it."""
        del self.kernel.vifs[3]
        self.kernel.refuse = {("vif", 3)}
        made = self.adopted()
        table, owner = made.tables[KEY], FakeOwner()
        self.assertEqual(dict(table.vifs.numbers), {"up": 0})
        table.attach(owner)
        for name, index in (("up", 10), ("down", 13)):
            table.acquire(name, index, owner)
        owner.wanted[G1] = (any_source("up", "down"),)
        made.release_hold()
        self.assertEqual(self.kernel.entries, {(ANY, G1, 0): bytes([0, 0])})
        self.kernel.refuse = set()
        table.acquire("down", 13, owner)
        self.assertEqual(self.kernel.vifs, {0: 10, 3: 13})
        self.assertEqual(self.kernel.entries, {(ANY, G1, 0): bytes([0, 0, 35])})
        self.successResultOf(made.close(*KEY))

    def test_vif_that_the_kernel_refuses_at_the_restart_is_tried_again_after_a_wait(self) -> None:
        del self.kernel.vifs[3]
        self.kernel.refuse = {("vif", 3)}
        made = self.adopted()
        table, owner = made.tables[KEY], FakeOwner()
        table.attach(owner)
        owner.wanted[G1] = (any_source("up", "down"),)
        table.vifs.by_name["down"].users.append(owner)
        table.acquire("up", 10, owner)
        made.release_hold()
        self.kernel.refuse = set()
        self.clock.advance(1)
        self.assertEqual(self.kernel.vifs, {0: 10, 3: 13})
        self.successResultOf(made.close(*KEY))

    def test_released_table_becomes_what_its_owners_want(self) -> None:
        made = self.adopted()
        table, owner = made.tables[KEY], FakeOwner()
        table.attach(owner)
        table.acquire("up", 10, owner)
        owner.wanted[G1] = (any_source("up", "down"),)
        made.release_hold()
        self.assertIs(table.state, State.OPEN)
        self.assertEqual(self.kernel.vifs, {0: 10})  # nobody acquired "down"
        self.assertEqual(self.kernel.entries, {(ANY, G1, 0): bytes([0, 0])})
        self.successResultOf(made.close(*KEY))

    def test_exact_table_that_is_wanted_as_it_is_needs_no_operation(self) -> None:
        self.record.write({0: VifEntry(10, 1), 3: VifEntry(13, 1)})
        self.assertEqual(self.operations(is_exact=True), [])

    def test_inexact_table_is_written_once_more(self) -> None:
        self.record.write({0: VifEntry(10, 1), 3: VifEntry(13, 1)})
        self.assertEqual(self.operations(is_exact=False), ["add", "add"])

    def test_table_with_a_vif_that_is_gone_is_written_once_more(self) -> None:
        self.record.write({0: VifEntry(10, 1), 3: VifEntry(13, 1), 5: VifEntry(15, 1)})
        self.assertEqual(self.operations(is_exact=True), ["add", "add"])

    def operations(self, is_exact: bool) -> list[str]:
        """What the kernel is asked for when the owner wants what is there."""
        made = self.adopted(is_exact)
        table, owner = made.tables[KEY], FakeOwner()
        table.attach(owner)
        for name, index in (("up", 10), ("down", 13)):
            table.acquire(name, index, owner)
        owner.wanted[G1] = (any_source("up", "down"), Route(S1, "up", frozenset(["up"])))
        made.release_hold()
        asked = [operation[0] for batch in self.kernel.applied for operation in batch]
        self.successResultOf(made.close(*KEY))
        return asked


def inherited_table(record: VifRecord) -> InheritedTable:
    """A table whose socket is no multicast routing socket."""
    return InheritedTable(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), record)
