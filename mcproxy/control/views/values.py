"""What rows of all views are made of."""

from __future__ import annotations

from typing import Any

from ...protocol.family import text

Row = dict[str, Any]


def seconds_since(when: float | None, now: float) -> float | None:
    """How long ago ``when`` was; None if it never was."""
    return None if when is None else round(now - when, 1)


def seconds_until(when: float | None, now: float) -> float | None:
    """How long it is until ``when``; None if it never comes."""
    return None if when is None else round(when - now, 1)


def address_text(address: bytes | None) -> str | None:
    """An address as text; None for none."""
    return None if address is None else text(address)
