"""Verification of ICMPv6 checksums, which the kernel does for the daemon."""

from __future__ import annotations

from mcproxy.protocol.family import Address
from mcproxy.protocol.wire.encoding import checksum
from mcproxy.protocol.wire.packets import DropReason, WireError


def pseudo_header(source: Address, destination: Address, length: int) -> bytes:
    """The pseudo-header that the ICMPv6 checksum covers too (RFC 8200, section 8.1)."""
    return source + destination + length.to_bytes(4, "big") + b"\0\0\0\x3a"


def verify_checksum(message: bytes, source: Address, destination: Address) -> None:
    """WireError (CHECKSUM) unless the checksum of an MLD message is right."""
    if checksum(pseudo_header(source, destination, len(message)) + message):
        raise WireError(DropReason.CHECKSUM)
