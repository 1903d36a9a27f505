"""What the commands for a running daemon share: a request over its control socket.

These commands import no Twisted and little else, so that they start fast.
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

from ..config.paths import CONTROL_SOCKET
from ..exit_codes import DONE, NO, NO_DAEMON, NOT_PERMITTED
from .parsers import frame, make_parser

CONNECT_TIME = 5.0
ANSWER_TIME = 60.0
"""Seconds to wait for the daemon."""


class FailureError(Exception):
    """A command that failed: no daemon answered, or it refused; ``code`` is the exit code.

    ``answer`` is what a daemon said, which may have done a part of it.
    """

    def __init__(self, text: str, code: int, answer: Any = None) -> None:
        super().__init__(text)
        self.code = code
        self.answer = answer or {}


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, answer_time: float | None) -> None:
        super().__init__("mcproxy")
        self._path = path
        self._answer_time = answer_time

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(CONNECT_TIME)
        self.sock.connect(self._path)
        self.sock.settimeout(self._answer_time)


Answer = dict[str, Any]


def ask(path: str, method: str, what: str, body: Any = None) -> Any:
    """The daemon's answer; FailureError if it refuses, or if no daemon answers."""
    connection, response = request(path, method, what, body)
    try:
        return json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise broken(path, error) from None
    finally:
        connection.close()


def request(
    path: str, method: str, what: str, body: Any = None, answer_time: float | None = ANSWER_TIME
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    """A connection with the beginning of the daemon's answer; FailureError as ``ask``.

    The caller reads the answer and closes the connection.
    """
    connection = _Connection(path, answer_time)
    try:
        connection.connect()
    except PermissionError:
        text = f"not permitted to use the socket {path}; run the command as root (see [control])"
        raise FailureError(text, NOT_PERMITTED) from None
    except BlockingIOError:
        text = f"the daemon at {path} has too many clients that wait for it; try again"
        raise FailureError(text, NO_DAEMON) from None
    except OSError as error:
        reason = error.strerror or str(error)
        text = f"no daemon answers at {path}: {reason}; start it, or name its socket with --socket"
        raise FailureError(text, NO_DAEMON) from None
    try:
        connection.request(method, what, None if body is None else json.dumps(body))
        response = connection.getresponse()
        if response.status == 200:
            return connection, response
        answer = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        connection.close()
        raise broken(path, error) from None
    connection.close()
    code = NOT_PERMITTED if response.status == 403 else NO
    raise FailureError(str(answer.get("error")), code, answer)


def broken(path: str, error: Exception) -> FailureError:
    """What to say of an answer that could not be read."""
    reason = str(error) or type(error).__name__
    text = f"the daemon at {path} closed the connection early: {reason}; see its log"
    return FailureError(text, NO_DAEMON)


def parser(name: str, description: str, *examples: str) -> argparse.ArgumentParser:
    """A parser for ``mcproxy NAME``, with the option --socket."""
    made = make_parser(name, description, examples)
    add_socket(made, CONTROL_SOCKET)
    return made


def add_socket(to: argparse.ArgumentParser, default: str = argparse.SUPPRESS) -> None:
    """The option --socket, which may stand before and after a command's arguments."""
    described = f"the daemon's control socket (default: {CONTROL_SOCKET})"
    to.add_argument("--socket", metavar="PATH", default=default, help=described)


def add_save(to: argparse.ArgumentParser) -> None:
    """The option --save."""
    described = "also write the change to the daemon's configuration file"
    to.add_argument("--save", action="store_true", help=described)


def add_kinds(to: argparse.ArgumentParser, of: str) -> dict[str, argparse.ArgumentParser]:
    """The parsers for what a command changes: an instance, or an upstream or downstream.

    ``of`` is the option that names the instance of an interface.
    """
    verb = to.prog.rpartition(" ")[2].capitalize()
    kinds = to.add_subparsers(metavar="WHAT", required=True, dest="kind", title="arguments")
    described = "a proxy instance"
    instance = kinds.add_parser("instance", help=described, **frame(f"{verb} {described}."))
    instance.add_argument("name", metavar="NAME", help="the instance's name")
    for role in ("upstream", "downstream"):
        described = f"an interface in the role {role}"
        link = kinds.add_parser(role, help=described, **frame(f"{verb} {described}."))
        name = "the interface's name" + (", or a pattern" if role == "downstream" else "")
        link.add_argument("interface", metavar="IF", help=name)
        named = "the instance's name"
        link.add_argument(of, metavar="INSTANCE", required=True, dest="name", help=named)
    for kind in kinds.choices.values():
        add_socket(kind)
        add_save(kind)
    return dict(kinds.choices)


def run(act: Callable[[], None]) -> int:
    """Call ``act`` and return the exit code; the reason of a failure is printed."""
    try:
        act()
        sys.stdout.flush()
    except FailureError as failure:
        for line in str(failure).splitlines():
            print(f"mcproxy: {line}", file=sys.stderr)
        return failure.code
    except BrokenPipeError:  # the reader has left, as "head" does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DONE


def change(path: str, what: str, request: dict[str, Any]) -> int:
    """Ask for a change and print what was changed; return the exit code."""
    return run(lambda: _change(path, what, request))


def _change(path: str, what: str, request: dict[str, Any]) -> None:
    """Print what was changed, also where a step of it failed."""
    try:
        answer = ask(path, "POST", what, request)
    except FailureError as failure:
        if "changes" in failure.answer:
            print_changes(failure.answer)
        raise
    print_changes(answer)


def print_changes(answer: dict[str, Any]) -> None:
    """Print the changes and notes of an answer, a line each."""
    for each in answer["changes"]:
        print(f"{each['where']}: {each['what']}")
    if not answer["changes"]:
        print("no changes")
    for note in answer.get("notes", ()):
        print(f"note: {note}")
