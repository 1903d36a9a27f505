"""The OpenAPI document of an endpoint."""

from __future__ import annotations

import json

from ... import __version__
from .changing import CHANGING
from .parts import Json, components
from .reading import readings

_ABOUT = (
    "The state of an IGMP/MLD proxy. A query parameter that selects rows may be repeated; a row"
    " must match one value of each. Unknown parameters are refused."
)


def document(is_public: bool) -> Json:
    """The description of the HTTP endpoint if ``is_public``, else that of the control socket."""
    paths: dict[str, Json] = {
        path: {"get": reading.described()} for path, reading in readings(is_public).items()
    }
    if not is_public:
        for path, changing in CHANGING.items():
            paths.setdefault(path, {})["post"] = changing.described()
    for path, operations in paths.items():
        for method, operation in operations.items():
            operation["operationId"] = _identifier(method, path)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mcproxy",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": components(),
    }


def text() -> str:
    """docs/reference/openapi.json: all paths, as the control socket has them."""
    return json.dumps(document(is_public=False), indent=1, ensure_ascii=False) + "\n"


def _identifier(method: str, path: str) -> str:
    words = path.replace("/", " ").replace(".", " ").replace("-", " ").split() or ["page"]
    return method + "".join(word.capitalize() for word in words)
