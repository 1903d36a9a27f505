"""Rules of nftables on a node, as an operator's firewall has them."""

from __future__ import annotations

import shutil
import subprocess

from twisted.trial.unittest import SkipTest

from mcproxy.lab.node import Node


def drop_group(node: Node, hook: str, group: str) -> None:
    """Have the node drop data of ``group`` in a chain of this hook."""
    if shutil.which("nft") is None:
        raise SkipTest("nft is needed; on Debian: apt-get install nftables")
    protocol = "ip6" if ":" in group else "ip"
    rules = f"""
        table inet firewall {{
            chain dropping {{
                type filter hook {hook} priority 0;
                {protocol} daddr {group} drop
            }}
        }}
    """
    process = node.popen(["nft", "-f", "-"], stdin=subprocess.PIPE, text=True)
    process.communicate(rules, timeout=30)
    if process.returncode:
        raise OSError(f"nft refused the rules: exit code {process.returncode}")
