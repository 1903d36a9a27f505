"""The columns of ``mcproxy show flows``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Row = dict[str, Any]

_UNITS = ("bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s")


def bit_rate(value: float | None) -> str:
    """A rate in bits per second with two or three digits, as in ``1.2 Mbit/s``; a dash for None."""
    if value is None:
        return "-"
    number, unit = float(value), 0
    while number >= 999.5 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    digits = 1 if unit and number < 99.95 else 0
    return f"{number:.{digits}f} {_UNITS[unit]}"


def last_seen(seconds: float | None) -> str:
    """How long ago a packet came, as in ``3m12s``; a dash for never."""
    if seconds is None:
        return "-"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"


def _oifs(row: Row) -> str:
    return " ".join(row["outgoing-interface"]) or "-"


COLUMNS: dict[str, Callable[[Row], object]] = {
    "Source": lambda row: row["source-address"],
    "Group": lambda row: row["group-address"],
    "In": lambda row: row["incoming-interface"] or "-",
    "Out": _oifs,
    "Packets": lambda row: row["packets"],
    "Rate": lambda row: bit_rate(row["bit-rate"]),
    "Seen": lambda row: last_seen(row["last-seen"]),
    "State": lambda row: row["reason"],
}
"""Heading and cell."""
