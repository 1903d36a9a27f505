"""The configuration language of mcproxy 1.1, read into a native document.

Every statement has a counterpart there. The checks are those of a native file; a mistake has
the line and column of its statement.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from ..errors import ConfigurationError, Mistake, shown
from ..native.reader import nearest
from .draft import CLASSIC, ForeignDraft, Position, Reading

_GRAMMAR = r"""
start: [_statement] (";" [_statement])*
_statement: protocol | pinstance | table | filtering | matching | disable

protocol: "protocol"i PROTOCOL
disable: DISABLE
pinstance: "pinstance"i NAME ["(" NUMBER ")"] ":" interfaces "==>" some_interfaces
interfaces: NAME*
some_interfaces: NAME+
filtering: _binding (WHITELIST | BLACKLIST) _table_use
matching: _binding "rulematching"i (ALL | FIRST | MUTEX NUMBER)
_binding: "pinstance"i NAME (UPSTREAM | DOWNSTREAM) (NAME | ANY) (IN | OUT)

table: "table"i NAME "{" rules "}"
rules: _rule*
_rule: rule | _nested
rule: [NAME] OPEN SIDE "|" SIDE ")"
_nested: OPEN _table_use ")"
_table_use: reference | inline
reference: "table"i NAME
inline: "table"i [NAME] "{" rules "}"

PROTOCOL: /igmpv[123]|mldv[12]/i
DISABLE: "disable"i
WHITELIST: "whitelist"i
BLACKLIST: "blacklist"i
UPSTREAM: "upstream"i
DOWNSTREAM: "downstream"i
IN: "in"i
OUT: "out"i
ALL: "all"i
FIRST: "first"i
MUTEX: "mutex"i
ANY: "*"
OPEN: "("
NUMBER: /[0-9]+/
NAME: /(?!(protocol|pinstance|table|disable)\b)[A-Za-z0-9_]+|"[^"\n]*"/i
SIDE: /(?!table\b)[^\s|(){};#"][^|(){};#"]*/i

%ignore /\s+/
%ignore /#[^\n]*/
"""

_IN_WORDS = {
    "NAME": "a name",
    "NUMBER": "a number",
    "SIDE": "an address",
    "PROTOCOL": "IGMPv1 to IGMPv3, MLDv1 or MLDv2",
    "$END": "the end of the file",
}

_MATCHING = {
    ("in", "first"): {"upstream-join": "first"},
    ("in", "mutex"): {"upstream-join": "mutex"},
    ("out", "all"): {"upstream-data": "all"},
    ("out", "first"): {"upstream-data": "first"},
}

SHORTEST_MUTEX_TIME = 0.1
"""Seconds of mutex-time; a shorter time is lengthened to it."""

_parser = Lark(_GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=True)


def read(text: str, path: str = "<text>") -> Reading:
    """Read ``text``; ConfigurationError."""
    try:
        tree = _parser.parse(text)
    except UnexpectedInput as error:
        _fail(error, text, path)
    draft = ForeignDraft(CLASSIC, path)
    try:
        _Reader(draft).read([child for child in tree.children if isinstance(child, Tree)])
    except RecursionError:
        message, hint = "tables are nested too deeply", "give the inner ones names"
        raise ConfigurationError([Mistake(path, "", message, hint)]) from None
    if not draft.document["instance"]:
        hint = "write pinstance NAME: UPSTREAM ==> DOWNSTREAM;"
        raise ConfigurationError([Mistake(path, "", "no instance", hint)])
    return draft.finish()


def _fail(error: UnexpectedInput, text: str, path: str) -> NoReturn:
    position, found, expected = Position(error.line, error.column), "", set()
    if isinstance(error, UnexpectedToken):
        found, expected = str(error.token), error.accepts or error.expected
        if error.token.type == "$END":
            rows = text.rstrip().split("\n")
            position, found = Position(len(rows), len(rows[-1]) + 1), ""
    elif isinstance(error, UnexpectedCharacters):
        found, expected = error.char, error.allowed
    what = f"{shown(found.split()[0])} is not expected here" if found else "the file ends too early"
    hint = f"write {_alternatives(expected or ())}" if expected else ""
    raise ConfigurationError([Mistake(path, str(position), what, hint)]) from None


def _alternatives(terminals: Iterable[str]) -> str:
    patterns = {terminal.name: terminal.pattern.value for terminal in _parser.terminals}
    words = sorted(
        _IN_WORDS.get(name) or f'"{patterns.get(name, name)}"'
        for name in terminals
        if not name.startswith("__IGNORE")
    )
    return " or ".join([", ".join(words[:-1]), words[-1]]) if words[1:] else "".join(words)


class _Reader:
    """Puts statements into a draft: instances and tables first, in any order."""

    def __init__(self, draft: ForeignDraft) -> None:
        self._draft = draft
        self._instances: dict[str, Any] = draft.document["instance"]
        self._filters: dict[str, Any] = draft.document["filter"]
        self._versions: dict[str, int] = {}
        self._version_positions: dict[str, Position] = {}

    def read(self, statements: Iterable[Tree[Token]]) -> None:
        later = []
        for statement in statements:
            if statement.data in ("filtering", "matching"):
                later.append(statement)
            else:
                getattr(self, f"_{statement.data}")(statement)
        versions = self._versions or {"igmp-version": 3}
        for name, table in self._instances.items():
            table.update({"igmp-version": 0, "mld-version": 0} | versions)
            for key, position in self._version_positions.items():
                self._draft.locate(("instance", name, key), position)
        for statement in later:
            getattr(self, f"_{statement.data}")(statement)

    # -- statements

    def _protocol(self, statement: Tree[Token]) -> None:
        word = str(_parts(statement)[0])
        key = f"{word[:-2].lower()}-version"
        if key in self._versions:
            self._draft.mistake(
                _position(statement),
                f"{word[:-2]} has a version already",
                "remove one of the statements",
            )
        self._versions[key] = int(word[-1])
        self._version_positions[key] = _position(statement)

    def _disable(self, statement: Tree[Token]) -> None:
        self._draft.disable(_position(statement))

    def _pinstance(self, statement: Tree[Token]) -> None:
        token, number, upstreams, downstreams = _parts(statement)
        name = _text(token)
        if name in self._instances:
            self._draft.mistake(_position(statement), f"there is an instance {shown(name)} already")
            return
        table: dict[str, Any] = {
            "upstream": [_text(child) for child in upstreams.children],
            "downstream": [_text(child) for child in downstreams.children],
        }
        where = ("instance", name)
        self._draft.locate(where, _position(statement))
        for key, part in (("upstream", upstreams), ("downstream", downstreams), ("table", number)):
            if isinstance(part, Token) or (part is not None and part.children):
                self._draft.locate((*where, key), _position(part))
        if number is not None:
            table["table"] = int(number[:18])
        self._instances[name] = table

    def _table(self, statement: Tree[Token]) -> None:
        name, rules = _parts(statement)
        self._define(name, rules)

    def _filtering(self, statement: Tree[Token]) -> None:
        instance, role, interface, direction, kind, use = _parts(statement)
        table = self._instance(instance)
        if table is None:
            return
        key = "allow" if kind.type == "WHITELIST" else "deny"
        filters = table.setdefault("filter", [])
        where = ("instance", _text(instance), "filter", len(filters))
        self._draft.locate(where, _position(statement))
        self._draft.locate((*where, "interface"), _position(interface))
        self._draft.locate((*where, key), _position(use))
        written = {
            "interface": _text(interface),
            "role": role.lower(),
            "direction": direction.lower(),
        }
        filters.append(written | {key: self._used(use, (*where, key))})

    def _matching(self, statement: Tree[Token]) -> None:
        instance, role, interface, direction, how, *time = _parts(statement)
        table = self._instance(instance)
        if table is None:
            return
        if role.type == "DOWNSTREAM":
            if how.type != "ALL":
                self._draft.mistake(_position(role), "rulematching is for upstreams")
            return
        chosen = _MATCHING.get((direction.lower(), how.lower()))
        if chosen is None:
            known = [f'"{word}"' for way, word in _MATCHING if way == direction.lower()]
            self._draft.mistake(
                _position(how),
                f"{shown(str(how))} is not possible for {direction}",
                f"write {' or '.join(known)}",
            )
            return
        (key,) = chosen
        if key in table:
            self._draft.mistake(_position(how), "rulematching is given twice", "remove one")
        self._check_upstream(interface, table)
        table.update(chosen)
        if time:
            table["mutex-time"] = max(int(time[0][:18]) / 1000, SHORTEST_MUTEX_TIME)
            if table["mutex-time"] != int(time[0][:18]) / 1000:
                text = f"mutex {time[0]}: the shortest time is {SHORTEST_MUTEX_TIME} s"
                self._draft.note(_position(time[0]), text)
            self._draft.locate(("instance", _text(instance), "mutex-time"), _position(time[0]))

    # -- parts of statements

    def _instance(self, name: Token) -> dict[str, Any] | None:
        table: dict[str, Any] | None = self._instances.get(_text(name))
        if table is None:
            known = list(self._instances)
            hint = nearest(_text(name), known) if known else "define it with pinstance"
            self._draft.mistake(_position(name), f"there is no instance {shown(_text(name))}", hint)
        return table

    def _check_upstream(self, interface: Token, table: Mapping[str, Any]) -> None:
        name, upstreams = _text(interface), table["upstream"]
        if name == "*":
            return
        if name not in upstreams:
            self._draft.mistake(
                _position(interface), f"this instance has no upstream {shown(name)}"
            )
        elif len(upstreams) > 1:
            self._draft.note(_position(interface), "rulematching applies to all upstreams")

    def _define(self, name: Token, rules: Tree[Token]) -> None:
        if _text(name) in self._filters:
            self._draft.mistake(_position(name), f"there is a table {shown(_text(name))} already")
            return
        where = ("filter", _text(name))
        self._draft.locate(where, _position(name))
        self._filters[_text(name)] = {}  # before the tables in it
        self._filters[_text(name)]["rules"] = self._rules(rules, (*where, "rules"))

    def _used(self, use: Tree[Token], where: tuple[str | int, ...]) -> object:
        """The name of a table, or rules."""
        if use.data == "reference":
            return _text(_parts(use)[0])
        name, rules = _parts(use)
        if name is None:
            return self._rules(rules, where)
        self._define(name, rules)
        return _text(name)

    def _rules(self, rules: Tree[Token], where: tuple[str | int, ...]) -> list[Any]:
        items: list[tuple[object, Position]] = []
        self._collect(rules, items)
        for number, (_, position) in enumerate(items):
            self._draft.locate((*where, number), position)
        return [item for item, _ in items]

    def _collect(self, rules: Tree[Token], items: list[tuple[object, Position]]) -> None:
        """Rules, and references to tables, in the order of the file."""
        for child in _parts(rules):
            if isinstance(child, Token):
                continue  # the parenthesis before a table
            if child.data == "rule":
                items.append((self._rule(child), _position(child)))
            elif child.data == "reference":
                items.append(({"filter": _text(_parts(child)[0])}, _position(child)))
            elif _parts(child)[0] is None:
                self._collect(_parts(child)[1], items)
            else:
                items.append(({"filter": self._used(child, ())}, _position(child)))

    def _rule(self, rule: Tree[Token]) -> object:
        interface, _, group, source = _parts(rule)
        text = f"{self._side(group)} | {self._side(source)}"
        return text if interface is None else {"rule": text, "from": _text(interface)}

    def _side(self, side: Token) -> str:
        """An address, prefix, range or "*"; a prefix without the bits beyond it."""
        text = " ".join(side.split())
        if "/" not in text:
            return text
        try:
            written = ipaddress.ip_interface(text.replace(" ", ""))
        except ValueError:
            return text  # the check of the rule reports it
        if written.ip != written.network.network_address:
            self._draft.note(_position(side), f"{text} is {written.network}")
        return str(written.network)


def _parts(tree: Tree[Token]) -> list[Any]:
    """The parts of a grammar rule; the grammar says which of them are tokens and trees."""
    return tree.children


def _text(name: Token) -> str:
    return name.strip('"')


def _position(part: Token | Tree[Token]) -> Position:
    where = part if isinstance(part, Token) else part.meta
    return Position(where.line or 1, where.column or 1)
