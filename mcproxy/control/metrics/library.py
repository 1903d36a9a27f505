"""prometheus-client, which a distribution may leave out: the daemon needs it for metrics only."""

from __future__ import annotations

import sys
from importlib.util import find_spec

MODULE = "prometheus_client"


def is_there() -> bool:
    """Whether it can be imported; it is not imported for that."""
    return find_spec(MODULE) is not None


def what_is_missing() -> str:
    """What to say where it is missing, with the cure."""
    return (
        "metrics need the Python package prometheus-client, which is missing; install it with"
        f" {sys.executable} -m pip install prometheus-client, and restart the daemon"
    )
