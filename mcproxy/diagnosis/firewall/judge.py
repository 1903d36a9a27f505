"""The way of a packet through the chains of its hooks."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ...linux.firewall.ruleset import (
    ACCEPT,
    BRIDGE,
    DROP,
    EGRESS,
    GOTO,
    INET,
    INGRESS,
    IP,
    IP6,
    JUMP,
    NETDEV,
    RETURN,
    Chain,
    ElementSet,
    Expression,
    HeaderMatch,
    Rule,
    Ruleset,
    Verdict,
    XtMatch,
)
from . import nft, xt
from .packet import Packet

_FAMILIES = {"ipv4": frozenset({INET, IP}), "ipv6": frozenset({INET, IP6})}
"""The families of tables that see a packet of IPv4 or IPv6."""

_NETDEV_INGRESS, _NETDEV_EGRESS = 0, 1

_DEEPEST = 16
"""Jumps within each other, as in the kernel."""

_NO_ELEMENTS = ElementSet()

_DROPPING_TARGETS = {"REJECT", "DROP"}
_ASKING = {"queue", "NFQUEUE", "QUEUE"}
"""A program decides about the packet."""


class Drop(NamedTuple):
    """Where a packet is dropped: by ``rule`` of ``chain``, or by the policy of ``chain``.

    ``perhaps`` is a rule before it that may accept the packet, which nobody can tell from here.
    """

    chain: Chain
    rule: Rule | None
    base: Chain
    perhaps: tuple[Chain, Rule] | None = None


def judge(ruleset: Ruleset, packet: Packet) -> Drop | None:
    """What drops the packet; None if it passes."""
    for hook in packet.hooks:
        for chain in _base_chains(ruleset, packet, hook):
            seen = replace(packet, on_port=True) if chain.family == BRIDGE else packet
            found = _Walk(ruleset, seen, chain).run()
            if found is not None:
                return found
    return None


def _base_chains(ruleset: Ruleset, packet: Packet, hook: int) -> list[Chain]:
    """The base chains that the packet meets at a hook, in the kernel's order."""
    if hook in (INGRESS, EGRESS):
        device = packet.incoming if hook == INGRESS else packet.outgoing
        number = _NETDEV_INGRESS if hook == INGRESS else _NETDEV_EGRESS
        found = ruleset.base_chains(frozenset({NETDEV}), number)
        found += ruleset.base_chains(frozenset({INET}), hook)
        return [chain for chain in found if device is not None and device.name in chain.devices]
    families = _FAMILIES[packet.family.name]
    link = packet.incoming or packet.outgoing
    if link is not None and link.bridge is not None:
        families |= {BRIDGE}
    return ruleset.base_chains(families, hook)


class _Walk:
    """One packet in one base chain and the chains that it jumps to."""

    def __init__(self, ruleset: Ruleset, packet: Packet, base: Chain) -> None:
        self._ruleset = ruleset
        self._packet = packet
        self._base = base
        self._perhaps: tuple[Chain, Rule] | None = None

    def run(self) -> Drop | None:
        """What drops the packet; None if it passes."""
        end = self._pass(self._base, 0)
        if end is None and self._base.policy == DROP:
            end = Drop(self._base, None, self._base)
        if not isinstance(end, Drop):
            return None
        return end._replace(base=self._base, perhaps=self._perhaps)

    def _pass(self, chain: Chain, depth: int) -> Drop | bool | None:
        """A Drop, True where the packet is accepted, None at the end of the chain."""
        for rule in chain.rules if depth < _DEEPEST else ():
            holds, verdict = self._try(chain, rule)
            if holds is False or verdict is None:
                continue
            if holds is None:
                self._note(chain, rule, verdict, depth)
                continue
            if verdict.code == RETURN:
                return None
            end = self._end(chain, rule, verdict, depth)
            if end is not None or verdict.code == GOTO:
                return end
        return None

    def _end(self, chain: Chain, rule: Rule, verdict: Verdict, depth: int) -> Drop | bool | None:
        if verdict.code == DROP:
            return Drop(chain, rule, self._base)
        if verdict.code in (JUMP, GOTO):
            other = self._ruleset.chain(chain, verdict.chain)
            return None if other is None else self._pass(other, depth + 1)
        return True if verdict.code == ACCEPT else None

    def _note(self, chain: Chain, rule: Rule, verdict: Verdict, depth: int) -> None:
        """Remember a rule that may save the packet from a later one."""
        end = self._end(chain, rule, verdict, depth)
        if end is True or verdict.code == RETURN:
            self._perhaps = self._perhaps or (chain, rule)

    def _try(self, chain: Chain, rule: Rule) -> tuple[bool | None, Verdict | None]:
        """Whether the rule matches, and its verdict."""
        result: bool | None = True
        registers = nft.Registers()

        def elements(name: str) -> ElementSet:
            return self._ruleset.sets.get((chain.family, chain.table, name), _NO_ELEMENTS)

        for part in rule.parts:
            match part:
                case Verdict():
                    return result, part
                case HeaderMatch():
                    holds = xt.header_matches(part, self._packet)
                case XtMatch():
                    holds = xt.matches(part, self._packet)
                case Expression("lookup", {3: register}) if not any(register):
                    found, verdict = nft.find_verdict(part, registers, elements)
                    return (result if found else found), verdict
                case Expression():
                    if part.name == "reject":
                        return result, Verdict(DROP)
                    if part.name in _ASKING:
                        return None, Verdict(ACCEPT)
                    holds = nft.compute(part, self._packet, registers, elements)
                case _:
                    return self._target(part.name, result)
            if holds is False:
                return False, None
            result = result and holds
        return result, None

    @staticmethod
    def _target(name: str, result: bool | None) -> tuple[bool | None, Verdict | None]:
        if name in _DROPPING_TARGETS:
            return result, Verdict(DROP)
        return (None, Verdict(ACCEPT)) if name in _ASKING else (result, None)
