"""The tables of a configuration file, and their options in words."""

from __future__ import annotations

from typing import Any

import attrs

from ..model import ControlConfig, HttpConfig, InstanceConfig, InterfaceSettings, ManholeConfig
from ..native.document import plain
from ..native.text import value_text
from ..schema.filters import FilterTable, NamedFilter
from ..schema.option import Option, options_of
from ..schema.tables import Section, Tables


@attrs.frozen
class Scope:
    """A table of a file; ``kind`` is the attrs class with its options."""

    kind: type[Any]

    @property
    def options(self) -> list[Option]:
        """The keys that are not tables themselves."""
        every = options_of(self.kind).values()
        return [one for one in every if not isinstance(one.value, Section | Tables)]


SCOPES = {
    "instance": Scope(InstanceConfig),
    "interface": Scope(InterfaceSettings),
    "filter": Scope(FilterTable),
    "named-filter": Scope(NamedFilter),
    "control": Scope(ControlConfig),
    "http": Scope(HttpConfig),
    "manhole": Scope(ManholeConfig),
}
"""By the names that the regions and the definitions of the JSON Schema have."""


def default_toml(option: Option) -> str:
    """The default as TOML writes it; empty where it cannot."""
    if option.usual or option.default is attrs.NOTHING:
        return ""
    return value_text(plain(option.default)).removesuffix(".0")


def type_text(option: Option) -> str:
    """The type, with the unit."""
    return ", ".join(part for part in (option.value.type_name, option.unit) if part)


def meaning(option: Option) -> str:
    """What the option means, with the section of the RFC."""
    return f"{option.text} ({option.rfc})" if option.rfc else option.text
