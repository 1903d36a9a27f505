"""The daemons that the benchmarks compare."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.node import Node

_MCPROXY_CONFIG = """\
[instance.a]
upstream = "up"
downstream = ["down1", "down2"]
"""
_QUICK = """
[defaults]
immediate-leave = true
"""
_TRACKING = """
[defaults]
explicit-tracking = true
"""
_LIMITED = """
[defaults]
max-report-rate = 1000
"""
_IGMPPROXY_CONFIG = """\
quickleave
phyint up upstream ratelimit 0 threshold 1
    altnet 0.0.0.0/0
phyint down1 downstream ratelimit 0 threshold 1
phyint down2 downstream ratelimit 0 threshold 1
phyint lo disabled
"""


@dataclass(frozen=True)
class Contender:
    """A daemon: name, configuration, and command (empty for mcproxy)."""

    name: str
    configuration: str
    command: tuple[str, ...] = ()

    def start(self, node: Node) -> Daemon:
        """Start it on ``node``; the lab stops it."""
        if not self.command:
            return Daemon(node, self.configuration)
        file = Path(node.keep(Folder()).name, "configuration.toml")
        file.write_text(self.configuration, encoding="ascii")
        return Daemon(node, command=(*self.command, str(file)))


class Folder(tempfile.TemporaryDirectory[str]):
    """A temporary folder that a lab can close."""

    def close(self) -> None:
        self.cleanup()


MCPROXY = Contender("mcproxy", _MCPROXY_CONFIG)
MCPROXY_QUICK = Contender("mcproxy", _MCPROXY_CONFIG + _QUICK)
MCPROXY_TRACKING = Contender("mcproxy", _MCPROXY_CONFIG + _TRACKING)
MCPROXY_LIMITED = Contender("mcproxy", _MCPROXY_CONFIG + _LIMITED)
MCPROXY_PER_SOURCE = Contender("mcproxy", _MCPROXY_CONFIG + 'forwarding = "per-source"\n')
IGMPPROXY = Contender("igmpproxy", _IGMPPROXY_CONFIG, ("igmpproxy", "-n", "-d"))
