"""``/metrics``: the text, or what is missing for it."""

from __future__ import annotations

import sys
import time

from ..answers import Answer, DataAnswer, error_answer
from ..paths import Get
from .definition import Scrape
from .request import asked_groups

try:
    from . import exposition
except ImportError as _error:
    # A distribution may leave the library out. The daemon does not need it otherwise.
    if not (_error.name or "").startswith("prometheus_client"):
        raise
    _missing: ImportError | None = _error
else:
    _missing = None


def answer(get: Get) -> Answer:
    """The metrics of the daemon; the Accept header chooses between OpenMetrics and plain text."""
    if _missing is not None:
        return error_answer(
            501,
            f"metrics need the Python package prometheus-client ({_missing}); install it with"
            f" {sys.executable} -m pip install prometheus-client, and restart the daemon",
        )
    groups = asked_groups(get.query)
    scrape = Scrape(get.proxy, get.proxy.timer.now(), time.time(), groups)
    return DataAnswer(*exposition.pieces(scrape, get.accept))
