"""Changes to the running daemon: one after the other, each carried out as a whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..config.diff import Difference, compare
from ..config.errors import ConfigurationError, Mistake
from ..config.model import Configuration
from ..linux.mroute.errors import MulticastRoutingError
from ..systemd import notify

if TYPE_CHECKING:
    from ..config.save import Replacement
    from ..proxy import Proxy
    from ..restart.handoff import Handoff

REFUSALS = (ConfigurationError, MulticastRoutingError, OSError)
"""Why a change may not be: its text is for whoever wanted it."""


class Changes:
    """Carries out what the operator wants of ``proxy``; ``load`` reads its file again.

    ``successor`` has the daemon restart.

    What raises one of REFUSALS has changed nothing.
    """

    log = Logger()

    def __init__(self, proxy: Proxy, load: Callable[[], Configuration], successor: Handoff) -> None:
        self._proxy = proxy
        self._handoff = successor
        self._load = load
        self._lock = DeferredLock()

    def reload(self, dry_run: bool = False) -> Deferred[list[Difference]]:
        """Run by what the file says now; what was different, or would be with ``dry_run``."""
        return self._in_turn(lambda: self._reload(dry_run))

    def change(
        self, make: Callable[[Configuration], Configuration], save: bool = False
    ) -> Deferred[list[Difference]]:
        """Run by what ``make`` makes of the configuration, and perhaps write it to the file."""
        return self._in_turn(lambda: self._change(make, save))

    def before_restart(self) -> Deferred[list[Difference]]:
        """What would be different after a restart, if there can be one."""
        return self._in_turn(self._before_restart)

    async def _before_restart(self) -> list[Difference]:
        self._handoff.check()
        _, differences = await deferToThread(self._read, self._proxy.configuration)
        return differences

    def restart(self) -> None:
        """Restart once what was asked for before is done; what fails is for the log."""
        self._lock.run(self._handoff.restart_or_log)

    def hangup(self) -> None:
        """SIGHUP: reload, and leave what comes of it to the log."""
        self.reload().addErrback(self._hangup_failed)

    def _hangup_failed(self, failure: Failure) -> None:
        if failure.check(*REFUSALS):
            for line in str(failure.value).splitlines():
                self.log.error("not reloaded: {line}", line=line)
        else:
            self.log.failure("not reloaded", failure)

    def _in_turn(
        self, what: Callable[[], Coroutine[Any, Any, list[Difference]]]
    ) -> Deferred[list[Difference]]:
        return self._lock.run(lambda: Deferred.fromCoroutine(what()))

    async def _reload(self, dry_run: bool) -> list[Difference]:
        if self._proxy.configuration.path is None:
            raise _refused("the daemon was started without a file", "start it with --config FILE")
        after, differences = await deferToThread(self._read, self._proxy.configuration)
        if dry_run:
            return differences
        # What a service manager waits for after SIGHUP (sd_notify(3), Type=notify-reload).
        notify(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")
        try:
            await self._apply(after, differences)
        finally:
            notify("READY=1")
        return differences

    def _read(self, before: Configuration) -> tuple[Configuration, list[Difference]]:
        """What the file says, and what is different; in a thread, for files may be long."""
        after = self._load()
        return after, compare(before, after)

    async def _change(
        self, make: Callable[[Configuration], Configuration], save: bool
    ) -> list[Difference]:
        before = self._proxy.configuration
        after = make(before)
        differences = compare(before, after)
        replacement = await deferToThread(_replacement, after) if save else None
        try:
            await self._apply(after, differences)
        except BaseException:
            if replacement is not None:
                replacement.discard()
            raise
        if replacement is not None:
            _save(replacement, after.path or "")
        return differences

    async def _apply(self, after: Configuration, differences: list[Difference]) -> None:
        if self._proxy.stopping:
            raise _refused("the daemon is stopping", "start it again")
        await self._proxy.apply(after)
        for difference in differences:
            self.log.info("changed: {difference}", difference=str(difference))
        if not differences:
            self.log.info("nothing is different in the configuration")


def _replacement(configuration: Configuration) -> Replacement:
    """What is to become the configuration's file; ConfigurationError if that cannot be."""
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
        message = f"the change is in force, but cannot be saved: {error.strerror}"
        raise ConfigurationError([Mistake(path, "", message)]) from error


def _refused(message: str, hint: str) -> ConfigurationError:
    return ConfigurationError([Mistake("", "", message, hint)])
