"""The views of ``mcproxy show``: the one place that registers them.

A new view is an entry here, its columns in a module beside this one, a list of rows in
``mcproxy/control/view_list.py``, and the members of these in ``mcproxy/control/view_schema.py``.
"""

from __future__ import annotations

from ..table import Output, Row, table
from .groups import GROUPS, HOSTS, JOINED, ROUTES, SOURCES, UPSTREAMS
from .links import COUNTERS, FILTERS, INTERFACES, STATUS
from .traffic import FLOWS, STATISTICS, print_statistics
from .view import Table, View, print_status


def _is_upstream(row: Row) -> bool:
    """Whether a row is about the upstream itself, and not about a group that is joined there."""
    return bool(row["group-address"] == "*")


def _is_joined(row: Row) -> bool:
    return not _is_upstream(row)


def _counters(rows: list[Row], output: Output) -> str:
    """One table: most counters are of no family."""
    return table(COUNTERS, rows, output)


def _config(answer: Row, output: Output) -> str:
    return str(answer["text"])


VIEWS: dict[str, View] = {
    "status": View(
        "the daemon, its instances, and what does not work now",
        (Table(STATUS),),
        print_status(STATUS),
        rows=False,
    ),
    "interfaces": View(
        "each interface with its state, querier and number of groups", (Table(INTERFACES),)
    ),
    "groups": View(
        "each group on each downstream; who asks, is asked or refused", (Table(GROUPS),)
    ),
    "hosts": View("each host on each downstream and its groups", (Table(HOSTS),)),
    "upstreams": View(
        "what is asked of each upstream, for whom, and its querier",
        (Table(UPSTREAMS, _is_upstream), Table(JOINED, _is_joined)),
    ),
    "sources": View("each source that is known, and where its data goes", (Table(SOURCES),)),
    "filters": View("each filter and boundary, and what it denied", (Table(FILTERS),)),
    "routes": View("which groups and sources go from where to where", (Table(ROUTES),)),
    "flows": View("each flow: where it goes, how much arrives, and what stops it", (Table(FLOWS),)),
    "statistics": View(
        "messages by type and version, drops and refusals, data",
        STATISTICS,
        print_statistics,
    ),
    "counters": View(
        "messages sent, dropped and refused, by reason", (Table(COUNTERS),), _counters
    ),
    "config": View("the running configuration, as a file", (), _config, rows=False),
}
"""By name, in the order of the help."""
