"""The command line of ``mcproxy show``."""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Sequence

from .. import client
from ..row_options import add_filters, query
from ..row_stream import ask_rows
from ..table import Output
from ..words import UnknownWordError, resolve
from .views import VIEWS
from .watch import DEFAULT, seconds, watch


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 once the view is printed."""
    options = parser().parse_args(arguments)
    # Long lists are parsed and printed in a moment; to look for garbage in them takes longer.
    gc.disable()
    return client.run(lambda: _show(options))


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = client.parser(
        "show",
        "Show the state of the running daemon.",
        "show",
        "show groups --group 239.1.0.0/16",
        "show int -4 --watch",
        "show upstreams --json",
    )
    made.description = f"{made.description}\n\n{_described()}"
    made.add_argument(
        "what", metavar="VIEW", type=_view, nargs="?", default="status", help="one of the above"
    )
    made.add_argument("-j", "--json", action="store_true", help="print all members as JSON")
    add_filters(made, "rows")
    made.add_argument(
        "-w",
        "--watch",
        metavar="SECONDS",
        type=_seconds,
        nargs="?",
        const=DEFAULT,
        help=f"show it again every SECONDS (default: {DEFAULT:g}) until Ctrl-C",
    )
    return made


def _described() -> str:
    lines = (f"  {name:<10}  {view.help}" for name, view in VIEWS.items())
    return "views, which may be abbreviated (default: status):\n" + "\n".join(lines)


def _view(word: str) -> str:
    try:
        return resolve(word, VIEWS, "view")
    except UnknownWordError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _seconds(text: str) -> float:
    try:
        return seconds(text)
    except ValueError:
        hint = "write the view before --watch" if text.isalpha() else "write a number of seconds"
        raise argparse.ArgumentTypeError(f'"{text}" is not a time; {hint}') from None


def _show(options: argparse.Namespace) -> None:
    view = VIEWS[options.what]
    target = view.path(options.what) + query(options)

    def look() -> str:
        if view.rows and not options.json:
            return view.text(ask_rows(options.socket, target), Output.of_terminal())
        answer = client.ask(options.socket, "GET", target)
        if options.json:
            return json_text(answer)
        return view.text(answer, Output.of_terminal())

    if options.watch is None:
        sys.stdout.write(look())
    else:
        watch(f"mcproxy show {options.what}", options.watch, look, is_json=options.json)


def json_text(answer: client.Answer) -> str:
    """An answer as JSON: short ones with a line for each value, long lists one for each row."""
    if len(answer) == 1:
        [(name, rows)] = answer.items()
        encode = json.JSONEncoder(ensure_ascii=False).encode
        lines = ",\n".join(map(encode, rows))
        return f'{{"{name}": [\n{lines}\n]}}\n'
    return json.dumps(answer, indent=2, ensure_ascii=False) + "\n"
