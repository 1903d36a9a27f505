"""The querier election of one link: the lowest address wins (RFC 9776, section 6.6.2)."""

from __future__ import annotations

from enum import Enum

from ..family import IPV4, Address, Family

OBJECTION_INTERVAL = 1.0
"""Shortest time in seconds between two answers to queries of routers that lose to us."""


class Verdict(Enum):
    """What a query of another router means for this one."""

    YIELD = "yield"
    """The other router wins; it is the querier."""
    OBJECT = "object"
    """The other router loses; answer it with a query at once.

    The RFC waits for our next query. Until then two proxies would forward to the link, and if
    they share an upstream, data would loop between them.
    """
    NOTHING = "nothing"
    """The query does not change who is the querier."""
    REFUSED = "refused"
    """The other router would win, but it is not among the allowed queriers."""


class Election:
    """The election among the routers of one link, seen from a router that speaks ``version``.

    ``address`` is our own; while it is None, no other router can win. ``other`` is the router
    that won, None while we are the querier; it counts ``until`` then unless it queries again.
    """

    def __init__(self, family: Family, version: int, address: Address | None) -> None:
        self.address = address
        self.other: Address | None = None
        self.until = 0.0
        self._allowed: frozenset[Address] | None = None
        self._elects = True
        self._family = family
        self._version = version
        self._objected = -OBJECTION_INTERVAL

    def configure(self, allowed: frozenset[Address] | None, elects: bool) -> None:
        """Let only ``allowed`` routers win, None for all; without ``elects``, no router wins."""
        self._allowed, self._elects = allowed, elects

    def set_address(self, address: Address | None) -> None:
        """Take part with this address from now on."""
        self.address = address

    def yield_to(self, other: Address, until: float) -> None:
        """``other`` has won; it counts ``until`` then."""
        self.other, self.until = other, until

    def end_other(self, now: float) -> None:
        """The other querier counts no longer than ``now``."""
        self.until = now

    def win(self) -> None:
        """This router is the querier."""
        self.other = None

    def judge(self, version: int, source: Address, now: float) -> Verdict:
        """What a query in ``version`` from ``source`` means."""
        if self.address is None or not self._elects or self._has_no_election(version):
            return Verdict.NOTHING
        wins = self._family.unspecified < source < self.address
        if wins and (self._allowed is None or source in self._allowed):
            return Verdict.YIELD
        if wins:
            return Verdict.REFUSED
        return Verdict.OBJECT if self._may_object(source, now) else Verdict.NOTHING

    def _may_object(self, source: Address, now: float) -> bool:
        if self.other is not None or self.address is None or source <= self.address:
            return False
        if self._has_no_election(self._version):
            return False  # the other router would ignore our query
        if now < self._objected + OBJECTION_INTERVAL:
            return False
        self._objected = now
        return True

    def _has_no_election(self, version: int) -> bool:
        """Whether ``version`` has no election: IGMPv1 has none (RFC 1112)."""
        return version == 1 and self._family is IPV4
