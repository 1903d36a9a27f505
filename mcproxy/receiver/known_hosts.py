"""Known hosts: those that a link had before it was flooded.

Where somebody floods a link from very many forged addresses, no host of the link can have a share
of its own. So hosts that were heard more than once in quiet times share the time with each other,
and all others, the strangers, share another part.
"""

from __future__ import annotations

MOST_KNOWN = 200
"""Known hosts of one link; when there are more, the later ones are strangers."""

MOST_CANDIDATES = 4096
"""Hosts of one link that were heard once and are remembered."""

PROBATION = 0.1
"""Seconds between two packets after which a host is known."""

MEMORY = 300.0
"""Seconds of silence after which a host may lose its place: hosts answer queries more often."""


class _Link:
    """The known hosts of one link, and the candidates, each with the time that counts."""

    __slots__ = ("candidates", "known", "searched")

    def __init__(self) -> None:
        self.known: dict[str, float] = {}
        self.candidates: dict[str, float] = {}
        self.searched = 0.0


class KnownHosts:
    """The known hosts of the links of one socket; a link is a number, a host text."""

    def __init__(self) -> None:
        self._links: dict[int, _Link] = {}

    def is_known(self, link: int, host: str) -> bool:
        """Whether the host was heard before in quiet times."""
        found = self._links.get(link)
        return found is not None and host in found.known

    def of(self, link: int) -> list[str]:
        """The known hosts of a link."""
        found = self._links.get(link)
        return [] if found is None else list(found.known)

    def note(self, link: int, host: str, now: float) -> None:
        """The host was heard while no packets waited."""
        found = self._links.get(link)
        if found is None:
            found = self._links[link] = _Link()
        if host in found.known:
            found.known[host] = now
            return
        first = found.candidates.get(host)
        if first is None:
            if len(found.candidates) >= MOST_CANDIDATES:
                found.candidates.clear()
            found.candidates[host] = now
        elif now >= first + PROBATION and _has_room(found, now):
            del found.candidates[host]
            found.known[host] = now

    def forget(self, link: int) -> None:
        """The link is gone."""
        self._links.pop(link, None)


def _has_room(link: _Link, now: float) -> bool:
    """Whether one more host can be known; hosts that fell silent make room."""
    if len(link.known) >= MOST_KNOWN and now >= link.searched + PROBATION:
        link.searched = now
        for host in [one for one, heard in link.known.items() if now > heard + MEMORY]:
            del link.known[host]
    return len(link.known) < MOST_KNOWN
