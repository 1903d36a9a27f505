"""The policy rules of one kernel table, by which the kernel looks packets up in it.

A table of its own needs one rule for each of its interfaces. The default table needs the
kernel's own rule, which exists from the start and which ``ip mrule flush`` deletes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..linux.policy_rules import ANY_INTERFACE, Rule, add_rule, remove_rule, restore_rules
from ..protocol.family import IPV4, Family
from .retry_timer import RetryTimer

Submit = Callable[..., "Deferred[Any]"]
"""Runs a function with arguments in the routing thread, in the order of the calls."""


class PolicyRules:
    """Adds and removes the rules of table ``number``, and puts back what others delete.

    ``interfaces`` are, at any time, those whose packets belong into a table of its own.
    ``refused`` counts changes that the kernel refused; they are tried again with a growing wait.
    """

    log = Logger()

    def __init__(
        self,
        family: Family,
        number: int,
        submit: Submit,
        clock: IReactorTime,
        interfaces: Collection[str],
    ) -> None:
        self._family = family
        self._number = number
        self._submit = submit
        self._interfaces = interfaces
        self._wanted = interfaces if number else (ANY_INTERFACE,)
        self._foreign: set[Rule] = set()
        self._doubtful: set[str] = set()
        self.refused = 0
        self._restoring = False
        self._refused: set[str] = set()
        self._retried: set[str] = set()
        self._retry = RetryTimer(clock, self._try_again)
        self._closed = False

    def add(self, interface: str) -> None:
        """Have packets from ``interface`` looked up in this table."""
        if self._foreign:
            self._warn_of_foreign({interface})
        if self._number and not self._closed:
            self._change(add_rule, interface)

    def remove(self, interface: str) -> None:
        """Have packets from ``interface`` looked up elsewhere."""
        if self._number and not self._closed:
            self._change(remove_rule, interface)

    def _change(self, change: Callable[[Family, str, int], None], interface: str) -> None:
        done = self._submit(change, self._family, interface, self._number)
        done.addCallbacks(self._accepted, self._failed, errbackArgs=([interface],))

    def set_foreign(self, rules: Iterable[Rule]) -> None:
        """Warn of those of these rules to other tables that concern our interfaces.

        A rule for all interfaces comes before the kernel's own rule for the default table.
        """
        self._foreign = set(rules)
        self._warn_of_foreign(set(self._interfaces))
        if not self._number:
            self._warn_of_foreign({ANY_INTERFACE})

    def _warn_of_foreign(self, interfaces: Collection[str]) -> None:
        for rule in sorted(self._foreign):
            if rule.interface in interfaces:
                self.log.warn(
                    "another program's policy rule sends {family} multicast from {interface} to "
                    "table {other}; table {table} of this daemon may get none of it, and then "
                    "nothing from {interface} is forwarded; delete the rule with: {command}",
                    family=self._family.name,
                    interface=rule.interface or "all interfaces",
                    other=rule.table,
                    table=self._number or "default",
                    command=_deletion(self._family, rule),
                )

    def removed(self, interface: str) -> None:
        """Somebody deleted the rule for ``interface``: put it back if it is wanted."""
        if interface in self._wanted:
            self._doubtful.add(interface)
            self._restore()

    def audit(self) -> None:
        """Put back all rules that are missing: events were lost."""
        self._doubtful.update(self._wanted)
        self._restore()

    def close(self) -> None:
        """Put nothing back any more."""
        self._closed = True
        self._doubtful.clear()
        self._retry.close()

    def _restore(self) -> None:
        """Ask for all doubtful rules at once, one request at a time."""
        if self._restoring or self._closed or not self._doubtful:
            return
        names, self._doubtful = sorted(self._doubtful.intersection(self._wanted)), set()
        if not names:
            return
        self._restoring = True
        done = self._submit(restore_rules, self._family, names, self._number)
        done.addCallbacks(self._restored, self._failed, errbackArgs=(names,))
        done.addCallback(self._finished)

    def _restored(self, missing: list[str]) -> None:
        others, self._retried = set(missing) - self._retried, set()
        self._accepted(None)
        for interface in sorted(others):
            self.log.warn(
                "another program deleted the policy rule that sends {family} multicast from "
                "{interface} to table {table}; the rule is put back",
                family=self._family.name,
                interface=interface or "all interfaces",
                table=self._number or "default",
            )

    def _finished(self, _: object) -> None:
        self._restoring = False
        self._restore()

    def _try_again(self) -> None:
        """Ask the kernel once more for what it refused, as far as it is still wanted."""
        names, self._refused = self._refused, set()
        wanted = names.intersection(self._wanted)
        for name in sorted(names - wanted):
            self._change(remove_rule, name)
        self._retried |= wanted
        self._doubtful |= wanted
        self._restore()

    def _accepted(self, _: object) -> None:
        if self._retry.was_armed and not self._refused:
            self._retry.reset()

    def _failed(self, failure: Failure, interfaces: list[str]) -> None:
        if not failure.check(OSError):  # type: ignore[no-untyped-call]  # untyped in Twisted
            self.log.failure("internal error: the policy rules are not changed", failure)
            return
        self.refused += len(interfaces)
        if not self._retry.was_armed:
            self.log.error(
                "cannot change the policy rule of the {family} table {table} for {interface}: "
                "{reason}; its multicast may not be forwarded (see ip mrule); this is tried again",
                family=self._family.name,
                table=self._number or "default",
                interface=", ".join(interfaces) or "all interfaces",
                reason=failure.value,
            )
        self._refused.update(interfaces)
        self._retry.arm()


def _deletion(family: Family, rule: Rule) -> str:
    """The command that deletes ``rule``."""
    program = "ip mrule" if family is IPV4 else "ip -6 mrule"
    source = f" iif {rule.interface}" if rule.interface else ""
    return f"{program} del{source} table {rule.table}"
