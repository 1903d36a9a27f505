"""The native configuration file: TOML text to Configuration, or every mistake in it."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import cattrs

from .checks import check_instances, interface_mistake, manhole_mistakes
from .errors import ConfigurationError, Mistake, nearest
from .lines import Path, key_lines
from .model import Configuration, InstanceConfig, InterfaceSettings, ManholeConfig, Range

_TOP = ("defaults", "instance", "manhole")
_KINDS = {
    bool: "true or false is wanted",
    int: "a whole number is wanted",
    float: "a number of seconds is wanted",
    str: "text in quotes is wanted",
}


def load(path: str) -> Configuration:
    """The configuration in a file; ConfigurationError with all that is wrong in it."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        mistake = Mistake("", f"cannot be read: {reason}", "name a file that can be")
        raise ConfigurationError(path, [mistake]) from error
    return parse(content, path)


def parse(content: str | bytes, path: str = "<text>") -> Configuration:
    """The configuration that ``content`` is; ConfigurationError with all that is wrong."""
    text = _decode(content, path) if isinstance(content, bytes) else content
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        mistake = Mistake("", f"not TOML: {error}", "see https://toml.io for how it is written")
        raise ConfigurationError(path, [mistake]) from error
    reader = _Reader(key_lines(text))
    configuration = reader.configuration(tree, path)
    if reader.mistakes or configuration is None:
        raise ConfigurationError(path, reader.mistakes)
    return configuration


def from_interfaces(upstream: str, downstream: Sequence[str]) -> Configuration:
    """What ``[instance.proxy]`` with these interfaces gives; ConfigurationError."""
    reader = _Reader({})
    tree = {"instance": {"proxy": {"upstream": upstream, "downstream": list(downstream)}}}
    configuration = reader.configuration(tree, None)
    if reader.mistakes or configuration is None:
        raise ConfigurationError("command line", reader.mistakes)
    return configuration


def _decode(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        mistake = Mistake("", f"not UTF-8: byte {error.start}", "save it as UTF-8 text", line)
        raise ConfigurationError(path, [mistake]) from error


class _Reader:
    """Takes the tree apart and collects mistakes on the way."""

    def __init__(self, lines: dict[Path, int]) -> None:
        self.mistakes: list[Mistake] = []
        self._lines = lines

    def wrong(self, where: Path, message: str, hint: str = "") -> None:
        """One more mistake, at a key path."""
        line = self._lines.get(where)
        self.mistakes.append(Mistake(".".join(where), message, hint, line))

    # -- tables

    def configuration(self, tree: dict[str, Any], path: str | None) -> Configuration | None:
        """All of it; None where not even the instances can be told."""
        self._unknown(tree, _TOP, ())
        defaults = self._settings(tree.get("defaults", {}), ("defaults",), {})
        manhole = self._manhole(tree["manhole"]) if "manhole" in tree else None
        tables = self._table(tree.get("instance", {}), ("instance",))
        if tables is None:
            return None
        if not tables:
            self.wrong(("instance",), "there is no instance", "add a table [instance.NAME]")
            return None
        instances = []
        for name, table in tables.items():
            instance = self._instance(name, table, defaults)
            if instance is not None:
                instances.append(instance)
        check_instances(instances, self.wrong)
        return Configuration(tuple(instances), manhole, path)

    def _instance(self, name: str, raw: Any, defaults: dict[str, Any]) -> InstanceConfig | None:
        where = ("instance", name)
        if not name or not all(c.isascii() and (c.isalnum() or c in "-_.") for c in name):
            self.wrong(where, "not a usable name", "use letters, digits, dash, dot, underscore")
        table = self._table(raw, where)
        if table is None:
            return None
        values = self._values(InstanceConfig, table, where, skip=("name", "upstream", "defaults"))
        values["upstream"] = self._upstream(table, where)
        values["downstream"] = self._downstream(table, where)
        values["interface"] = self._interfaces(table, where, defaults, values)
        return InstanceConfig(name=name, defaults=InterfaceSettings(**defaults), **values)

    def _upstream(self, table: dict[str, Any], where: Path) -> str:
        """The upstream's name; empty when there is none to go on with."""
        here = (*where, "upstream")
        if "upstream" not in table:
            self.wrong(where, "no upstream", 'add upstream = "INTERFACE"')
            return ""
        names = self._names(table["upstream"], here, patterns=False)
        if len(names) > 1:
            self.wrong(here, "several upstreams are not supported yet", "name one")
        elif not names and table["upstream"] == []:
            self.wrong(here, "no upstream", 'add upstream = "INTERFACE"')
        return names[0] if names else ""

    def _downstream(self, table: dict[str, Any], where: Path) -> tuple[str, ...]:
        here = (*where, "downstream")
        if table.get("downstream", []) == []:
            at = here if "downstream" in table else where
            self.wrong(at, "no downstream", 'add downstream = ["INTERFACE", ...]')
            return ()
        return tuple(self._names(table["downstream"], here, patterns=True))

    def _names(self, raw: Any, where: Path, patterns: bool) -> list[str]:
        """Interface names from one text or a list of them."""
        if not isinstance(raw, str | list):
            self.wrong(where, "an interface name or a list of them is wanted")
            return []
        names = []
        for name in [raw] if isinstance(raw, str) else raw:
            problem = interface_mistake(name, patterns)
            if problem:
                self.wrong(where, *problem)
            elif name in names:
                self.wrong(where, f'"{name}" stands there twice', "name it once")
            else:
                names.append(name)
        return names

    def _interfaces(
        self, table: dict[str, Any], where: Path, defaults: dict[str, Any], values: dict[str, Any]
    ) -> dict[str, InterfaceSettings]:
        here = (*where, "interface")
        found = {}
        for name, raw in (self._table(table.get("interface", {}), here) or {}).items():
            if name == values["upstream"]:
                self.wrong((*here, name), "an upstream has no settings", "remove the table")
            elif name not in values["downstream"] and values["downstream"]:
                self.wrong(
                    (*here, name),
                    "not a downstream of this instance",
                    nearest(name, values["downstream"]),
                )
            settings = self._settings(raw, (*here, name), defaults)
            found[name] = InterfaceSettings(**settings)
        return found

    def _settings(self, raw: Any, where: Path, defaults: dict[str, Any]) -> dict[str, Any]:
        """Settings of an interface over ``defaults``, checked together."""
        table = self._table(raw, where) or {}
        own = self._values(InterfaceSettings, table, where)
        self._unknown(table, [_key(f.name) for f in attrs.fields(InterfaceSettings)], where)
        merged = {**defaults, **own}
        settings = InterfaceSettings(**merged)
        concerned = own.keys() & {"query_interval", "query_max_response_time"}
        if concerned and settings.query_max_response_time >= settings.query_interval:
            self.wrong(
                (*where, _key(sorted(concerned)[-1])),
                f"query-max-response-time ({settings.query_max_response_time:g}) must be "
                f"smaller than query-interval ({settings.query_interval:g})",
                "change one of them",
            )
            return dict(defaults)
        return merged

    def _manhole(self, raw: Any) -> ManholeConfig | None:
        where = ("manhole",)
        table = self._table(raw, where)
        if table is None:
            return None
        self._unknown(table, [_key(f.name) for f in attrs.fields(ManholeConfig)], where)
        values = self._values(ManholeConfig, table, where)
        for field in attrs.fields(ManholeConfig):
            if field.default is attrs.NOTHING and _key(field.name) not in table:
                self.wrong(where, f"no {_key(field.name)}", "it has no default")
        for key, message, hint in manhole_mistakes(values):
            self.wrong((*where, key), message, hint)
        if {"listen", "authorized_keys"} <= values.keys():
            return ManholeConfig(**values)
        return None

    # -- values

    def _table(self, raw: Any, where: Path) -> dict[str, Any] | None:
        if isinstance(raw, dict):
            return raw
        self.wrong(where, "a table is wanted here", f"write [{'.'.join(where)}]")
        return None

    def _unknown(self, table: Any, known: Iterable[str], where: Path) -> None:
        known = tuple(known)
        for key in table if isinstance(table, dict) else ():
            if key not in known:
                self.wrong((*where, key), "unknown key", nearest(key, known))

    def _values(
        self, kind: type, table: dict[str, Any], where: Path, skip: Iterable[str] = ()
    ) -> dict[str, Any]:
        """The plain values of ``table`` by attribute name, those that are wrong left out."""
        fields = {_key(f.name): f for f in attrs.fields(kind) if f.name not in skip}
        if kind is InstanceConfig:
            self._unknown(table, [*fields, "upstream"], where)
        values = {}
        for key, field in fields.items():
            if key in table and field.type in _PLAIN:
                try:
                    values[field.name] = _value(table[key], field)
                except ValueError as error:
                    self.wrong((*where, key), str(error))
        return values


def _key(name: str) -> str:
    return name.replace("_", "-")


def _value(raw: Any, field: attrs.Attribute[Any]) -> Any:
    """``raw`` as the field wants it; ValueError says what is wrong with it."""
    kind = _PLAIN[field.type]
    value: Any = _converter.structure(raw, kind)
    allowed: Range | None = field.metadata.get("range")
    if allowed is not None and not allowed.low <= value <= allowed.high:
        raise ValueError(f"{value:g} is out of range: {allowed} is possible")
    versions: Sequence[int] | None = field.metadata.get("versions")
    if versions is not None and value not in versions:
        one, other = versions
        raise ValueError(f"{value} is not possible: {other}, or {one} to leave the family out")
    return value


# Annotations are text here; cattrs gets the types that they stand for.
_PLAIN: dict[Any, type] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "int | None": int,
}


def _strict(raw: Any, kind: Any) -> Any:
    """No conversion but from whole numbers to numbers of seconds."""
    if kind is float and type(raw) is int:
        try:
            return float(raw)
        except OverflowError:
            return math.inf
    if type(raw) is not kind:
        raise ValueError(f"{_KINDS[kind]}, not {_shown(raw)}")
    if kind is float and math.isnan(raw):
        raise ValueError(f"{_KINDS[kind]}, not nan")
    return raw


def _shown(raw: Any) -> str:
    text = repr(raw) if isinstance(raw, str | int | float) else type(raw).__name__
    return text if len(text) <= 40 else text[:37] + "..."


_converter = cattrs.Converter()
for _kind in _KINDS:
    _converter.register_structure_hook(_kind, _strict)
