"""Changes to a running daemon, one after the other."""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.internet import defer
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.edit import add_instance, remove_instance
from mcproxy.config.errors import ConfigurationError
from mcproxy.config.files import load
from mcproxy.config.model import Configuration
from mcproxy.config.native.toml import parse
from mcproxy.control import changes as module
from mcproxy.control.changes import Changes

FILE = '[instance.a]\nupstream = "up"\ndownstream = ["down1"]\n'
TABLE = {"upstream": ["up"], "downstream": ["down2"]}


class FakeProxy:
    """Applies when the test says so."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.stopping = False
        self.applied: Deferred[None] = succeed(None)
        self.under_way = 0

    async def apply(self, configuration: Configuration) -> None:
        self.under_way += 1
        await self.applied
        self.configuration = configuration
        self.under_way -= 1


class FakeSuccessor:
    """Restarts, or cannot."""

    def __init__(self) -> None:
        self.restarts = 0
        self.refusal: OSError | None = None

    def check(self) -> None:
        if self.refusal is not None:
            raise self.refusal

    def restart_or_log(self) -> Deferred[None]:
        self.restarts += 1
        return succeed(None)


class ChangesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = self.mktemp()
        self.write(FILE)
        self.proxy = FakeProxy(load(self.path))
        self.told: list[str] = []
        self.patch(module, "notify", self.told.append)
        self.patch(module, "deferToThread", defer.execute)
        proxy: Any = self.proxy
        self.successor = FakeSuccessor()
        successor: Any = self.successor
        self.changes = Changes(proxy, lambda: load(self.path), successor)
        self.add = partial(add_instance, name="b", table=TABLE)

    def write(self, text: str) -> None:
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)

    def texts(self, done: Deferred[Any]) -> list[str]:
        return list(map(str, self.successResultOf(done)))

    def test_a_reload(self) -> None:
        self.write(FILE.replace("down1", "down3"))
        self.assertEqual(
            self.texts(self.changes.reload()), ["instance.a.downstream: down3 added, down1 removed"]
        )
        self.assertEqual(self.proxy.configuration.instances[0].downstream, ("down3",))
        self.assertRegex(self.told[0], r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
        self.assertEqual(self.told[1:], ["READY=1"])

    def test_a_dry_run(self) -> None:
        before = self.proxy.configuration
        self.write(FILE.replace("down1", "down3"))
        self.assertEqual(len(self.texts(self.changes.reload(dry_run=True))), 1)
        self.assertIs(self.proxy.configuration, before)
        self.assertEqual(self.told, [])

    def test_a_reload_that_fails(self) -> None:
        self.write("x")
        self.failureResultOf(self.changes.reload(), ConfigurationError)
        self.assertEqual(self.texts(self.changes.change(self.add)), ["instance.b: added"])

    def test_without_a_file(self) -> None:
        self.proxy.configuration = parse(FILE)
        self.proxy.configuration = Configuration(self.proxy.configuration.instances)
        for done in (self.changes.reload(), self.changes.change(self.add, save=True)):
            failure = self.failureResultOf(done, ConfigurationError)
            self.assertIn("--config FILE", str(failure.value))
        self.assertEqual(len(self.proxy.configuration.instances), 1)

    def test_before_a_restart(self) -> None:
        self.write(FILE.replace("down1", "down3"))
        self.assertEqual(
            self.texts(self.changes.before_restart()),
            ["instance.a.downstream: down3 added, down1 removed"],
        )
        self.write("x")
        self.failureResultOf(self.changes.before_restart(), ConfigurationError)
        self.successor.refusal = OSError("not now")
        self.failureResultOf(self.changes.before_restart(), OSError)
        self.assertEqual(self.successor.restarts, 0)

    def test_a_restart_waits_for_its_turn(self) -> None:
        self.proxy.applied = Deferred()
        self.changes.change(self.add)
        self.changes.restart()
        self.assertEqual(self.successor.restarts, 0)
        self.proxy.applied.callback(None)
        self.assertEqual(self.successor.restarts, 1)

    def test_what_is_saved(self) -> None:
        self.texts(self.changes.change(self.add, save=True))
        self.assertEqual(load(self.path), self.proxy.configuration)
        self.assertEqual(load(f"{self.path}~").instances, parse(FILE).instances)

    def test_what_is_refused_is_not_saved(self) -> None:
        self.proxy.applied = defer.fail(OSError("the table is taken"))
        self.failureResultOf(self.changes.change(self.add, save=True), OSError)
        self.assertEqual(load(self.path).instances, parse(FILE).instances)
        self.proxy.applied = succeed(None)
        self.assertEqual(self.texts(self.changes.reload()), [])

    def test_one_after_the_other(self) -> None:
        self.proxy.applied = Deferred()
        first = self.changes.change(self.add)
        second = self.changes.change(partial(remove_instance, name="b"))
        third = self.changes.change(partial(remove_instance, name="b"))
        self.assertEqual(self.proxy.under_way, 1)
        self.proxy.applied.callback(None)
        self.assertEqual(self.texts(first), ["instance.b: added"])
        self.assertEqual(self.texts(second), ["instance.b: removed"])
        self.failureResultOf(third, ConfigurationError)

    def test_a_daemon_that_stops_changes_no_more(self) -> None:
        self.proxy.stopping = True
        failure = self.failureResultOf(self.changes.change(self.add), ConfigurationError)
        self.assertIn("stopping", str(failure.value))

    def test_a_hangup_leaves_what_came_of_it_to_the_log(self) -> None:
        self.write(FILE + '[instance.b]\nupstream = "up"\ndownstream = ["down2"]\n')
        self.changes.hangup()
        self.assertEqual(len(self.proxy.configuration.instances), 2)
        self.write("")
        self.changes.hangup()
        self.assertEqual(len(self.proxy.configuration.instances), 2)
