"""What the HTTP endpoint says and asks in headers, so that no web site can read from the daemon."""

from __future__ import annotations

from collections.abc import Callable, Collection
from ipaddress import ip_address

from .answers import Answer, error_answer
from .requests import ApiRequest

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of each answer. There is no header that lets pages of other origins read an answer (CORS)."""


def rules(names: Collection[str]) -> Callable[[ApiRequest], Answer | None]:
    """What refuses requests that a browser sends for a web site.

    ``names`` are host names of this endpoint, beside IP addresses and localhost.
    """
    known = {"localhost", *(name.lower() for name in names)}
    return lambda request: _check_host(request, known) or _check_origin(request)


def _check_host(request: ApiRequest, names: Collection[str]) -> Answer | None:
    """A site whose name leads to this machine (DNS rebinding) has another host name."""
    hosts = request.headers.get("host", ())
    if not hosts and request.version == "HTTP/1.0":
        return None  # of a load balancer; each browser names the host
    if len(hosts) != 1:
        return error_answer(400, "the request must have exactly one Host header")
    name = _without_port(hosts[0]).lower().removesuffix(".")
    if name in names or _is_address(name):
        return None
    return error_answer(
        421,
        f"this endpoint does not answer for the host {name[:253]!r}; use an IP address or"
        " localhost, or add the name to hosts in [http]",
    )


def _check_origin(request: ApiRequest) -> Answer | None:
    """A page of another site may link to this endpoint, but not load anything from it."""
    is_foreign = request.header("sec-fetch-site") in ("cross-site", "same-site")
    if is_foreign and request.header("sec-fetch-mode") != "navigate":
        return error_answer(403, "a page of another web site cannot read from this endpoint")
    return None


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


def _is_address(name: str) -> bool:
    if name.startswith("[") != (":" in name):
        return False
    try:
        ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
