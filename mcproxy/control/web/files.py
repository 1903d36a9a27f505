"""GET / and /page/...: the files of the web page, as they are in the package.

Nothing else is served: a path that is not in FILES is not known. The page may load only these files
and talk only to this daemon, and its scripts cannot make markup from text.
"""

from __future__ import annotations

from importlib.resources import files

from ..answers import Answer, DataAnswer
from ..paths import PAGE_FILES, Get

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
"""The Content-Security-Policy of the page."""

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}

_HEADERS = {"Content-Security-Policy": POLICY}


def answer(get: Get) -> Answer:
    """The file of the path."""
    name = PAGE_FILES[get.path]
    content = files(__package__).joinpath("page", name).read_bytes()
    return DataAnswer([content], _TYPES[name.rpartition(".")[2]], _HEADERS)
