"""Verification of ICMPv6 checksums, which the kernel does for the daemon."""

from __future__ import annotations

from mcproxy.protocol.family import Address
from mcproxy.protocol.wire.encoding import checksum, pseudo_header
from mcproxy.protocol.wire.packets import DropReason, WireError


def verify_checksum(message: bytes, source: Address, destination: Address) -> None:
    """WireError (CHECKSUM) unless the checksum of an MLD message is right."""
    if checksum(pseudo_header(source, destination, len(message)) + message):
        raise WireError(DropReason.CHECKSUM)
