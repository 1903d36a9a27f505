"""RowFilter: which rows of a view a request asks for.

A request names values by key, as ``?family=4&group=239.1.0.0/16&group=ff15::1``. A row must match
one of the values of each key. ``*`` in a row stands for any group or source.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

from .requests import BadRequestError

Row = dict[str, Any]
Test = Callable[[Row], bool]

ANY = "*"

FAMILIES = {"4": "ipv4", "6": "ipv6", "ipv4": "ipv4", "ipv6": "ipv6"}

KEYS = ("family", "instance", "interface", "group", "source")
"""The keys that a request may have, as far as the view has something to compare."""

_INTERFACES = ("interface", "incoming-interface", "outgoing-interface")


class RowFilter:
    """Tests rows by what a request asked for; one without ``tests`` passes all rows."""

    def __init__(self, tests: Iterable[Test] = ()) -> None:
        self.tests = tuple(tests)

    @classmethod
    def parse(cls, query: str, keys: Collection[str] = KEYS) -> RowFilter:
        """The filter in a query string; BadRequestError for another key than ``keys``."""
        values: dict[str, list[str]] = {}
        try:
            pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
        except ValueError as error:
            raise BadRequestError(f"the query string is malformed: {error}") from error
        for key, value in pairs:
            if key not in keys:
                raise BadRequestError(_unknown(key, keys))
            values.setdefault(key, []).append(value)
        return cls(_MAKERS[key](given) for key, given in values.items())

    def matches(self, row: Row) -> bool:
        """Whether the row is asked for."""
        return all(test(row) for test in self.tests)

    def select(self, rows: Iterable[Row | None]) -> Iterator[Row | None]:
        """``rows`` with None in the place of each that is not asked for.

        None is a pause: whoever sends the rows lets other work have its turn there.
        """
        if not self.tests:
            return iter(rows)
        return (row if row is not None and self.matches(row) else None for row in rows)


def _unknown(key: str, keys: Collection[str]) -> str:
    if not keys:
        return f"unknown filter {key!r}: this view has no filters"
    return f"unknown filter {key!r} for this view; its filters are {', '.join(keys)}"


def _family(values: list[str]) -> Test:
    wanted = set()
    for value in values:
        if value not in FAMILIES:
            raise BadRequestError(f"family: {value!r} is not a family (expected: 4, 6)")
        wanted.add(FAMILIES[value])
    return lambda row: row.get("family") in wanted


def _instance(values: list[str]) -> Test:
    """By the name of an instance, or its name and family, as ``tv/ipv4``."""
    wanted = set(_given("instance", values))

    def test(row: Row) -> bool:
        name = row.get("instance") or ""
        return name in wanted or name.rpartition("/")[0] in wanted

    return test


def _interface(values: list[str]) -> Test:
    wanted = set(_given("interface", values))

    def test(row: Row) -> bool:
        for key in _INTERFACES:
            found = row.get(key)
            if found in wanted if isinstance(found, str) else not wanted.isdisjoint(found or ()):
                return True
        return False

    return test


def _group(values: list[str]) -> Test:
    wanted = _Addresses("group", values)

    def test(row: Row) -> bool:
        found = row.get("group-address")
        return any(map(wanted.has, found)) if isinstance(found, list) else wanted.has(found)

    return test


def _source(values: list[str]) -> Test:
    """By one source of the row; a membership of any source matches every source."""
    wanted = _Addresses("source", values)

    def test(row: Row) -> bool:
        found = row.get("source-address", row.get("source"))
        if row.get("filter-mode") == "exclude":
            return True
        if isinstance(found, list):
            return any(
                wanted.has(one["source-address"] if isinstance(one, dict) else one) for one in found
            )
        return wanted.has(found)

    return test


class _Addresses:
    """Addresses and prefixes; ``has`` tells whether an address as text is among them."""

    def __init__(self, key: str, values: list[str]) -> None:
        self._plain: set[str] = set()
        self._networks: list[Any] = []
        for value in values:
            try:
                network = ipaddress.ip_network(value)
            except ValueError as error:
                expected = f"expected: an address or a prefix such as {_EXAMPLES[key]}"
                raise BadRequestError(f"{key}: {error} ({expected})") from error
            if network.prefixlen == network.max_prefixlen:
                self._plain.add(str(network.network_address))
            else:
                self._networks.append(network)

    def has(self, text: object) -> bool:
        """Whether the address is one of these, or stands for any."""
        if not isinstance(text, str):
            return False
        if text in self._plain or text == ANY:
            return True
        if not self._networks:
            return False
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def _given(key: str, values: list[str]) -> list[str]:
    if "" in values:
        raise BadRequestError(f"{key}: a name is missing")
    return values


_EXAMPLES = {"group": "239.1.0.0/16", "source": "192.0.2.0/24"}

_MAKERS: dict[str, Callable[[list[str]], Test]] = {
    "family": _family,
    "instance": _instance,
    "interface": _interface,
    "group": _group,
    "source": _source,
}
