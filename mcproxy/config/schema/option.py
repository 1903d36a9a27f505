"""Options: what is known of each key of a file, kept with the attribute that it sets.

An attrs class says all of an option in one place::

    robustness_variable: int = option(2, Whole(1, 7), "How often ...", rfc="RFC 9776, 8.1")

The reader, ``show config``, the sample file, the reference, the manual page and the JSON Schema
are made from this. An attribute without a description is no key.
"""

from __future__ import annotations

import typing
from typing import Any

import attrs

from .numbers import Flag
from .tables import Anything
from .texts import Text
from .value import Value

_DESCRIPTION = "option"

_BY_ANNOTATION: dict[Any, Value] = {
    bool: Flag(),
    str: Text(),
    str | None: Text(),
    Any: Anything(),
}


@attrs.frozen
class _Description:
    value: Value
    text: str
    key: str
    unit: str
    example: str
    usual: str
    rfc: str
    optional: bool


@attrs.frozen
class Option:
    """One key of a table.

    ``attribute`` is the name in the class, ``default`` its value there (attrs.NOTHING for none),
    ``usual`` the words for a default that TOML cannot write. ``text`` explains the option in
    plain English, with TOML in double backquotes. ``example`` is a value as TOML writes it.
    """

    attribute: str
    key: str
    value: Value
    default: Any
    required: bool
    text: str = ""
    unit: str = ""
    example: str = ""
    usual: str = ""
    rfc: str = ""


def described(
    value: Value,
    text: str,
    *,
    key: str = "",
    unit: str = "",
    example: str = "",
    usual: str = "",
    rfc: str = "",
    optional: bool = False,
) -> dict[str, Any]:
    """The metadata of an attribute that is an option; without a default it is required.

    ``optional`` is for an option without a default that a file may leave out all the same.
    ``key`` is the key where it is not the attribute's name with dashes.
    """
    return {_DESCRIPTION: _Description(value, text, key, unit, example, usual, rfc, optional)}


def option(default: Any, value: Value, text: str, **more: Any) -> Any:
    """An attribute with a default that is an option; ``more`` are arguments of ``described``."""
    return attrs.field(default=default, metadata=described(value, text, **more))


_known: dict[type, dict[str, Option]] = {}


def options_of(kind: type[Any]) -> dict[str, Option]:
    """The options of an attrs class by their keys, in the order of the class.

    In a class that describes nothing every attribute is a key, whose value its annotation names.
    """
    if kind not in _known:
        _known[kind] = {one.key: one for one in _options(kind)}
    return _known[kind]


def _options(kind: type[Any]) -> list[Option]:
    fields = attrs.fields(kind)
    made = [_described_option(field) for field in fields if _DESCRIPTION in field.metadata]
    if made:
        return made
    types = typing.get_type_hints(kind)
    return [_plain_option(field, _BY_ANNOTATION[types[field.name]]) for field in fields]


def _plain_option(field: attrs.Attribute[Any], value: Value) -> Option:
    required = field.default is attrs.NOTHING
    return Option(field.name, _key_of(field.name), value, field.default, required)


def _described_option(field: attrs.Attribute[Any]) -> Option:
    said: _Description = field.metadata[_DESCRIPTION]
    return Option(
        attribute=field.name,
        key=said.key or _key_of(field.name),
        value=said.value,
        default=field.default,
        required=field.default is attrs.NOTHING and not said.optional,
        text=said.text,
        unit=said.unit,
        example=said.example,
        usual=said.usual,
        rfc=said.rfc,
    )


def _key_of(attribute: str) -> str:
    return attribute.replace("_", "-")
