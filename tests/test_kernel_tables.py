"""Kernel tables that are taken into use, or refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.instance.plan.plan import TablePlan
from mcproxy.kernel_tables import KernelTables
from mcproxy.linux.mroute.errors import NotSupported, TableInUse
from mcproxy.protocol.family import IPV4, IPV6, Family

FIRST, SECOND, OTHER = TablePlan(IPV4, 0), TablePlan(IPV4, 7), TablePlan(IPV6, 0)


class FakeModules:
    """Routing, Sender and Receiver; they note what they do, and refuse what the test says."""

    def __init__(self) -> None:
        self.tables: dict[tuple[Family, int], Any] = {}
        self.events: list[str] = []
        self.errors: dict[object, Exception] = {}
        self.idle: Deferred[None] = succeed(None)

    # Routing, and the Sender by a family alone
    def open(self, family: Family, number: int | None = None) -> None:
        error = self.errors.get(family if number is None else (family, number))
        if error is not None:
            raise error
        if number is not None:
            table = SimpleNamespace(kernel=number, vif_name=None, when_idle=lambda: self.idle)
            self.tables[family, number] = table
            self.events.append(f"open {family.name} {number}")

    def close(self, family: Family, number: int) -> Deferred[None]:
        del self.tables[family, number]
        self.events.append(f"close {family.name} {number}")
        return succeed(None)

    # Receiver
    def listen(self, kernel: int, vif_name: Any) -> None:
        self.events.append(f"listen {kernel}")

    def ignore(self, family: Family, number: int) -> None:
        self.events.append(f"ignore {family.name} {number}")


class KernelTablesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.modules = FakeModules()
        modules: Any = self.modules
        self.tables = KernelTables(modules, modules, modules)
        self.warned: list[str] = []
        warn = lambda _, family, reason: self.warned.append(f"{family}: {reason}")  # noqa: E731
        self.patch(KernelTables, "log", SimpleNamespace(warn=warn))

    def test_all_tables_are_opened_and_listened_to_later(self) -> None:
        self.tables.open_all([FIRST, OTHER])
        self.assertEqual(self.modules.events, ["open ipv4 0", "open ipv6 0"])
        self.tables.listen_all()
        self.assertEqual(self.modules.events[2:], ["listen 0", "listen 0"])

    def test_refused_table_closes_all_others(self) -> None:
        for refused in ((IPV4, 7), IPV6):
            self.modules.errors = {refused: TableInUse("taken")}
            self.assertRaises(TableInUse, self.tables.open_all, [FIRST, OTHER, SECOND])
            self.assertEqual(self.modules.tables, {})

    def test_family_that_the_kernel_lacks_is_left_out_with_a_warning(self) -> None:
        self.modules.errors = {(IPV6, 0): NotSupported("no IPv6")}
        self.tables.open_all([FIRST, OTHER])
        self.assertEqual(list(self.modules.tables), [(IPV4, 0)])
        self.assertEqual((self.warned, list(self.tables.unsupported)), (["ipv6: no IPv6"], [IPV6]))

    def test_kernel_without_any_family_is_an_error(self) -> None:
        self.modules.errors = {(IPV6, 0): NotSupported("no IPv6")}
        self.assertRaises(NotSupported, self.tables.open_all, [OTHER])

    def test_one_more_table_is_listened_to_at_once(self) -> None:
        self.assertTrue(self.tables.open(SECOND))
        self.successResultOf(self.tables.close(SECOND))
        self.assertEqual(
            self.modules.events, ["open ipv4 7", "listen 7", "ignore ipv4 7", "close ipv4 7"]
        )

    def test_one_more_table_of_a_family_that_the_kernel_lacks_is_not_opened(self) -> None:
        self.modules.errors = {(IPV6, 0): NotSupported("no IPv6")}
        self.assertFalse(self.tables.open(OTHER))
        self.assertEqual((self.modules.events, self.warned), ([], ["ipv6: no IPv6"]))

    def test_table_that_the_stopping_daemon_gave_back_is_not_closed_again(self) -> None:
        self.tables.open_all([FIRST])
        self.modules.tables.clear()
        self.modules.events.clear()
        self.successResultOf(self.tables.close(FIRST))
        self.assertEqual(self.modules.events, [])

    def test_tables_are_idle_once_each_of_them_is(self) -> None:
        self.tables.open_all([FIRST, SECOND])
        self.modules.idle = Deferred()
        idle = self.tables.when_idle()
        self.assertNoResult(idle)
        self.modules.idle.callback(None)
        self.successResultOf(idle)
