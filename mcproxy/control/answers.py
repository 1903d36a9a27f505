"""Answers of the control API: a status and JSON, made in pieces."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
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

    ``after`` is called once the client has the answer, or is gone.
    """

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


class Stream(Protocol):
    """Writes lines for one client, as things happen."""

    def pause(self) -> None:
        """Write nothing until ``resume``."""

    def resume(self) -> None:
        """Write again."""

    def close(self) -> None:
        """Write nothing any more."""


class StreamAnswer(Answer):
    """Lines of JSON that come until the client leaves; ``open`` is given what writes them."""

    def __init__(self, open: Callable[[Callable[[bytes], object]], Stream]) -> None:
        super().__init__(None)
        self.open = open


def _encoded(value: Any) -> bytes:
    return _encode(value).encode()
