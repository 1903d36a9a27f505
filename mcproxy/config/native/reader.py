"""Tables of a file as values of a type: names, types and ranges, all mistakes collected."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import attrs
from cattrs import ClassValidationError, Converter, ForbiddenExtraKeysError
from cattrs.errors import AttributeValidationNote
from cattrs.gen import make_dict_structure_fn, override

from ..addresses import Texts
from ..errors import LONGEST_SHOWN, Mistake, Wrong, shown
from ..names import check_name_or_pattern
from ..origin import KeyPath, Origin, key_text

T = TypeVar("T")

Table = Mapping[str, Any]

MAX_LISTED = 25
"""Names that a message lists, where none is near."""

_converter = Converter(forbid_extra_keys=True)


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


def structure(table: object, kind: type[T], where: KeyPath, mistakes: Mistakes) -> T:
    """``table`` as a ``kind``; what is wrong goes to ``mistakes`` and is left at its default."""
    if not isinstance(table, dict):
        mistakes.add(where, f"{shown(table)} is not a table", f"write [{key_text(where)}]")
        table = {}
    try:
        return _converter.structure(table, kind)
    except ClassValidationError as error:
        bad = set()
        for key, wrong in _explain(error, kind, table):
            mistakes.add((*where, key), wrong.message, wrong.hint)
            bad.add(key)
    good = {key: value for key, value in table.items() if key not in bad}
    return _converter.structure(good, kind)


def key_of(attribute: str) -> str:
    """The key of a file that an attribute has its value from."""
    return attribute.replace("_", "-")


def keys_of(kind: type) -> list[str]:
    """The keys that a table of this kind may have."""
    return [key_of(field.name) for field in attrs.fields(kind)]


def _hook(kind: type) -> Callable[[Any, Any], Any]:
    """How to make a ``kind``: keys with dashes, and each field with its own check."""
    overrides: Any = {
        field.name: override(rename=key_of(field.name), struct_hook=_reader(field))
        for field in attrs.fields(attrs.resolve_types(kind))
    }
    return make_dict_structure_fn(kind, _converter, **overrides)


def _reader(field: attrs.Attribute[Any]) -> Callable[[object, Any], Any]:
    convert = _converter.get_structure_hook(field.type)
    check = field.metadata.get("check")

    def read(value: object, kind: Any) -> Any:
        converted = convert(value, kind)
        if check is not None:
            check(converted)
        # Only now: an integer out of range may be too large to become a float.
        return float(converted) if field.type is float else converted

    return read


def _explain(error: ClassValidationError, kind: type, table: Table) -> Iterator[tuple[str, Wrong]]:
    """The keys that cattrs found fault with, in the order of the file."""
    known = keys_of(kind)
    wrongs: list[tuple[str, Wrong]] = []
    for problem in error.exceptions:
        if isinstance(problem, ForbiddenExtraKeysError):
            hints = getattr(kind, "UNKNOWN_KEY_HINTS", {})
            for key in problem.extra_fields:
                hint = hints.get(key) or nearest(key, known, isinstance(table[key], dict))
                wrongs.append((key, Wrong("unknown key", hint)))
        else:
            name = next(n.name for n in problem.__notes__ if isinstance(n, AttributeValidationNote))
            wrongs.extend((key_of(name), wrong) for wrong in _flat(problem))
    order = {key: position for position, key in enumerate(table)}
    yield from sorted(wrongs, key=lambda item: order[item[0]])


def _flat(problem: BaseException) -> Iterator[Wrong]:
    match problem:
        case BaseExceptionGroup():
            for part in problem.exceptions:
                yield from _flat(part)
        case Wrong():
            yield problem
        case _:
            raise problem


def nearest(name: str, known: Sequence[str], is_table: bool = False) -> str:
    """What may have been meant by ``name``, or what there is."""
    wanted = name.replace("_", "-").lower()
    found = difflib.get_close_matches(wanted, known, 1, cutoff=0.6)
    if found:
        return f"did you mean {_plain(found[0])}?"
    if is_table:
        return 'a name with a dot in it needs quotes, as in "eth0.7"'
    listed = [_plain(one) for one in known[:MAX_LISTED]]
    if len(known) > MAX_LISTED:
        listed.append("others")
    return f"there {'is' if len(known) == 1 else 'are'} {', '.join(listed)}"


def _plain(name: str) -> str:
    return name if name.isprintable() and len(name) < LONGEST_SHOWN else shown(name)


# -- types


def _typed(kind: type, label: str, hint: str) -> Callable[[object, Any], Any]:
    def read(value: object, _: Any) -> Any:
        if type(value) is not kind:  # to isinstance a bool is an int
            raise Wrong(f"{shown(value)} is not {label}", hint)
        return value

    return read


def _read_number(value: object, _: Any) -> Any:
    if type(value) not in (int, float):
        raise Wrong(f"{shown(value)} is not a number", "write digits, without quotes")
    return value


def _read_number_or_text(value: object, kind: Any) -> Any:
    return value if isinstance(value, str) else _read_number(value, kind)


def _read_names(value: object, _: Any) -> tuple[str, ...]:
    """An interface name or pattern, or a list of them, each checked."""
    if not isinstance(value, str | list):
        raise Wrong(f"{shown(value)} is neither a name nor a list", "write names in quotes")
    names: list[str] = []
    wrongs: list[Wrong] = []
    for item in _listed(value):
        try:
            check_name_or_pattern(_read_text(item, str))
            names.append(item)
        except Wrong as wrong:
            wrongs.append(wrong)
    if wrongs:
        raise ExceptionGroup("names", wrongs)
    return tuple(names)


def _read_texts(value: object, _: Any) -> Texts:
    """A text or a list of texts."""
    if not isinstance(value, str | list):
        raise Wrong(f"{shown(value)} is neither text nor a list", "write it in quotes")
    return Texts(tuple(_read_text(item, str) for item in _listed(value)))


def _listed(value: str | list[Any]) -> list[Any]:
    return [value] if isinstance(value, str) else value


_read_text = _typed(str, "text", "write it in quotes")

_converter.register_structure_hook_factory(attrs.has, _hook)
_converter.register_structure_hook(str, _read_text)
_converter.register_structure_hook(float, _read_number)
_converter.register_structure_hook(
    int, _typed(int, "a whole number", "write digits, without quotes or fraction")
)
_converter.register_structure_hook(
    bool, _typed(bool, "true or false", "write true or false, without quotes")
)
_converter.register_structure_hook_func(lambda kind: kind == tuple[str, ...], _read_names)
_converter.register_structure_hook_func(lambda kind: kind == float | str, _read_number_or_text)
_converter.register_structure_hook_func(lambda kind: kind is Texts, _read_texts)
