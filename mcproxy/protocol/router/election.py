"""The querier election of one link: the lowest address wins.

In IGMP only general queries take part (RFC 9776, section 6.6.2): a snooping switch that queries
one group is no router. In MLD all queries do, and link-local addresses are compared by their
interface identifiers (RFC 9777, section 7.6.2).
"""

from __future__ import annotations

from enum import Enum

from ..family import IPV4, Address, Family
from ..wire.packets import Query

OBJECTION_INTERVAL = 1.0
"""Shortest time in seconds between two answers to queries of routers that lose to us."""


class Verdict(Enum):
    """What a query of another router means for this one."""

    YIELD = "yield"
    """The other router wins; it is the querier."""
    FOLLOW = "follow"
    """The elected querier asks about a group, which takes no part in the election."""
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

    def win(self) -> None:
        """This router is the querier."""
        self.other = None

    @property
    def ends_all_queries(self) -> bool:
        """Whether a loser stops its specific queries, too; in IGMP it finishes them."""
        return self._family is not IPV4

    def judge(self, query: Query, source: Address, now: float) -> Verdict:
        """What ``query`` from ``source`` means."""
        if self.address is None or not self._elects or self._has_no_election(query.version):
            return Verdict.NOTHING
        if self._family is IPV4 and query.group != self._family.unspecified:
            return Verdict.FOLLOW if source == self.other else Verdict.NOTHING
        wins = self._may_query(source) and _rank(source) < _rank(self.address)
        if wins and self.allows(source):
            return Verdict.YIELD
        if wins:
            return Verdict.REFUSED
        return Verdict.OBJECT if self._may_object(source, now) else Verdict.NOTHING

    def allows(self, router: Address) -> bool:
        """Whether ``router`` may be the querier."""
        return self._elects and (self._allowed is None or router in self._allowed)

    def _may_query(self, source: Address) -> bool:
        """Whether a router can have the address: a switch without one sends from 0.0.0.0."""
        return self._family.is_source(source) or self._family.is_link_local(source)

    def _may_object(self, source: Address, now: float) -> bool:
        if self.other is not None or self.address is None or _rank(source) <= _rank(self.address):
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


def _rank(address: Address) -> bytes:
    """What the election compares: an IPv4 address, or the last 64 bits of an IPv6 address."""
    return address[-8:]
