"""``mcproxy show statistics``: messages by type and version, reasons, and data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

Row = dict[str, Any]
Columns = dict[str, Callable[[Row], object]]

_MESSAGES = ("received", "sent", "not sent")
_DATA = {"data in": "in", "data out": "out"}
_PROTOCOLS = {"ipv4": "IGMP", "ipv6": "MLD"}


def _interface(row: Row) -> object:
    return row["interface"] or "-"


def _protocol(row: Row) -> str:
    return _PROTOCOLS.get(row["family"], "-")


def _message(row: Row) -> str:
    """The type with its version, as in ``report v3``."""
    return f"{row['kind']} v{row['version']}" if row.get("version") else str(row["kind"])


MESSAGES: Columns = {
    "Interface": _interface,
    "Protocol": _protocol,
    "Message": lambda row: row["message"],
    "Received": lambda row: row.get("received", 0),
    "Sent": lambda row: row.get("sent", 0),
    "Not-Sent": lambda row: row.get("not sent", 0),
}
REASONS: Columns = {
    "Interface": _interface,
    "Protocol": _protocol,
    "What": lambda row: row["what"],
    "Reason": lambda row: row["kind"],
    "Count": lambda row: row["count"],
}
DATA: Columns = {
    "Interface": _interface,
    "Family": lambda row: row["family"],
    "Data": lambda row: _DATA[row["what"]],
    "Packets": lambda row: row["count"],
    "Bytes": lambda row: row["bytes"],
}


def text(answer: Row, table: Callable[[Columns, Iterable[Row]], str]) -> str:
    """Three tables, which ``table`` draws; one without rows is left out."""
    rows: list[Row] = answer["statistics"]
    others = [row for row in rows if row["what"] not in _MESSAGES]
    parts = (
        (MESSAGES, list(_messages(rows))),
        (REASONS, [row for row in others if row["what"] not in _DATA]),
        (DATA, [row for row in others if row["what"] in _DATA]),
    )
    return "\n".join(table(columns, found) for columns, found in parts if found)


def _messages(rows: Iterable[Row]) -> Iterator[Row]:
    """One row for each interface, protocol and type, with all that happened to it."""
    found: dict[tuple[object, ...], Row] = {}
    for row in rows:
        if row["what"] in _MESSAGES:
            key = (row["interface"], row["family"], _message(row))
            known = found.setdefault(key, {**row, "message": _message(row)})
            known[row["what"]] = known.get(row["what"], 0) + row["count"]
    for _, row in sorted(found.items(), key=lambda item: tuple(map(str, item[0]))):
        yield row
