"""The configuration language of igmpproxy, read into a native document.

A file is a row of words. What has no counterpart here is noted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import attrs

from ..errors import shown
from ..model import DOWNSTREAM, IN, OUT, UPSTREAM
from ..native.reader import nearest
from .draft import IGMPPROXY, ForeignDraft, Place, Reading

INSTANCE = "igmpproxy"
"""The name of the one instance that comes of a file."""

_ROLES = (UPSTREAM, DOWNSTREAM, "disabled")

_NOT_NEEDED = {
    "hashtablesize": "not needed, because hosts are tracked one by one",
    "rescanvif": "not needed, because new and removed interfaces are always noticed",
    "user": "the service manager chooses the user (User= or DynamicUser= in the unit)",
    "chroot": "the service manager confines the daemon (ProtectSystem= in the unit)",
}
_WITH_VALUE = ("hashtablesize", "user", "chroot")


class Word(NamedTuple):
    """A word of a file; an empty one is its end."""

    text: str
    place: Place


@attrs.define
class _Phyint:
    """What the words after ``phyint`` say of an interface."""

    name: Word
    role: str = ""
    altnet: list[Word] = attrs.Factory(list)
    whitelist: list[Word] = attrs.Factory(list)
    threshold: tuple[Word, int | None] | None = None


def read(text: str, path: str = "<text>") -> Reading:
    """What ``text`` says; ConfigurationError."""
    draft = ForeignDraft(IGMPPROXY, path)
    _Reader(draft, text).read()
    return draft.finish()


def _words(text: str) -> Iterator[Word]:
    number = 0
    for number, row in enumerate(text.split("\n"), 1):
        for found in re.finditer(r"[^\s#]+|#.*", row):
            if not found[0].startswith("#"):
                yield Word(found[0], Place(number, found.start() + 1))
    yield Word("", Place(max(number, 1), 1))


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
        """All words into the draft."""
        while self._word.text:
            word = self._next()
            meant = self._keywords.get(word.text)
            if meant is None:
                hint = nearest(word.text, list(self._keywords))
                self._draft.wrong(word.place, f"{shown(word.text)} is not expected here", hint)
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
            self._draft.wrong(after.place, f"the value after {shown(after.text)} is missing")
        return word

    # -- keywords

    def _quickleave(self, word: Word) -> None:
        self._quick_leave = True

    def _defaultdown(self, word: Word) -> None:
        self._default_down = word

    def _not_needed(self, word: Word) -> None:
        if word.text in _WITH_VALUE:
            self._value(word)
        self._draft.note(word.place, f"{word.text}: {_NOT_NEEDED[word.text]}")

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
                    self._draft.note(option.place, text)
            elif option.text == "threshold":
                interface.threshold = (option, self._number(option))
            else:
                known = [*_ROLES, "altnet", "whitelist", "ratelimit", "threshold"]
                hint = nearest(option.text, [*known, *self._keywords])
                self._draft.wrong(option.place, f"{shown(option.text)} is not expected here", hint)
        if interface.name.text in self._interfaces:
            self._draft.wrong(interface.name.place, "this interface is defined twice")
        if not interface.role and interface.name.text:
            place, hint = interface.name.place, "write upstream, downstream or disabled after it"
            self._draft.wrong(place, f"{shown(interface.name.text)} has no role", hint)
        self._interfaces.setdefault(interface.name.text, interface)

    def _number(self, option: Word) -> int | None:
        value = self._value(option)
        if re.fullmatch("[0-9]{1,9}", value.text):
            return int(value.text)
        if value.text:
            self._draft.wrong(value.place, f"{shown(value.text)} is not a number")
        return None

    # -- what comes of it

    def _finish(self) -> None:
        if self._quick_leave:
            self._draft.document["defaults"] = {"immediate-leave": True}
        table: dict[str, Any] = {"upstream": [], "downstream": [], "mld-version": 0}
        where = ("instance", INSTANCE)
        for one in self._interfaces.values():
            if one.role in (UPSTREAM, DOWNSTREAM):
                table[one.role].append(one.name.text)
                self._draft.stands((*where, one.role), one.name.place)
        if self._default_down is not None:
            self._take_all_others(table, self._default_down)
        for role in (UPSTREAM, DOWNSTREAM):
            if not table[role]:
                self._draft.wrong(Place(1, 1), f"no {role}", f"write phyint IF {role}")
        if len(table["upstream"]) > 1:
            table["upstream-join"] = "mutex"  # asked for at all of them
        filters = [self._filter(one) for one in self._interfaces.values() if one.whitelist]
        for position, (_, place) in enumerate(filters):
            self._draft.stands((*where, "filter", position), place)
        if filters:
            table["filter"] = [written for written, _ in filters]
        for one in self._interfaces.values():
            self._tell_altnet(one)
            self._set_threshold(one, table)
        self._draft.stands(where, Place(1, 1))
        self._draft.document["instance"][INSTANCE] = table

    def _take_all_others(self, table: dict[str, Any], word: Word) -> None:
        """All but the named interfaces are downstreams."""
        disabled = [one.name.text for one in self._interfaces.values() if one.role == "disabled"]
        if disabled:
            self._draft.note(
                word.place,
                f"defaultdown is left out, because a pattern would match {', '.join(disabled)} too;"
                " list the other downstreams",
            )
        else:
            table["downstream"].append("*")

    def _filter(self, one: _Phyint) -> tuple[dict[str, Any], Place]:
        """The filter that an interface's groups are: what is asked for there, or by hosts."""
        if one.role == UPSTREAM:
            role, direction = UPSTREAM, IN
        else:
            role, direction = DOWNSTREAM, OUT
        written = {"interface": one.name.text, "role": role, "direction": direction}
        return written | {"allow": [word.text for word in one.whitelist]}, one.whitelist[0].place

    def _set_threshold(self, one: _Phyint, table: dict[str, Any]) -> None:
        if one.threshold is None or one.threshold[1] in (None, 1):
            return
        option, value = one.threshold
        if one.role != DOWNSTREAM:
            text = f"threshold: data is sent to {one.name.text} with any TTL above 1"
            self._draft.note(option.place, text)
            return
        settings = table.setdefault("interface", {})
        settings[one.name.text] = {"ttl-threshold": value}
        where = ("instance", INSTANCE, "interface", one.name.text)
        self._draft.stands((*where, "ttl-threshold"), option.place)

    def _tell_altnet(self, one: _Phyint) -> None:
        if one.altnet and one.role == UPSTREAM:
            rules = ", ".join(f'"* | {word.text}"' for word in one.altnet)
            self._draft.note(
                one.altnet[0].place,
                f"altnet: mcproxy accepts all sources from {one.name.text}; to accept only these,"
                f" write a filter with allow = [{rules}]",
            )
        elif one.altnet:
            text = f"altnet: mcproxy accepts reports from all subnets on {one.name.text}"
            self._draft.note(one.altnet[0].place, text)
