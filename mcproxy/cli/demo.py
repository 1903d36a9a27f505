"""``mcproxy demo``: run the proxy in a small network of its own.

The network consists of namespaces on this machine and does not touch the machine's own network.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..exit_codes import DONE, NO, NOT_PERMITTED
from .parsers import make_parser

if TYPE_CHECKING:
    from ..lab.daemon import Daemon
    from ..lab.node import Node
    from .demo_view import View

Start = Callable[["Node"], "Daemon"]

DESCRIPTION = """\
Build a small network of namespaces on this machine, run the proxy in its middle, and show which
receiver joins which group and which packets arrive. The machine's own network is not touched. The
demo takes about fifteen seconds.

The exit code is 0 if every wanted packet arrived exactly once and no unwanted packet was forwarded.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the demo and return the exit code."""
    options = parser().parse_args(arguments)
    perform = _play if options.scene == "house" else _travel
    # SIGTERM acts as an interrupt, so that the network is removed then too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _permitted(lambda: perform(options.plain or not _can_redraw()))
    except KeyboardInterrupt:
        return _fail(NO, "interrupted")
    except ModuleNotFoundError as error:
        return _fail(
            NO, f"the demo needs the Python package {error.name}; run: pip install {error.name}"
        )


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = make_parser("demo", DESCRIPTION, ["demo", "demo --scene mobility"])
    made.add_argument(
        "--plain", action="store_true", help="print lines instead of a table that is redrawn"
    )
    made.add_argument(
        "--scene",
        choices=("house", "mobility"),
        default="house",
        help="house: three receivers and a camera on two links (default); "
        "mobility: a node that moves between access gateways",
    )
    return made


def _can_redraw() -> bool:
    """Whether standard output is a terminal on which a table can be redrawn."""
    return sys.stdout.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def _permitted(perform: Callable[[], int]) -> int:
    """The exit code of ``perform``, or of the reason why no network can be made."""
    from ..lab.privileges import NoRightsError, ensure_network_rights

    try:
        ensure_network_rights()
        return perform()
    except NoRightsError as error:
        return _fail(NOT_PERMITTED, str(error))
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        return _fail(NO, str(error))


def _play(plain: bool) -> int:
    from ..lab.daemon import Daemon
    from ..lab.house import CONFIG
    from .demo_view import view

    return play(lambda node: Daemon(node, CONFIG), view(plain))


def _travel(plain: bool) -> int:
    """The scene "mobility", which has no table."""
    from ..lab.mobility import PICTURE, Journey
    from ..lab.topology import Lab
    from .demo_view import PlainView, verdict

    view = PlainView()
    with Lab() as lab:
        journey = Journey(lab)
        view.say(PICTURE)
        journey.perform(view.say)
        faults = journey.faults
        for daemon in journey.daemons:
            code, _ = daemon.terminate()
            if code:
                faults.append(f"a proxy exited with code {code}")
        view.say(verdict(faults) if faults else "The streams followed the node.")
        return NO if faults else DONE


def play(start: Start, view: View) -> int:
    """The scene "house" with the proxy that ``start`` starts."""
    from ..lab.house import PICTURE
    from ..lab.scenes import Play
    from ..lab.topology import Lab

    with Lab() as lab:
        network = Play(lab)
        daemon = start(network.house.proxy)
        view.say(PICTURE)
        view.say(f"the proxy is ready after {daemon.wait_ready():.2f} s")
        with view.showing(network):
            network.perform(view.tell, view.glance)
        code, _ = daemon.terminate()
        faults = network.results.faults()
        if code:
            faults.append(f"the proxy exited with code {code}")
        view.conclude(network, faults)
        if faults:
            view.say("the proxy's log:")
            for line in daemon.lines[-40:]:
                view.say(f"    {line}")
        return NO if faults else DONE


def _fail(code: int, message: str) -> int:
    sys.stderr.write(f"mcproxy demo: {message}\n")
    return code
