"""Link-layer addresses of hosts: where one IP address has two, its leaves are not trusted.

Anybody on a link can send a leave in the name of another host. The link layer shows it: the leave
comes from another address there than the reports before it. A host with a new network card looks
the same, so the link is queried, as without immediate leave.
"""

from __future__ import annotations

from typing import NamedTuple

from ..family import Address


class Known(NamedTuple):
    """The last link-layer address of a host, and until when it counts.

    The host is doubtful until ``doubtful_until``: it had another one shortly before.
    """

    key: bytes
    until: float
    doubtful_until: float


class LinkLayer:
    """The link-layer addresses of the hosts of a link, at most ``most``.

    A link-layer address is a key that is compared and has no other meaning here.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.hosts: dict[Address, Known] = {}
        self._lost_until = 0.0
        self._swept = 0.0

    def note(
        self, host: Address, key: bytes, now: float, until: float, is_tracked: bool = False
    ) -> None:
        """A report of ``host`` came from ``key``; it counts ``until`` then.

        ``is_tracked`` says that there were reports of the host before.
        """
        known = self.hosts.get(host)
        if known is None or known.until <= now:
            if known is None and not self._has_room(now, until):
                return
            self.hosts[host] = Known(key, until, until if is_tracked else 0.0)
        elif known.key == key:
            self.hosts[host] = Known(key, until, known.doubtful_until)
        else:
            self.hosts[host] = Known(key, until, until)

    def note_loss(self, until: float) -> None:
        """Reports came unseen, so all hosts are doubtful ``until`` then."""
        self._lost_until = until

    def is_doubtful(self, host: Address, now: float) -> bool:
        """Whether reports of ``host`` may come from two hosts."""
        known = self.hosts.get(host)
        return known is None or now < known.doubtful_until or now < self._lost_until

    def _has_room(self, now: float, until: float) -> bool:
        """Whether one more host can be noted; a full table is searched now and then."""
        if len(self.hosts) >= self.most and now >= self._swept:
            self._swept = now + (until - now) / 10
            for host in [host for host, known in self.hosts.items() if known.until <= now]:
                del self.hosts[host]
        return len(self.hosts) < self.most
