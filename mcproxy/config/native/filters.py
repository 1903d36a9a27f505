"""Filters in a file: named ones in [filter.NAME], and where they hold: [[instance.NAME.filter]].

A filter is a list of rules, and data matches it when it matches any of them. In place of a
rule, the rules of a named filter may stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

import attrs

from ...protocol.policy.filters import FilterRule
from ..errors import Wrong, shown
from ..limits import check_plain_name, one_of
from ..model import DIRECTIONS, DOWNSTREAM, IN, ROLES, UPSTREAM, FilterConfig
from ..names import check_name, check_name_or_pattern, is_pattern, overlap
from ..rules import read_rule
from .places import KeyPath, key_text
from .reader import Mistakes, nearest, structure
from .tables import InstanceTable

_HOW_TO_WRITE = 'write "GROUP | SOURCE", { rule = "...", from = "IF" } or { filter = "NAME" }'

Placed = tuple[KeyPath, FilterRule]
"""A rule, and where it stands."""


@attrs.frozen
class _Reference:
    """A filter's name in place of a rule."""

    where: KeyPath
    name: str


@attrs.frozen
class NamedTable:
    """[filter.NAME]."""

    rules: Any = None


@attrs.frozen
class FilterTable:
    """[[instance.NAME.filter]]."""

    interface: str = attrs.field(default="", metadata={"check": check_name_or_pattern})
    role: str = attrs.field(default="", metadata={"check": one_of(*ROLES)})
    direction: str = attrs.field(default="", metadata={"check": one_of(*DIRECTIONS)})
    allow: Any = None
    deny: Any = None


class Filters:
    """The named filters of a file, and from ``of_instance`` those of its instances."""

    def __init__(self, tables: Mapping[str, object], mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._useless: dict[KeyPath, Wrong | None] = {}
        self._named: dict[str, list[Placed]] = {}
        written = {name: self._read_named(name, table) for name, table in tables.items()}
        self._known = list(written)
        for name in self._in_order(written):
            self._named[name] = self._resolved(written[name])

    @property
    def named(self) -> dict[str, tuple[FilterRule, ...]]:
        """The rules of each named filter, in the order of the file."""
        return {name: _rules(self._named.get(name, [])) for name in self._known}

    def of_instance(self, name: str, table: InstanceTable) -> tuple[FilterConfig, ...]:
        """The filters of one instance, and all that is wrong in them."""
        seen: set[tuple[str, ...]] = set()
        filters = []
        for position, written in enumerate(table.filter):
            where = ("instance", name, "filter", position)
            read = structure(written, FilterTable, where, self._mistakes)
            if not isinstance(written, dict) or not self._is_complete(written, where):
                continue
            key = (read.interface, read.role, read.direction)
            if key in seen:
                self._mistakes.add(where, _told_twice(read), "put their rules into one")
            seen.add(key)
            self._check_interface(read, table, where)
            filters.append(self._filter(name, read, table, where))
        return tuple(filters)

    def check_named(self) -> None:
        """Note the rules of named filters that are of no use wherever they stand."""
        for where, wrong in self._useless.items():
            if wrong is not None:
                self._mistakes.add(where, wrong.message, wrong.hint)

    # -- lists of rules

    def _read_named(self, name: str, table: object) -> list[Placed | _Reference]:
        where = ("filter", name)
        try:
            check_plain_name(name, "a filter")
        except Wrong as wrong:
            self._mistakes.add(where, wrong.message, wrong.hint)
        read = structure(table, NamedTable, where, self._mistakes)
        if isinstance(table, dict) and "rules" not in table:
            self._mistakes.add(where, "no rules", f"write rules = [...]; {_HOW_TO_WRITE}")
            return []
        return list(self._read_items(read.rules, (*where, "rules")))

    def _in_order(self, written: Mapping[str, list[Placed | _Reference]]) -> list[str]:
        """The names of filters, each after those that it has in it; none if that cannot be."""
        references = {
            name: [item.name for item in items if isinstance(item, _Reference)]
            for name, items in written.items()
        }
        try:
            order = list(TopologicalSorter(references).static_order())
        except CycleError as error:
            circle = error.args[1][::-1]
            told = [shown(name) for name in circle]
            told[5:-1] = ["..."] if len(told) > 6 else told[5:-1]
            self._mistakes.add(
                ("filter", circle[0], "rules"),
                f"this filter has itself in it: {' has '.join(told)}",
                "take one of them out",
            )
            return []
        return [name for name in order if name in written]

    def _read_items(self, items: object, where: KeyPath) -> Iterator[Placed | _Reference]:
        if items is None:
            return
        if not isinstance(items, list):
            self._mistakes.add(where, f"{shown(items)} is no list of rules", _HOW_TO_WRITE)
            return
        for position, item in enumerate(items):
            place = (*where, position)
            try:
                read = _read_item(item)
            except Wrong as wrong:
                self._mistakes.add(place, wrong.message, wrong.hint)
            else:
                yield _Reference(place, read) if isinstance(read, str) else (place, read)

    def _resolved(self, items: Iterable[Placed | _Reference]) -> list[Placed]:
        """``items`` with the rules of the filters that are named in them."""
        rules: list[Placed] = []
        for item in items:
            if not isinstance(item, _Reference):
                rules.append(item)
            elif item.name in self._named:
                rules.extend(self._named[item.name])
            else:
                self._unknown(item.where, item.name)
        return list(dict.fromkeys(rules))

    def _unknown(self, where: KeyPath, name: str) -> None:
        if name in self._known:
            return  # it is in a circle, which was told
        how = f"write [{key_text(('filter', name))}]"
        hint = nearest(name, self._known) if self._known else how
        self._mistakes.add(where, f"there is no filter {shown(name)}", hint)

    # -- filters of instances

    def _is_complete(self, written: Mapping[str, Any], where: KeyPath) -> bool:
        for key, example in (("interface", "*"), ("role", UPSTREAM), ("direction", IN)):
            if key not in written:
                self._mistakes.add(where, f"no {key}", f'write {key} = "{example}"')
        given = [key for key in ("allow", "deny") if key in written]
        if len(given) != 1:
            what = "both allow and deny" if given else "neither allow nor deny"
            self._mistakes.add(where, what, "say what may pass, or what may not")
        parts = ("interface", "role", "direction")
        right = all(key in written and not self._mistakes.at((*where, key)) for key in parts)
        return right and len(given) == 1

    def _check_interface(self, read: FilterTable, table: InstanceTable, where: KeyPath) -> None:
        there = table.upstream if read.role == UPSTREAM else table.downstream
        if there and not any(overlap(read.interface, other) for other in there):
            message = f"{shown(read.interface)} is no {read.role} of this instance"
            self._mistakes.add((*where, "interface"), message, nearest(read.interface, there))
        elif not there and read.role == UPSTREAM:
            self._mistakes.add((*where, "role"), "this instance has no upstream")

    def _filter(
        self, name: str, read: FilterTable, table: InstanceTable, where: KeyPath
    ) -> FilterConfig:
        key, written = ("allow", read.allow) if read.allow is not None else ("deny", read.deny)
        items: Iterable[Placed | _Reference]
        if isinstance(written, str):
            items = [_Reference((*where, key), written)]
        else:
            items = self._read_items(written, (*where, key))
        rules = self._resolved(items)
        for place, rule in rules:
            self._note_useless(place, _why_useless(rule, name, read, table))
        return FilterConfig(
            interface=read.interface,
            role=read.role,
            direction=read.direction,
            allow=key == "allow",
            rules=_rules(rules),
            name=written if isinstance(written, str) else "",
        )

    def _note_useless(self, place: KeyPath, wrong: Wrong | None) -> None:
        """A rule of an instance must be of use there; one of a named filter, somewhere."""
        if place[0] == "filter":
            self._useless[place] = wrong and self._useless.get(place, wrong)
        elif wrong is not None:
            self._mistakes.add(place, wrong.message, wrong.hint)


def _read_item(item: object) -> FilterRule | str:
    """A rule, or a filter's name; Wrong."""
    match item:
        case str():
            return read_rule(item)
        case {"filter": str(name), **rest} if not rest:
            return name
        case {"rule": str(text), "from": str(came_from), **rest} if not rest:
            check_name(came_from)
            return read_rule(text)._replace(came_from=came_from)
    raise Wrong(f"{shown(item)} is no rule", _HOW_TO_WRITE)


def _rules(placed: list[Placed]) -> tuple[FilterRule, ...]:
    return tuple(dict.fromkeys(rule for _, rule in placed))


def _told_twice(read: FilterTable) -> str:
    where = f"{shown(read.interface)} as {read.role}, {read.direction}"
    return f"a filter for {where}, stands here already"


def _why_useless(
    rule: FilterRule, instance: str, read: FilterTable, table: InstanceTable
) -> Wrong | None:
    """Why ``rule`` can never match where a filter of an instance has it; None if it can."""
    instance = key_text((instance,))
    addresses = rule.group or rule.source
    if addresses is not None:
        family = "IPv4" if len(addresses.first) == 4 else "IPv6"
        if family not in table.families:
            return Wrong(f"instance {instance} leaves {family} alone", "leave this rule out")
    if rule.came_from is None:
        return None
    name = shown(rule.came_from)
    if read.direction == IN:
        return Wrong(f"what comes in by a link comes from it, not from {name}", 'leave "from" out')
    if rule.came_from == read.interface and not is_pattern(read.interface):
        return Wrong(f"data from {name} is never sent back there", 'leave "from" out')
    there = table.downstream if read.role == UPSTREAM else (*table.upstream, *table.downstream)
    if not any(overlap(rule.came_from, other) for other in there):
        role = DOWNSTREAM if read.role == UPSTREAM else "interface"
        hint = nearest(rule.came_from, there) if there else ""
        return Wrong(f"{name} is no {role} of instance {instance}", hint)
    return None
