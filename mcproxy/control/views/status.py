"""The daemon as a whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ... import __version__
from ..row_filter import RowFilter
from . import degraded
from .values import Row, seconds_since

if TYPE_CHECKING:
    from ...instance.instance import ProxyInstance
    from ...proxy import Proxy


FILTERS = ("family", "instance")
"""What the instances of the status can be filtered by."""


def status(proxy: Proxy, asked: RowFilter) -> Row:
    """The process, its configuration file and its proxy instances, as far as ``asked``.

    ``memory`` is in bytes; ``degraded`` says what does not work as it should.
    """
    rows = [_instance(instance) for instance in proxy.instances]
    return {
        "version": __version__,
        "pid": os.getpid(),
        "started": proxy.started.isoformat(timespec="milliseconds"),
        "ready": proxy.ready,
        "up-time": seconds_since(proxy.since, proxy.timer.now()),
        "configuration": proxy.configuration.path,
        "memory": _resident_bytes(),
        "instance": [row for row in rows if asked.matches(row)],
        "degraded": [row for row in degraded.rows(proxy) if asked.matches(row)],
    }


def _instance(instance: ProxyInstance) -> Row:
    return {
        "instance": instance.name,
        "family": instance.family.name,
        "table": instance.planned.table,
        "version": instance.planned.version,
        "upstream": sorted(n for n, up in instance.upstreams.items() if up.link),
        "downstream": sorted(instance.downstreams),
        "waiting": _waiting(instance),
        "groups": sum(len(d.querier.groups) for d in instance.downstreams.values()),
    }


def _waiting(instance: ProxyInstance) -> list[str]:
    """Configured interfaces that do not exist or are not usable now."""
    ups = [name for name, upstream in instance.upstreams.items() if upstream.link is None]
    names = instance.planned.downstreams.names
    return ups + [name for name in names if name not in instance.downstreams]


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
