"""The configuration language of igmpproxy, and of its fork igmpv3proxy.

A file is a sequence of words; ``igmpproxy_meaning`` makes a native document of what it says.
"""

from __future__ import annotations

import re

from ..errors import shown
from ..native.reader import nearest
from .draft import IGMPPROXY, ForeignDraft, Reading
from .igmpproxy_file import File, FilterStatement, Phyint
from .igmpproxy_meaning import Meaning
from .words import (
    FLAGS,
    GROUPS,
    KEYWORDS,
    NETS,
    NO_COUNTERPART,
    NUMBERS,
    OF_IGMPPROXY,
    ROLES,
    SETTINGS,
    Word,
    words,
)

_ACTIONS = {"allow": True, "a": True, "1": True, "block": False, "b": False, "0": False}
_DIRECTIONS = ("up", "down", "updown", "both")


def read(text: str, path: str = "<text>") -> Reading:
    """Read ``text``; ConfigurationError."""
    draft = ForeignDraft(IGMPPROXY, path)
    Meaning(draft, _Reader(draft, text).read()).write()
    return draft.finish()


class _Reader:
    """Reads the words of a file into a File; what is wrong goes to the draft."""

    def __init__(self, draft: ForeignDraft, text: str) -> None:
        self._draft = draft
        self._words = words(text)
        self._word = next(self._words)
        self._file = File()

    def read(self) -> File:
        """What the whole file says."""
        while self._word.text:
            word = self._next()
            name = word.text.lower()
            if name not in KEYWORDS:
                hint = nearest(word.text, ["phyint", *sorted(OF_IGMPPROXY)])
                self._unexpected(word, hint)
                break
            self._file.is_fork |= name not in OF_IGMPPROXY and name != "phyint"
            self._statement(name, word)
        return self._file

    def _statement(self, name: str, word: Word) -> None:
        if name == "phyint":
            self._phyint(word)
        elif name in FLAGS:
            self._file.flags.setdefault(name, word)
        elif name in SETTINGS:
            key, parts = SETTINGS[name]
            value = self._number(word)
            if value is not None:
                self._file.settings[key] = (
                    word,
                    (value / parts if value % parts else value // parts),
                )
        elif name == "defaultquerierver":
            self._file.version = (word, self._number(word))
        elif name in NO_COUNTERPART:
            if name != "rescanvif" or self._word.text.isdecimal():
                self._value(word)
            self._draft.note(word.position, f"{name}: {NO_COUNTERPART[name]}")

    def _phyint(self, word: Word) -> None:
        one = Phyint(self._value(word), is_default_down="defaultdown" in self._file.flags)
        while (option := self._word).text and option.text.lower() not in KEYWORDS:
            self._next()
            name = option.text.lower()
            if name in ROLES:
                one.role = name
            elif name in NETS:
                one.nets += [(NETS[name], value) for value in self._values(option)]
            elif name in GROUPS:
                one.groups += [(GROUPS[name], value) for value in self._values(option)]
            elif name in NUMBERS:
                one.numbers[name] = (option, self._number(option))
            elif name == "filter":
                self._file.is_fork = True
                self._filter(one, option)
            else:
                known = [*ROLES[:3], "altnet", "whitelist", "blacklist", *NUMBERS]
                self._unexpected(option, nearest(option.text, [*known, *KEYWORDS]))
        if one.name.text:
            self._file.phyints.append(one)

    def _filter(self, one: Phyint, option: Word) -> None:
        """``filter SOURCES GROUPS [up|down|both] allow|block``."""
        source, group = self._value(option), self._value(option)
        direction = self._next().text if self._word.text.lower() in _DIRECTIONS else ""
        action = self._next() if self._word.text.lower() in _ACTIONS else None
        if action is None and self._word.text == "ratelimit":
            self._number(self._next())
            text = "filter: the kernel has no rate limit; use a firewall"
            self._draft.note(option.position, text)
        elif action is None:
            self._draft.mistake(option.position, "this filter says neither allow nor block")
        else:
            one.filters.append(
                FilterStatement(option, source, group, direction, _ACTIONS[action.text.lower()])
            )

    # -- words

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

    def _values(self, after: Word) -> list[Word]:
        """The networks that follow ``after``: one at least, several in igmpv3proxy."""
        values = [self._value(after)]
        while re.match("[0-9]", self._word.text):
            values.append(self._next())
        return values

    def _number(self, option: Word) -> int | None:
        value = self._value(option)
        if re.fullmatch("[0-9]{1,9}", value.text):
            return int(value.text)
        if value.text:
            self._draft.mistake(value.position, f"{shown(value.text)} is not a number")
        return None

    def _unexpected(self, word: Word, hint: str) -> None:
        self._draft.mistake(word.position, f"{shown(word.text)} is not expected here", hint)
        while self._word.text[:1].isdigit():  # its values are no mistakes of their own
            self._next()
