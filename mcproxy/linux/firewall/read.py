"""Reads all packet filters of this network namespace."""

from __future__ import annotations

from ...protocol.family import FAMILIES
from .iptables import read_iptables
from .nftables import read_nftables
from .ruleset import Ruleset


def read_firewall() -> Ruleset | None:
    """All chains; None if this user may not read them. Blocks."""
    try:
        chains, sets = read_nftables()
        for family in FAMILIES:
            chains += read_iptables(family)
    except PermissionError:
        return None
    return Ruleset(tuple(chains), sets)
