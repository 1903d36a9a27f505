"""Packet filters as values: chains of rules, whichever program made them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

PREROUTING, INPUT, FORWARD, OUTPUT, POSTROUTING, INGRESS, EGRESS = range(7)
"""Numbers of hooks, as in the kernel's nf_inet_hooks, and one more for packets that leave."""

DROP, ACCEPT = 0, 1
CONTINUE, JUMP, GOTO, RETURN = -1, -3, -4, -5
"""Codes of verdicts, as in nftables."""

INET, IP, NETDEV, BRIDGE, IP6 = 1, 2, 5, 7, 10
"""Numbers of families (NFPROTO)."""

FAMILY_NAMES = {INET: "inet", IP: "ip", NETDEV: "netdev", BRIDGE: "bridge", IP6: "ip6"}


class Verdict(NamedTuple):
    """What happens to a packet; ``chain`` is that of a jump or goto."""

    code: int
    chain: str = ""


class Expression(NamedTuple):
    """An expression of nftables: its name and its attributes."""

    name: str
    attributes: Mapping[int, bytes]


class HeaderMatch(NamedTuple):
    """What a rule of iptables says of addresses, interfaces and protocol; masks say which bits.

    ``protocol`` 0 stands for all. ``inverted`` has the names of the parts that must not match.
    """

    source: tuple[bytes, bytes]
    destination: tuple[bytes, bytes]
    incoming: tuple[bytes, bytes]
    outgoing: tuple[bytes, bytes]
    protocol: int
    inverted: frozenset[str]


class XtMatch(NamedTuple):
    """A match of iptables, by name and revision, with its structure."""

    name: str
    revision: int
    info: bytes


class XtTarget(NamedTuple):
    """A target of iptables, other than a verdict."""

    name: str


Part = Expression | HeaderMatch | XtMatch | XtTarget | Verdict


class Rule(NamedTuple):
    """A rule; ``number`` is its handle in nftables, its position from 1 in iptables."""

    number: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain; a base chain has a ``hook``, a ``priority`` and a ``policy``.

    ``family`` is a number (NFPROTO), ``devices`` are the interfaces of an ingress hook.
    ``legacy`` chains are of iptables before nftables.
    """

    family: int
    table: str
    name: str
    rules: tuple[Rule, ...] = ()
    hook: int | None = None
    priority: int = 0
    policy: int = ACCEPT
    kind: str = "filter"
    devices: frozenset[str] = frozenset()
    legacy: bool = False

    @property
    def is_of_iptables(self) -> bool:
        """Whether iptables made it, in its own format or in that of nftables."""
        builtin = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}
        tables = {"filter", "mangle", "raw", "security"}
        return self.legacy or (
            self.family in (IP, IP6) and self.table in tables and self.name in builtin
        )


@dataclass(frozen=True, slots=True)
class SetElement:
    """An element of a set or map; with an ``end`` it is a range of concatenated keys."""

    key: bytes
    ends_interval: bool = False
    is_rest: bool = False
    end: bytes | None = None
    verdict: Verdict | None = None
    data: bytes | None = None


class ElementSet:
    """A set or map of nftables: its elements in the order of their keys."""

    def __init__(self, elements: Iterable[SetElement] = ()) -> None:
        ordered = sorted(elements, key=lambda one: (one.key, not one.ends_interval))
        self.elements = [one for one in ordered if not one.is_rest]
        self.key_size = max((len(one.key) for one in self.elements), default=0)
        self._rest = next((one for one in ordered if one.is_rest), None)
        self._has_intervals = any(one.ends_interval for one in self.elements)
        self._has_ranges = any(one.end is not None for one in self.elements)
        self._keys = [one.key for one in self.elements]

    def find(self, key: bytes) -> tuple[bool | None, SetElement | None]:
        """Whether it has a key, None where that is not known, and the key's element."""
        if self._has_ranges:
            return None, None  # of concatenated keys, whose parts are compared one by one
        at = bisect_right(self._keys, key) - 1
        found = self.elements[at] if at >= 0 else None
        if found is not None and (found.ends_interval if self._has_intervals else found.key != key):
            found = None
        found = found or self._rest
        return found is not None, found


@dataclass(frozen=True)
class Ruleset:
    """All chains, and the sets that they use by family, table and name."""

    chains: tuple[Chain, ...] = ()
    sets: Mapping[tuple[int, str, str], ElementSet] = field(default_factory=dict)

    def base_chains(self, families: frozenset[int], hook: int) -> list[Chain]:
        """The base chains of a hook that filter packets, in the kernel's order."""
        return [one for one in self._base if one.hook == hook and one.family in families]

    def chain(self, beside: Chain, name: str) -> Chain | None:
        """The chain of a name in the table of another chain."""
        return self._by_name.get((beside.family, beside.table, beside.legacy, name))

    @cached_property
    def _base(self) -> list[Chain]:
        found = (one for one in self.chains if one.hook is not None and one.kind != "nat")
        return sorted(found, key=lambda chain: chain.priority)

    @cached_property
    def _by_name(self) -> dict[tuple[int, str, bool, str], Chain]:
        return {(one.family, one.table, one.legacy, one.name): one for one in self.chains}
