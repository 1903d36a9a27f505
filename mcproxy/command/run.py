"""``mcproxy run``: the daemon, in the foreground."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from twisted.python import usage

from ..config.errors import ConfigurationError
from ..linux.mroute import MulticastRoutingError, NotPermitted
from ..proxy import Proxy
from ..tap import CannotBuildError, Options, build, prepare
from . import DONE, NO, NOT_PERMITTED, WRONG_USE
from .logs import LEVELS, start_logging


def main(arguments: Sequence[str]) -> int:
    """Run until SIGTERM or SIGINT (exit code 0), or tell why not."""
    parsed = _parser().parse_args(arguments)
    options = Options()
    options.update(config=parsed.config, upstream=parsed.upstream, downstream=parsed.downstream)
    try:
        options.postOptions()
        configuration = options.configuration()
    except usage.UsageError as error:
        return _refuse(WRONG_USE, error)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return NO

    from twisted.internet import reactor

    start_logging(parsed.log_level)
    prepare(reactor)
    try:
        return run(reactor, build(reactor, configuration))
    except (NotPermitted, PermissionError) as error:
        return _refuse(NOT_PERMITTED, error)
    except (MulticastRoutingError, CannotBuildError, OSError) as error:
        return _refuse(NO, error)


def run(reactor: Any, proxy: Proxy) -> int:
    """Start ``proxy``, run the reactor until somebody stops it, and give the exit code."""
    proxy.privilegedStartService()
    proxy.startService()
    reactor.addSystemEventTrigger("before", "shutdown", proxy.stopService)
    reactor.run(installSignalHandlers=False)
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("mcproxy run", description=__doc__)
    parser.add_argument("--config", "-c", metavar="FILE", help="the configuration file")
    parser.add_argument("--upstream", metavar="IF", help="without a file: the upstream")
    parser.add_argument(
        "--downstream",
        metavar="IF",
        action="append",
        default=[],
        help="without a file: a downstream; may be given several times",
    )
    parser.add_argument("--log-level", choices=LEVELS, default="info")
    return parser


def _refuse(code: int, error: Exception) -> int:
    sys.stderr.write(f"mcproxy: {error}\n")
    return code
