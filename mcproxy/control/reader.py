"""Reader: answers the requests that only read, on the control socket and on the HTTP endpoint."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..config.native.document import document
from ..linux.mroute.errors import NotPermitted
from ..logs import levels
from .answers import Answer, RowsAnswer, StreamAnswer, error_answer
from .changes import REFUSALS
from .event_requests import level_view, open_stream
from .late_connection import Imports
from .named import check_names
from .paths import PATHS, Get
from .requests import READING, ApiRequest, BadRequestError
from .row_filter import RowFilter
from .view_list import VIEWS, View
from .views.status import FILTERS as STATUS_FILTERS
from .views.status import status

if TYPE_CHECKING:
    from ..proxy import Proxy

MaybeLater = Answer | Coroutine[Any, Any, Answer]

_log = Logger()

_EXPLAINING = Imports(("mcproxy.control.explaining",))
"""With the diagnosis: it takes memory, and is imported when somebody asks first."""

_imports = {path: Imports((module,)) for path, module in PATHS.items()}


class Reader:
    """Answers GET and HEAD about one daemon; it cannot change the daemon.

    ``is_public`` is for clients that may be anybody: they can start few explanations at a time,
    and no long captures of packets.
    """

    def __init__(self, proxy: Proxy, clock: IReactorTime, is_public: bool = False) -> None:
        self._proxy = proxy
        self._clock = clock
        self._is_public = is_public
        self._explaining = 0
        self.paths: Mapping[str, Callable[[ApiRequest], MaybeLater]] = {
            "/status": self._status,
            "/config": self._config,
            "/log-level": lambda _: Answer(level_view(levels)),
            "/events": self._events,
            "/explain": self._explain,
            **{f"/{name}": partial(self._rows, name, view) for name, view in VIEWS.items()},
            **dict.fromkeys(PATHS, self._of_module),
        }

    def handle(self, request: ApiRequest) -> Deferred[Answer]:
        """Answer a request; an error is an answer too, so the Deferred does not fail."""
        return Deferred.fromCoroutine(self._handle(request))

    async def _handle(self, request: ApiRequest) -> Answer:
        view = self.paths.get(request.path)
        if view is None:
            return unknown_path(request.path, self.paths)
        if request.method not in READING:
            return wrong_method(request.path, READING)
        return await guarded(request.path, partial(view, request))

    def _rows(self, name: str, view: View, request: ApiRequest) -> MaybeLater:
        wanted = RowFilter.parse(request.query, view.keys)
        check_names(self._proxy, request.query)
        if view.looks_for is not None:
            return self._sampled_rows(name, view, wanted)
        rows = wanted.select(view.rows(self._proxy))
        return RowsAnswer(name, list(rows) if view.at_once else rows)

    async def _sampled_rows(self, name: str, view: View, wanted: RowFilter) -> Answer:
        """The kernel's counters are read for this answer: it takes some tenths of a second."""
        assert view.looks_for is not None
        reading = await self._proxy.routing.sampler.read(view.looks_for(self._proxy))
        rows = wanted.select(view.rows(self._proxy, reading))
        return RowsAnswer(name, list(rows) if view.at_once else rows)

    def _status(self, request: ApiRequest) -> Answer:
        wanted = RowFilter.parse(request.query, STATUS_FILTERS)
        check_names(self._proxy, request.query)
        return Answer(status(self._proxy, wanted))

    def _config(self, request: ApiRequest) -> Answer:
        from ..config.save import write

        RowFilter.parse(request.query, ())
        running = self._proxy.configuration
        return Answer({"path": running.path, "config": document(running), "text": write(running)})

    def _events(self, request: ApiRequest) -> Answer:
        opened = open_stream(request.query, self._proxy.events, self._clock)
        check_names(self._proxy, request.query)
        return StreamAnswer(opened)

    async def _explain(self, request: ApiRequest) -> Answer:
        if not _EXPLAINING.are_done:
            await _EXPLAINING.when_done()
        if self._is_public:
            return await self._explain_in_public(request)
        return await self._explanation(request)

    async def _explanation(self, request: ApiRequest) -> Answer:
        from .explaining import Explainer

        return Answer(await Explainer(self._proxy, self._clock).answer(request.query))

    async def _explain_in_public(self, request: ApiRequest) -> Answer:
        from .explaining import MOST_CAPTURES

        if any(key == "capture" for key, _ in parse_qsl(request.query, keep_blank_values=True)):
            raise PermissionError(
                "capture: only the control socket takes it; use mcproxy explain on the machine of"
                " the daemon"
            )
        if self._explaining >= MOST_CAPTURES // 2:
            raise BadRequestError(
                f"{self._explaining} explanations are being made already; ask again in some seconds"
            )
        self._explaining += 1
        try:
            return await self._explanation(request)
        finally:
            self._explaining -= 1

    async def _of_module(self, request: ApiRequest) -> Answer:
        imports = _imports[request.path]
        if not imports.are_done:
            await imports.when_done()
        accept = request.header("accept")
        get = Get(self._proxy, self._clock, request.query, accept, request.path, self._is_public)
        answer = import_module(PATHS[request.path]).answer(get)
        return await settled(answer)


async def guarded(path: str, ask: Callable[[], MaybeLater]) -> Answer:
    """What ``ask`` answers, or an answer with the error that it raises."""
    try:
        return await settled(ask())
    except BadRequestError as error:
        return error_answer(400, str(error))
    except (PermissionError, NotPermitted) as error:
        return error_answer(403, str(error))
    except REFUSALS as error:
        return error_answer(409, str(error))
    except Exception as error:
        _log.failure("internal error: {path} was not answered", path=path)
        return error_answer(500, f"internal error: {error!r}; see the daemon's log")


async def settled(answer: MaybeLater) -> Answer:
    """The answer, when it is made."""
    return answer if isinstance(answer, Answer) else await answer


def unknown_path(path: str, paths: Iterable[str]) -> Answer:
    """The answer for a path that is not one of ``paths``."""
    return error_answer(
        404, f"unknown path {path}; the paths are {', '.join(dict.fromkeys(paths))}"
    )


def wrong_method(path: str, methods: tuple[str, ...]) -> Answer:
    """The answer for a method that the path does not have."""
    text = f"{path} needs the method {methods[0]}"
    return error_answer(405, text, {"Allow": ", ".join(methods)})
