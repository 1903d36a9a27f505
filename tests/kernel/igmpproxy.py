"""igmpproxy on a node of the lab."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SkipTest

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.node import Node
from mcproxy.lab.waiting import wait_until


def require_igmpproxy() -> None:
    """SkipTest where it is missing."""
    if shutil.which("igmpproxy") is None:
        raise SkipTest("igmpproxy is not installed: apt-get install igmpproxy")


def start_igmpproxy(node: Node, config: str, vifs: int) -> Daemon:
    """Start it with the file text ``config``, and wait until it has ``vifs`` interfaces."""
    folder = _Folder(prefix="mcproxy-igmpproxy-")
    file = Path(node.keep(folder).name, "igmpproxy.conf")
    file.write_text(config, encoding="utf-8")
    daemon = Daemon(node, command=("igmpproxy", "-n", str(file)))

    def is_ready() -> bool:
        return len(node.run("cat", "/proc/net/ip_mr_vif").splitlines()) > vifs

    wait_until(is_ready, 10, f"igmpproxy does not start: {daemon.lines}")
    return daemon


class _Folder(tempfile.TemporaryDirectory[str]):
    def close(self) -> None:
        self.cleanup()
