"""Which router of a link asks: the one with the lowest address (RFC 9776, section 6.6.2)."""

from __future__ import annotations

from enum import Enum

from ..family import IPV4, Address, Family

OBJECTION_INTERVAL = 1.0
"""Seconds at least between answers to queries of routers that come after us."""


class Verdict(Enum):
    """What another router's query means for us."""

    YIELD = "yield"
    """It is the querier."""
    OBJECT = "object"
    """It comes after us, and is to hear of us at once.

    The RFC leaves it to our next query. But until then two proxies would forward to the
    link, and where they share an upstream too, data would go round between them.
    """
    NOTHING = "nothing"
    REFUSED = "refused"
    """It would be the querier, but may not."""


class Election:
    """The routers of a link, as far as they matter to one that speaks ``version``.

    ``address`` is our own, None as long as nobody can be heard to go before it. ``other`` is
    the querier in our place, until ``until`` unless it is heard again. Only routers in
    ``allowed`` may be that, where it is not None. Without ``elects`` each of them asks for
    itself, and none goes before another.
    """

    def __init__(self, family: Family, version: int, address: Address | None) -> None:
        self.address = address
        self.other: Address | None = None
        self.until = 0.0
        self.allowed: frozenset[Address] | None = None
        self.elects = True
        self._family = family
        self._version = version
        self._objected = -OBJECTION_INTERVAL

    def set_address(self, address: Address | None) -> None:
        """Take part in the election with this address of ours."""
        self.address = address

    def judge(self, version: int, source: Address, now: float) -> Verdict:
        """What a query in ``version`` from ``source`` means."""
        if self.address is None or not self.elects or self._knows_no_election(version):
            return Verdict.NOTHING
        before = self._family.unspecified < source < self.address
        if before and (self.allowed is None or source in self.allowed):
            return Verdict.YIELD
        if before:
            return Verdict.REFUSED
        return Verdict.OBJECT if self._may_object(source, now) else Verdict.NOTHING

    def _may_object(self, source: Address, now: float) -> bool:
        if self.other is not None or self.address is None or source <= self.address:
            return False
        if self._knows_no_election(self._version):
            return False  # it would not be heard
        if now < self._objected + OBJECTION_INTERVAL:
            return False
        self._objected = now
        return True

    def _knows_no_election(self, version: int) -> bool:
        """Whether queries of ``version`` have no part in it: IGMPv1's have not."""
        return version == 1 and self._family is IPV4
