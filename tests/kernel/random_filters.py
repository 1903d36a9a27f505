"""Random packet filters of nftables and iptables."""

from __future__ import annotations

import random

MATCHES = (
    'iifname "up"',
    'iifname != "down1"',
    'iifname { "down*", "lan0" }',
    "meta l4proto igmp",
    "meta l4proto != { udp, tcp }",
    "ip protocol igmp",
    "ip6 nexthdr ipv6-icmp",
    "meta l4proto ipv6-icmp",
    "meta nfproto ipv4",
    "ip daddr 224.0.0.0/4",
    "ip daddr != 224.0.0.0/24",
    "ip daddr 224.0.0.2-239.0.0.0",
    "ip daddr { 224.0.0.22, 239.1.1.1 }",
    "ip daddr @wanted",
    "ip saddr 10.0.2.0/24",
    "ip6 daddr ff00::/8",
    "ip6 saddr fe80::/10",
    "ip6 daddr { ff02::16, ff15::/16 }",
    "icmpv6 type { 130, 143 }",
    "icmpv6 type != 143",
    "meta pkttype multicast",
    "ct state new",
    "ct state established,related",
    "ct state untracked",
    "ct state invalid",
    "fib daddr type multicast",
    "fib saddr . iif oif missing",
    "meta l4proto igmp ip ttl 1",
    "icmpv6 type 143 ip6 hoplimit > 1",
    "meta mark 0",
    "udp dport 5000",
    "udp dport != 5000",
    'iifname . ip daddr { "up" . 224.0.0.1, "down1" . 224.0.0.22 }',
    "",
)
VERDICTS = ("accept", "drop", "jump deeper", "goto deeper", "return", "counter", "reject")
MAPS = (
    'iifname vmap { "up" : accept, "down1" : jump deeper }',
    "meta l4proto vmap { igmp : drop, udp : accept, ipv6-icmp : goto deeper }",
    "ip daddr vmap { 224.0.0.0/24 : accept, 239.0.0.0/8 : drop }",
    "ct state vmap { new : accept, invalid : drop, untracked : return }",
)

XT_COMMON = (
    *("-i up", "! -i down1", "-i down+", "-p udp", "! -p tcp"),
    *("-p udp -m multiport --dports 53,4000:6000", "-p udp -m multiport ! --dports 5000,6000"),
    *("-p udp --dport 5000", "-p udp --dport 6000:7000", "-p udp ! --dport 5000"),
    *("-m pkttype --pkt-type multicast", "-m pkttype ! --pkt-type broadcast"),
    *("-m conntrack --ctstate NEW", "-m conntrack --ctstate RELATED,ESTABLISHED"),
    *("-m conntrack ! --ctstate INVALID,NEW", "-m state --state NEW", "-m state --state UNTRACKED"),
    *("-m addrtype --dst-type MULTICAST", "-m addrtype ! --src-type UNICAST"),
    "-m comment --comment text",
    "",
)
XT_MATCHES = {
    "iptables": (
        *XT_COMMON,
        *("-p igmp", "! -p igmp", "-d 224.0.0.0/4", "! -d 224.0.0.0/24", "-s 10.0.2.0/24"),
        *("! -s 10.0.1.2", "-d 224.0.0.22", "-d 239.1.1.1"),
    ),
    "ip6tables": (
        *XT_COMMON,
        *("-p icmpv6", "-p icmpv6 --icmpv6-type 143", "-p icmpv6 ! --icmpv6-type 130"),
        *("-d ff00::/8", "-s fe80::/10", "! -d ff02::/16", "-d ff15::1"),
    ),
}
XT_TARGETS = ("-j ACCEPT", "-j DROP", "-j REJECT", "-j RETURN", "-j deeper", "-g deeper", "-j LOG")


def chain(table: str, name: str, hook: str, priority: int, rules: str, policy: str) -> str:
    """One base chain."""
    head = f"type filter hook {hook} priority {priority}; policy {policy};"
    return f"table inet {table} {{\n chain {name} {{\n {head}\n {rules}\n }}\n}}\n"


def random_rules(chance: random.Random, deep: bool = False) -> str:
    """Some rules, one a line."""
    rules = []
    for _ in range(chance.randint(1, 4)):
        if not deep and chance.random() < 0.15:
            rules.append(chance.choice(MAPS))
            continue
        verdicts = [one for one in VERDICTS if not (deep and "deeper" in one)]
        parts = chance.sample(MATCHES, chance.randint(1, 2))
        rules.append(" ".join([*parts, chance.choice(verdicts)]))
    return "\n".join(rules)


def random_filter(chance: random.Random) -> str:
    """A table "fw" with chains before and at the hooks of input and forward."""
    wanted = "set wanted {\n type ipv4_addr; flags interval\n elements = { 224.0.0.0/30 }\n }\n"
    deeper = f"chain deeper {{\n {random_rules(chance, deep=True)}\n }}\n"
    table = f"table inet fw {{\n {wanted} {deeper} }}\n"
    early = random_rules(chance).replace("reject", "drop") if chance.random() < 0.3 else ""
    policy = chance.choice(("accept", "drop"))
    return (
        table
        + chain("fw", "early", "prerouting", -150, early, "accept")
        + chain("fw", "inputs", "input", 0, random_rules(chance), policy)
        + chain("fw", "forwards", "forward", 0, random_rules(chance), policy)
    )


def random_tables(chance: random.Random, program: str) -> str:
    """The table "filter" for ``iptables-restore`` or ``ip6tables-restore``."""
    policies = [chance.choice(("ACCEPT", "DROP")) for _ in range(2)]
    lines = ["*filter", f":INPUT {policies[0]}", f":FORWARD {policies[1]}", ":deeper -"]
    for name in ("INPUT", "FORWARD", "deeper"):
        targets = [one for one in XT_TARGETS if name != "deeper" or "deeper" not in one]
        for _ in range(chance.randint(1, 4)):
            parts = chance.sample(XT_MATCHES[program], chance.randint(1, 2))
            lines.append(" ".join([f"-A {name}", *parts, chance.choice(targets)]))
    return "\n".join([*lines, "COMMIT\n"])
