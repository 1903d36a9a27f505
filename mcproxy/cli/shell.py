"""``mcproxy shell``: the Python shell in the running daemon, by way of ssh."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence

from ..config.errors import ConfigurationError
from ..config.files import load
from ..config.model import Configuration, ManholeConfig
from ..config.native.toml import parse
from ..config.paths import CONFIGURATION
from ..exit_codes import NO, NO_DAEMON
from . import client

USER = "operator"
"""The manhole accepts its keys for any user name."""


def main(arguments: Sequence[str]) -> int:
    """Become ssh; exit code 0 at the end of the session, 255 where ssh fails."""
    options = parser().parse_args(arguments)
    if options.relay:
        from .relay import relay

        return client.run(lambda: relay(options.relay))
    return client.run(lambda: _connect(options))


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = client.parser(
        "shell",
        "Open the Python shell in the running daemon (the manhole) with ssh. The daemon's "
        "configuration must have a table [manhole]; its authorized-keys must have your public key. "
        "A visitor can do all that the daemon can.",
        "shell",
        "shell --identity ~/.ssh/id_ed25519",
    )
    described = f"where to read [manhole] if no daemon answers (default: {CONFIGURATION})"
    made.add_argument("--config", metavar="FILE", help=described)
    described = "the private key to log in with (default: what ssh tries)"
    made.add_argument("-i", "--identity", metavar="FILE", help=described)
    # What ssh runs to reach a UNIX socket.
    made.add_argument("--relay", metavar="PATH", help=argparse.SUPPRESS)
    return made


def _connect(options: argparse.Namespace) -> None:
    command = ssh_command(_manhole(options), options.identity)
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        text = "ssh is not installed; install it (on Debian: apt-get install openssh-client)"
        raise client.FailureError(text, NO) from None


def ssh_command(manhole: ManholeConfig, identity: str | None = None) -> list[str]:
    """The command line of ssh that connects to ``manhole``."""
    # The alias keeps the keys of several daemons, and those of real hosts, apart.
    alias = "mcproxy-" + "".join(c if c.isalnum() else "-" for c in manhole.listen.strip("/"))
    command = ["ssh", "-tt", "-o", f"HostKeyAlias={alias}"]
    known = os.path.expanduser("~/.ssh/mcproxy_known_hosts")
    command += ["-o", "StrictHostKeyChecking=accept-new", "-o", f'UserKnownHostsFile="{known}"']
    if identity is not None:
        command += ["-i", identity, "-o", "IdentitiesOnly=yes"]
    if manhole.listen.startswith("/"):
        words = (sys.executable, "-m", "mcproxy", "shell", "--relay", manhole.listen)
        proxy = shlex.join(words).replace("%", "%%")  # ssh replaces %h and the like
        return [*command, "-o", f"ProxyCommand={proxy}", f"{USER}@mcproxy"]
    host, _, port = manhole.listen.rpartition(":")
    return [*command, "-p", port, f"{USER}@{host.strip('[]')}"]


def _manhole(options: argparse.Namespace) -> ManholeConfig:
    """The manhole of the running daemon, or of a file; FailureError."""
    try:
        configuration = _configuration(options)
    except ConfigurationError as error:
        raise client.FailureError(str(error), NO) from error
    if configuration.manhole is None:
        raise client.FailureError(
            f"the manhole is off: {configuration.path or 'the configuration'} has no table "
            "[manhole]; add it, with listen and authorized-keys, then run mcproxy reload",
            NO,
        )
    return configuration.manhole


def _configuration(options: argparse.Namespace) -> Configuration:
    if options.config is not None:
        return load(options.config)
    try:
        running = client.ask(options.socket, "GET", "/config")
    except client.FailureError as failure:
        # A daemon may have no control socket.
        if failure.code != NO_DAEMON or not os.path.exists(CONFIGURATION):
            raise
        return load(CONFIGURATION)
    return parse(running["text"], running["path"])
