"""What sockets of a machine have joined, as the kernel tells it."""

from __future__ import annotations

from pathlib import Path

from mcproxy.lab.namespace import Namespace
from mcproxy.protocol.family import IPV4, IPV6, Family, text


def joined(machine: Namespace, family: Family, index: int) -> set[str]:
    """The groups of an interface that sockets of the machine are members of."""
    found = set()
    with machine:
        lines = Path(f"/proc/net/igmp{'' if family is IPV4 else '6'}").read_text().splitlines()
    current = 0
    for line in lines:
        words = line.split()
        if family is IPV6:
            if int(words[0]) == index:
                found.add(text(bytes.fromhex(words[2])))
        elif words[0].isdecimal() and not line.startswith("\t"):
            current = int(words[0])
        elif line.startswith("\t") and current == index:
            found.add(text(bytes.fromhex(words[0])[::-1]))
    return found
