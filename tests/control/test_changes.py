"""Changes to a running daemon, one after the other."""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.internet import defer
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.change_counts import COMMAND, RELOAD, ChangeCounts
from mcproxy.config.edit import add_instance, remove_instance
from mcproxy.config.errors import ConfigurationError
from mcproxy.config.files import load
from mcproxy.config.model import Configuration
from mcproxy.config.native.toml import parse
from mcproxy.control import changes as module
from mcproxy.control.changes import Changes, Outcome
from mcproxy.events.bus import Events
from mcproxy.instance.missing import missing, notes_of
from mcproxy.instance.plan.compare import compare
from mcproxy.instance.plan.plan import Plan, compile_plan
from mcproxy.instance.plan.steps import Step
from mcproxy.reconfigure import Applied

FILE = '[instance.a]\nupstream = "up"\ndownstream = ["down1"]\n'
TABLE = {"upstream": ["up"], "downstream": ["down2"]}


class FakeProxy:
    """Applies when the test says so."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.events = Events()
        self.stopping = False
        self.change_counts = ChangeCounts()
        self.applied: Deferred[None] = succeed(None)
        self.under_way = 0
        self.refusal: OSError | None = None
        self.tried: list[Plan] = []
        self.failures: list[str] = []

    def steps(self, plan: Plan) -> list[Step]:
        return compare(compile_plan(self.configuration), plan)

    def notes(self, plan: Plan) -> list[str]:
        return notes_of(missing(plan, lambda _: False, compile_plan(self.configuration)))

    async def try_out(self, plan: Plan) -> None:
        self.tried.append(plan)
        if self.refusal is not None:
            raise self.refusal

    async def apply(self, configuration: Configuration, plan: Plan) -> Applied:
        self.under_way += 1
        await self.applied
        steps = self.steps(plan)
        self.configuration = configuration
        self.under_way -= 1
        return Applied(steps, self.failures)


class FakeSuccessor:
    """Restarts, or cannot."""

    def __init__(self) -> None:
        self.restarts = 0
        self.exits = 0
        self.has_store = False
        self.refusal: OSError | None = None

    def check(self) -> None:
        if self.refusal is not None:
            raise self.refusal

    def restart_or_log(self) -> Deferred[None]:
        self.restarts += 1
        return succeed(None)

    def exit_or_log(self) -> Deferred[None]:
        self.exits += 1
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

    def texts(self, done: Deferred[Outcome]) -> list[str]:
        return list(map(str, self.successResultOf(done).differences))

    def test_step_that_failed_is_in_the_outcome(self) -> None:
        """The change is applied all the same, as far as it can be."""
        self.proxy.failures = ["a/ipv4: stop: ValueError()"]
        self.write(FILE.replace("down1", "down3"))
        outcome = self.successResultOf(self.changes.reload())
        self.assertEqual(outcome.failures, ["a/ipv4: stop: ValueError()"])
        self.assertEqual(len(outcome.differences), 1)

    def test_reload_applies_what_the_file_says(self) -> None:
        self.write(FILE.replace("down1", "down3"))
        self.assertEqual(
            self.texts(self.changes.reload()), ["instance.a.downstream: down3 added, down1 removed"]
        )
        self.assertEqual(self.proxy.configuration.instances[0].downstream, ("down3",))
        self.assertRegex(self.told[0], r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
        self.assertEqual(self.told[1:], ["READY=1"])

    def test_changes_are_counted_by_what_asked_for_them(self) -> None:
        counts = self.proxy.change_counts
        self.texts(self.changes.reload(dry_run=True))
        self.assertEqual((counts.applied, counts.refused, counts.last_applied), ({}, {}, None))
        self.texts(self.changes.reload())
        self.texts(self.changes.change(self.add))
        self.assertEqual((counts.applied, counts.last_failed), ({RELOAD: 1, COMMAND: 1}, False))
        self.assertIsNotNone(counts.last_applied)
        self.write("x")
        self.failureResultOf(self.changes.reload(), ConfigurationError)
        self.assertEqual((counts.refused, counts.last_failed), ({RELOAD: 1}, True))

    def test_dry_run_is_refused_where_a_reload_would_be(self) -> None:
        self.proxy.refusal = OSError("cannot listen on it")
        self.failureResultOf(self.changes.reload(dry_run=True), OSError)
        self.assertEqual(len(self.proxy.tried), 1)

    def test_dry_run_says_the_changes_and_steps_and_applies_nothing(self) -> None:
        before = self.proxy.configuration
        self.write(FILE.replace("down1", "down3"))
        outcome = self.successResultOf(self.changes.reload(dry_run=True))
        self.assertEqual(len(outcome.differences), 1)
        self.assertEqual(
            outcome.steps,
            [
                f"a/{family}: {what}"
                for what in ("remove downstream down1", "add downstream down3")
                for family in ("ipv4", "ipv6")
            ],
        )
        self.assertIs(self.proxy.configuration, before)
        self.assertEqual(self.told, [])

    def test_change_after_a_failed_reload_is_applied(self) -> None:
        self.write("x")
        self.failureResultOf(self.changes.reload(), ConfigurationError)
        self.assertEqual(self.texts(self.changes.change(self.add)), ["instance.b: added"])

    def test_daemon_without_a_file_refuses_to_reload_and_to_save(self) -> None:
        self.proxy.configuration = parse(FILE)
        self.proxy.configuration = Configuration(self.proxy.configuration.instances)
        for done in (self.changes.reload(), self.changes.change(self.add, save=True)):
            failure = self.failureResultOf(done, ConfigurationError)
            self.assertIn("--config FILE", str(failure.value))
        self.assertEqual(len(self.proxy.configuration.instances), 1)

    def test_restart_is_refused_where_the_file_or_the_start_does_not_allow_it(self) -> None:
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

    def test_restart_waits_until_earlier_changes_are_done(self) -> None:
        self.proxy.applied = Deferred()
        self.changes.change(self.add)
        self.changes.restart()
        self.assertEqual(self.successor.restarts, 0)
        self.proxy.applied.callback(None)
        self.assertEqual(self.successor.restarts, 1)

    def test_saved_change_is_in_the_file_and_the_former_file_is_kept(self) -> None:
        self.texts(self.changes.change(self.add, save=True))
        self.assertEqual(load(self.path), self.proxy.configuration)
        self.assertEqual(load(f"{self.path}~").instances, parse(FILE).instances)

    def test_refused_change_is_not_saved(self) -> None:
        self.proxy.applied = defer.fail(OSError("the table is taken"))
        self.failureResultOf(self.changes.change(self.add, save=True), OSError)
        self.assertEqual(load(self.path).instances, parse(FILE).instances)
        self.proxy.applied = succeed(None)
        self.assertEqual(self.texts(self.changes.reload()), [])

    def test_changes_are_applied_one_after_the_other(self) -> None:
        self.proxy.applied = Deferred()
        first = self.changes.change(self.add)
        second = self.changes.change(partial(remove_instance, name="b"))
        third = self.changes.change(partial(remove_instance, name="b"))
        self.assertEqual(self.proxy.under_way, 1)
        self.proxy.applied.callback(None)
        self.assertEqual(self.texts(first), ["instance.b: added"])
        self.assertEqual(self.texts(second), ["instance.b: removed"])
        self.failureResultOf(third, ConfigurationError)

    def test_stopping_daemon_refuses_changes(self) -> None:
        self.proxy.stopping = True
        failure = self.failureResultOf(self.changes.change(self.add), ConfigurationError)
        self.assertIn("stopping", str(failure.value))

    def test_contradiction_about_a_shared_upstream_is_refused(self) -> None:
        """By a reload, its dry run, a change, and before a restart; each names both instances."""
        before = self.proxy.configuration
        old = TABLE | {"igmp-version": 2}
        self.write(FILE + '[instance.b]\nupstream = "up"\ndownstream = "down2"\nigmp-version = 2\n')
        for done in (
            self.changes.reload(),
            self.changes.reload(dry_run=True),
            self.changes.change(partial(add_instance, name="b", table=old)),
            self.changes.before_restart(),
        ):
            failure = self.failureResultOf(done, ConfigurationError)
            self.assertIn("instance b speaks IGMPv2 on upstream up", str(failure.value))
            self.assertIn("instance a speaks IGMPv3 there", str(failure.value))
        self.assertIs(self.proxy.configuration, before)

    def test_steps_that_were_carried_out_are_told(self) -> None:
        outcome = self.successResultOf(self.changes.change(self.add))
        self.assertEqual(outcome.steps, ["b/ipv4: start", "b/ipv6: start"])

    def test_interface_that_does_not_exist_is_a_note(self) -> None:
        """Of a dry run, a change and before a restart; only where the change newly names it."""
        later = "does not exist on this machine now; it will be used as soon as it appears"
        note = f"interface down2 {later}"
        self.write(FILE + '[instance.b]\nupstream = "up"\ndownstream = ["down2"]\n')
        for done, notes in (
            (self.changes.before_restart(), [note, f"interface up {later}"]),
            (self.changes.reload(dry_run=True), [note, f"interface up {later}"]),
            (self.changes.reload(), [note, f"interface up {later}"]),
            (self.changes.reload(), []),
            (self.changes.change(partial(remove_instance, name="b")), []),
        ):
            self.assertEqual(self.successResultOf(done).notes, notes)

    def test_hangup_reloads_and_logs_a_failure(self) -> None:
        self.write(FILE + '[instance.b]\nupstream = "up"\ndownstream = ["down2"]\n')
        self.changes.hangup()
        self.assertEqual(len(self.proxy.configuration.instances), 2)
        self.write("")
        self.changes.hangup()
        self.assertEqual(len(self.proxy.configuration.instances), 2)

    def test_signal_to_restart_is_refused_while_the_file_has_a_mistake(self) -> None:
        self.write("")
        self.changes.restart_signalled()
        self.assertEqual(self.successor.restarts, 0)
        self.write(FILE)
        self.changes.restart_signalled()
        self.assertEqual((self.successor.restarts, self.successor.exits), (1, 0))

    def test_restart_is_refused_where_a_start_with_the_file_would_be(self) -> None:
        self.write(FILE + '[control]\nsocket = "/other"\n')
        self.proxy.refusal = OSError("cannot listen")
        failure = self.failureResultOf(self.changes.before_restart(), OSError)
        self.assertEqual(str(failure.value), "cannot listen")
        self.assertEqual(dict(self.proxy.tried[0].services)["control"].socket, "/other")
        self.changes.restart_signalled()
        self.assertEqual(self.successor.restarts, 0)

    def test_signal_to_restart_exits_where_a_service_manager_starts_the_next(self) -> None:
        self.successor.has_store = True
        self.write("")
        self.changes.restart_signalled()
        self.assertEqual((self.successor.restarts, self.successor.exits), (0, 1))
