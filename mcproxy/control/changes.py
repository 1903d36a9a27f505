"""Changes to the running daemon, one after the other; each is applied as a whole or refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..change_counts import COMMAND, RELOAD
from ..config.diff import Difference, compare
from ..config.errors import ConfigurationError, Mistake
from ..config.model import Configuration
from ..events.daemon import ConfigurationChanged, NothingChanged
from ..instance.plan.plan import Plan, compile_plan
from ..instance.plan.steps import Step
from ..linux.mroute.errors import MulticastRoutingError
from ..systemd import notify

if TYPE_CHECKING:
    from ..config.save import Replacement
    from ..proxy import Proxy
    from ..restart.handoff import Handoff

REFUSALS = (ConfigurationError, MulticastRoutingError, OSError)
"""Errors that refuse a change; the text of each is for the operator."""


@attrs.frozen
class Outcome:
    """What a change does: the keys that differ, and the steps that the daemon carries out.

    ``notes`` say what does not hinder the change, but may not be as intended. ``failures`` name
    the steps that were not carried out in full, each with its error.
    """

    differences: Sequence[Difference] = ()
    steps: Sequence[str] = ()
    notes: Sequence[str] = ()
    failures: Sequence[str] = ()


@attrs.frozen
class _Target:
    """A configuration to change to, what is different in it, and its plan."""

    configuration: Configuration
    differences: Sequence[Difference]
    plan: Plan


class Changes:
    """Carries out the operator's changes to ``proxy``; ``load`` reads its file again.

    ``handoff`` restarts the daemon. Whatever raises one of REFUSALS has changed nothing. All are
    counted in the daemon's ``change_counts``.
    """

    log = Logger()

    def __init__(self, proxy: Proxy, load: Callable[[], Configuration], handoff: Handoff) -> None:
        self._proxy = proxy
        self._handoff = handoff
        self._load = load
        self._lock = DeferredLock()

    def reload(self, dry_run: bool = False) -> Deferred[Outcome]:
        """Read the file again and apply it; with ``dry_run`` only say what would be done."""
        done = self._in_turn(lambda: self._reload(dry_run))
        return done if dry_run else self._counted(done, RELOAD)

    def change(
        self, make: Callable[[Configuration], Configuration], save: bool = False
    ) -> Deferred[Outcome]:
        """Apply what ``make`` makes of the configuration; with ``save`` write it to the file."""
        return self._counted(self._in_turn(lambda: self._change(make, save)), COMMAND)

    def _counted(self, done: Deferred[Outcome], what: str) -> Deferred[Outcome]:
        def count(result: Outcome | Failure) -> Outcome | Failure:
            self._proxy.change_counts.note(what, isinstance(result, Outcome))
            return result

        return done.addBoth(count)

    def before_restart(self) -> Deferred[Outcome]:
        """What a restart would change in the configuration; a refusal if it is not possible."""
        return self._in_turn(self._before_restart)

    async def _before_restart(self) -> Outcome:
        self._handoff.check()
        target = await self._target(self._load)
        # What refuses to start would end the next program, and all streams with it.
        await self._proxy.try_out(target.plan)
        return Outcome(target.differences, notes=self._proxy.notes(target.plan))

    def restart(self) -> None:
        """Restart once earlier changes are done; a failure goes to the log."""
        self._lock.run(self._handoff.restart_or_log)

    def hangup(self) -> None:
        """SIGHUP: reload; a failure goes to the log, as that of a step does at once."""
        self.reload().addErrback(self._log_failure, "not reloaded")

    def restart_signalled(self) -> None:
        """SIGUSR2: restart, or exit where a service manager starts the next process.

        A file with mistakes refuses the restart. It cannot refuse the exit: the service manager
        has decided to end this process.
        """
        if self._handoff.has_store:
            self._handoff.exit_or_log()
            return
        possible = self.before_restart()
        possible.addCallbacks(
            lambda _: self.restart(), self._log_failure, errbackArgs=("not restarted",)
        )

    def _log_failure(self, failure: Failure, message: str) -> None:
        if failure.check(*REFUSALS):  # type: ignore[no-untyped-call]  # untyped in Twisted
            for line in str(failure.value).splitlines():
                self.log.error("{message}: {line}", message=message, line=line)
        else:
            self.log.failure("internal error: {message}", failure, message=message)

    def _in_turn(self, what: Callable[[], Coroutine[Any, Any, Outcome]]) -> Deferred[Outcome]:
        return self._lock.run(lambda: Deferred.fromCoroutine(what()))

    async def _reload(self, dry_run: bool) -> Outcome:
        if self._proxy.configuration.path is None:
            raise _refused("the daemon was started without a file", "start it with --config FILE")
        target = await self._target(self._load)
        if dry_run:
            await self._proxy.try_out(target.plan)
            steps, notes = self._proxy.steps(target.plan), self._proxy.notes(target.plan)
            return Outcome(target.differences, _texts(steps), notes)
        # What a service manager waits for after SIGHUP (sd_notify(3), Type=notify-reload).
        notify(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")
        try:
            return await self._apply(target)
        finally:
            notify("READY=1")

    async def _target(self, make: Callable[[], Configuration]) -> _Target:
        """Compile what ``make`` makes; in a thread, for files and filters may be long."""
        return await deferToThread(_compiled, self._proxy.configuration, make)

    async def _change(self, make: Callable[[Configuration], Configuration], save: bool) -> Outcome:
        before = self._proxy.configuration
        target = await self._target(lambda: make(before))
        replacement = await deferToThread(_replacement, target.configuration) if save else None
        try:
            outcome = await self._apply(target)
        except BaseException:
            if replacement is not None:
                replacement.discard()
            raise
        if replacement is not None:
            _save(replacement, target.configuration.path or "")
        return outcome

    async def _apply(self, target: _Target) -> Outcome:
        if self._proxy.stopping:
            raise _refused("the daemon is stopping", "start it again")
        notes = self._proxy.notes(target.plan)
        applied = await self._proxy.apply(target.configuration, target.plan)
        for difference in target.differences:
            self._proxy.events.tell(ConfigurationChanged(difference=str(difference)))
        if not target.differences:
            self._proxy.events.tell(NothingChanged())
        return Outcome(target.differences, _texts(applied.steps), notes, applied.failures)


def _texts(steps: Iterable[Step]) -> list[str]:
    return [str(step) for step in steps]


def _compiled(before: Configuration, make: Callable[[], Configuration]) -> _Target:
    after = make()
    return _Target(after, compare(before, after), compile_plan(after))


def _replacement(configuration: Configuration) -> Replacement:
    """The new text of the configuration's file; ConfigurationError where it cannot be written."""
    from ..config.save import Replacement, rewrite

    path = configuration.path
    if path is None:
        raise _refused("there is no file to save to", "start the daemon with --config FILE")
    try:
        return Replacement(path, rewrite(path, configuration))
    except OSError as error:
        message = f"cannot be written: {error.strerror}"
        hint = "let the daemon write into its folder, or edit the file yourself and reload"
        raise ConfigurationError([Mistake(path, "", message, hint)]) from error


def _save(replacement: Replacement, path: str) -> None:
    try:
        replacement.commit()
    except OSError as error:
        replacement.discard()
        message = f"the change is applied, but cannot be saved: {error.strerror}"
        raise ConfigurationError([Mistake(path, "", message)]) from error


def _refused(message: str, hint: str) -> ConfigurationError:
    return ConfigurationError([Mistake("", "", message, hint)])
