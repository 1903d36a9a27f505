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
from .filters import FilterReader
from .lines import TomlOrigin
from .reader import Mistakes
from .roles import check_roles, named_elsewhere
from .services import read_services
from .tables import (
    read_defaults,
    read_file,
    read_instance,
    read_interfaces,
)
from .toml_errors import mistake

NO_INSTANCE_HINT = "write [instance.NAME] with an upstream and a downstream"

_MOST_PARTS = 64
_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_LONG_KEY = re.compile(rf"(?m)(?:^|[\[{{,])[ \t]*{_PART}(?:[ \t]*\.[ \t]*{_PART}){{{_MOST_PARTS}}}")
"""A key with very many parts, for which tomllib takes time that grows with their square."""


def parse(text: str | bytes, path: str = "<text>") -> Configuration:
    """The configuration in ``text``; ConfigurationError."""
    if isinstance(text, bytes):
        text = decode(text, path)
    text = text.removeprefix("\ufeff")
    if not text.strip():
        _fail(path, "", "it is empty", NO_INSTANCE_HINT)
    return build(_read_toml(text, path), Mistakes(TomlOrigin(path, text)))


def from_interfaces(upstreams: Iterable[str], downstreams: Iterable[str]) -> Configuration:
    """The configuration of one instance with default settings; ConfigurationError.

    Its mistakes name the options of a command line.
    """
    given = {"upstream": list(upstreams), "downstream": list(downstreams)}
    if not all(given.values()):
        raise ConfigurationError(
            Mistake("command line", "", f"no {role}", f"add --{role} IF")
            for role, there in given.items()
            if not there
        )
    document = {"instance": {"default": given}}
    return attrs.evolve(build(document, Mistakes(_CommandLine())), path=None)


class _CommandLine(Origin):
    """Options of a command; a mistake names the option."""

    def __init__(self) -> None:
        super().__init__("command line")

    def name_of(self, where: KeyPath) -> str:
        return f"--{where[-1]}"


def build(document: Mapping[str, Any], mistakes: Mistakes) -> Configuration:
    """The configuration in a document that was read; ConfigurationError, with ``mistakes``."""
    file = read_file(document, mistakes)
    defaults = read_defaults(file.sections.get("defaults", {}), mistakes)
    tables = {name: read_instance(name, table, mistakes) for name, table in file.instances.items()}
    instances = {
        name: attrs.evolve(table.config, interface=read_interfaces(table, defaults, mistakes))
        for name, table in tables.items()
    }
    if not tables and not mistakes.at(("instance",)):
        mistakes.add((), "no instance", NO_INSTANCE_HINT)
    check_roles(instances, mistakes)
    named = FilterReader(file.filters, mistakes)
    filters = {
        name: named.of_instance(instances[name], table.filters) for name, table in tables.items()
    }
    named.check_named()
    services = read_services(file, mistakes)
    if mistakes.found:
        raise ConfigurationError(mistakes.all())
    return Configuration(
        tuple(
            attrs.evolve(one, elsewhere=named_elsewhere(name, instances), filters=filters[name])
            for name, one in instances.items()
        ),
        path=mistakes.origin.path,
        defaults=defaults,
        filters=named.named,
        unused_filters=named.unused,
        origin=mistakes.origin,
        **services,
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
    long_key = _LONG_KEY.search(text)
    if long_key is not None:
        number = text.count("\n", 0, long_key.start()) + 1
        _fail(path, f"line {number}", f"a key with more than {_MOST_PARTS} parts between dots")
    try:
        return tomllib.loads(text)
    except RecursionError:
        _fail(path, "", "not TOML that can be read: brackets are nested too deeply")
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([mistake(path, text, error)]) from None
    except ValueError:  # from int(), whose digits are limited
        _fail(path, "", "a number has too many digits")


def _fail(path: str, where: str, message: str, hint: str = "") -> NoReturn:
    raise ConfigurationError([Mistake(path, where, message, hint)])
