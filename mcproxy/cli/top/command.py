"""The command line of ``mcproxy top``, and its loop."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Sequence

from ...exit_codes import DONE, NO_DAEMON
from .. import client
from ..row_options import add_filters, query
from ..row_stream import ask_rows
from ..show.watch import seconds
from ..table import Output
from .activity import Activity, follow
from .frame import SORTS, Frame, Sample
from .screen import draw, key_within, screen

DEFAULT = 2.0
"""Seconds between two frames."""

HEIGHT = 24


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the user ends it, or after the one frame."""
    options = parser().parse_args(arguments)
    try:
        return client.run(lambda: _Top(options).run())
    except KeyboardInterrupt:
        return DONE


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = client.parser(
        "top",
        "Show the flows by their rate, with joins, leaves, zaps, refusals and drops a second, again"
        " and again. A zap is a host that leaves one group and joins another one. Keys: s sorts by "
        "the next order, q ends.",
        "top",
        "top --interface br-lan --sort group",
        "top --once",
    )
    described = f"seconds between two frames (default: {DEFAULT:g})"
    made.add_argument(
        "-i", "--interval", metavar="SECONDS", type=_seconds, default=DEFAULT, help=described
    )
    described = "order of the flows: %(choices)s (default: rate)"
    made.add_argument(
        "-s", "--sort", metavar="ORDER", choices=tuple(SORTS), default="rate", help=described
    )
    described = "print one frame, about the next SECONDS, and end"
    made.add_argument("--once", action="store_true", help=described)
    add_filters(made, "flows and events")
    return made


def _seconds(text: str) -> float:
    try:
        return seconds(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is not a time; write seconds') from None


class _Top:
    """Takes samples and shows them as frames."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._query = query(options)
        # Counts of messages and data are those of interfaces.
        of_interfaces = argparse.Namespace(**{**vars(options), "group": None, "source": None})
        self._query_of_interfaces = query(of_interfaces)
        self._sort: str = options.sort
        self._activity = Activity()

    def run(self) -> None:
        """Show frames until the user ends it, or one."""
        before = self._sample()
        follow(self._activity, self._options.socket, self._query)
        if self._options.once:
            time.sleep(self._options.interval)
            output = Output.of_terminal()
            lines = self._frame(before, self._sample()).lines(output, len(before.flows) + HEIGHT)
            print("\n".join(lines))
        elif sys.stdout.isatty():
            with screen():
                self._loop(before, draw, key_within)
        else:
            self._loop(before, _print, _sleep)

    def _loop(
        self,
        before: Sample,
        show: Callable[[list[str]], None],
        wait: Callable[[float], str],
    ) -> None:
        frame = self._frame(before, before)
        message = ""
        while True:
            show(self._lines(frame, message))
            deadline = time.monotonic() + self._options.interval
            while (left := deadline - time.monotonic()) > 0:
                key = wait(left)
                if key in ("q", "Q"):
                    return
                if key in ("s", "S"):
                    orders = list(SORTS)
                    self._sort = orders[(orders.index(self._sort) + 1) % len(orders)]
                    frame = Frame(frame.before, frame.now, frame.activity, self._sort)
                    show(self._lines(frame, message))
            try:
                before, message = frame.now, ""
                frame = self._frame(before, self._sample())
            except client.FailureError as failure:
                if failure.code != NO_DAEMON:
                    raise
                message = str(failure)  # it may be restarted

    def _lines(self, frame: Frame, message: str) -> list[str]:
        size = shutil.get_terminal_size((80, HEIGHT))
        title = (
            f"mcproxy top   every {self._options.interval:g} s   by {self._sort}   "
            f"{time.strftime('%H:%M:%S')}   s: sort, q: quit"
        )
        head = [one[: size.columns] for one in (title, message or "")]
        return [*head, *frame.lines(Output.of_terminal(), size.lines - len(head))]

    def _frame(self, before: Sample, now: Sample) -> Frame:
        return Frame(before, now, self._activity.take(time.time()), self._sort)

    def _sample(self) -> Sample:
        flows = ask_rows(self._options.socket, f"/flows{self._query}")
        statistics = ask_rows(self._options.socket, f"/statistics{self._query_of_interfaces}")
        return Sample(time.monotonic(), flows, statistics)


def _print(lines: list[str]) -> None:
    print("\n".join(lines), end="\n\n", flush=True)


def _sleep(time_left: float) -> str:
    time.sleep(max(time_left, 0.0))
    return ""
