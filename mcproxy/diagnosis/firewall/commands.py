"""Commands that make packet filters accept a packet."""

from __future__ import annotations

from ...linux.firewall.ruleset import (
    FAMILY_NAMES,
    INGRESS,
    INPUT,
    IP,
    NETDEV,
    OUTPUT,
    POSTROUTING,
    PREROUTING,
    Chain,
)
from ...protocol.family import IPV4
from .judge import Drop
from .packet import UDP, Packet

_ALL_GROUPS = {"ipv4": "224.0.0.0/4", "ipv6": "ff00::/8"}
_WITHOUT_INCOMING = {OUTPUT, POSTROUTING}
_WITHOUT_OUTGOING = {PREROUTING, INPUT, INGRESS}


def accepting(drop: Drop, packet: Packet) -> str:
    """A command that accepts what ``packet`` stands for, in the base chain that drops it."""
    if drop.base.is_of_iptables:
        return _for_iptables(drop.base, packet)
    return _for_nftables(drop.base, packet)


def _links(chain: Chain, packet: Packet) -> tuple[str, str]:
    """The names of the incoming and the outgoing interface, as far as the chain knows them."""
    incoming = packet.incoming.name if packet.incoming else ""
    outgoing = packet.outgoing.name if packet.outgoing else ""
    if chain.family == NETDEV:
        return "", ""
    return (
        "" if chain.hook in _WITHOUT_INCOMING else incoming,
        "" if chain.hook in _WITHOUT_OUTGOING else outgoing,
    )


def _for_nftables(chain: Chain, packet: Packet) -> str:
    incoming, outgoing = _links(chain, packet)
    words = ["nft insert rule", FAMILY_NAMES[chain.family], chain.table, chain.name]
    words += [f"iifname {incoming}"] if incoming else []
    words += [f"oifname {outgoing}"] if outgoing else []
    if packet.protocol == UDP:
        header = "ip" if packet.family is IPV4 else "ip6"
        words.append(f"{header} daddr {_ALL_GROUPS[packet.family.name]}")
    else:
        words.append(f"meta l4proto {'igmp' if packet.family is IPV4 else 'ipv6-icmp'}")
    return " ".join([*words, "accept"])


def _for_iptables(chain: Chain, packet: Packet) -> str:
    incoming, outgoing = _links(chain, packet)
    program = "iptables" if chain.family == IP else "ip6tables"
    words = [program + ("-legacy" if chain.legacy else "")]
    words += [f"-t {chain.table}"] if chain.table != "filter" else []
    words.append(f"-I {chain.name}")
    words += [f"-i {incoming}"] if incoming else []
    words += [f"-o {outgoing}"] if outgoing else []
    if packet.protocol == UDP:
        words.append(f"-d {_ALL_GROUPS[packet.family.name]}")
    else:
        words.append(f"-p {'igmp' if packet.family is IPV4 else 'ipv6-icmp'}")
    return " ".join([*words, "-j ACCEPT"])
