"""Names in a request: those of instances and interfaces must exist, or be configured."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from .requests import BadRequestError

if TYPE_CHECKING:
    from ..proxy import Proxy


def check_names(proxy: Proxy, query: str) -> None:
    """BadRequestError for an instance or interface that neither exists nor is configured.

    An empty answer would look as if nothing were there, where a name is mistyped.
    """
    for key, value in parse_qsl(query):
        if key == "instance":
            planned = [one.planned.instance for one in proxy.instances]
            _check(key, value, {*planned, *(str(one.name) for one in proxy.instances)}, planned)
        elif key == "interface":
            known = _interfaces(proxy)
            _check(key, value, {*known, *proxy.monitor.links}, known)


def _interfaces(proxy: Proxy) -> list[str]:
    names: dict[str, None] = {}
    for one in proxy.instances:
        names.update(dict.fromkeys(one.planned.upstreams))
        names.update(dict.fromkeys(one.planned.downstreams.names))
        names.update(dict.fromkeys(one.downstreams))
    return list(names)


def _check(key: str, value: str, known: Collection[str], told: Collection[str]) -> None:
    if value in known:
        return
    near = get_close_matches(value, known, 1)
    names = ", ".join(sorted(dict.fromkeys(told))[:20]) or "none"
    hint = f"did you mean {near[0]}?" if near else f"the configured ones are: {names}"
    raise BadRequestError(f"{key}: there is no {key} {value!r}; {hint}")
