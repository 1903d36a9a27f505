"""A Configuration as the document that says it: what a file in TOML would hold.

It is how a running configuration is shown, written back and changed: a change is made in
the document, and what comes of it is checked as a file is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from ...protocol.policy.filters import FilterRule
from ..model import (
    NEVER,
    Configuration,
    FilterConfig,
    InstanceConfig,
    InterfaceSettings,
    Settings,
    complete,
)
from ..rules import rule_text
from .reader import key_of

Document = dict[str, Any]

_NO_KEYS = {"name", "interface", "elsewhere", "filters"}
"""Attributes of an instance that are no plain keys of its table."""

_KEYS = {"upstreams": "upstream"}


def document(configuration: Configuration) -> Document:
    """The tables that ``configuration`` is read from; what has its default is left out."""
    written: Document = {}
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
    for name in ("manhole", "control"):
        section = getattr(configuration, name)
        if section is not None:
            written[name] = {key_of(k): v for k, v in attrs.asdict(section).items()}
    return written


def differences(value: Any, usual: Any) -> Document:
    """What is different in ``value``, by key; both are of one attrs class."""
    return {
        key_of(field.name): _plain(getattr(value, field.name))
        for field in attrs.fields(type(value))
        if getattr(value, field.name) != getattr(usual, field.name)
    }


def _instance(instance: InstanceConfig, defaults: InterfaceSettings) -> Document:
    table = {
        _KEYS.get(field.name) or key_of(field.name): _plain(getattr(instance, field.name))
        for field in attrs.fields(InstanceConfig)
        if field.name not in _NO_KEYS
        and (field.default is attrs.NOTHING or getattr(instance, field.name) != field.default)
    }
    if own := _own_settings(instance, defaults):
        table["interface"] = {name: differences(each, defaults) for name, each in own.items()}
    if instance.filters:
        table["filter"] = [_filter(one) for one in instance.filters]
    return table


def _filter(one: FilterConfig) -> Document:
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
    """The settings that must be written so that all come out the same, in the same order."""
    entries = list(instance.interface.items())
    for end in range(len(entries)):
        if list(complete(dict(entries[:end]), instance.downstream, defaults).items()) == entries:
            return dict(entries[:end])
    return dict(entries)


def _plain(value: object) -> object:
    if value == NEVER:
        return "never"
    return list(value) if isinstance(value, tuple) else value
