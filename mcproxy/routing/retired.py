"""Numbers of vifs that were removed, which other links may not have yet."""

from __future__ import annotations

_NO_LINK = -1
"""Instead of an index: no link gets this number back before it is free."""


class RetiredNumbers:
    """Numbers that are retired until every entry was planned anew without them.

    ``indexes`` are those of their links, by number. ``not_removed`` are those whose vif the
    kernel did not remove: they last until it does.
    """

    def __init__(self) -> None:
        self.not_removed: set[int] = set()
        self.indexes: dict[int, int] = {}

    @property
    def taken(self) -> set[int]:
        """All numbers that may not be used."""
        return self.not_removed.union(self.indexes)

    def retire(self, number: int, index: int) -> None:
        """The vif of the link with this index is removed."""
        self.indexes[number] = index

    def take_back(self, index: int) -> int | None:
        """The number that this link had until a moment ago, which it has again now."""
        for number, before in self.indexes.items():
            if before == index:
                del self.indexes[number]
                return number
        return None

    def removal_refused(self, number: int) -> None:
        """The kernel did not remove the vif, unless its link has it again."""
        if self.indexes.pop(number, None) is not None:
            self.not_removed.add(number)

    def retry_removals(self) -> set[int]:
        """The numbers whose vifs the kernel is asked again to remove."""
        again, self.not_removed = self.not_removed, set()
        self.indexes.update(dict.fromkeys(again, _NO_LINK))
        return again

    def free(self) -> None:
        """Every entry was planned anew: these numbers may be used again."""
        self.indexes.clear()
