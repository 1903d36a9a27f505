"""Matches of iptables, computed for one packet."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

from ...linux.firewall.ruleset import HeaderMatch, XtMatch
from ...linux.host.links import HostLink
from .packet import ICMPV6, UDP, UNTRACKED, Packet

_NUMBER = Struct("=I")
_TWO_NUMBERS = Struct("=II")
_ADDRTYPE = Struct("=HHI")
_PORTS = Struct("=HHHHB")
_MULTIPORT = Struct("=BB15H15sB")
"""struct xt_multiport_v1; a flag at a port says that it begins a range."""

_DESTINATION_PORTS = 1
_ANY_PORT = 0, 0xFFFF
_INVERTED_SOURCE, _INVERTED_DESTINATION = 1, 2
_STATE_AT = 150
_CONNTRACK_FLAGS = Struct("=HHH")
_CT_STATE_ALONE, _CT_STATE_ALIAS = 0x0001, 0x2000
_XT_UNTRACKED = 1 << 8 | 1 << 6
"""Its bit in kernels of today, and in earlier ones."""

_UNICAST, _MULTICAST = 1 << 1, 1 << 5
_RPFILTER_INVERTED = 8


def header_matches(match: HeaderMatch, packet: Packet) -> bool | None:
    """Whether addresses, interfaces and protocol are those of the rule."""
    checks: dict[str, bool | None] = {
        "source": _source(packet, *match.source),
        "destination": _masked(packet.destination, *match.destination),
        "incoming": _masked(_name(packet.incoming), *match.incoming),
        "outgoing": _masked(_name(packet.outgoing), *match.outgoing),
        "protocol": match.protocol in (0, packet.protocol),
    }
    known = {part: holds for part, holds in checks.items() if holds is not None}
    if not all(holds is not (part in match.inverted) for part, holds in known.items()):
        return False
    return True if len(known) == len(checks) else None


def _source(packet: Packet, wanted: bytes, mask: bytes) -> bool | None:
    if packet.source is None:
        return None if any(mask) else True
    return _masked(packet.source, wanted, mask)


def _name(link: HostLink | None) -> bytes:
    return (link.name if link else "").encode().ljust(16, b"\0")


def _masked(value: bytes, wanted: bytes, mask: bytes) -> bool:
    return all((v ^ w) & m == 0 for v, w, m in zip(value, wanted, mask, strict=False))


def matches(match: XtMatch, packet: Packet) -> bool | None:
    """Whether a match holds; None for those that depend on what is not known here."""
    function = _FUNCTIONS.get(match.name)
    return None if function is None else function(match, packet)


def _kind(match: XtMatch, packet: Packet) -> bool | None:
    kind, inverted = _TWO_NUMBERS.unpack_from(match.info)
    return (kind == packet.kind) is not bool(inverted)


def _udp(match: XtMatch, packet: Packet) -> bool | None:
    if packet.protocol != UDP:
        return False
    low, high, to_low, to_high, inverted = _PORTS.unpack_from(match.info)
    if (low, high) != _ANY_PORT or inverted & _INVERTED_SOURCE:
        return None
    inside: bool | None = (to_low, to_high) == _ANY_PORT or None
    if packet.port is not None:
        inside = bool(to_low <= packet.port <= to_high)
    return None if inside is None else inside is not bool(inverted & _INVERTED_DESTINATION)


def _ports(match: XtMatch, packet: Packet) -> bool | None:
    if packet.protocol != UDP:
        return False
    kind, count, *rest = _MULTIPORT.unpack_from(match.info)
    ports, is_first, inverted = rest[:15], rest[15], rest[16]
    if packet.port is None or kind != _DESTINATION_PORTS:
        return None
    inside, number = False, 0
    while number < count:
        low = high = ports[number]
        if is_first[number] and number + 1 < count:
            number += 1
            high = ports[number]
        inside = inside or low <= packet.port <= high
        number += 1
    return inside is not bool(inverted)


def ports_of(match: XtMatch) -> list[int]:
    """The destination ports that a match for UDP or for several ports names."""
    if match.name == "udp":
        return [number for number in _PORTS.unpack_from(match.info)[2:4] if number < 0xFFFF]
    _, count, *rest = _MULTIPORT.unpack_from(match.info)
    return rest[:count]


def _icmpv6(match: XtMatch, packet: Packet) -> bool | None:
    if packet.protocol != ICMPV6:
        return False
    kind, low, high, inverted = match.info[:4]
    return (kind == packet.payload[0] and low <= 0 <= high) is not bool(inverted & 1)


def _conntrack(match: XtMatch, packet: Packet) -> bool | None:
    if match.revision < 1 or len(match.info) < _STATE_AT + 2:
        return None
    flags, inverted, states = _CONNTRACK_FLAGS.unpack_from(match.info, _STATE_AT - 4)
    if flags & ~_CT_STATE_ALIAS != _CT_STATE_ALONE:
        return None
    return bool(states & _state_of(packet)) is not bool(inverted & _CT_STATE_ALONE)


def _state(match: XtMatch, packet: Packet) -> bool | None:
    return bool(_NUMBER.unpack_from(match.info)[0] & _state_of(packet))


def _state_of(packet: Packet) -> int:
    """The bits that stand for the packet's state; iptables has its own for untracked ones."""
    return _XT_UNTRACKED if packet.state == UNTRACKED else packet.state


def _address_type(match: XtMatch, _: Packet) -> bool | None:
    source, destination, flags = _ADDRTYPE.unpack_from(match.info)
    from_holds = not source or bool(source & _UNICAST) is not bool(flags & 1)
    to_holds = not destination or bool(destination & _MULTICAST) is not bool(flags & 2)
    return from_holds and to_holds if not flags & ~3 else None


def _reverse_path(match: XtMatch, packet: Packet) -> bool | None:
    """The route to a source that is a neighbour is the link that it is on."""
    if packet.source is None:
        return None
    return not match.info[0] & _RPFILTER_INVERTED


_FUNCTIONS: dict[str, Callable[[XtMatch, Packet], bool | None]] = {
    "comment": lambda _, __: True,
    "pkttype": _kind,
    "udp": _udp,
    "tcp": lambda _, __: False,
    "icmp": lambda _, __: False,
    "multiport": _ports,
    "icmp6": _icmpv6,
    "conntrack": _conntrack,
    "state": _state,
    "addrtype": _address_type,
    "rpfilter": _reverse_path,
}
