"""Requests to the control API, and their bodies as values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import attrs

from ..config.errors import ConfigurationError
from ..config.model import DOWNSTREAM, UPSTREAM
from ..config.native.reader import Mistakes, read_table
from ..config.origin import KeyPath, Origin

READING = ("GET", "HEAD")
"""Methods that change nothing."""


class ApiRequest(NamedTuple):
    """A request: ``target`` is a path with an optional query string.

    ``headers`` has the values of each header, by its name in lower case.
    """

    method: str
    target: str
    body: bytes = b""
    headers: Mapping[str, Sequence[str]] = {}
    version: str = "HTTP/1.1"

    @property
    def path(self) -> str:
        """The target without its query string."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query string without its question mark; empty if there is none."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str:
        """The values of a header, separated by commas; empty if there is none."""
        return ", ".join(self.headers.get(name, ()))


@attrs.frozen
class ReloadRequest:
    """Body of POST /reload."""

    dry_run: bool = False


@attrs.frozen
class MemberRequest:
    """Body of POST /add and /remove: an instance, or one interface of it in a role."""

    instance: str = ""
    table: Any = None
    upstream: str | None = None
    downstream: str | None = None
    save: bool = False

    @property
    def links(self) -> list[tuple[str, str]]:
        """Role and name of each interface in the request."""
        roles = ((UPSTREAM, self.upstream), (DOWNSTREAM, self.downstream))
        return [(role, name) for role, name in roles if name is not None]


@attrs.frozen
class MoveRequest:
    """Body of POST /move."""

    interface: str = ""
    to: str = ""
    save: bool = False


@attrs.frozen
class RestartRequest:
    """Body of POST /restart."""


@attrs.frozen
class ClearRequest:
    """Body of POST /clear: what to clear."""

    what: str = ""


class BadRequestError(ValueError):
    """A request that is malformed or incomplete; the text says what is wrong."""


class _Body(Origin):
    """The body of a request; a mistake names the member."""

    def name_of(self, where: KeyPath) -> str:
        return ".".join(map(str, where)) or "the request"


def parse(body: bytes, kind: type[Any]) -> Any:
    """A body as a ``kind``; BadRequestError."""
    mistakes = Mistakes(_Body())
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise BadRequestError(f"the request is not valid JSON: {error}") from error
    request = read_table(value, kind, (), mistakes)
    if mistakes.found:
        raise BadRequestError(str(ConfigurationError(mistakes.all())))
    return request
