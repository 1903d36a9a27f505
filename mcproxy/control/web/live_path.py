"""GET /live: server-sent events for the web page; one feed for all pages of a daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ..answers import Answer, StreamAnswer
from ..paths import Get
from ..row_filter import RowFilter
from .live import LiveFeed

if TYPE_CHECKING:
    from ...proxy import Proxy

_feeds: WeakKeyDictionary[Proxy, LiveFeed] = WeakKeyDictionary()


def answer(get: Get) -> Answer:
    """The stream; BadRequestError for a filter, since all pages get the same."""
    RowFilter.parse(get.query, ())
    feed = _feeds.get(get.proxy)
    if feed is None:
        feed = _feeds[get.proxy] = LiveFeed(get.proxy, get.clock)
    return StreamAnswer(feed.open, "text/event-stream")
