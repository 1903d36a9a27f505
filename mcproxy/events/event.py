"""Event: one thing that happened, and its form as a log line and as a row."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from ..protocol.family import text

Row = dict[str, Any]

_KEYS = {
    "group": "group-address",
    "source": "source-address",
    "host": "host-address",
    "querier": "querier-address",
}
"""Members of rows that are not named as the field is."""


_BY_ADDRESS_SIZE = {4: "ipv4", 16: "ipv6"}
_BY_PROTOCOL = {"IGMP": "ipv4", "MLD": "ipv6"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events have; addresses are packed, times and intervals are in seconds.

    ``kind`` is the name of the event for users, ``level`` that of its log line, and ``message``
    the line, with fields in braces. A kind with many events of little interest has
    ``seldom``: one line is logged in a while for those that have these fields in common.
    """

    kind: ClassVar[str]
    level: ClassVar[str] = "debug"
    message: ClassVar[str]
    seldom: ClassVar[tuple[str, ...] | None] = None

    instance: str | None = None
    interface: str | None = None

    def line(self) -> str:
        """The line for the log, with fields in braces."""
        return self.message

    def values(self) -> dict[str, Any]:
        """The fields by name, with addresses as text; those that are None are left out."""
        found = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: _plain(value) for name, value in found if value is not None}

    def texts(self) -> dict[str, Any]:
        """The fields as the line has them: lists are one text."""
        return {
            name: (", ".join(value) or "none") if isinstance(value, list) else value
            for name, value in self.values().items()
        }

    def row(self, when: float) -> Row:
        """The event as a row that JSON can hold; ``when`` is in seconds since 1970."""
        row: Row = {"time": round(when, 6), "event": self.kind, "level": self.level}
        family = self._family()
        if family is not None:
            row["family"] = family
        for name, value in self.values().items():
            row[_KEYS.get(name, name.replace("_", "-"))] = value
        return row | {"text": self.line().format(**self.texts())}

    def _family(self) -> str | None:
        """The family that the event is about, by its instance, protocol or addresses, if any."""
        _, _, family = (self.instance or "").rpartition("/")
        if family in _BY_ADDRESS_SIZE.values():
            return family
        protocol = getattr(self, "protocol", None)
        if protocol in _BY_PROTOCOL:
            return _BY_PROTOCOL[protocol]
        addresses = (getattr(self, name, None) for name in _KEYS)
        return next((_BY_ADDRESS_SIZE.get(len(one)) for one in addresses if one), None)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return text(value)
    if isinstance(value, tuple | frozenset):
        plain = [_plain(one) for one in value]
        return sorted(plain) if isinstance(value, frozenset) else plain
    return value
