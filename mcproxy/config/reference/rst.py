"""The tables of options in docs/reference/configuration.rst."""

from __future__ import annotations

import re

from ..schema.option import Option
from .markup import held_together, with_literals, wrap
from .scopes import Scope, default_toml, meaning, type_text

COMMENT = ".. "
WIDTH = 110

_HEAD = """
.. list-table::
   :header-rows: 1
   :widths: 18 14 14 14 40 20

   * - key
     - type
     - default
     - range
     - meaning
     - example
"""


def table(scope: Scope) -> str:
    """A table with a row for each option."""
    return _HEAD + "".join(map(_row, scope.options)) + "\n"


def _row(option: Option) -> str:
    default = default_toml(option)
    cells = (
        f"``{option.key}``",
        _escaped(type_text(option)),
        f"``{default}``" if default else option.usual or "*required*",
        _escaped(option.value.allowed),
        with_literals(held_together(meaning(option)), "``{}``".format, _escaped),
        f"``{option.example}``",
    )
    return "".join(_cell(cell, first=not n) for n, cell in enumerate(cells))


def _cell(text: str, first: bool) -> str:
    lines = wrap(text, WIDTH, "   * - " if first else "     - ", "       ")
    return "".join(f"{line}\n" for line in lines)


def _escaped(text: str) -> str:
    return re.sub(r"[*|`]", r"\\\g<0>", text)
