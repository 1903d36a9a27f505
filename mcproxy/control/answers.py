"""Answers of the control API: a status and a content, made in pieces."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from time import perf_counter
from typing import Any, Protocol

ROWS_A_PIECE = 100
"""The most rows of a piece."""

PIECE_TIME = 0.001
"""Seconds after which a piece gets no more rows; the reactor serves others between pieces."""

_encode = json.JSONEncoder(ensure_ascii=False).encode


class Answer:
    """A status and a JSON value.

    ``after`` is called once the client has the answer, or is gone. ``headers`` are added to those
    of the endpoint, and replace those of the same name.
    """

    content_type = "application/json"
    headers: Mapping[str, str] = {}

    def __init__(
        self, value: Any, status: int = 200, after: Callable[[], None] | None = None
    ) -> None:
        self.status = status
        self.after = after
        self._value = value

    def pieces(self) -> Iterator[bytes]:
        """The JSON text; no piece takes long to make."""
        yield _encoded(self._value) + b"\n"


class RowsAnswer(Answer):
    """An object with one member, a list whose rows are made while they are sent.

    A row that is None is left out. It counts like another one, so that a long search for few
    rows is a sequence of short pieces too.
    """

    def __init__(self, key: str, rows: Iterable[Any]) -> None:
        super().__init__(key)
        self._rows = iter(rows)

    def pieces(self) -> Iterator[bytes]:
        """The JSON text; a piece of which no row is shown is an empty line."""
        before = b"{" + _encoded(self._value) + b": [\n"
        while (shown := self._next_rows()) is not None:
            if not shown:
                yield b"\n"
                continue
            yield before + ",\n".join(shown).encode()
            before = b",\n"
        yield (before if before.startswith(b"{") else b"\n") + b"]}\n"

    def _next_rows(self) -> list[str] | None:
        """The next rows that are shown; None at the end."""
        shown: list[str] = []
        taken = 0
        ends = perf_counter() + PIECE_TIME
        for row in islice(self._rows, ROWS_A_PIECE):
            taken += 1
            if row is not None:
                shown.append(_encode(row))
            if perf_counter() > ends:
                break
        return shown if taken else None


class DataAnswer(Answer):
    """A content of any type, made piece by piece; no piece should take longer than a millisecond.

    The headers of the endpoint forbid a browser to load or run anything: a page names in
    ``headers`` what it needs instead.
    """

    def __init__(
        self,
        pieces: Iterable[bytes],
        content_type: str,
        headers: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> None:
        super().__init__(None, status)
        self.content_type = content_type
        self.headers = headers or {}
        self._pieces = iter(pieces)

    def pieces(self) -> Iterator[bytes]:
        """The content."""
        return self._pieces


class Stream(Protocol):
    """Writes lines for one client, as things happen."""

    def pause(self) -> None:
        """Write nothing until ``resume``."""

    def resume(self) -> None:
        """Write again."""

    def close(self) -> None:
        """Write nothing any more."""


class StreamAnswer(Answer):
    """Lines that come until the client leaves; ``open`` is given what writes them."""

    content_type = "application/jsonl"

    def __init__(
        self,
        open: Callable[[Callable[[bytes], object]], Stream],
        content_type: str = content_type,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(None)
        self.open = open
        self.content_type = content_type
        self.headers = headers or {}


def error_answer(status: int, text: str, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer to a request that failed."""
    answer = Answer({"error": text}, status)
    answer.headers = headers or {}
    return answer


def _encoded(value: Any) -> bytes:
    return _encode(value).encode()
