"""The rules of nftables, read over netlink. iptables-nft makes such rules, too."""

from __future__ import annotations

import errno
from collections import defaultdict
from collections.abc import Iterator
from struct import Struct

from ..netlink.dumps import dump, text_of, values, walk
from ..netlink.frame import attribute
from .ruleset import (
    ACCEPT,
    Chain,
    ElementSet,
    Expression,
    Part,
    Rule,
    SetElement,
    Verdict,
    XtMatch,
    XtTarget,
)

_NETLINK_NETFILTER = 12
_SUBSYSTEM = 10 << 8
_GET_TABLE, _GET_CHAIN, _GET_RULE, _GET_SET_ELEMENTS = 1, 4, 7, 13
_HEADER = Struct("=BBH")
_U32, _S32, _U64 = Struct(">I"), Struct(">i"), Struct(">Q")
_DORMANT = 1
_NO_NFTABLES = {errno.EPROTONOSUPPORT, errno.EINVAL, errno.EOPNOTSUPP}
"""How netlink answers where the kernel has no netfilter messages, or none of nftables."""

_IMMEDIATE, _LOOKUP, _MATCH, _TARGET = "immediate", "lookup", "match", "target"
_VERDICT_REGISTER = 0


def read_nftables() -> tuple[list[Chain], dict[tuple[int, str, str], ElementSet]]:
    """All chains with their rules, and the sets that they use; OSError without CAP_NET_ADMIN.

    Nothing if the kernel has no nftables. Blocks.
    """
    try:
        dormant = set(_dormant_tables())
    except OSError as error:
        if error.errno not in _NO_NFTABLES:
            raise
        return [], {}
    rules = _read_rules()
    chains = [chain for chain in _read_chains(rules) if (chain.family, chain.table) not in dormant]
    used = {
        (chain.family, chain.table, text_of(part.attributes.get(1, b"")))
        for chain in chains
        for rule in chain.rules
        for part in rule.parts
        if isinstance(part, Expression) and part.name == _LOOKUP
    }
    return chains, {key: ElementSet(_read_elements(*key)) for key in used}


def _ask(
    request: int, family: int = 0, body: bytes = b""
) -> Iterator[tuple[int, dict[int, bytes]]]:
    """Family and attributes of each message of an answer."""
    header = _HEADER.pack(family, 0, 0)
    for message in dump(_SUBSYSTEM | request, header + body, _NETLINK_NETFILTER):
        yield message[0], values(message, _HEADER.size)


def _dormant_tables() -> Iterator[tuple[int, str]]:
    for family, found in _ask(_GET_TABLE):
        if 2 in found and _U32.unpack(found[2])[0] & _DORMANT:
            yield family, text_of(found[1])


def _read_chains(rules: dict[tuple[int, str, str], list[Rule]]) -> Iterator[Chain]:
    for family, found in _ask(_GET_CHAIN):
        table, name = text_of(found[1]), text_of(found[3])
        own = tuple(rules[family, table, name])
        if 4 not in found:
            yield Chain(family, table, name, own)
            continue
        hook = values(found[4])
        devices = {text_of(hook[3])} if 3 in hook else set()
        devices |= {text_of(name) for _, name in walk(hook.get(4, b""))}
        yield Chain(
            family,
            table,
            name,
            own,
            hook=_U32.unpack(hook[1])[0],
            priority=_S32.unpack(hook[2])[0],
            policy=_U32.unpack(found[5])[0] if 5 in found else ACCEPT,
            kind=text_of(found.get(7, b"filter")),
            devices=frozenset(devices),
        )


def _read_rules() -> dict[tuple[int, str, str], list[Rule]]:
    rules: dict[tuple[int, str, str], list[Rule]] = defaultdict(list)
    for family, found in _ask(_GET_RULE):
        parts = tuple(_part(values(one)) for _, one in walk(found.get(4, b"")))
        key = family, text_of(found[1]), text_of(found[2])
        rules[key].append(Rule(_U64.unpack(found[3])[0], parts))
    return rules


def _part(found: dict[int, bytes]) -> Part:
    name, attributes = text_of(found[1]), values(found.get(2, b""))
    if name == _MATCH:
        revision = _U32.unpack(attributes.get(2, bytes(4)))[0]
        return XtMatch(text_of(attributes[1]), revision, attributes.get(3, b""))
    if name == _TARGET:
        return XtTarget(text_of(attributes[1]))
    if name == _IMMEDIATE and _U32.unpack(attributes[1])[0] == _VERDICT_REGISTER:
        verdict = _verdict(values(attributes[2]))
        if verdict is not None:
            return verdict
    return Expression(name, attributes)


def _verdict(data: dict[int, bytes]) -> Verdict | None:
    if 2 not in data:
        return None
    verdict = values(data[2])
    return Verdict(_S32.unpack(verdict[1])[0], text_of(verdict.get(2, b"")))


def _read_elements(family: int, table: str, name: str) -> Iterator[SetElement]:
    body = attribute(1, table.encode() + b"\0") + attribute(2, name.encode() + b"\0")
    for _, found in _ask(_GET_SET_ELEMENTS, family, body):
        for _, one in walk(found.get(3, b"")):
            yield _element(values(one))


def _element(found: dict[int, bytes]) -> SetElement:
    flags = _U32.unpack(found[3])[0] if 3 in found else 0
    data = values(found.get(2, b""))
    return SetElement(
        key=values(found[1])[1] if 1 in found else b"",
        ends_interval=bool(flags & 1),
        is_rest=bool(flags & 2),
        end=values(found[10])[1] if 10 in found else None,
        verdict=_verdict(data),
        data=data.get(1),
    )
