"""What the HTTP endpoint says and asks in headers, so that no web site can read from the daemon."""

from __future__ import annotations

from collections.abc import Callable, Collection
from ipaddress import ip_address

from .answers import Answer, error_answer

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


def host_check(names: Collection[str]) -> Callable[[str | None], Answer | None]:
    """What refuses requests for other hosts than IP addresses, localhost and ``names``.

    A web site whose name leads to this machine's address (DNS rebinding) is such another host.
    """
    known = {"localhost", *(name.lower() for name in names)}

    def check(header: str | None) -> Answer | None:
        if header is None:
            return error_answer(400, "the request has no Host header")
        name = _without_port(header).lower().removesuffix(".")
        if name in known or _is_address(name):
            return None
        return error_answer(
            421,
            f"this endpoint does not answer for the host {name[:253]!r}; use an IP address or"
            " localhost, or add the name to hosts in [http]",
        )

    return check


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
