"""The tables about traffic: flows, and statistics of messages, reasons and data."""

from __future__ import annotations

from collections.abc import Iterator

from ..table import GREEN, RED, YELLOW, Column, Output, Row
from ..units import NONE, quantity
from .cells import time, value
from .groups import GROUP, INSTANCE
from .view import Table, by_family


def _reason_colour(text: str) -> str | None:
    """Green for what flows, yellow for what may come yet, red for what something stops."""
    if text.startswith("forwarding"):
        return GREEN
    if text.startswith("asked,"):
        return YELLOW
    return None if "nobody asks" in text else RED


FLOWS = (
    INSTANCE,
    Column("Source", value("source-address"), "The source; ``*`` is all sources together."),
    GROUP,
    Column("In", value("incoming-interface"), "The interface from which data is accepted."),
    Column("Out", value("outgoing-interface"), "The interfaces that data is sent to.", wraps=True),
    Column("Packets", value("packets"), "Packets that were accepted."),
    Column("Rate", lambda row: quantity(row["bit-rate"], "bit/s"), "How much arrives now."),
    Column("Seen", time("last-seen"), "The time since the last packet."),
    Column(
        "State",
        value("reason"),
        "``forwarding``, or what stops it; see ``docs/reference/reasons.rst``.",
        wraps=True,
        second=True,
        colour=_reason_colour,
    ),
)

RECEIVED, SENT, NOT_SENT = "received", "sent", "not sent"
DATA_IN, DATA_OUT = "data in", "data out"
_INTERFACE = Column("Interface", value("interface"), "The interface; a dash: not known.")

MESSAGES = (
    _INTERFACE,
    Column("Message", value("message"), "The type of the messages, with its version."),
    Column("Received", value(RECEIVED), "How many came from others."),
    Column("Sent", value(SENT), "How many were sent."),
    Column("Not-Sent", value(NOT_SENT), "How many could not be sent."),
)
REASONS = (
    Column("Instance", value("instance"), "The instance that refused, denied or ignored."),
    _INTERFACE,
    Column("What", value("what"), "What became of messages or data.", wraps=True),
    Column("Reason", value("kind"), "Why; see ``docs/reference/reasons.rst``."),
    Column("Count", value("count"), "How often."),
)
DATA = (
    _INTERFACE,
    Column("Table", value("table"), "The kernel table.", common=True),
    Column("Data", value("what"), "Whether data came in or went out."),
    Column("Packets", value("count"), "How many packets."),
    Column("Bytes", value("bytes"), "How many bytes."),
)


STATISTICS = (
    Table(MESSAGES, lambda row: "message" in row),
    Table(REASONS, lambda row: "message" not in row and "bytes" not in row),
    Table(DATA, lambda row: "bytes" in row),
)


def print_statistics(rows: list[Row], output: Output) -> str:
    """The three tables of each family."""
    return by_family(STATISTICS, list(_joined(rows)), output)


def _joined(rows: list[Row]) -> Iterator[Row]:
    """The rows, with one for all that happened to messages of one type on an interface."""
    messages: dict[tuple[str, ...], Row] = {}
    for row in rows:
        if row["what"] not in (RECEIVED, SENT, NOT_SENT):
            yield row
            continue
        version = row.get("version")
        message = f"{row['kind']} v{version}" if version else str(row["kind"])
        key = (row["interface"], message, row["family"])
        place = {"interface": row["interface"], "family": row["family"], "message": message}
        known = messages.setdefault(key, place)
        known[row["what"]] = known.get(row["what"], 0) + row["count"]
    for _, row in sorted(messages.items()):
        yield {RECEIVED: 0, SENT: 0, NOT_SENT: NONE} | row
