"""Tables of a file as values of attrs classes, with all mistakes collected."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from ..errors import LONGEST_SHOWN, Mistake, Wrong, shown
from ..origin import KeyPath, Origin, key_text
from ..schema.option import Option, options_of

T = TypeVar("T")

_NUMBER = re.compile("[0-9]+")

MAX_LISTED = 25
"""Names that a message lists, if none is similar."""


@attrs.define
class Mistakes:
    """The mistakes found so far, by the keys that they are about."""

    origin: Origin
    found: list[tuple[KeyPath, Wrong]] = attrs.field(factory=list)

    def add(self, where: KeyPath, message: str, hint: str = "") -> None:
        """Note a mistake."""
        self.found.append((where, Wrong(message, hint)))

    def at(self, where: KeyPath) -> bool:
        """Whether something is wrong with exactly this key."""
        return any(path == where for path, _ in self.found)

    def all(self) -> list[Mistake]:
        """All of them, in the order of their lines as far as these are known."""
        mistakes = [
            self.origin.mistake(where, wrong.message, wrong.hint) for where, wrong in self.found
        ]
        return sorted(mistakes, key=lambda mistake: mistake.line or 0)


def read_table(table: object, kind: type[T], where: KeyPath, mistakes: Mistakes) -> T:
    """``table`` as a ``kind`` whose attributes all have defaults.

    What is wrong goes to ``mistakes``, and the attribute has its default.
    """
    return kind(**read_values(table, kind, where, mistakes))


def read_values(
    table: object,
    kind: type[Any],
    where: KeyPath,
    mistakes: Mistakes,
    hints: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The values in ``table`` that are right, by the attributes of ``kind``.

    What is wrong, unknown or missing goes to ``mistakes``. ``hints`` are for keys of other tables.
    """
    if not isinstance(table, dict):
        hint = f"write [{key_text(where)}]" if where else 'write {"KEY": VALUE, ...}'
        mistakes.add(where, f"{shown(table)} is not a table", hint)
        return {}
    options = options_of(kind)
    values: dict[str, Any] = {}
    for key, value in table.items():
        option = options.get(key)
        if option is None:
            hint = _hint(key, value, list(options), hints or {})
            mistakes.add((*where, key), "unknown key", hint)
            continue
        try:
            values[option.attribute] = option.value.read(value)
        except Wrong as wrong:
            mistakes.add((*where, key), wrong.message, wrong.hint)
        except ExceptionGroup as several:
            for part in several.exceptions:
                assert isinstance(part, Wrong)
                mistakes.add((*where, key), part.message, part.hint)
    _note_missing(table, options.values(), where, mistakes)
    return values


def _hint(key: str, value: object, options: Sequence[str], elsewhere: Mapping[str, str]) -> str:
    """What to do about an unknown key; ``elsewhere`` has a hint for each key of other tables."""
    if key in elsewhere:
        return elsewhere[key]
    for known in _similar(key, [*options, *elsewhere]):
        if known not in options:
            return f"did you mean {known}? If so, {elsewhere[known]}"
    return nearest(key, options, isinstance(value, dict))


def _note_missing(
    table: Mapping[str, Any], options: Iterable[Option], where: KeyPath, mistakes: Mistakes
) -> None:
    for option in options:
        if option.required and option.key not in table:
            hint = f"write {option.key} = {option.example}"
            mistakes.add(where, f"{option.key} is missing", hint)


def nearest(name: str, known: Sequence[str], is_table: bool = False) -> str:
    """The known name that is similar to ``name``, or all that are known, as a hint."""
    found = _similar(name, known)
    if found:
        return f"did you mean {_plain(found[0])}?"
    if is_table:
        return 'a name with a dot in it needs quotes, as in "eth0.7"'
    listed = [_plain(one) for one in known[:MAX_LISTED]]
    if len(known) > MAX_LISTED:
        listed.append("others")
    return f"there {'is' if len(known) == 1 else 'are'} {', '.join(listed)}"


def _similar(name: str, known: Sequence[str]) -> list[str]:
    """The known name that is most similar, or none.

    A name that differs in its numbers only, as eth3 and eth77 do, means another thing.
    """
    wanted = name.replace("_", "-").lower()
    possible = [one for one in known if not _differ_in_numbers(wanted, one)]
    return difflib.get_close_matches(wanted, possible, 1, cutoff=0.6)


def _differ_in_numbers(name: str, other: str) -> bool:
    return name != other and _NUMBER.sub("0", name) == _NUMBER.sub("0", other)


def _plain(name: str) -> str:
    return name if name.isprintable() and len(name) < LONGEST_SHOWN else shown(name)
