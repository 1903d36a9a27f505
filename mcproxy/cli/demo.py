"""``mcproxy demo``: a network of namespaces, with the proxy at work in it.

A server, the proxy, three receivers on two links and a camera on one of them, all on this
machine and apart from its network. Shows who has joined what and what comes of it, and ends
within fifteen seconds; the exit code is 0 if all that was wanted came, once, and nothing else.
Another scene has a node that moves between access gateways.
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

if TYPE_CHECKING:
    from ..lab.daemon import Daemon
    from ..lab.node import Node
    from .demo_view import View

Start = Callable[["Node"], "Daemon"]


def main(arguments: Sequence[str]) -> int:
    """Play the demo; the exit code."""
    parser = argparse.ArgumentParser("mcproxy demo", description=__doc__)
    parser.add_argument("--plain", action="store_true", help="lines instead of a live table")
    parser.add_argument(
        "--scene",
        choices=("house", "mobility"),
        default="house",
        help="what is played: a house with receivers (the default), or a node that moves "
        "between gateways",
    )
    options = parser.parse_args(arguments)
    perform = _play if options.scene == "house" else _travel
    # As an interrupt, so that what was made is also removed when somebody ends the demo.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _permitted(lambda: perform(options.plain or not _can_redraw()))
    except KeyboardInterrupt:
        return _fail(NO, "interrupted")
    except ModuleNotFoundError as error:
        return _fail(
            NO, f"the demo needs the Python package {error.name}: pip install {error.name}"
        )


def _can_redraw() -> bool:
    """Whether standard output is a terminal on which a table can be drawn anew."""
    return sys.stdout.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def _permitted(perform: Callable[[], int]) -> int:
    """What ``perform`` gives, where a network may be made."""
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
    from ..lab.scenes import CONFIG
    from .demo_view import view

    return play(lambda node: Daemon(node, CONFIG), view(plain))


def _travel(plain: bool) -> int:
    """The node's journey, in lines whether ``plain`` or not."""
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
                faults.append(f"a proxy ended with exit code {code}")
        view.say(verdict(faults) if faults else "The streams went along with the node.")
        return NO if faults else DONE


def play(start: Start, view: View) -> int:
    """Perform the play with the proxy that ``start`` starts."""
    from ..lab.scenes import PICTURE, Play
    from ..lab.topology import Lab

    with Lab() as lab:
        network = Play(lab)
        daemon = start(network.proxy)
        view.say(PICTURE)
        view.say(f"the proxy is ready after {daemon.wait_ready():.2f} s")
        with view.showing(network):
            network.perform(view.tell, view.glance)
        code, _ = daemon.terminate()
        faults = network.faults()
        if code:
            faults.append(f"the proxy ended with exit code {code}")
        view.conclude(network, faults)
        if faults:
            view.say("what the proxy said:")
            for line in daemon.lines[-40:]:
                view.say(f"    {line}")
        return NO if faults else DONE


def _fail(code: int, message: str) -> int:
    sys.stderr.write(f"mcproxy demo: {message}\n")
    return code
