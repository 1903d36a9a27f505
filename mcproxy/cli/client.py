"""What the commands for a running daemon have in common: they ask it over its control socket.

Nothing here imports Twisted, and little of anything: a command is over in a moment.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

from ..exit_codes import DONE, NO, NO_DAEMON, NOT_PERMITTED

SOCKET = "/run/mcproxy/control.sock"

CONNECT_TIME = 5.0
ANSWER_TIME = 60.0
"""Seconds."""


class FailureError(Exception):
    """No answer, or a refusal; ``code`` is the exit code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("mcproxy")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(CONNECT_TIME)
        self.sock.connect(self._path)
        self.sock.settimeout(ANSWER_TIME)


def ask(path: str, method: str, what: str, request: Any = None) -> Any:
    """The daemon's answer; FailureError where it refuses, or there is none."""
    connection = _Connection(path)
    body = None if request is None else json.dumps(request)
    try:
        connection.connect()
    except PermissionError:
        raise FailureError(f"not permitted to use {path}", NOT_PERMITTED) from None
    except OSError as error:
        reason = error.strerror or str(error)
        text = f"no daemon answers at {path}: {reason}; is it running? see --socket"
        raise FailureError(text, NO_DAEMON) from None
    try:
        connection.request(method, what, body)
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        text = f"the daemon at {path} broke off: {str(error) or type(error).__name__}"
        raise FailureError(text, NO_DAEMON) from None
    finally:
        connection.close()
    if response.status != 200:
        code = NOT_PERMITTED if response.status == 403 else NO
        raise FailureError(str(answer.get("error")), code)
    return answer


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """A parser for ``mcproxy NAME``, with the option that all have."""
    made = argparse.ArgumentParser(f"mcproxy {name}", description=description, allow_abbrev=False)
    add_socket(made, SOCKET)
    return made


def add_socket(to: argparse.ArgumentParser, default: str = argparse.SUPPRESS) -> None:
    """The option that tells where the daemon is; it may stand before and behind what is asked."""
    to.add_argument("--socket", metavar="PATH", default=default, help=f"default: {SOCKET}")


def add_save(to: argparse.ArgumentParser) -> None:
    """The option to make a change last."""
    told = "write the change to the daemon's file as well"
    to.add_argument("--save", action="store_true", help=told)


def add_kinds(to: argparse.ArgumentParser, of: str) -> dict[str, argparse.ArgumentParser]:
    """What a change may be about, by kind: an instance, or an interface ``of`` one in a role."""
    kinds = to.add_subparsers(metavar="WHAT", required=True, dest="kind")
    kinds.add_parser("instance", help="a proxy", allow_abbrev=False).add_argument(
        "name", metavar="NAME"
    )
    for role in ("upstream", "downstream"):
        link = kinds.add_parser(role, help=f"{role} of an instance", allow_abbrev=False)
        link.add_argument("interface", metavar="IF")
        link.add_argument(of, metavar="INSTANCE", required=True, dest="name")
    for kind in kinds.choices.values():
        add_socket(kind)
        add_save(kind)
    return dict(kinds.choices)


def run(act: Callable[[], None]) -> int:
    """The exit code of ``act``; why it failed is told."""
    try:
        act()
        sys.stdout.flush()
    except FailureError as failure:
        for line in str(failure).splitlines():
            print(f"mcproxy: {line}", file=sys.stderr)
        return failure.code
    except BrokenPipeError:  # as with "| head": enough was read
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DONE


def change(path: str, what: str, request: dict[str, Any]) -> int:
    """Ask for a change, and tell what was done."""
    return run(lambda: tell(ask(path, "POST", what, request)["changes"]))


def tell(changes: list[dict[str, str]]) -> None:
    """What is different, a line each."""
    for each in changes:
        print(f"{each['where']}: {each['what']}")
    if not changes:
        print("no changes")
