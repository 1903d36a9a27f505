"""``mcproxy doctor``: finds what keeps multicast from flowing on this machine."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from textwrap import fill

from ..config.errors import ConfigurationError
from ..config.files import load
from ..config.model import Configuration
from ..config.native.toml import parse
from ..config.paths import CONFIGURATION
from ..diagnosis.doctor import Report, examine
from ..diagnosis.findings import Finding, Severity, problem
from ..diagnosis.gathering import daemon_state, gather, requested_sources
from ..diagnosis.situation import DaemonState
from ..exit_codes import DONE, NO, NO_DAEMON
from ..protocol.family import Address
from . import client

WIDTH = 80

_LONGEST_LISTENING = 3600.0


class _Inputs:
    """What is examined: a configuration, and the daemon's state if one runs."""

    def __init__(self) -> None:
        self.configuration: Configuration | None = None
        self.daemon: DaemonState | None = None
        self.sources: frozenset[Address] = frozenset()
        self.findings: list[Finding] = []


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 if there is no problem, 1 if there is one."""
    options = parser().parse_args(arguments)
    codes = []

    def diagnose() -> None:
        report = _examine(options.socket, options.config, options.listen)
        if options.json:
            print(json.dumps(report.as_answer(), indent=2, ensure_ascii=False))
        else:
            print("\n".join(lines(report)))
        codes.append(NO if report.of(Severity.PROBLEM) else DONE)

    failed = client.run(diagnose)
    return codes[0] if codes else failed


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = client.parser(
        "doctor",
        "Look for what keeps multicast from flowing on this machine, and say what to do. Nothing"
        " is changed. The configuration is that of the running daemon, or of a file if none runs;"
        " run it as root to have the firewall checked, too.",
        "doctor",
        "doctor --config /etc/mcproxy.toml --json",
    )
    made.add_argument(
        "--config", metavar="FILE", help=f"examine this configuration (default: {CONFIGURATION})"
    )
    made.add_argument(
        "--listen",
        metavar="SECONDS",
        type=_seconds,
        default=0.0,
        help="also listen for hosts on interfaces that no instance names, for this long",
    )
    made.add_argument("-j", "--json", action="store_true", help="print the findings as JSON")
    return made


def _seconds(text: str) -> float:
    """A time from the command line; ValueError."""
    value = float(text)
    if not 0 <= value <= _LONGEST_LISTENING:
        raise ValueError
    return value


def _examine(socket: str, path: str | None, listen_time: float) -> Report:
    inputs = _Inputs()
    _ask_daemon(inputs, socket)
    if inputs.configuration is None or path is not None:
        _read_file(inputs, path)
    try:
        situation = gather(inputs.configuration, inputs.daemon, inputs.sources, listen_time)
    except OSError as error:
        reason = error.strerror or str(error)
        raise client.FailureError(f"cannot look at this machine: {reason}", NO) from error
    return examine(situation, inputs.findings)


def _ask_daemon(inputs: _Inputs, socket: str) -> None:
    """Take the configuration and the state of the daemon, if one answers."""
    try:
        running = client.ask(socket, "GET", "/config")
        status = client.ask(socket, "GET", "/status")
        interfaces, groups = (client.ask(socket, "GET", f"/{w}") for w in ("interfaces", "groups"))
        inputs.daemon = daemon_state(status, interfaces, groups)
        inputs.sources = requested_sources(groups)
        inputs.configuration = parse(running["text"], running["path"])
    except client.FailureError as failure:
        if failure.code != NO_DAEMON:
            raise


def _read_file(inputs: _Inputs, path: str | None) -> None:
    if path is None and not os.path.exists(CONFIGURATION):
        found = problem(
            "configuration",
            f"No daemon runs, and there is no file {CONFIGURATION}.",
            "Only the machine itself was examined.",
            "Name the configuration with --config FILE.",
        )
        inputs.findings.append(found)
        return
    path = path or CONFIGURATION
    try:
        inputs.configuration = load(path)
    except ConfigurationError as error:
        first, *others = str(error).splitlines()
        found = problem(
            "configuration",
            f"{first}{'' if first.endswith('.') else '.'}",
            "The daemon cannot start with this file, and only the machine itself was examined.",
            "Correct the file"
            + (f"; it has {len(others)} more lines of mistakes." if others else "."),
            f"mcproxy check {path}",
        )
        inputs.findings.append(found)


def lines(report: Report) -> Iterator[str]:
    """The report for a reader: what is wrong, then what is fine, then the verdict."""
    for finding in report.findings:
        if finding.severity == Severity.FINE:
            yield _wrapped(f"ok       {finding.check}: {finding.found}", 9)
        else:
            yield from block(finding)
    yield ""
    yield _wrapped(report.verdict)


def block(finding: Finding) -> Iterator[str]:
    """The lines about one problem or warning."""
    about = f" {finding.subject}" if finding.subject else ""
    yield f"{str(finding.severity).upper():<8} {finding.check}:{about}"
    for text in (finding.found, finding.effect, f"Cure: {finding.cure}"):
        yield _wrapped(text, 4, 4)
    if finding.command:
        yield from _command(finding.command)
    yield ""


def _command(command: str) -> Iterator[str]:
    """The command, continued on further lines where it is long."""
    line = "     "
    for word in command.split():
        if len(line) + len(word) + 3 > WIDTH:
            yield f"{line} \\"
            line = "         "
        line += f" {word}"
    yield line


def _wrapped(text: str, indent: int = 0, first: int = 0) -> str:
    return fill(
        text,
        WIDTH,
        initial_indent=" " * first,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
