"""A Configuration as a document: the tables, lists and values of the TOML file for it.

A running configuration is shown and written from its document. A change is made in the document,
and the result is checked like a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...protocol.policy.filters import FilterRule
from ..model import (
    NEVER,
    SERVICES,
    Configuration,
    FilterConfig,
    InstanceConfig,
    InterfaceSettings,
    Settings,
    complete,
)
from ..rules import rule_text
from ..schema.option import options_of
from ..schema.tables import Tables

TomlTable = dict[str, Any]


def document(configuration: Configuration) -> TomlTable:
    """The tables for ``configuration``; options that have their default are left out."""
    written: TomlTable = {}
    if defaults := differences(configuration.defaults, InterfaceSettings()):
        written["defaults"] = defaults
    if configuration.filters:
        written["filter"] = {
            name: {"rules": _rules(rules)} for name, rules in configuration.filters.items()
        }
    written["instance"] = {
        instance.name: _instance(instance, configuration.defaults)
        for instance in configuration.instances
    }
    for option in SERVICES:
        section = getattr(configuration, option.attribute)
        if section is not None:
            written[option.key] = _values(section)
    return written


def differences(value: Any, usual: Any) -> TomlTable:
    """What is different in ``value``, by key; both are of one attrs class."""
    return {
        option.key: plain(getattr(value, option.attribute))
        for option in options_of(type(value)).values()
        if getattr(value, option.attribute) != getattr(usual, option.attribute)
    }


def _values(section: Any) -> TomlTable:
    options = options_of(type(section)).values()
    return {option.key: plain(getattr(section, option.attribute)) for option in options}


def _instance(instance: InstanceConfig, defaults: InterfaceSettings) -> TomlTable:
    table = {
        option.key: plain(getattr(instance, option.attribute))
        for option in options_of(InstanceConfig).values()
        if not isinstance(option.value, Tables)
        and getattr(instance, option.attribute) != option.default
    }
    if own := _own_settings(instance, defaults):
        table["interface"] = {name: differences(each, defaults) for name, each in own.items()}
    if instance.filters:
        table["filter"] = [_filter(one) for one in instance.filters]
    return table


def _filter(one: FilterConfig) -> TomlTable:
    return {
        "interface": one.interface,
        "role": one.role,
        "direction": one.direction,
        "allow" if one.allow else "deny": one.name or _rules(one.rules),
    }


def _rules(rules: Iterable[FilterRule]) -> list[Any]:
    return [
        rule_text(rule)
        if rule.came_from is None
        else {"rule": rule_text(rule), "from": rule.came_from}
        for rule in rules
    ]


def _own_settings(instance: InstanceConfig, defaults: InterfaceSettings) -> Settings:
    """The shortest beginning of the settings from which ``complete`` makes all, in this order."""
    entries = list(instance.interface.items())
    for end in range(len(entries)):
        if list(complete(dict(entries[:end]), instance.downstreams, defaults).items()) == entries:
            return dict(entries[:end])
    return dict(entries)


def plain(value: object) -> object:
    """The value of an option as a document has it."""
    if value == NEVER:
        return "never"
    return list(value) if isinstance(value, tuple) else value
