"""The configuration language of igmpproxy, read into a native document.

A file is a sequence of words. What has no counterpart here becomes a note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import attrs

from ..errors import shown
from ..model import DOWNSTREAM, IN, OUT, UPSTREAM
from ..native.reader import nearest
from .draft import IGMPPROXY, ForeignDraft, Position, Reading

INSTANCE = "igmpproxy"
"""The name of the one instance of a file."""

_ROLES = (UPSTREAM, DOWNSTREAM, "disabled")

_NOT_NEEDED = {
    "hashtablesize": "not needed, because hosts are tracked one by one",
    "rescanvif": "not needed, because new and removed interfaces are always noticed",
    "user": "the service manager chooses the user (User= or DynamicUser= in the unit)",
    "chroot": "the service manager confines the daemon (ProtectSystem= in the unit)",
}
_WITH_VALUE = ("hashtablesize", "user", "chroot")


class Word(NamedTuple):
    """A word of a file; the empty word is its end."""

    text: str
    position: Position


@attrs.define
class _Phyint:
    """The words after ``phyint`` about one interface."""

    name: Word
    role: str = ""
    altnet: list[Word] = attrs.Factory(list)
    whitelist: list[Word] = attrs.Factory(list)
    threshold: tuple[Word, int | None] | None = None


def read(text: str, path: str = "<text>") -> Reading:
    """Read ``text``; ConfigurationError."""
    draft = ForeignDraft(IGMPPROXY, path)
    _Reader(draft, text).read()
    return draft.finish()


def _words(text: str) -> Iterator[Word]:
    number = 0
    for number, row in enumerate(text.split("\n"), 1):
        for found in re.finditer(r"[^\s#]+|#.*", row):
            if not found[0].startswith("#"):
                yield Word(found[0], Position(number, found.start() + 1))
    yield Word("", Position(max(number, 1), 1))


class _Reader:
    def __init__(self, draft: ForeignDraft, text: str) -> None:
        self._draft = draft
        self._words = _words(text)
        self._word = next(self._words)
        self._interfaces: dict[str, _Phyint] = {}
        self._quick_leave = False
        self._default_down: Word | None = None
        self._keywords: dict[str, Callable[[Word], None]] = {
            "phyint": self._phyint,
            "quickleave": self._quickleave,
            "defaultdown": self._defaultdown,
            **dict.fromkeys(_NOT_NEEDED, self._not_needed),
        }

    def read(self) -> None:
        """Put the whole file into the draft."""
        while self._word.text:
            word = self._next()
            meant = self._keywords.get(word.text)
            if meant is None:
                hint = nearest(word.text, list(self._keywords))
                self._draft.mistake(word.position, f"{shown(word.text)} is not expected here", hint)
                break
            meant(word)
        self._finish()

    def _next(self) -> Word:
        word = self._word
        if word.text:
            self._word = next(self._words)
        return word

    def _value(self, after: Word) -> Word:
        """The word that must follow ``after``."""
        word = self._next()
        if not word.text:
            self._draft.mistake(after.position, f"the value after {shown(after.text)} is missing")
        return word

    # -- keywords

    def _quickleave(self, word: Word) -> None:
        self._quick_leave = True

    def _defaultdown(self, word: Word) -> None:
        self._default_down = word

    def _not_needed(self, word: Word) -> None:
        if word.text in _WITH_VALUE:
            self._value(word)
        self._draft.note(word.position, f"{word.text}: {_NOT_NEEDED[word.text]}")

    def _phyint(self, word: Word) -> None:
        interface = _Phyint(self._value(word))
        while (option := self._word).text and option.text not in self._keywords:
            self._next()
            if option.text in _ROLES:
                interface.role = option.text
            elif option.text in ("altnet", "whitelist"):
                getattr(interface, option.text).append(self._value(option))
            elif option.text == "ratelimit":
                if self._number(option):
                    text = "ratelimit: the kernel has no such limit; use a firewall"
                    self._draft.note(option.position, text)
            elif option.text == "threshold":
                interface.threshold = (option, self._number(option))
            else:
                known = [*_ROLES, "altnet", "whitelist", "ratelimit", "threshold"]
                hint = nearest(option.text, [*known, *self._keywords])
                self._draft.mistake(
                    option.position, f"{shown(option.text)} is not expected here", hint
                )
        if interface.name.text in self._interfaces:
            self._draft.mistake(interface.name.position, "this interface is defined twice")
        if not interface.role and interface.name.text:
            position, hint = (
                interface.name.position,
                "write upstream, downstream or disabled after it",
            )
            self._draft.mistake(position, f"{shown(interface.name.text)} has no role", hint)
        self._interfaces.setdefault(interface.name.text, interface)

    def _number(self, option: Word) -> int | None:
        value = self._value(option)
        if re.fullmatch("[0-9]{1,9}", value.text):
            return int(value.text)
        if value.text:
            self._draft.mistake(value.position, f"{shown(value.text)} is not a number")
        return None

    # -- the native document

    def _finish(self) -> None:
        if self._quick_leave:
            self._draft.document["defaults"] = {"immediate-leave": True}
        table: dict[str, Any] = {"upstream": [], "downstream": [], "mld-version": 0}
        where = ("instance", INSTANCE)
        for one in self._interfaces.values():
            if one.role in (UPSTREAM, DOWNSTREAM):
                table[one.role].append(one.name.text)
                self._draft.locate((*where, one.role), one.name.position)
        if self._default_down is not None:
            self._take_all_others(table, self._default_down)
        for role in (UPSTREAM, DOWNSTREAM):
            if not table[role]:
                self._draft.mistake(Position(1, 1), f"no {role}", f"write phyint IF {role}")
        if len(table["upstream"]) > 1:
            table["upstream-join"] = "mutex"  # joined at all of them
        filters = [self._filter(one) for one in self._interfaces.values() if one.whitelist]
        for number, (_, position) in enumerate(filters):
            self._draft.locate((*where, "filter", number), position)
        if filters:
            table["filter"] = [written for written, _ in filters]
        for one in self._interfaces.values():
            self._note_altnet(one)
            self._set_threshold(one, table)
        self._draft.locate(where, Position(1, 1))
        self._draft.document["instance"][INSTANCE] = table

    def _take_all_others(self, table: dict[str, Any], word: Word) -> None:
        """Make all interfaces that are not named downstreams."""
        disabled = [one.name.text for one in self._interfaces.values() if one.role == "disabled"]
        if disabled:
            self._draft.note(
                word.position,
                f"defaultdown is left out, because a pattern would match {', '.join(disabled)} too;"
                " list the other downstreams",
            )
        else:
            table["downstream"].append("*")

    def _filter(self, one: _Phyint) -> tuple[dict[str, Any], Position]:
        """The filter for the groups that are joined at an interface: by us, or by its hosts."""
        if one.role == UPSTREAM:
            role, direction = UPSTREAM, IN
        else:
            role, direction = DOWNSTREAM, OUT
        written = {"interface": one.name.text, "role": role, "direction": direction}
        return written | {"allow": [word.text for word in one.whitelist]}, one.whitelist[0].position

    def _set_threshold(self, one: _Phyint, table: dict[str, Any]) -> None:
        if one.threshold is None or one.threshold[1] in (None, 1):
            return
        option, value = one.threshold
        if one.role != DOWNSTREAM:
            text = f"threshold: data is sent to {one.name.text} with any TTL above 1"
            self._draft.note(option.position, text)
            return
        settings = table.setdefault("interface", {})
        settings[one.name.text] = {"ttl-threshold": value}
        where = ("instance", INSTANCE, "interface", one.name.text)
        self._draft.locate((*where, "ttl-threshold"), option.position)

    def _note_altnet(self, one: _Phyint) -> None:
        if one.altnet and one.role == UPSTREAM:
            rules = ", ".join(f'"* | {word.text}"' for word in one.altnet)
            self._draft.note(
                one.altnet[0].position,
                f"altnet: mcproxy accepts all sources from {one.name.text}; to accept only these,"
                f" write a filter with allow = [{rules}]",
            )
        elif one.altnet:
            text = f"altnet: mcproxy accepts reports from all subnets on {one.name.text}"
            self._draft.note(one.altnet[0].position, text)
