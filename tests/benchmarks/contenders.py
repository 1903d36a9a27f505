"""The daemons that the benchmarks compare."""

from __future__ import annotations

import shlex
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
UPSTREAM, DOWNSTREAMS = "up", ("down1", "down2")
"""The interfaces of the proxy's machine."""

_UNLIMITED = """
[defaults]
max-groups = 1000000
"""
_QUICK = """
[defaults]
immediate-leave = true
"""
_HTTP = """
[http]
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


_SMCROUTE_CONFIG = """\
phyint up enable
phyint down1 enable
phyint down2 enable
mgroup from up group 239.1.0.1
mroute from up group 239.1.0.1 to down1
"""


@dataclass(frozen=True)
class Contender:
    """A daemon: name, configuration, and command (empty for mcproxy).

    The file with the configuration is the last word of the command, unless ``has_file`` is false.
    A daemon that ``queries`` is ready when it has sent a query on each downstream link.
    """

    name: str
    configuration: str
    command: tuple[str, ...] = ()
    has_file: bool = True
    queries: bool = True

    def start(self, node: Node) -> Daemon:
        """Start it on ``node``; the lab stops it."""
        if not self.command:
            return Daemon(node, self.configuration)
        if not self.has_file:
            return Daemon(node, command=self.command)
        file = Path(node.keep(Folder()).name, "configuration.toml")
        file.write_text(self.configuration, encoding="ascii")
        return Daemon(node, command=(*self.command, str(file)))


class Folder(tempfile.TemporaryDirectory[str]):
    """A temporary folder that a lab can close."""

    def close(self) -> None:
        self.cleanup()


MCPROXY = Contender("mcproxy", _MCPROXY_CONFIG)
MCPROXY_QUICK = Contender("mcproxy", _MCPROXY_CONFIG + _QUICK)
MCPROXY_HTTP = Contender("mcproxy", _MCPROXY_CONFIG + _HTTP)
MCPROXY_SCRAPED = Contender("mcproxy", _MCPROXY_CONFIG + _QUICK + _HTTP)
MCPROXY_TRACKING = Contender("mcproxy", _MCPROXY_CONFIG + _TRACKING)
MCPROXY_LIMITED = Contender("mcproxy", _MCPROXY_CONFIG + _LIMITED)
MCPROXY_PER_SOURCE = Contender("mcproxy", _MCPROXY_CONFIG + 'forwarding = "per-source"\n')
MCPROXY_UNLIMITED = Contender("mcproxy", _MCPROXY_CONFIG + _UNLIMITED)
IGMPPROXY = Contender("igmpproxy", _IGMPPROXY_CONFIG, ("igmpproxy", "-n", "-d"))


SMCROUTE = Contender("smcroute", _SMCROUTE_CONFIG, ("smcrouted", "-n", "-f"), queries=False)


def peer(text: str) -> Contender:
    """The daemon of ``NAME=COMMAND``, which must stay in the foreground; ValueError.

    ``{upstream}`` stands for the name of the upstream interface, and ``{downstreams}`` for those
    of the downstreams with commas between them. A word with ``{downstream}`` is repeated for each.
    """
    name, equals, command = text.partition("=")
    if not (name.strip() and equals and command.strip()):
        raise ValueError(f"{text!r} is not NAME=COMMAND")
    if name in (MCPROXY.name, IGMPPROXY.name, SMCROUTE.name):
        raise ValueError(f"{name} is measured anyway; give the peer another name")
    words: list[str] = []
    for word in shlex.split(command):
        filled = word.replace("{upstream}", UPSTREAM).replace(
            "{downstreams}", ",".join(DOWNSTREAMS)
        )
        words += dict.fromkeys(filled.replace("{downstream}", each) for each in DOWNSTREAMS)
    return Contender(name, "", tuple(words), has_file=False)
