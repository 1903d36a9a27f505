"""``mcproxy explain``: why a stream does or does not reach a link."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import Any
from urllib.parse import urlencode

from ..exit_codes import DONE, NO, NO_DAEMON
from . import client

WIDTH = 80

_LABELS = {"ok": "ok", "note": "-", "problem": "PROBLEM"}


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 if the stream flows to each link that was examined, 1 if it does not."""
    options = parser().parse_args(arguments)
    keys = ("group", "source", "interface", "instance", "capture")
    pairs = [(key, value) for key in keys if (value := getattr(options, key)) is not None]
    target = f"/explain?{urlencode(pairs, safe='/:')}"
    codes = []

    def ask() -> None:
        answer = _ask(options.socket, target)
        if options.json:
            print(json.dumps(answer, indent=2, ensure_ascii=False))
        else:
            print("\n".join(lines(answer)))
        codes.append(DONE if answer["flows"] else NO)

    failed = client.run(ask)
    return codes[0] if codes else failed


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = client.parser(
        "explain",
        "Say why a stream does or does not reach the hosts, step by step from the host to the"
        " source, with the cause and what to do as the last sentence. It looks at all downstreams"
        " that want the group; at all of them if none does.",
        "explain 239.1.1.1",
        "explain 232.1.1.1 --source 10.1.1.1 --interface br-lan",
        "explain ff15::1 --capture 10 --json",
    )
    made.add_argument("group", metavar="GROUP", help="the multicast group")
    made.add_argument("--source", metavar="S", help="this source of the group only")
    made.add_argument("--interface", metavar="IF", help="this downstream only")
    made.add_argument("--instance", metavar="NAME", help="this instance only")
    made.add_argument(
        "--capture",
        metavar="SECONDS",
        help="listen on all links for this long, at most 45 (default: 0.5)",
    )
    made.add_argument("-j", "--json", action="store_true", help="print the chain as JSON")
    return made


def _ask(socket: str, target: str) -> Any:
    try:
        return client.ask(socket, "GET", target)
    except client.FailureError as failure:
        if failure.code != NO_DAEMON:
            raise
        advice = f'{failure}; "mcproxy doctor" examines a machine without a daemon'
        raise client.FailureError(advice, failure.code) from failure


def lines(answer: dict[str, Any]) -> Iterator[str]:
    """The chains for a reader, and the verdict as the last sentence."""
    for link in answer["links"]:
        state = "flows" if link["flows"] else "does not flow"
        yield f"{link['interface']} ({link['instance']}): {state}"
        for step in link["steps"]:
            yield _wrapped(f"{_LABELS[step['verdict']]:<7} {step['step']:<8} {step['text']}")
            if step["verdict"] == "problem" and step["cure"]:
                yield _wrapped(f"{'':16} Cure: {step['cure']}")
                if step["command"]:
                    yield f"{'':20}{step['command']}"
        yield ""
    yield fill(answer["verdict"], WIDTH, break_long_words=False, break_on_hyphens=False)


def _wrapped(text: str) -> str:
    return fill(
        text,
        WIDTH,
        initial_indent="  ",
        subsequent_indent=" " * 19,
        drop_whitespace=True,
        break_long_words=False,
        break_on_hyphens=False,
    )
