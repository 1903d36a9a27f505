"""What a scrape asks for in its query string."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import parse_qsl

from ...protocol.family import Address
from ..requests import BadRequestError

MOST_GROUPS = 100
"""Groups that one scrape may ask for."""


def asked_groups(query: str) -> list[Address]:
    """The groups of ``group=G&group=G``, each once; BadRequestError."""
    found: dict[Address, None] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key != "group":
            raise BadRequestError(f"unknown key {key!r}; /metrics accepts only group")
        try:
            address = ip_address(value)
        except ValueError:
            address = None
        if getattr(address, "scope_id", None):
            raise BadRequestError(f'group: {value!r} names an interface; remove "%" and the rest')
        if address is None or not address.is_multicast:
            raise BadRequestError(f"group: {value!r} is not a multicast address")
        found[address.packed] = None
    if len(found) > MOST_GROUPS:
        raise BadRequestError(
            f"{len(found)} groups are too many for one scrape; ask for at most {MOST_GROUPS}, and "
            "for others in another job"
        )
    return list(found)
