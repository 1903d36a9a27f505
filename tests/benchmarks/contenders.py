"""The daemons that are compared."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.node import Node

_OURS = """\
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
_THEIRS = """\
quickleave
phyint up upstream ratelimit 0 threshold 1
    altnet 0.0.0.0/0
phyint down1 downstream ratelimit 0 threshold 1
phyint down2 downstream ratelimit 0 threshold 1
phyint lo disabled
"""


@dataclass(frozen=True)
class Contender:
    """A daemon: its name, its configuration, and a command that takes it; none for mcproxy."""

    name: str
    configuration: str
    command: tuple[str, ...] = ()

    def start(self, node: Node) -> Daemon:
        """Run it on ``node``; it ends with the lab."""
        if not self.command:
            return Daemon(node, self.configuration)
        file = Path(node.keep(_Folder()).name, "configuration.toml")
        file.write_text(self.configuration, encoding="ascii")
        return Daemon(node, command=(*self.command, str(file)))


class _Folder(tempfile.TemporaryDirectory[str]):
    def close(self) -> None:
        self.cleanup()


OURS = Contender("mcproxy", _OURS)
OURS_QUICK = Contender("mcproxy", _OURS + _QUICK)
OURS_TRACKING = Contender("mcproxy", _OURS + _TRACKING)
THEIRS = Contender("igmpproxy", _THEIRS, ("igmpproxy", "-n", "-d"))
