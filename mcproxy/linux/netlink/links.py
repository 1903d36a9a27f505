"""Links with their addresses, built from single events of the kernel."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace

from ...protocol.family import IPV4, IPV6, Address, Family
from .events import AddressGone, AddressSeen, Event, LinkGone, LinkSeen

_IFF_UP, _IFF_RUNNING = 0x1, 0x40

DISABLED, NO_CARRIER = "administratively down", "no carrier"
TENTATIVE, DUPLICATE = "tentative", "duplicate"


@dataclass(frozen=True, slots=True)
class Link:
    """A network interface at one moment.

    ``name`` is an alternative name where that one is asked for. ``up`` means that IP packets can
    pass, which a port of a bridge does not let them. ``ipv4`` and ``ipv6`` are the usable
    addresses with prefix lengths, primary ones first. ``peers`` are the other ends of
    point-to-point addresses, with prefix lengths. ``carrier_losses`` counts also those that were
    too short for an event of their own. ``why_down`` says why it is not ``up``, and
    ``link_local`` why its IPv6 link-local address, if it has one, cannot be used. ``source`` is
    what to send from, by family: the primary IPv4 and the link-local IPv6 address, or None.
    """

    name: str
    index: int
    up: bool
    mtu: int
    ipv4: tuple[tuple[Address, int], ...] = ()
    ipv6: tuple[tuple[Address, int], ...] = ()
    peers: tuple[tuple[Address, int], ...] = ()
    carrier_losses: int = 0
    why_down: str = ""
    link_local: str = ""
    source: Mapping[Family, Address | None] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        ipv4 = self.ipv4[0][0] if self.ipv4 else None
        ipv6 = next((own for own, _ in self.ipv6 if IPV6.is_link_local(own)), None)
        object.__setattr__(self, "source", {IPV4: ipv4, IPV6: ipv6})

    def with_query_address(self, address: Address | None) -> Link:
        """This link, which sends from the IPv4 ``address`` if it has no other."""
        return self if self.ipv4 or address is None else replace(self, ipv4=((address, 32),))

    def addresses(self, family: Family) -> frozenset[Address]:
        """All usable addresses of one family."""
        return frozenset(own for own, _ in (self.ipv4 if family is IPV4 else self.ipv6))

    def has_neighbour(self, family: Family, address: Address) -> bool:
        """Whether ``address`` is in a subnet of this link, or in that of a peer."""
        number, bits = int.from_bytes(address), 8 * family.address_size
        own = self.ipv4 if family is IPV4 else self.ipv6
        return any(
            int.from_bytes(one) >> (bits - length) == number >> (bits - length)
            for one, length in (*own, *self.peers)
            if len(one) == family.address_size
        )


@dataclass(slots=True)
class _Known:
    """What the messages about one index have said so far; None for what none of them said."""

    name: str | None = None
    flags: int = 0
    mtu: int | None = None
    port: str | None = None
    master: int = 0
    altnames: tuple[str, ...] = ()
    carrier_losses: int = 0
    addresses: dict[tuple[Address, int], AddressSeen] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        return None not in (self.name, self.mtu, self.port)

    def update(self, event: LinkSeen) -> None:
        """Take over what the message carries and keep the rest."""
        self.flags = event.flags
        if event.name is not None:
            self.name = event.name
        if event.mtu is not None:
            self.mtu = event.mtu
        if event.port is not None:
            self.port = event.port
        if event.altnames is not None:
            self.altnames = event.altnames
        if event.carrier_losses is not None:
            self.carrier_losses = event.carrier_losses
        if event.master is not None:
            self.master = event.master

    def public_name(self, asked: Container[str]) -> str | None:
        """An alternative name that is ``asked`` for, if the name itself is not; else the name."""
        if self.name in asked:
            return self.name
        return next((other for other in self.altnames if other in asked), self.name)

    def link(self, index: int, name: str, master: str) -> Link | None:
        """The link by this name, None until all of it is known.

        ``master`` is the name of the bridge or bond that it is a port of.
        """
        if self.name is None or self.mtu is None or self.port is None:
            return None
        usable = [one for one in self.addresses.values() if one.usable]
        usable.sort(key=lambda one: one.secondary)
        pairs = [(one.address, one.prefix_length) for one in usable]
        why_down = self._why_down(master)
        return Link(
            name=name,
            index=index,
            up=not why_down,
            mtu=self.mtu,
            ipv4=tuple(pair for pair in pairs if len(pair[0]) == 4),
            ipv6=tuple(pair for pair in pairs if len(pair[0]) == 16),
            peers=tuple((one.peer, one.prefix_length) for one in usable if one.peer is not None),
            carrier_losses=self.carrier_losses,
            why_down=why_down,
            link_local=self._unusable_link_local(),
        )

    def _why_down(self, master: str) -> str:
        if self.port:
            return f"port of {self.port} {master}".rstrip()
        if not self.flags & _IFF_UP:
            return DISABLED
        # The kernel sets RUNNING also where it cannot know.
        return "" if self.flags & _IFF_RUNNING else NO_CARRIER

    def _unusable_link_local(self) -> str:
        """TENTATIVE or DUPLICATE, if there is a link-local address and none can be used."""
        own = [
            one
            for one in self.addresses.values()
            if len(one.address) == 16 and IPV6.is_link_local(one.address)
        ]
        if not own or any(one.usable for one in own):
            return ""
        return DUPLICATE if all(one.duplicate for one in own) else TENTATIVE


class LinkTable:
    """Builds links from events.

    ``incomplete`` collects the indexes of links that no message has described in full; the
    caller empties it.
    """

    def __init__(self) -> None:
        self._asked: frozenset[str] = frozenset()
        self._by_index: dict[int, _Known] = {}
        self._indexes: dict[str, int] = {}
        self._marking = False
        self._seen: set[int] = set()
        self._seen_addresses: set[tuple[int, Address, int]] = set()
        self._touched: set[str] = set()
        self.incomplete: set[int] = set()

    def take_touched(self) -> set[str]:
        """The names of links that may have changed since the last call."""
        names, self._touched = self._touched, set()
        return names

    def link(self, name: str) -> Link | None:
        """The link that has this name now."""
        index = self._indexes.get(name)
        if index is None:
            return None
        known = self._by_index[index]
        master = self._by_index.get(known.master)
        return known.link(index, name, (master and master.name) or "")

    def set_asked(self, names: frozenset[str]) -> None:
        """Give links the alternative names that are among ``names``."""
        before, self._asked = self._asked, names
        for index, known in self._by_index.items():
            if known.public_name(before) != known.public_name(names):
                self._forget_name(index, known.public_name(before))
                self._note_name(index)

    def take(self, event: Event) -> None:
        """Note what the event says of a link or an address."""
        match event:
            case LinkSeen():
                self._link_seen(event)
            case LinkGone():
                self._link_gone(event.ifindex)
            case AddressSeen():
                self._address_seen(event)
            case AddressGone():
                self._address_gone(*event)

    def begin_dump(self) -> None:
        """Begin to note which links and addresses the kernel lists."""
        self._marking = True
        self._seen.clear()
        self._seen_addresses.clear()

    def end_dump(self) -> None:
        """Forget what the kernel has not listed since ``begin_dump``."""
        self._marking = False
        for index in self._by_index.keys() - self._seen:
            self._link_gone(index)
        for index, known in self._by_index.items():
            for address, prefix_length in list(known.addresses):
                if (index, address, prefix_length) not in self._seen_addresses:
                    self._address_gone(index, address, prefix_length)

    def _link_seen(self, event: LinkSeen) -> None:
        index = event.ifindex
        if self._marking:
            self._seen.add(index)
        known = self._by_index.setdefault(index, _Known())
        before = known.public_name(self._asked)
        known.update(event)
        if known.public_name(self._asked) != before:
            self._forget_name(index, before)
        if not known.is_complete:
            self.incomplete.add(index)
        self._note_name(index)

    def _note_name(self, index: int) -> None:
        name = self._by_index[index].public_name(self._asked)
        if name is not None:
            self._indexes[name] = index
            self._touched.add(name)

    def _link_gone(self, index: int) -> None:
        if index in self._by_index:
            self._forget_name(index, self._by_index[index].public_name(self._asked))
            del self._by_index[index]

    def _address_seen(self, event: AddressSeen) -> None:
        if self._marking:
            self._seen_addresses.add((event.ifindex, event.address, event.prefix_length))
        known = self._by_index.get(event.ifindex)
        if known is not None:
            known.addresses[event.address, event.prefix_length] = event
            self._touch(known)

    def _address_gone(self, index: int, address: Address, prefix_length: int) -> None:
        known = self._by_index.get(index)
        if known is not None and (address, prefix_length) in known.addresses:
            del known.addresses[address, prefix_length]
            self._touch(known)

    def _touch(self, known: _Known) -> None:
        name = known.public_name(self._asked)
        if name is not None:
            self._touched.add(name)

    def _forget_name(self, index: int, name: str | None) -> None:
        if name is None:
            return
        self._touched.add(name)
        # Another link may have the name by now.
        if self._indexes.get(name) == index:
            del self._indexes[name]
