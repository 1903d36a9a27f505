"""The tables of the services beside the proxy: [control], [http] and [manhole]."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from ..model import SERVICES, HttpConfig
from ..schema.tables import Section
from .reader import Mistakes
from .tables import FileTables, read_section


def read_services(file: FileTables, mistakes: Mistakes) -> dict[str, Any]:
    """The services of the file, by the attributes of Configuration; those it lacks are missing."""
    services = {}
    for option in SERVICES:
        table = file.sections.get(option.attribute)
        if option.attribute in file.sections and isinstance(option.value, Section):
            kind, where = option.value.kind, (option.key,)
            services[option.attribute] = read_section(table, kind, where, mistakes)
    http = services.get("http")
    if isinstance(http, HttpConfig):
        _check_reach(http, mistakes)
    return services


def _check_reach(config: HttpConfig, mistakes: Mistakes) -> None:
    """Whoever lets other machines read must say so."""
    host, _, _ = config.listen.rpartition(":")
    if not config.allow_remote and not ip_address(host.strip("[]")).is_loopback:
        mistakes.add(
            ("http", "listen"),
            f"other machines can reach {config.listen}",
            "use 127.0.0.1 or [::1], or add allow-remote = true if everybody who reaches the port"
            " may read the daemon's state",
        )
