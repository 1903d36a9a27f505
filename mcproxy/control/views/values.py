"""What rows of all views are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from heapq import merge
from socket import AF_INET, AF_INET6, inet_ntop
from typing import TYPE_CHECKING, Any

from ...protocol.family import Address, text

if TYPE_CHECKING:
    from ...instance.instance import ProxyInstance

Row = dict[str, Any]

SORTED_AT_ONCE = 2000
"""Addresses that are sorted in one go, which takes less than a millisecond."""

_PAUSE = (None,) * 25
"""In an answer a pause counts as a row; to sort a part takes as long as some rows."""


def seconds_since(when: float | None, now: float) -> float | None:
    """How long ago ``when`` was; None if it never was."""
    return None if when is None else round(now - when, 1)


def seconds_until(when: float | None, now: float) -> float | None:
    """How long it is until ``when``; None if it never comes."""
    return None if when is None else round(when - now, 1)


def address_text(address: bytes | None) -> str | None:
    """An address as text; None for none."""
    return None if address is None else short_text(address)


def short_text(address: Address) -> str:
    """The same as ``family.text``, faster: views have thousands of addresses."""
    if len(address) == 4:
        return inet_ntop(AF_INET, address)
    # Below ::1:0:0:0 the library writes some as IPv4 addresses, which RFC 5952 does not ask for.
    return inet_ntop(AF_INET6, address) if any(address[:10]) else text(address)


def place(instance: ProxyInstance, interface: str) -> Row:
    """Instance, family and interface of a row."""
    return {"instance": instance.name, "family": instance.family.name, "interface": interface}


def in_order(addresses: Collection[Address]) -> Iterator[Address | None]:
    """The addresses in ascending order, with None where other work may have its turn.

    A long list is sorted in parts, which are merged while they are taken.
    """
    unsorted = list(addresses)
    parts = []
    for start in range(0, len(unsorted), SORTED_AT_ONCE):
        parts.append(sorted(unsorted[start : start + SORTED_AT_ONCE]))
        if start:
            yield from _PAUSE
    yield from parts[0] if len(parts) == 1 else merge(*parts)
