"""Reads all packet filters of this network namespace."""

from __future__ import annotations

from ...protocol.family import FAMILIES
from .iptables import read_iptables
from .nftables import read_nftables
from .ruleset import Ruleset

_TRIES = 3


def read_firewall() -> Ruleset | None:
    """All chains; None if they cannot be read, mostly because this user may not. Blocks."""
    for _ in range(_TRIES):
        try:
            return _read_once()
        except PermissionError:
            return None
        except OSError:
            continue  # somebody changed the rules meanwhile
    return None


def _read_once() -> Ruleset:
    chains, sets = read_nftables()
    for family in FAMILIES:
        chains += read_iptables(family)
    return Ruleset(tuple(chains), sets)
