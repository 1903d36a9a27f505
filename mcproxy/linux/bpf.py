"""Socket filters: an assembler for classic BPF, and the filter of multicast routing sockets.

A program is a sequence of instructions and labels. It ends with the number of bytes to keep of
the packet: ``keep()`` keeps all of it, ``drop()`` nothing::

    assemble(load_byte(9), if_equal(2, "igmp"), drop(), "igmp", keep())
"""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Iterable, Iterator
from struct import Struct
from typing import NamedTuple

from ..protocol.family import IPV4, Address, Family

ETHERNET_PROTOCOL = 0xFFFFF000
"""Where ``load_word`` finds the protocol, as 0x0800 for IPv4 (SKF_AD_OFF + SKF_AD_PROTOCOL)."""

PACKET_TYPE = 0xFFFFF000 + 4
"""Where ``load_word`` finds whether a packet comes in or goes out (SKF_AD_OFF + SKF_AD_PKTTYPE)."""

ARRIVAL_INTERFACE = 0xFFFFF000 + 8
"""Where ``load_word`` finds the index of the interface (SKF_AD_OFF + SKF_AD_IFINDEX)."""

NETWORK_HEADER = 0xFFF00000
"""Added to an offset: it counts from the IP header, wherever the packet begins (SKF_NET_OFF)."""

_SO_ATTACH_FILTER = 26
_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE = 0x20, 0x28, 0x30
_AND, _SHIFT_RIGHT, _JUMP_IF_EQUAL, _JUMP_IF_GREATER, _RETURN = 0x54, 0x74, 0x15, 0x25, 0x06
_WHOLE_PACKET = 0xFFFFFFFF
_SOCK_FILTER, _SOCK_FPROG = Struct("=HBBI"), Struct("@HP")


class Instruction(NamedTuple):
    """One instruction; without a label the next one follows."""

    code: int
    value: int
    if_true: str = ""
    if_false: str = ""


def load_byte(offset: int) -> Instruction:
    """Load the byte at ``offset`` of the packet."""
    return Instruction(_LOAD_BYTE, offset)


def load_half(offset: int) -> Instruction:
    """Load two bytes in network order."""
    return Instruction(_LOAD_HALF, offset)


def load_word(offset: int) -> Instruction:
    """Load four bytes in network order."""
    return Instruction(_LOAD_WORD, offset)


def shift_right(bits: int) -> Instruction:
    """Shift what was loaded."""
    return Instruction(_SHIFT_RIGHT, bits)


def mask(bits: int) -> Instruction:
    """Keep only these bits of what was loaded."""
    return Instruction(_AND, bits)


def if_greater(value: int, if_true: str = "", if_false: str = "") -> Instruction:
    """Go on at one of these labels further down: is what was loaded greater?"""
    return Instruction(_JUMP_IF_GREATER, value, if_true, if_false)


def if_equal(value: int, if_true: str = "", if_false: str = "") -> Instruction:
    """Compare what was loaded, and go on at one of these labels further down."""
    return Instruction(_JUMP_IF_EQUAL, value, if_true, if_false)


def keep() -> Instruction:
    """End, and deliver the packet."""
    return Instruction(_RETURN, _WHOLE_PACKET)


def drop() -> Instruction:
    """End, and do not deliver the packet."""
    return Instruction(_RETURN, 0)


def assemble(*lines: Instruction | str) -> bytes:
    """The program as the kernel takes it; a text is a label for the instruction after it.

    ValueError when a jump is longer than 255 instructions or leads back or to no label.
    """
    instructions: list[Instruction] = []
    labels: dict[str, int] = {}
    for line in lines:
        if isinstance(line, str):
            labels[line] = len(instructions)
        else:
            instructions.append(line)

    def distance(position: int, label: str) -> int:
        found = labels.get(label, -1) - position - 1 if label else 0
        if not 0 <= found <= 255:
            raise ValueError(f"no jump from instruction {position} to label {label!r}")
        return found

    return b"".join(
        _SOCK_FILTER.pack(
            one.code, distance(at, one.if_true), distance(at, one.if_false), one.value
        )
        for at, one in enumerate(instructions)
    )


def attach(sock: socket.socket, program: bytes) -> None:
    """Let ``sock`` have only what the program keeps, from now on; OSError."""
    buffer = ctypes.create_string_buffer(program, len(program))
    count = len(program) // _SOCK_FILTER.size
    description = _SOCK_FPROG.pack(count, ctypes.addressof(buffer))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, description)


def accept_from(
    sock: socket.socket,
    family: Family,
    indexes: Iterable[int],
    refused: Iterable[tuple[int, Address]] = (),
    only: Iterable[tuple[int, Address]] = (),
) -> None:
    """Let a multicast routing socket have only what arrives on these interfaces; OSError.

    Packets of ``refused`` hosts, by interface and address, are dropped; of an IPv6 address only
    the last eight bytes count. From the interfaces in ``only`` these hosts alone are accepted; of
    an IPv6 address the last four bytes count. ValueError when there are too many interfaces or
    hosts for a program.

    The kernel gives each such socket the IGMP or MLD of the whole machine: with a hundred
    tables each packet would wake the daemon a hundred times. Upcalls still pass. They have 0
    where packets have the protocol (IPv4) or the ICMPv6 type.
    """
    wanted = [
        line
        for index in indexes
        for line in (if_equal(index, "", f"not {index}"), keep(), f"not {index}")
    ]
    hosts = [line for index, host in refused for line in _drop_host(family, index, host)]
    by_interface: dict[int, set[int]] = {}
    for index, host in only:
        by_interface.setdefault(index, set()).add(int.from_bytes(host[-4:], "big"))
    for index, tails in by_interface.items():
        hosts += _keep_hosts(family, index, tails)
    program = assemble(
        load_byte(9 if family is IPV4 else 0),
        if_equal(0, "", "packet"),
        keep(),
        "packet",
        *hosts,
        load_word(ARRIVAL_INTERFACE),
        *wanted,
        drop(),
    )
    attach(sock, program)


def _keep_hosts(family: Family, index: int, tails: set[int]) -> list[Instruction | str]:
    """Keep what hosts of an interface sent, by the last four bytes of their addresses."""
    keep_it, other = f"keep {index}", f"others {index}"
    *some, last = tails
    return [
        load_word(ARRIVAL_INTERFACE),
        if_equal(index, "", other),
        load_word(NETWORK_HEADER + (12 if family is IPV4 else 20)),
        *(if_equal(tail, keep_it) for tail in some),
        if_equal(last, "", other),
        keep_it,
        keep(),
        other,
    ]


def _drop_host(family: Family, index: int, host: Address) -> Iterator[Instruction | str]:
    """Drop what a host of an interface sent; the next instruction is for all others."""
    other = f"not {index} {host.hex()}"
    yield load_word(ARRIVAL_INTERFACE)
    yield if_equal(index, "", other)
    for offset, part in ((12, host),) if family is IPV4 else ((16, host[8:12]), (20, host[12:])):
        yield load_word(NETWORK_HEADER + offset)
        yield if_equal(int.from_bytes(part, "big"), "", other)
    yield drop()
    yield other
