"""``/metrics``: the text, or what is missing for it."""

from __future__ import annotations

import time

from twisted.logger import Logger

from ..answers import Answer, DataAnswer, error_answer
from ..paths import Get
from .definition import Scrape
from .library import is_there, what_is_missing
from .request import asked_groups

_log = Logger()

if is_there():
    # In the thread that imports this module: it takes some tens of milliseconds.
    from . import exposition
else:
    _log.warn("/metrics is answered with an error: {reason}", reason=what_is_missing())


def answer(get: Get) -> Answer:
    """The metrics of the daemon; the Accept header chooses between OpenMetrics and plain text."""
    if not is_there():
        return error_answer(501, what_is_missing())
    groups = asked_groups(get.query)
    scrape = Scrape(get.proxy, get.proxy.timer.now(), time.time(), groups)
    return DataAnswer(*exposition.pieces(scrape, get.accept))
