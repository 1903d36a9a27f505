"""The control API: the paths of the control socket and what each answers.

::

    GET  /status /interfaces /groups /routes /counters /config
    POST /reload  {"dry-run": false}
    POST /add     {"instance": NAME} with "table": {...}, "upstream": IF or "downstream": IF
    POST /remove  {"instance": NAME} alone, or with "upstream": IF or "downstream": IF
    POST /move    {"interface": IF, "to": NAME}
    POST /restart

/add, /remove and /move accept ``"save": true``. The answer to a POST is ``{"changes": [{"where":
KEY, "what": TEXT}, ...]}``. The answer to a request that failed is ``{"error": TEXT}`` with one of
these status codes:

===  ================================================
400  the request is malformed or incomplete
403  the daemon lacks a permission
404  the path is unknown
405  the path needs the other method
409  the change is not possible; nothing was changed
413  the request is too long
500  internal error
===  ================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ..config import edit
from ..config.diff import Difference
from ..config.errors import ConfigurationError, Wrong
from ..config.model import DOWNSTREAM, UPSTREAM, Configuration
from ..config.native.document import document
from ..config.native.reader import Mistakes, structure
from ..linux.mroute.errors import NotPermitted
from .answers import Answer, RowsAnswer
from .changes import REFUSALS, Changes
from .views import counters, groups, interfaces, routes
from .views.status import status

if TYPE_CHECKING:
    from ..proxy import Proxy

Edit = Callable[[Configuration], Configuration]


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


class BadRequestError(ValueError):
    """A request that is malformed or incomplete; the text says what is wrong."""


class Api:
    """Answers requests about one daemon."""

    log = Logger()

    def __init__(self, proxy: Proxy, changes: Changes) -> None:
        self._proxy = proxy
        self._changes = changes
        self._paths: dict[str, tuple[str, Callable[[bytes], Any]]] = {
            "/status": ("GET", lambda _: Answer(status(proxy))),
            "/config": ("GET", lambda _: Answer(self._config())),
            "/interfaces": ("GET", lambda _: RowsAnswer("interfaces", interfaces.rows(proxy))),
            "/groups": ("GET", lambda _: RowsAnswer("groups", groups.rows(proxy))),
            "/routes": ("GET", lambda _: RowsAnswer("routes", routes.rows(proxy))),
            "/counters": ("GET", lambda _: RowsAnswer("counters", list(counters.rows(proxy)))),
            "/reload": ("POST", self._reload),
            "/add": ("POST", self._add),
            "/remove": ("POST", self._remove),
            "/move": ("POST", self._move),
            "/restart": ("POST", self._restart),
        }

    def handle(self, method: str, path: str, body: bytes) -> Deferred[Answer]:
        """Answer a request; an error is an answer too, so the Deferred does not fail."""
        return Deferred.fromCoroutine(self._handle(method, path, body))

    async def _handle(self, method: str, path: str, body: bytes) -> Answer:
        if path not in self._paths:
            return _error(404, f"unknown path {path}; the paths are {', '.join(self._paths)}")
        expected, handler = self._paths[path]
        if method != expected:
            return _error(405, f"{path} needs the method {expected}")
        try:
            answer = handler(body)
            return answer if isinstance(answer, Answer) else await answer
        except BadRequestError as error:
            return _error(400, str(error))
        except (PermissionError, NotPermitted) as error:
            return _error(403, str(error))
        except REFUSALS as error:
            return _error(409, str(error))
        except Exception as error:
            self.log.failure("internal error: {path} was not answered", path=path)
            return _error(500, f"internal error: {error!r}; see the daemon's log")

    def _config(self) -> dict[str, Any]:
        from ..config.save import write

        running = self._proxy.configuration
        return {"path": running.path, "config": document(running), "text": write(running)}

    # -- changes

    async def _reload(self, body: bytes) -> Answer:
        request = _parse(body, ReloadRequest)
        return Answer(_report(await self._changes.reload(request.dry_run)))

    async def _restart(self, body: bytes) -> Answer:
        _parse(body, RestartRequest)
        differences = await self._changes.before_restart()
        return Answer(_report(differences), after=self._changes.restart)

    async def _add(self, body: bytes) -> Answer:
        request = _parse(body, MemberRequest)
        match request.links, request.table:
            case [], dict(table):
                change: Edit = partial(edit.add_instance, name=request.instance, table=table)
            case [(role, name)], None:
                change = partial(
                    edit.add_link, instance=request.instance, role=role, interface=name
                )
            case _:
                raise BadRequestError(
                    'the request must have exactly one of "table", "upstream" and "downstream"'
                )
        return await self._change(change, request.instance, request.save)

    async def _remove(self, body: bytes) -> Answer:
        request = _parse(body, MemberRequest)
        match request.links, request.table:
            case [], None:
                change: Edit = partial(edit.remove_instance, name=request.instance)
            case [(role, name)], None:
                change = partial(
                    edit.remove_link, instance=request.instance, role=role, interface=name
                )
            case _:
                raise BadRequestError(
                    'the request must have no "table" and at most one of "upstream" and '
                    '"downstream"'
                )
        return await self._change(change, request.instance, request.save)

    async def _move(self, body: bytes) -> Answer:
        request = _parse(body, MoveRequest)
        if not request.interface:
            raise BadRequestError('the request must have an "interface"')
        if not request.to:
            raise BadRequestError('the request must name the new instance in "to"')
        change = partial(edit.move_downstream, interface=request.interface, to=request.to)
        return await self._change(change, request.to, request.save)

    async def _change(self, change: Edit, instance: str, save: bool) -> Answer:
        if not instance:
            raise BadRequestError('the request must name an "instance"')
        return Answer(_report(await self._changes.change(change, save)))


def _parse(body: bytes, kind: type[Any]) -> Any:
    """A body as a ``kind``; BadRequestError."""
    mistakes = Mistakes("", lambda where: ".".join(map(str, where)) or "the request")
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise BadRequestError(f"the request is not valid JSON: {error}") from error
    try:
        request = structure(value, kind, (), mistakes)
    except Wrong as wrong:
        raise BadRequestError(str(wrong)) from wrong
    if mistakes.found:
        raise BadRequestError(str(ConfigurationError(mistakes.located({}))))
    return request


def _report(differences: list[Difference]) -> dict[str, Any]:
    return {"changes": [attrs.asdict(difference) for difference in differences]}


def _error(code: int, text: str) -> Answer:
    return Answer({"error": text}, code)
