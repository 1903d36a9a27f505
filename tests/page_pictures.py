"""``python -m tests.page_pictures``: draw the pictures of the web page in docs/pictures anew.

They show the network of the demo, with one more stream that does not pass the proxy.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.house import CONFIG
from mcproxy.lab.privileges import ensure_network_rights
from mcproxy.lab.scenes import Line, Play
from mcproxy.lab.topology import Lab

from .documents.test_page_pictures import LARGEST
from .kernel.browser import browser
from .kernel.page import HTTP
from .kernel.relay import Relay
from .source import PROJECT

PICTURES = PROJECT / "docs/pictures"

_FAULTY = ("239.4.4.4", "ff1e::4")

_LINES = 7
"""Lines of the play until all have joined; nobody has left yet."""

_FLOWS = "14 flows"

_WIDE, _NARROW = (1000, 820), (360, 760)


def main() -> int:
    """Draw all pictures; exit code 1 if one is too large."""
    ensure_network_rights()
    with Lab() as lab:
        play = Play(lab)
        daemon = Daemon(play.house.proxy, HTTP + CONFIG)
        daemon.wait_ready()
        relay = Relay(browser().node.namespace, play.house.proxy.namespace, 9464)
        try:
            made = _perform(play)
        finally:
            browser().leave()
            relay.close()
    large = [path for path in made if path.stat().st_size > LARGEST]
    for path in made:
        print(f"{path.relative_to(PROJECT)}: {path.stat().st_size} bytes")
    return 1 if large or not made else 0


def _perform(play: Play) -> list[Path]:
    made: list[Path] = []
    told: list[Line] = []
    _open(*_WIDE)
    for group in _FAULTY:
        play.house.server.stream(group, rate=100, ttl=1)
        play.house.receivers[0].join(group)

    def glance() -> None:
        if not made and len(told) >= _LINES:
            made.append(_draw("page-light.png"))
            _open(*_WIDE, prefers_color_scheme="dark")
            made.append(_draw("page-dark.png"))
            _open(*_NARROW)
            made.append(_draw("page-telephone.png"))

    play.perform(told.append, glance)
    return made


def _open(width: int, height: int, **media: str) -> None:
    browser().open(width, height, **media)
    browser().await_text("#connection", "Live")


def _draw(name: str) -> Path:
    browser().await_text("#impairments", "TTL 1")
    browser().await_text("#flow-count", _FLOWS)
    time.sleep(2)  # rates are those of two readings
    path = PICTURES / name
    browser().picture(path)
    return path


if __name__ == "__main__":
    sys.exit(main())
