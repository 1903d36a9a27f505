"""The options in docs/man/mcproxy.toml.5."""

from __future__ import annotations

from ..schema.option import Option
from .markup import held_together, with_literals, wrap
from .scopes import Scope, default_toml, meaning, type_text

COMMENT = '.\\" '
WIDTH = 100


def entries(scope: Scope) -> str:
    """A paragraph with a tag for each option."""
    return "".join(map(_entry, scope.options))


def _entry(option: Option) -> str:
    default = default_toml(option) or option.usual
    facts = [
        f"Type: {type_text(option)}.",
        f"Range: {option.value.allowed}." if option.value.allowed else "",
        f"Default: {default}." if default else "Required.",
    ]
    text = with_literals(
        held_together(meaning(option)), lambda word: f"\\fB{_escaped(word)}\\fR", _escaped
    )
    lines = [
        ".TP",
        f".B {_escaped(option.key)}",
        *_wrapped(text),
        ".br",
        *_wrapped(_escaped(" ".join(fact for fact in facts if fact))),
    ]
    return "".join(f"{line}\n" for line in lines)


def _bold(literal: str) -> str:
    return f"\\fB{_escaped(literal)}\\fR"


def _wrapped(text: str) -> list[str]:
    lines = wrap(text, WIDTH)
    # A line that begins with one of these would be a request.
    return [f"\\&{line}" if line.startswith((".", "'")) else line for line in lines]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
