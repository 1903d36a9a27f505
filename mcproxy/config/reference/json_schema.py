"""The JSON Schema of a configuration file, for editors and validators.

Draft 7, which TOML editors know. What a schema cannot say, "mcproxy check" tells.
"""

from __future__ import annotations

import json
import tomllib
from typing import Any

from ..model import Configuration
from ..schema.option import Option, options_of
from ..schema.tables import Section, TableList, Tables
from ..schema.value import JsonSchema
from .markup import without_markup
from .scopes import SCOPES, default_toml, meaning

_NAMES = {scope.kind: name for name, scope in SCOPES.items()}


def json_schema_text() -> str:
    """The text of docs/reference/mcproxy.schema.json."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def json_schema() -> JsonSchema:
    """The schema of a file; each table is a definition."""
    root = _table(Configuration)
    root["properties"]["instance"]["minProperties"] = 1
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Configuration of mcproxy",
        **root,
        "required": ["instance"],
        "definitions": {name: _table(scope.kind) for name, scope in SCOPES.items()},
    }


def _table(kind: type[Any]) -> JsonSchema:
    options = options_of(kind).values()
    schema: JsonSchema = {
        "type": "object",
        "properties": {option.key: _property(option) for option in options},
        "additionalProperties": False,
    }
    if required := [option.key for option in options if option.required]:
        schema["required"] = required
    if either := getattr(kind, "EITHER", ()):
        schema["oneOf"] = [{"required": [key]} for key in either]
    return schema


def _property(option: Option) -> JsonSchema:
    schema: JsonSchema = {"description": without_markup(meaning(option))}
    match option.value:
        case TableList():
            return schema | {"type": "array", "items": _reference(option.value.kind)}
        case Tables():
            return schema | {
                "type": "object",
                "propertyNames": option.value.names,
                "additionalProperties": _reference(option.value.kind),
            }
        case Section():
            return schema | {"allOf": [_reference(option.value.kind)]}
    schema |= option.value.schema
    if default := default_toml(option):
        schema["default"] = _read(default)
    if option.example:
        schema["examples"] = [_read(option.example)]
    return schema


def _reference(kind: type[Any]) -> JsonSchema:
    return {"$ref": f"#/definitions/{_NAMES[kind]}"}


def _read(value: str) -> Any:
    return tomllib.loads(f"value = {value}")["value"]
