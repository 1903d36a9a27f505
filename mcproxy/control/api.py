"""The control API: the paths of the control socket and what each answers.

::

    GET  /status /interfaces /groups /hosts /upstreams /sources /filters /routes /flows
         /counters with ?family=4&instance=NAME&interface=IF&group=G/len&source=S/len
    GET  /config /log-level
    GET  /explain?group=G&source=S&interface=IF&instance=NAME&capture=SECONDS
    GET  /events with the same filters, ?event=KIND and ?level=LEVEL: lines of JSON, as they happen
    POST /reload  {"dry-run": false}
    POST /add     {"instance": NAME} with "table": {...}, "upstream": IF or "downstream": IF
    POST /remove  {"instance": NAME} alone, or with "upstream": IF or "downstream": IF
    POST /move    {"interface": IF, "to": NAME}
    POST /restart
    POST /clear   {"what": "counters"}
    POST /log-level {"level": LEVEL} for all, or with "instance", "interface", "group" for a part

A filter of a GET may be repeated; a row must match one value of each key (see ``row_filter``).
/add, /remove and /move accept ``"save": true``. The answer to a POST is ``{"changes": [{"where":
KEY, "what": TEXT}, ...], "steps": [TEXT, ...], "notes": [TEXT, ...]}``: the keys that differ, what
the daemon did, or would do with ``"dry-run": true``, and what may not be as intended, such as an
interface that does not exist. The answer to a request that failed is ``{"error": TEXT}`` with one
of these status codes:

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

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..config import edit
from ..config.model import Configuration
from ..config.native.document import document
from ..linux.mroute.errors import NotPermitted
from ..logs import levels
from .answers import Answer, RowsAnswer, StreamAnswer
from .changes import REFUSALS, Changes, Outcome
from .event_requests import level_view, open_stream, set_level
from .late_connection import Imports
from .named import check_names
from .requests import (
    BadRequestError,
    ClearRequest,
    MemberRequest,
    MoveRequest,
    ReloadRequest,
    RestartRequest,
    parse,
)
from .row_filter import RowFilter
from .view_list import VIEWS, View
from .views.statistics import clear
from .views.status import FILTERS as STATUS_FILTERS
from .views.status import status

if TYPE_CHECKING:
    from ..proxy import Proxy

Edit = Callable[[Configuration], Configuration]


_EXPLAINING = Imports(("mcproxy.control.explaining",))
"""With the diagnosis: it takes memory, and is imported when somebody asks first."""


class Api:
    """Answers requests about one daemon."""

    log = Logger()

    def __init__(self, proxy: Proxy, changes: Changes, clock: IReactorTime) -> None:
        self._proxy = proxy
        self._clock = clock
        self._changes = changes
        self._views: dict[str, Callable[[str], Answer | Coroutine[Any, Any, Answer]]] = {
            "/status": self._status,
            "/config": self._config,
            "/log-level": lambda _: Answer(level_view(levels)),
            "/events": self._events,
            "/explain": self._explain,
            **{f"/{name}": partial(self._rows, name, view) for name, view in VIEWS.items()},
        }
        self._changing: dict[str, Callable[[bytes], Coroutine[Any, Any, Answer]]] = {
            "/reload": self._reload,
            "/add": self._add,
            "/remove": self._remove,
            "/move": self._move,
            "/restart": self._restart,
            "/clear": self._clear,
            "/log-level": self._set_log_level,
        }

    def handle(self, method: str, target: str, body: bytes) -> Deferred[Answer]:
        """Answer a request; ``target`` is a path with an optional query string.

        An error is an answer too, so the Deferred does not fail.
        """
        return Deferred.fromCoroutine(self._handle(method, target, body))

    async def _handle(self, method: str, target: str, body: bytes) -> Answer:
        path, _, query = target.partition("?")
        view, change = self._views.get(path), self._changing.get(path)
        if view is None and change is None:
            paths = ", ".join([*self._views, *self._changing])
            return _error(404, f"unknown path {path}; the paths are {paths}")
        try:
            if view is not None and method == "GET":
                answer = view(query)
            elif change is not None and method == "POST":
                answer = change(body)
            else:
                expected = "POST" if view is None else "GET"
                return _error(405, f"{path} needs the method {expected}")
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

    # -- views

    async def _rows(self, name: str, view: View, query: str) -> Answer:
        wanted = RowFilter.parse(query, view.keys)
        check_names(self._proxy, query)
        if view.looks_for is None:
            rows = wanted.select(view.rows(self._proxy))
        else:
            # The kernel's counters are read for this answer: it takes some tenths of a second.
            sampler = self._proxy.routing.sampler
            reading = await sampler.read(view.looks_for(self._proxy))
            rows = wanted.select(view.rows(self._proxy, reading))
        return RowsAnswer(name, list(rows) if view.at_once else rows)

    def _status(self, query: str) -> Answer:
        wanted = RowFilter.parse(query, STATUS_FILTERS)
        check_names(self._proxy, query)
        return Answer(status(self._proxy, wanted))

    def _config(self, query: str) -> Answer:
        from ..config.save import write

        RowFilter.parse(query, ())
        running = self._proxy.configuration
        return Answer({"path": running.path, "config": document(running), "text": write(running)})

    def _events(self, query: str) -> Answer:
        opened = open_stream(query, self._proxy.events, self._clock)
        check_names(self._proxy, query)
        return StreamAnswer(opened)

    async def _explain(self, query: str) -> Answer:
        if not _EXPLAINING.are_done:
            await _EXPLAINING.when_done()
        from .explaining import Explainer

        return Answer(await Explainer(self._proxy, self._clock).answer(query))

    # -- changes

    async def _clear(self, body: bytes) -> Answer:
        request = parse(body, ClearRequest)
        if request.what != "counters":
            raise BadRequestError(f'cannot clear {request.what!r}; "what" must be "counters"')
        clear(self._proxy)
        return Answer({"cleared": request.what})

    async def _set_log_level(self, body: bytes) -> Answer:
        set_level(body, levels)
        return Answer(level_view(levels))

    async def _reload(self, body: bytes) -> Answer:
        request = parse(body, ReloadRequest)
        return _answer(await self._changes.reload(request.dry_run))

    async def _restart(self, body: bytes) -> Answer:
        parse(body, RestartRequest)
        outcome = await self._changes.before_restart()
        return Answer(_report(outcome), after=self._changes.restart)

    async def _add(self, body: bytes) -> Answer:
        request = parse(body, MemberRequest)
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
        request = parse(body, MemberRequest)
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
        request = parse(body, MoveRequest)
        if not request.interface:
            raise BadRequestError('the request must have an "interface"')
        if not request.to:
            raise BadRequestError('the request must name the new instance in "to"')
        change = partial(edit.move_downstream, interface=request.interface, to=request.to)
        return await self._change(change, request.to, request.save)

    async def _change(self, change: Edit, instance: str, save: bool) -> Answer:
        if not instance:
            raise BadRequestError('the request must name an "instance"')
        return _answer(await self._changes.change(change, save))


def _report(outcome: Outcome) -> dict[str, Any]:
    changes = [attrs.asdict(difference) for difference in outcome.differences]
    return {"changes": changes, "steps": list(outcome.steps), "notes": list(outcome.notes)}


def _answer(outcome: Outcome) -> Answer:
    """What a change did; an error if a step of it was not carried out in full."""
    if not outcome.failures:
        return Answer(_report(outcome))
    text = "\n".join(
        (
            "internal error: the configuration is in use, but not in full; 'mcproxy restart' "
            "starts it afresh (see the daemon's log)",
            *outcome.failures,
        )
    )
    return Answer({"error": text, **_report(outcome), "failures": list(outcome.failures)}, 500)


def _error(code: int, text: str) -> Answer:
    return Answer({"error": text}, code)
