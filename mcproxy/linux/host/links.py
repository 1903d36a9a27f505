"""All network interfaces of this machine as they are now, with bridges and addresses."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from struct import Struct

from ...protocol.family import IPV4, IPV6, Address, Family
from ..netlink.dumps import dump, text_of, values, walk
from ..netlink.events import PORT_KINDS

_RTM_GETLINK, _RTM_GETADDR, _RTM_GETMDB = 18, 22, 86
_IFINFO = Struct("=BxHiII")
_IFADDR = Struct("=BBBBI")
_IFLA_IFNAME, _IFLA_MTU, _IFLA_MASTER, _IFLA_LINKINFO, _IFLA_PROP_LIST = 3, 4, 10, 18, 52
_IFLA_INFO_KIND, _IFLA_INFO_DATA, _IFLA_INFO_SLAVE_KIND = 1, 2, 4
_IFLA_BR_SNOOPING, _IFLA_BR_QUERIER, _IFLA_BR_QUERIER_STATE = 23, 25, 47
_IFLA_BR_IGMP_VERSION, _IFLA_BR_MLD_VERSION = 43, 44
_OTHER_QUERIER_TIMER = {3: IPV4.name, 7: IPV6.name}
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8
_IFF_UP, _IFF_RUNNING, _IFF_MULTICAST = 0x1, 0x40, 0x1000
_IFA_F_DADFAILED, _IFA_F_TENTATIVE = 0x08, 0x40
_U32 = Struct("=I")
_PORT_MESSAGE = Struct("=B3xI")
_MDB_ENTRY = Struct("=IBBH16sH2x")
"""Of struct br_mdb_entry: ifindex, state, flags, VLAN, and its address with the protocol."""
_MDBA_MDB, _MDBA_MDB_ENTRY, _MDBA_MDB_ENTRY_INFO = 1, 1, 1
_ETH_P_IP, _ETH_P_IPV6 = 0x0800, 0x86DD


@dataclass(frozen=True, slots=True)
class HostAddress:
    """An address of an interface; ``tentative`` and ``duplicate`` ones cannot be used."""

    address: Address
    prefix_length: int
    tentative: bool = False
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Bridge:
    """Multicast snooping of a bridge.

    ``sends_queries`` is its own querier, with these versions. ``heard`` has the names of the
    families in which it has heard another querier. ``joined`` are groups that hosts joined.
    """

    snooping: bool
    sends_queries: bool
    igmp_version: int = 2
    mld_version: int = 1
    heard: frozenset[str] = frozenset()
    joined: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class HostLink:
    """A network interface; ``up`` is what the administrator wants, ``carrier`` what the link has.

    ``bridge`` is what it is itself. ``port_of`` is the index of the bridge, bond or the like that
    takes its packets, ``port_kind`` the kind of that one.
    """

    name: str
    index: int
    up: bool
    carrier: bool
    mtu: int
    multicast: bool = True
    altnames: tuple[str, ...] = ()
    bridge: Bridge | None = None
    port_of: int | None = None
    port_kind: str = ""
    addresses: tuple[HostAddress, ...] = field(default=())

    def addresses_of(self, family: Family) -> list[HostAddress]:
        """The addresses of one family, also those that cannot be used."""
        return [one for one in self.addresses if len(one.address) == family.address_size]

    def needed_addresses(self, family: Family) -> list[HostAddress]:
        """The addresses of the kind that messages are sent from: IPv4, or link-local IPv6."""
        found = self.addresses_of(family)
        return found if family is IPV4 else [a for a in found if family.is_link_local(a.address)]


def read_links() -> Mapping[int, HostLink]:
    """All interfaces by index; OSError. Blocks."""
    links = {}
    for body in dump(_RTM_GETLINK, _IFINFO.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        link = _parse_link(body)
        links[link.index] = link
    for index, found in _read_addresses().items():
        if index in links:
            links[index] = replace(links[index], addresses=tuple(found))
    if any(link.bridge for link in links.values()):
        for index, groups in _read_joined().items():
            link = links[index]
            if link.bridge:
                bridge = replace(link.bridge, joined=tuple(dict.fromkeys(groups)))
                links[index] = replace(link, bridge=bridge)
    return links


def _parse_link(body: bytes) -> HostLink:
    _, _, index, flags, _ = _IFINFO.unpack_from(body)
    found = values(body, _IFINFO.size)
    info = values(found.get(_IFLA_LINKINFO, b""))
    bridge = None
    if info.get(_IFLA_INFO_KIND, b"").rstrip(b"\0") == b"bridge":
        bridge = _parse_bridge(values(info.get(_IFLA_INFO_DATA, b"")))
    kind = text_of(info.get(_IFLA_INFO_SLAVE_KIND, b""))
    is_port = kind in PORT_KINDS and _IFLA_MASTER in found
    return HostLink(
        text_of(found.get(_IFLA_IFNAME, b"")),
        index,
        up=bool(flags & _IFF_UP),
        carrier=bool(flags & _IFF_RUNNING),
        mtu=_U32.unpack(found.get(_IFLA_MTU, bytes(4)))[0],
        multicast=bool(flags & _IFF_MULTICAST),
        altnames=tuple(text_of(name) for _, name in walk(found.get(_IFLA_PROP_LIST, b""))),
        bridge=bridge,
        port_of=_U32.unpack(found[_IFLA_MASTER])[0] if is_port else None,
        port_kind=kind if is_port else "",
    )


def _parse_bridge(data: Mapping[int, bytes]) -> Bridge:
    state = values(data.get(_IFLA_BR_QUERIER_STATE, b""))
    return Bridge(
        snooping=bool(data.get(_IFLA_BR_SNOOPING, b"\0")[0]),
        sends_queries=bool(data.get(_IFLA_BR_QUERIER, b"\0")[0]),
        igmp_version=data.get(_IFLA_BR_IGMP_VERSION, b"\2")[0],
        mld_version=data.get(_IFLA_BR_MLD_VERSION, b"\1")[0],
        heard=frozenset(name for kind, name in _OTHER_QUERIER_TIMER.items() if kind in state),
    )


def _read_addresses() -> dict[int, list[HostAddress]]:
    addresses: dict[int, list[HostAddress]] = {}
    for body in dump(_RTM_GETADDR, _IFADDR.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        _, length, few_flags, _, index = _IFADDR.unpack_from(body)
        found = values(body, _IFADDR.size)
        address = found.get(_IFA_LOCAL, found.get(_IFA_ADDRESS))
        if address is None:
            continue
        flags = _U32.unpack(found[_IFA_FLAGS])[0] if _IFA_FLAGS in found else few_flags
        failed = bool(flags & _IFA_F_DADFAILED)
        tentative = bool(flags & _IFA_F_TENTATIVE) and not failed
        addresses.setdefault(index, []).append(HostAddress(address, length, tentative, failed))
    return addresses


def _read_joined() -> dict[int, list[Address]]:
    """The groups that bridges have seen hosts join, by the bridge's index."""
    joined: dict[int, list[Address]] = {}
    for body in dump(_RTM_GETMDB, _PORT_MESSAGE.pack(socket.AF_BRIDGE, 0)):
        _, bridge = _PORT_MESSAGE.unpack_from(body)
        for kind, database in walk(body, _PORT_MESSAGE.size):
            if kind != _MDBA_MDB:
                continue
            infos = (info for _, entry in walk(database) for _, info in walk(entry))
            for info in infos:
                port, *_, address, protocol = _MDB_ENTRY.unpack_from(info)
                size = {_ETH_P_IP: 4, _ETH_P_IPV6: 16}.get(socket.ntohs(protocol))
                if size is not None and port != bridge:
                    joined.setdefault(bridge, []).append(address[:size])
    return joined
