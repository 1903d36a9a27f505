"""Expressions of nftables, computed for one packet."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from struct import Struct

from ...linux.firewall.ruleset import IP, IP6, ElementSet, Expression, Verdict
from ...linux.netlink.dumps import values
from ...protocol.family import IPV4
from .packet import Packet

Elements = Callable[[str], ElementSet]
"""The set of a name in the rule's table."""

_BIG = Struct(">I")
_NATIVE = Struct("=I")
_NAME_SIZE = 16
_UNICAST, _MULTICAST = 1, 5
_FIB_SOURCE, _FIB_DESTINATION, _FIB_PRESENT = 1, 2, 32
_FIB_OIF, _FIB_OIFNAME, _FIB_TYPE = 1, 2, 3
_COMPARE: dict[int, Callable[[bytes, bytes], bool]] = {
    0: bytes.__eq__,
    1: bytes.__ne__,
    2: bytes.__lt__,
    3: bytes.__le__,
    4: bytes.__gt__,
    5: bytes.__ge__,
}
_HARMLESS = {"counter", "log", "notrack", "objref", "last", "dynset", "nat", "masq", "redir", "dup"}
"""Expressions after which the rule goes on; those of address translation end other chains."""


class Registers:
    """The registers of nftables in words of 4 bytes; a word is None where it is not known."""

    def __init__(self) -> None:
        self._words: list[bytes | None] = [None] * 20

    def load(self, register: int, value: bytes | None, size: int = 4) -> None:
        """Store a value, or that a value of ``size`` bytes is not known."""
        start = _word(register)
        count = -(-(size if value is None else len(value)) // 4)
        for number in range(min(count, len(self._words) - start)):
            part = None if value is None else value[4 * number : 4 * number + 4].ljust(4, b"\0")
            self._words[start + number] = part

    def read(self, register: int, size: int) -> bytes | None:
        """The first ``size`` bytes; None if one of them is not known."""
        words = self._words[_word(register) : _word(register) - (-size // 4)]
        known = [word for word in words if word is not None]
        return b"".join(known)[:size] if len(known) == len(words) else None


def _word(register: int) -> int:
    return 4 * (register - 1) if 1 <= register <= 4 else register - 8


def compute(
    expression: Expression, packet: Packet, registers: Registers, elements: Elements
) -> bool | None:
    """Whether the rule goes on after the expression."""
    function = _FUNCTIONS.get(expression.name)
    if function is not None:
        return function(expression.attributes, packet, registers, elements)
    if expression.name in _HARMLESS:
        return True
    if 1 in expression.attributes and len(expression.attributes[1]) == 4:
        number = _number(expression.attributes, 1)
        if 1 <= number <= 4 or 8 <= number < 24:
            registers.load(number, None, _NAME_SIZE)  # it may be the register of the result
            return True
    return None


def find_verdict(
    expression: Expression, registers: Registers, elements: Elements
) -> tuple[bool | None, Verdict | None]:
    """Whether a verdict map has the packet's key, and the verdict."""
    found = elements(_name(expression.attributes, 1))
    key = registers.read(_number(expression.attributes, 2), found.key_size)
    if key is None:
        verdicts = (one.verdict for one in found.elements)
        return None, next((verdict for verdict in verdicts if verdict), None)
    known, element = found.find(key)
    return known, element.verdict if element else None


def _number(attributes: Mapping[int, bytes], kind: int) -> int:
    value = attributes.get(kind, b"")
    return int(_BIG.unpack(value)[0]) if len(value) == 4 else 0


def _name(attributes: Mapping[int, bytes], kind: int) -> str:
    return attributes.get(kind, b"").split(b"\0", 1)[0].decode(errors="replace")


def _value(attributes: Mapping[int, bytes], kind: int) -> bytes:
    return values(attributes.get(kind, b"")).get(1, b"")


def _meta(
    attributes: Mapping[int, bytes], packet: Packet, registers: Registers, _: Elements
) -> bool | None:
    if 1 not in attributes:
        return True  # it sets something
    value = _meta_value(_number(attributes, 2), packet)
    registers.load(_number(attributes, 1), value, _NAME_SIZE)
    return True


def _meta_value(key: int, packet: Packet) -> bytes | None:
    ends = {4: packet.incoming, 6: packet.incoming, 5: packet.outgoing, 7: packet.outgoing}
    if key in ends:
        if packet.on_port:
            return None
        link = ends[key]
        if key in (4, 5):
            return _NATIVE.pack(link.index if link else 0)
        return (link.name if link else "").encode().ljust(_NAME_SIZE, b"\0")
    simple = {
        1: bytes.fromhex("0800" if packet.family is IPV4 else "86dd"),
        3: bytes(4),
        15: bytes([IP if packet.family is IPV4 else IP6]),
        16: bytes([packet.protocol]),
        19: bytes([packet.kind]),
    }
    return simple.get(key)


def _payload(
    attributes: Mapping[int, bytes], packet: Packet, registers: Registers, _: Elements
) -> bool | None:
    if 1 not in attributes:
        return True  # it writes into the packet
    base, offset, size = (_number(attributes, kind) for kind in (2, 3, 4))
    value = None
    if base == 1:
        value = packet.header_part(offset, size)
    elif base == 2:
        value = packet.payload_part(offset, size)
    registers.load(_number(attributes, 1), value, size)
    return True


def _compare(
    attributes: Mapping[int, bytes], _: Packet, registers: Registers, __: Elements
) -> bool | None:
    wanted = _value(attributes, 3)
    found = registers.read(_number(attributes, 1), len(wanted))
    return None if found is None else _COMPARE[_number(attributes, 2)](found, wanted)


def _range(
    attributes: Mapping[int, bytes], _: Packet, registers: Registers, __: Elements
) -> bool | None:
    low, high = _value(attributes, 3), _value(attributes, 4)
    found = registers.read(_number(attributes, 1), len(low))
    if found is None:
        return None
    return (low <= found <= high) is (_number(attributes, 2) == 0)


def _bitwise(
    attributes: Mapping[int, bytes], _: Packet, registers: Registers, __: Elements
) -> bool | None:
    size = _number(attributes, 3)
    found = registers.read(_number(attributes, 1), size)
    mask, change = _value(attributes, 4), _value(attributes, 5)
    value = None
    if found is not None and _number(attributes, 6) == 0 and len(mask) == len(change) == size:
        value = bytes((f & m) ^ c for f, m, c in zip(found, mask, change, strict=True))
    registers.load(_number(attributes, 2), value, size)
    return True


def _byteorder(
    attributes: Mapping[int, bytes], _: Packet, registers: Registers, __: Elements
) -> bool | None:
    size, width = _number(attributes, 4), _number(attributes, 5)
    found = registers.read(_number(attributes, 1), size)
    if found is not None and sys.byteorder == "little" and width:
        found = b"".join(found[at : at + width][::-1] for at in range(0, size, width))
    registers.load(_number(attributes, 2), found, size)
    return True


def _lookup(
    attributes: Mapping[int, bytes], _: Packet, registers: Registers, elements: Elements
) -> bool | None:
    found = elements(_name(attributes, 1))
    key = registers.read(_number(attributes, 2), found.key_size)
    inverted = bool(_number(attributes, 5) & 1)
    if key is None:
        registers.load(_number(attributes, 3) or 1, None) if 3 in attributes else None
        return None
    known, element = found.find(key)
    if known and 3 in attributes:
        registers.load(_number(attributes, 3), element.data if element else None)
    return None if known is None else known is not inverted


def _conntrack(
    attributes: Mapping[int, bytes], packet: Packet, registers: Registers, _: Elements
) -> bool | None:
    if 1 in attributes:
        value = _NATIVE.pack(packet.state) if _number(attributes, 2) == 0 else None
        registers.load(_number(attributes, 1), value, _NAME_SIZE)
    return True


def _route(
    attributes: Mapping[int, bytes], packet: Packet, registers: Registers, _: Elements
) -> bool | None:
    """The lookup of an address: a source that is a neighbour is on the incoming link."""
    flags, result, link = _number(attributes, 3), _number(attributes, 2), packet.incoming
    value = None
    if result == _FIB_TYPE:
        value = _NATIVE.pack(_MULTICAST if flags & _FIB_DESTINATION else _UNICAST)
    elif flags & _FIB_SOURCE and link is not None and packet.source is not None:
        if flags & _FIB_PRESENT:
            value = b"\1"
        elif result == _FIB_OIF:
            value = _NATIVE.pack(link.index)
        elif result == _FIB_OIFNAME:
            value = link.name.encode().ljust(_NAME_SIZE, b"\0")
    registers.load(_number(attributes, 1), value, _NAME_SIZE)
    return True


def _immediate(
    attributes: Mapping[int, bytes], _: Packet, registers: Registers, __: Elements
) -> bool | None:
    registers.load(_number(attributes, 1), _value(attributes, 2))
    return True


def _limit(attributes: Mapping[int, bytes], _: Packet, __: Registers, ___: Elements) -> bool | None:
    """A packet is usually below a limit."""
    return False if _number(attributes, 5) & 1 else None


_FUNCTIONS: dict[str, Callable[[Mapping[int, bytes], Packet, Registers, Elements], bool | None]] = {
    "meta": _meta,
    "payload": _payload,
    "cmp": _compare,
    "range": _range,
    "bitwise": _bitwise,
    "byteorder": _byteorder,
    "lookup": _lookup,
    "ct": _conntrack,
    "fib": _route,
    "immediate": _immediate,
    "limit": _limit,
}
