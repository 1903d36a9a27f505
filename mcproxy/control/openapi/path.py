"""GET /openapi.json."""

from __future__ import annotations

from ..answers import Answer
from ..paths import Get
from ..row_filter import RowFilter
from .document import document


def answer(get: Get) -> Answer:
    """The description of the endpoint that is asked."""
    RowFilter.parse(get.query, ())
    return Answer(document(get.is_public))
