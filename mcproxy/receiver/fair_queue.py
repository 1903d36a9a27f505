"""A queue in which each link has its turn, and on each link each host.

A host that sends more than can be processed fills its own part of the queue and delays nobody
else. What waits on a link is limited, and so is a host's part of it: a host may have as much
waiting as the link has room left. So one host fills half of it, and others always find room.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, NamedTuple, TypeVar

MOST_BYTES = 2 << 20
"""The most bytes that wait on one link; each item counts ITEM_BYTES more than its size."""

ITEM_BYTES = 1024
"""What an item takes beside its own size: MOST_BYTES hold 2,048 small packets at most."""

Item = TypeVar("Item")


STRANGERS = 1 << 32
"""Offset to an interface index: its unknown hosts have a turn of their own, as a separate link."""


class Sender(NamedTuple):
    """Who sent an item: a host, by its address in text, of a link, by its number.

    The numbers of links are those of interfaces, with STRANGERS or without; those below 0 are
    for upcalls.
    """

    link: int
    host: str

    @property
    def interface(self) -> int:
        """The index of the interface; negative for upcalls."""
        return self.link % STRANGERS if self.link > 0 else self.link


class _Host(Generic[Item]):
    """The waiting items of one host, with their sizes."""

    __slots__ = ("items", "name", "size")

    def __init__(self, name: str) -> None:
        self.name = name
        self.size = 0
        self.items: deque[tuple[Item, int]] = deque()


class _Link(Generic[Item]):
    """The hosts of one link that have items waiting; the first one is next."""

    __slots__ = ("hosts", "name", "size", "turns")

    def __init__(self, name: int) -> None:
        self.name = name
        self.size = 0
        self.hosts: dict[str, _Host[Item]] = {}
        self.turns: deque[_Host[Item]] = deque()


class FairQueue(Generic[Item]):
    """Waiting items by link and host; false while there are none. Sizes are in bytes.

    ``links`` are the links that have items waiting, by number.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self.links: dict[int, _Link[Item]] = {}
        self._turns: deque[_Link[Item]] = deque()

    def __bool__(self) -> bool:
        return bool(self.links)

    def put(self, sender: Sender, item: Item, size: int) -> bool:
        """Add an item behind others of its host; False if the host's part is full."""
        cost = size + ITEM_BYTES
        link = self.links.get(sender.link)
        if link is not None:
            host = link.hosts.get(sender.host)
            waiting = link.size + (host.size if host is not None else 0)
            if waiting + cost > self._most:
                return False
        link, host = self._find(sender)
        host.items.append((item, cost))
        host.size += cost
        link.size += cost
        return True

    def is_waiting(self, sender: Sender) -> bool:
        """Whether the host has items waiting."""
        link = self.links.get(sender.link)
        return link is not None and sender.host in link.hosts

    def is_half_full(self, link: int) -> bool:
        """Whether more than half of what may wait on the link is waiting."""
        found = self.links.get(link)
        return found is not None and 2 * found.size > self._most

    def is_crowded(self, sender: Sender) -> bool:
        """Whether the link is full because of many hosts, not mainly of this one."""
        link = self.links.get(sender.link)
        host = link.hosts.get(sender.host) if link is not None else None
        return link is not None and 4 * (host.size if host is not None else 0) < link.size

    def heaviest(self) -> Sender | None:
        """The host with the most waiting on the link with the most waiting; None for no link."""
        if not self.links:
            return None
        link = max(self.links.values(), key=lambda link: link.size)
        return Sender(link.name, max(link.hosts.values(), key=lambda host: host.size).name)

    def put_back(self, sender: Sender, item: Item) -> None:
        """Add the rest of an item that was taken, before others of its host."""
        _, host = self._find(sender)
        host.items.appendleft((item, 0))

    def take(self) -> tuple[Sender, Item]:
        """The next item, of the host whose turn it is on the link whose turn it is."""
        link = self._turns.popleft()
        host = link.turns.popleft()
        item, cost = host.items.popleft()
        host.size -= cost
        link.size -= cost
        if host.items:
            link.turns.append(host)
        else:
            del link.hosts[host.name]
        if link.turns:
            self._turns.append(link)
        else:
            del self.links[link.name]
        return Sender(link.name, host.name), item

    def discard(self, link: int) -> None:
        """Forget what waits on a link."""
        found = self.links.pop(link, None)
        if found is not None:
            self._turns.remove(found)

    def _find(self, sender: Sender) -> tuple[_Link[Item], _Host[Item]]:
        link = self.links.get(sender.link)
        if link is None:
            link = self.links[sender.link] = _Link(sender.link)
            self._turns.append(link)
        host = link.hosts.get(sender.host)
        if host is None:
            host = link.hosts[sender.host] = _Host(sender.host)
            link.turns.append(host)
        return link, host
