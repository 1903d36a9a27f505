"""The native configuration file: TOML in, a Configuration or all its mistakes out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import attrs

from ..errors import ConfigurationError, Mistake
from ..model import Configuration
from ..origin import KeyPath, Origin
from .filters import Filters
from .lines import TomlOrigin
from .reader import Mistakes, structure
from .roles import check_roles, named_elsewhere
from .tables import (
    Document,
    read_control,
    read_defaults,
    read_instance,
    read_manhole,
    read_settings,
    to_config,
)

NO_INSTANCE_HINT = "write [instance.NAME] with an upstream and a downstream"

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def parse(text: str | bytes, path: str = "<text>") -> Configuration:
    """The configuration in ``text``; ConfigurationError."""
    if isinstance(text, bytes):
        text = decode(text, path)
    text = text.removeprefix("\ufeff")
    if not text.strip():
        _fail(path, "", "it is empty", NO_INSTANCE_HINT)
    return build(_read_toml(text, path), Mistakes(TomlOrigin(path, text)))


def from_interfaces(upstream: str | None, downstreams: Iterable[str]) -> Configuration:
    """The configuration of one instance with default settings; ConfigurationError.

    Its mistakes are told in terms of a command line.
    """
    names = list(downstreams)
    given = {"upstream": upstream is not None, "downstream": bool(names)}
    if not all(given.values()):
        raise ConfigurationError(
            Mistake("command line", "", f"no {role}", f"add --{role} IF")
            for role, there in given.items()
            if not there
        )
    document = {"instance": {"default": {"upstream": upstream, "downstream": names}}}
    return attrs.evolve(build(document, Mistakes(_CommandLine())), path=None)


class _CommandLine(Origin):
    """Options of a command; a mistake names the option."""

    def __init__(self) -> None:
        super().__init__("command line")

    def name_of(self, where: KeyPath) -> str:
        return f"--{where[-1]}"


def build(document: Mapping[str, Any], mistakes: Mistakes) -> Configuration:
    """The configuration in a document that was read; ConfigurationError, with ``mistakes``."""
    read = structure(document, Document, (), mistakes)
    defaults = read_defaults(read.defaults, mistakes)
    tables = {name: read_instance(name, table, mistakes) for name, table in read.instance.items()}
    settings = {
        name: read_settings(name, table, defaults, mistakes) for name, table in tables.items()
    }
    if not tables and not mistakes.at(("instance",)):
        mistakes.add((), "no instance", NO_INSTANCE_HINT)
    check_roles(tables, mistakes)
    named = Filters(read.filter, mistakes)
    filters = {name: named.of_instance(name, table) for name, table in tables.items()}
    named.check_named()
    manhole = None if read.manhole is None else read_manhole(read.manhole, mistakes)
    control = None if read.control is None else read_control(read.control, mistakes)
    if mistakes.found:
        raise ConfigurationError(mistakes.all())
    instances = (
        to_config(name, table, settings[name], named_elsewhere(name, tables), filters[name])
        for name, table in tables.items()
    )
    return Configuration(
        tuple(instances),
        manhole,
        mistakes.origin.path,
        defaults=defaults.settings,
        control=control,
        filters=named.named,
        origin=mistakes.origin,
    )


def decode(content: bytes, path: str) -> str:
    """``content`` as text, without the mark that editors put before it; ConfigurationError."""
    try:
        return content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8: byte {error.start + 1} of the file is 0x{content[error.start]:02x}"
        _fail(path, f"line {line}", message, "save it as UTF-8")


def _read_toml(text: str, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        _fail(path, "", "not TOML that can be read: brackets are nested too deeply")
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        found = _POSITION.search(message)
        where = ""
        if found is not None:
            message = message[: found.start()]
            line = found[1] or text.rstrip().count("\n") + 1
            where = f"line {line}, column {found[2]}" if found[2] else f"line {line}"
        _fail(path, where, f"not TOML: {message}", "names and other text need quotes")
    except ValueError:  # from int(), whose digits are limited
        _fail(path, "", "a number has too many digits")


def _fail(path: str, where: str, message: str, hint: str = "") -> NoReturn:
    raise ConfigurationError([Mistake(path, where, message, hint)])
