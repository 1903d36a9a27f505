"""The reader of filters: named ones, [filter.NAME], and those of instances.

A filter is a list of rules, and data matches the filter if it matches any rule. A reference
to a named filter stands for the rules of that filter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

import attrs

from ...protocol.policy.filters import FilterRule
from ..errors import Wrong, shown
from ..model import DOWNSTREAM, IN, UPSTREAM, FilterConfig, InstanceConfig
from ..names import check_name, is_pattern, overlap
from ..origin import KeyPath, key_text
from ..rules import read_rule
from ..schema.checks import check_plain_name
from ..schema.filters import HOW_TO_WRITE_A_RULE, FilterPlace, FilterTable, NamedFilter
from .reader import Mistakes, nearest, read_values

LocatedRule = tuple[KeyPath, FilterRule]
"""A rule, and its key."""

_ITEM = ("rule", "from", "filter")
"""The keys of a table in a list of rules."""


@attrs.frozen
class _Reference:
    """A reference to a named filter in a list of rules."""

    where: KeyPath
    name: str


class FilterReader:
    """Reads the named filters of a file, then with ``of_instance`` those of each instance."""

    def __init__(self, tables: Mapping[str, object], mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._useless: dict[KeyPath, Wrong | None] = {}
        self._named: dict[str, list[LocatedRule]] = {}
        written = {name: self._read_named(name, table) for name, table in tables.items()}
        self._known = list(written)
        self._references = {name: _references(items) for name, items in written.items()}
        self._used: set[str] = set()
        for name in self._in_order(written):
            self._named[name] = self._resolved(written[name])

    @property
    def named(self) -> dict[str, tuple[FilterRule, ...]]:
        """The rules of each named filter, in the order of the file."""
        return {name: _rules(self._named.get(name, [])) for name in self._known}

    @property
    def unused(self) -> tuple[str, ...]:
        """The named filters that no instance has used, also through another one."""
        used, found = set(), list(self._used)
        while found:
            name = found.pop()
            if name not in used:
                used.add(name)
                found += self._references.get(name, ())
        return tuple(name for name in self._known if name not in used)

    def of_instance(
        self, instance: InstanceConfig, tables: Iterable[object]
    ) -> tuple[FilterConfig, ...]:
        """The filters of one instance; mistakes are noted."""
        seen: set[FilterPlace] = set()
        filters = []
        for position, written in enumerate(tables):
            where = ("instance", instance.name, "filter", position)
            values = read_values(written, FilterTable, where, self._mistakes)
            if not isinstance(written, dict) or not self._is_complete(written, values, where):
                continue
            read = FilterTable(**values)
            place = FilterPlace(read.interface, read.role, read.direction)
            if place in seen:
                self._mistakes.add(where, _second_filter(read), "put their rules into one filter")
            seen.add(place)
            self._check_interface(read, instance, where)
            filters.append(self._filter(read, instance, where))
        return tuple(filters)

    def check_named(self) -> None:
        """Note the rules of named filters that can match in no place that uses them."""
        for where, wrong in self._useless.items():
            if wrong is not None:
                self._mistakes.add(where, wrong.message, wrong.hint)

    # -- lists of rules

    def _read_named(self, name: str, table: object) -> list[LocatedRule | _Reference]:
        where = ("filter", name)
        try:
            check_plain_name(name, "a filter")
        except Wrong as wrong:
            self._mistakes.add(where, wrong.message, wrong.hint)
        read = read_values(table, NamedFilter, where, self._mistakes)
        return list(self._read_items(read.get("rules"), (*where, "rules")))

    def _in_order(self, written: Mapping[str, list[LocatedRule | _Reference]]) -> list[str]:
        """The names of filters, each after those that it refers to; none if there is a circle."""
        try:
            order = list(TopologicalSorter(self._references).static_order())
        except CycleError as error:
            circle = error.args[1][::-1]
            names = [shown(name) for name in circle]
            names[5:-1] = ["..."] if len(names) > 6 else names[5:-1]
            self._mistakes.add(
                ("filter", circle[0], "rules"),
                f"this filter contains itself: {' contains '.join(names)}",
                "remove one of these references",
            )
            return []
        return [name for name in order if name in written]

    def _read_items(self, items: object, where: KeyPath) -> Iterator[LocatedRule | _Reference]:
        if items is None:
            return
        if not isinstance(items, list):
            self._mistakes.add(where, f"{shown(items)} is not a list of rules", HOW_TO_WRITE_A_RULE)
            return
        for position, item in enumerate(items):
            key = (*where, position)
            unknown = [name for name in item if name not in _ITEM] if isinstance(item, dict) else ()
            for name in unknown:
                self._mistakes.add(key, f"unknown key {shown(name)}", nearest(name, _ITEM))
            if unknown:
                continue
            try:
                read = _read_item(item)
            except Wrong as wrong:
                self._mistakes.add(key, wrong.message, wrong.hint)
            else:
                yield _Reference(key, read) if isinstance(read, str) else (key, read)

    def _resolved(self, items: Iterable[LocatedRule | _Reference]) -> list[LocatedRule]:
        """``items`` with the rules that each reference stands for."""
        rules: list[LocatedRule] = []
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
            return  # it is in a circle, which was noted
        how = f"write [{key_text(('filter', name))}]"
        hint = nearest(name, self._known) if self._known else how
        self._mistakes.add(where, f"there is no filter {shown(name)}", hint)

    # -- filters of instances

    def _is_complete(
        self, written: Mapping[str, Any], values: Mapping[str, Any], where: KeyPath
    ) -> bool:
        """Whether all that a filter needs is there and right; mistakes are noted."""
        given = [key for key in FilterTable.EITHER if key in written]
        if len(given) != 1:
            either = " and ".join(FilterTable.EITHER)
            what = f"both {either} are given" if given else f"{either} are missing"
            self._mistakes.add(where, what, "write one of them")
        return len(given) == 1 and all(key in values for key in ("interface", "role", "direction"))

    def _check_interface(self, read: FilterTable, instance: InstanceConfig, where: KeyPath) -> None:
        there = instance.upstreams if read.role == UPSTREAM else instance.downstreams
        if there and not any(overlap(read.interface, other) for other in there):
            message = f"this instance has no {read.role} {shown(read.interface)}"
            self._mistakes.add((*where, "interface"), message, nearest(read.interface, there))
        elif not there and read.role == UPSTREAM:
            self._mistakes.add((*where, "role"), "this instance has no upstream")

    def _filter(self, read: FilterTable, instance: InstanceConfig, where: KeyPath) -> FilterConfig:
        key, written = ("allow", read.allow) if read.allow is not None else ("deny", read.deny)
        items: Iterable[LocatedRule | _Reference]
        if isinstance(written, str):
            items = [_Reference((*where, key), written)]
        else:
            items = list(self._read_items(written, (*where, key)))
        self._used.update(_references(items))
        rules = self._resolved(items)
        for rule_key, rule in rules:
            self._note_useless(rule_key, _why_useless(rule, read, instance))
        return FilterConfig(
            interface=read.interface,
            role=read.role,
            direction=read.direction,
            allow=key == "allow",
            rules=_rules(rules),
            name=written if isinstance(written, str) else "",
        )

    def _note_useless(self, where: KeyPath, wrong: Wrong | None) -> None:
        """A rule of an instance must be able to match there; one of a named filter, somewhere."""
        if where[0] == "filter":
            self._useless[where] = wrong and self._useless.get(where, wrong)
        elif wrong is not None:
            self._mistakes.add(where, wrong.message, wrong.hint)


def _references(items: Iterable[LocatedRule | _Reference]) -> list[str]:
    """The names of the filters that a list refers to."""
    return [item.name for item in items if isinstance(item, _Reference)]


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
    raise Wrong(f"{shown(item)} is not a rule", HOW_TO_WRITE_A_RULE)


def _rules(located: list[LocatedRule]) -> tuple[FilterRule, ...]:
    return tuple(dict.fromkeys(rule for _, rule in located))


def _second_filter(read: FilterTable) -> str:
    where = f"{shown(read.interface)} as {read.role}, {read.direction}"
    return f"a second filter for {where}"


def _why_useless(rule: FilterRule, read: FilterTable, instance: InstanceConfig) -> Wrong | None:
    """Why ``rule`` can never match in a filter of ``instance``; None if it can."""
    shown_instance = f"instance {key_text((instance.name,))}"
    addresses = rule.group or rule.source
    if addresses is not None:
        family = "IPv4" if len(addresses.first) == 4 else "IPv6"
        if family not in instance.families:
            return Wrong(f"{family} is disabled in {shown_instance}", "leave this rule out")
    if rule.came_from is None:
        return None
    name = shown(rule.came_from)
    if read.direction == IN:
        return Wrong(
            f'{name} cannot be given as "from": data of direction "in" comes from the'
            " filter's own interface",
            'leave "from" out',
        )
    if rule.came_from == read.interface and not is_pattern(read.interface):
        return Wrong(f"data from {name} is never sent back there", 'leave "from" out')
    there = instance.downstreams
    if read.role == DOWNSTREAM:
        there = (*instance.upstreams, *instance.downstreams)
    if not any(overlap(rule.came_from, other) for other in there):
        role = DOWNSTREAM if read.role == UPSTREAM else "interface"
        hint = nearest(rule.came_from, there) if there else ""
        return Wrong(f"{shown_instance} has no {role} {name}", hint)
    return None
