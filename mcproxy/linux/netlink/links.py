"""Links with their addresses, put together from single events of the kernel."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...protocol.family import IPV4, Address, Family
from .events import AddressGone, AddressSeen, Event, LinkGone, LinkSeen

_IFF_UP, _IFF_POINTOPOINT, _IFF_RUNNING = 0x1, 0x10, 0x40


@dataclass(frozen=True, slots=True)
class Link:
    """A network interface at one moment.

    ``up`` means that packets can pass, as they cannot by a port of a bridge. ``ipv4`` and
    ``ipv6`` are the addresses that may be sent from, with prefix lengths, primary ones first.
    """

    name: str
    index: int
    up: bool
    mtu: int
    ipv4: tuple[tuple[Address, int], ...] = ()
    ipv6: tuple[tuple[Address, int], ...] = ()
    point_to_point: bool = False

    def address(self, family: Family) -> Address | None:
        """What to send from: the primary IPv4 or the link-local IPv6 address, None without."""
        if family is IPV4:
            return self.ipv4[0][0] if self.ipv4 else None
        return next((own for own, _ in self.ipv6 if family.is_link_local(own)), None)

    def addresses(self, family: Family) -> frozenset[Address]:
        """All addresses of its own."""
        return frozenset(own for own, _ in (self.ipv4 if family is IPV4 else self.ipv6))

    def has_neighbour(self, family: Family, address: Address) -> bool:
        """Whether ``address`` is in a subnet of this link."""
        number, bits = int.from_bytes(address), 8 * family.address_size
        return any(
            int.from_bytes(own) >> (bits - length) == number >> (bits - length)
            for own, length in (self.ipv4 if family is IPV4 else self.ipv6)
        )


@dataclass(slots=True)
class _Known:
    """What was told of one link, by its index."""

    name: str
    flags: int
    mtu: int
    port: bool
    addresses: dict[tuple[Address, int], AddressSeen] = field(default_factory=dict)

    def link(self, index: int) -> Link:
        needed = _IFF_UP | _IFF_RUNNING  # the kernel sets RUNNING also where it cannot know
        usable = [one for one in self.addresses.values() if one.usable]
        usable.sort(key=lambda one: one.secondary)
        pairs = [(one.address, one.prefix_length) for one in usable]
        return Link(
            name=self.name,
            index=index,
            up=self.flags & needed == needed and not self.port,
            mtu=self.mtu,
            ipv4=tuple(pair for pair in pairs if len(pair[0]) == 4),
            ipv6=tuple(pair for pair in pairs if len(pair[0]) == 16),
            point_to_point=bool(self.flags & _IFF_POINTOPOINT),
        )


class LinkTable:
    """Builds links out of events; ``touched`` collects the names they may have changed."""

    def __init__(self) -> None:
        self._by_index: dict[int, _Known] = {}
        self._indexes: dict[str, int] = {}
        self._marking = False
        self._seen: set[int] = set()
        self._seen_addresses: set[tuple[int, Address, int]] = set()
        self.touched: set[str] = set()

    def link(self, name: str) -> Link | None:
        """The link of this name now."""
        index = self._indexes.get(name)
        return None if index is None else self._by_index[index].link(index)

    def take(self, event: Event) -> None:
        """Note what a link or an address is now."""
        match event:
            case LinkSeen():
                self._link_seen(*event)
            case LinkGone():
                self._link_gone(event.ifindex)
            case AddressSeen():
                self._address_seen(event)
            case AddressGone():
                self._address_gone(*event)

    def begin_dump(self) -> None:
        """From here on, note what is named."""
        self._marking = True
        self._seen.clear()
        self._seen_addresses.clear()

    def end_dump(self) -> None:
        """Forget what was not named since ``begin_dump``."""
        self._marking = False
        for index in self._by_index.keys() - self._seen:
            self._link_gone(index)
        for index, known in self._by_index.items():
            for address, prefix_length in list(known.addresses):
                if (index, address, prefix_length) not in self._seen_addresses:
                    self._address_gone(index, address, prefix_length)

    def _link_seen(self, index: int, name: str, flags: int, mtu: int, port: bool) -> None:
        if self._marking:
            self._seen.add(index)
        known = self._by_index.get(index)
        if known is None:
            known = self._by_index[index] = _Known(name, flags, mtu, port)
        elif known.name != name:
            self._forget_name(index)
        known.name, known.flags, known.mtu, known.port = name, flags, mtu, port
        self._indexes[name] = index
        self.touched.add(name)

    def _link_gone(self, index: int) -> None:
        if index in self._by_index:
            self._forget_name(index)
            del self._by_index[index]

    def _address_seen(self, event: AddressSeen) -> None:
        if self._marking:
            self._seen_addresses.add((event.ifindex, event.address, event.prefix_length))
        known = self._by_index.get(event.ifindex)
        if known is not None:
            known.addresses[event.address, event.prefix_length] = event
            self.touched.add(known.name)

    def _address_gone(self, index: int, address: Address, prefix_length: int) -> None:
        known = self._by_index.get(index)
        if known is not None and (address, prefix_length) in known.addresses:
            del known.addresses[address, prefix_length]
            self.touched.add(known.name)

    def _forget_name(self, index: int) -> None:
        name = self._by_index[index].name
        self.touched.add(name)
        # Another link may have the name by now.
        if self._indexes.get(name) == index:
            del self._indexes[name]
