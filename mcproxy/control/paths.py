"""Paths that modules of their own answer; both endpoints have them, for reading.

To add a path, write a module in ``mcproxy/control`` with a function ::

    def answer(get: Get) -> Answer | Coroutine[Any, Any, Answer]:

and name the module in PATHS. The module is imported in a thread when a client asks for the path
first, so that it takes no memory before. The function is called in the reactor's thread. It raises
BadRequestError for a query that it does not accept, and changes nothing: the HTTP endpoint lets
everybody read who reaches its port. ``answers`` has the kinds of answers: a JSON value
(``Answer``), rows (``RowsAnswer``), any other content (``DataAnswer``), and lines that come until
the client leaves (``StreamAnswer``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IReactorTime

if TYPE_CHECKING:
    from ..proxy import Proxy


@dataclass(frozen=True, slots=True)
class Get:
    """What a client wants to read, and from which daemon.

    ``query`` is the query string without its question mark, ``accept`` the header of this name;
    each is empty if the request has none. ``path`` is the one that the client asked for.
    ``is_public`` is whether it comes by the HTTP endpoint.
    """

    proxy: Proxy
    clock: IReactorTime
    query: str = ""
    accept: str = ""
    path: str = ""
    is_public: bool = False


PAGE_FILES = {
    "/": "index.html",
    **{
        f"/page/{name}": name
        for name in (
            "dom.js",
            "events.js",
            "explanation.js",
            "flows.js",
            "icon.svg",
            "main.js",
            "overview.js",
            "page.css",
            "pictures.js",
            "scene.js",
            "sheet.js",
            "store.js",
            "words.js",
        )
    },
}
"""The files of the web page, by the path."""

PATHS: dict[str, str] = {
    "/health": "mcproxy.control.health",
    "/openapi.json": "mcproxy.control.openapi.path",
    "/metrics": "mcproxy.control.metrics.path",
    "/live": "mcproxy.control.web.live_path",
    **dict.fromkeys(PAGE_FILES, "mcproxy.control.web.files"),
}
"""The module that answers, by the path."""
