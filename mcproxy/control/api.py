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

from ..config import edit
from ..config.model import Configuration
from ..logs import levels
from .answers import Answer
from .changes import Changes, Outcome
from .event_requests import level_view, set_level
from .reader import Reader, guarded, unknown_path, wrong_method
from .requests import (
    READING,
    ApiRequest,
    BadRequestError,
    ClearRequest,
    MemberRequest,
    MoveRequest,
    ReloadRequest,
    RestartRequest,
    parse,
)
from .views.statistics import clear

if TYPE_CHECKING:
    from ..proxy import Proxy

Edit = Callable[[Configuration], Configuration]


class Api:
    """Answers requests about one daemon, and changes it."""

    def __init__(self, proxy: Proxy, changes: Changes, clock: IReactorTime) -> None:
        self._proxy = proxy
        self._changes = changes
        self._reader = Reader(proxy, clock)
        self._changing: dict[str, Callable[[bytes], Coroutine[Any, Any, Answer]]] = {
            "/reload": self._reload,
            "/add": self._add,
            "/remove": self._remove,
            "/move": self._move,
            "/restart": self._restart,
            "/clear": self._clear,
            "/log-level": self._set_log_level,
        }

    def handle(self, request: ApiRequest) -> Deferred[Answer]:
        """Answer a request; an error is an answer too, so the Deferred does not fail."""
        change = self._changing.get(request.path)
        if change is not None and request.method == "POST":
            return Deferred.fromCoroutine(guarded(request.path, partial(change, request.body)))
        return Deferred.fromCoroutine(self._read(request))

    async def _read(self, request: ApiRequest) -> Answer:
        can_read = request.path in self._reader.paths
        can_change = request.path in self._changing
        if not can_read and not can_change:
            return unknown_path(request.path, [*self._reader.paths, *self._changing])
        if can_read and request.method in READING:
            return await self._reader.handle(request)
        methods = (*(READING if can_read else ()), *(("POST",) if can_change else ()))
        return wrong_method(request.path, methods)

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
