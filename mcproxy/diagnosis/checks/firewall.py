"""Packet filters that drop reports, queries or data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ...linux.firewall.ruleset import FAMILY_NAMES, Chain, Rule, Ruleset
from ...protocol.family import IPV4, Address, packed, text
from ..findings import Finding, problem, warning
from ..firewall import packet
from ..firewall.commands import accepting
from ..firewall.judge import Drop, judge
from ..firewall.packet import Packet
from ..firewall.ports import deciding_ports
from ..situation import DOWNSTREAM, UPSTREAM, Role, Situation

SAMPLE_GROUPS = {
    "ipv4": tuple(map(packed, ("239.1.1.1", "232.1.1.1", "233.1.1.1"))),
    "ipv6": tuple(map(packed, ("ff15::1", "ff1e::1", "ff3e::8000:1"))),
}
"""Groups that stand for all, where nobody has joined one."""

MOST_GROUPS = 8


def unread(situation: Situation) -> Iterator[Finding]:
    """Packet filters that cannot be read."""
    if situation.facts.firewall is None:
        yield warning(
            "firewall-unread",
            "The packet filters of this machine (nftables, iptables) cannot be read.",
            "Rules that drop reports, queries or data are not found.",
            "Run this command as root.",
        )


def reports(situation: Situation) -> Iterator[Finding]:
    """Reports of hosts that do not reach the daemon."""
    for role, link in situation.in_role(DOWNSTREAM):
        what = f"{role.family.protocol} reports that arrive on {link.name}"
        one = packet.report(role.family, link)
        effect = f"The daemon hears no host on {link.name}, so no stream is forwarded there."
        yield from _judged(situation, role, "firewall-reports", [one], what, effect)


def queries(situation: Situation) -> Iterator[Finding]:
    """Queries of the router upstream that do not reach the daemon."""
    for role, link in situation.in_role(UPSTREAM):
        what = f"{role.family.protocol} queries that arrive on {link.name}"
        one = packet.query(role.family, link)
        effect = "The daemon does not answer them, so the router ends the streams after minutes."
        yield from _judged(situation, role, "firewall-queries", [one], what, effect)


def data(situation: Situation) -> Iterator[Finding]:
    """Data of streams that is not forwarded."""
    for role, link in situation.in_role(DOWNSTREAM):
        for _, above in situation.upstreams_of(role.plan):
            if above.index == link.index:
                continue
            packets = [
                packet.data(role.family, None, group, above, link)
                for group in _groups(situation, role)
            ]
            label = "IPv4" if role.family is IPV4 else "IPv6"
            what = f"{label} multicast data from {above.name} to {link.name}"
            effect = f"No stream arrives on {link.name}, although hosts are heard there."
            yield from _judged(situation, role, "firewall-data", packets, what, effect)


def stream(
    situation: Situation, role: Role, group: Address, source: Address | None, port: int | None
) -> Iterator[Finding]:
    """Data of one stream that is not forwarded to a downstream.

    ``source`` None is any, and so is ``port``, the destination port of UDP.
    """
    below = role.usable
    if role.role != DOWNSTREAM or below is None:
        return
    for _, above in situation.upstreams_of(role.plan):
        if above.index != below.index:
            one = packet.data(role.family, source, group, above, below, port)
            what = f"data of {text(group)} from {above.name} to {below.name}"
            effect = f"It does not arrive on {below.name}."
            yield from _judged(situation, role, "firewall-data", [one], what, effect)


def output(situation: Situation) -> Iterator[Finding]:
    """The daemon's own reports and queries, which do not leave."""
    for role, link in (*situation.in_role(UPSTREAM), *situation.in_role(DOWNSTREAM)):
        is_up = role.role == UPSTREAM
        one = (packet.own_report if is_up else packet.own_query)(role.family, link)
        kind = "reports" if is_up else "queries"
        what = f"the daemon's own {role.family.protocol} {kind} on {link.name}"
        effect = (
            "The router never learns what to send."
            if is_up
            else "Hosts are not asked, so switches end their streams after minutes."
        )
        yield from _judged(situation, role, "firewall-output", [one], what, effect)


def _groups(situation: Situation, role: Role) -> Iterable[Address]:
    """Groups that are wanted; samples if nobody wants one."""
    joined = situation.daemon.groups if situation.daemon else frozenset()
    size = role.family.address_size
    known = sorted({*role.plan.static, *(group for group in joined if len(group) == size)})
    return known[:MOST_GROUPS] or SAMPLE_GROUPS[role.family.name]


def _judged(
    situation: Situation, role: Role, check: str, packets: list[Packet], what: str, effect: str
) -> Iterator[Finding]:
    """A finding if packets are dropped: a problem if all are, and that is certain."""
    firewall = situation.facts.firewall
    if firewall is None:
        return
    drops = [(one, _judge(firewall, one)) for one in packets]
    dropped = [(one, drop) for one, drop in drops if drop is not None]
    if not dropped:
        return
    certain = [(one, drop) for one, drop in dropped if drop.perhaps is None]
    if len(certain) == len(packets):
        one, drop = certain[0]
        found = _certain(check, drop, what, effect, accepting(drop, one))
    elif certain:
        one, drop = certain[0]
        found = _partly(drop, f"{what} for group {text(one.destination)}", accepting(drop, one))
    else:
        one, drop = dropped[0]
        found = _unclear(drop, what, accepting(drop, one))
    yield role.about(found)


def _judge(firewall: Ruleset, one: Packet) -> Drop | None:
    """What drops a packet; data to any port is dropped for certain if no port of streams passes."""
    drop = judge(firewall, one)
    if drop is None or drop.perhaps is None or one.protocol != packet.UDP:
        return drop
    ports = deciding_ports(firewall)
    if ports is None:
        return drop
    for port in ports:
        found = judge(firewall, replace(one, port=port))
        if found is None or found.perhaps is not None:
            return drop
    return drop._replace(perhaps=None)


def _certain(check: str, drop: Drop, what: str, effect: str, command: str) -> Finding:
    return problem(check, f"{_place(drop)} drops {what}.", effect, _cure(drop), command)


def _partly(drop: Drop, what: str, command: str) -> Finding:
    return problem(
        "firewall-groups",
        f"{_place(drop)} drops {what}, and passes that of other groups.",
        "Hosts that join this group get nothing.",
        _cure(drop),
        command,
    )


def _unclear(drop: Drop, what: str, command: str) -> Finding:
    assert drop.perhaps is not None
    chain, rule = drop.perhaps
    place = f"{_rule(chain, rule)} of chain {chain.name}"
    return warning(
        "firewall-unclear",
        f"{_place(drop)} drops {what}, unless {place} accepts them before.",
        "That rule depends on what this command does not know, such as a source, a port or a rate.",
        "Look at both rules; this one accepts them in any case.",
        command,
    )


def _place(drop: Drop) -> str:
    """The rule or policy, and its chain."""
    what = "the policy" if drop.rule is None else _rule(drop.chain, drop.rule)
    return f"{what[:1].upper()}{what[1:]} of chain {drop.chain.name} ({_table(drop.chain)})"


def _rule(chain: Chain, rule: Rule) -> str:
    return f"rule {rule.number}" if chain.legacy else f"the rule with handle {rule.number}"


def _table(chain: Chain) -> str:
    if chain.legacy:
        return f"iptables-legacy, table {chain.table}"
    return f"nftables, table {FAMILY_NAMES.get(chain.family, chain.family)} {chain.table}"


def _cure(drop: Drop) -> str:
    return "Accept them in this chain." if drop.rule is None else "Accept them before that rule."
