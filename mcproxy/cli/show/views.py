"""The views of ``mcproxy show``: the one place that registers them.

A new view is an entry here, its columns in a module beside this one, and a list of rows in
``mcproxy/control/view_list.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..table import Column, Output, Row, table
from ..units import duration
from .groups import GROUPS, HOSTS, JOINED, ROUTES, SOURCES, UPSTREAMS
from .links import COUNTERS, FILTERS, INTERFACES, STATUS

Print = Callable[[Any, Output], str]
"""Makes the text of an answer."""


class View(NamedTuple):
    """A view: one sentence of help, and the text of the daemon's answer.

    ``rows`` says that the answer is a list of rows under the view's name, which is read row by
    row; ``text`` then gets the list.
    """

    help: str
    text: Print
    rows: bool = True

    def path(self, name: str) -> str:
        """Where the daemon answers."""
        return f"/{name}"


def _table(columns: Sequence[Column]) -> Print:
    return lambda rows, output: table(columns, rows, output)


def by_family(*tables: tuple[Sequence[Column], Callable[[Row], bool]]) -> Print:
    """Tables of the rows that each wants, for IPv4 and then for IPv6.

    Addresses of IPv6 are long: in a table with them those of IPv4 would not fit. Where there is
    only one family, it has no heading.
    """

    def text(rows: list[Row], output: Output) -> str:
        ipv6 = [row for row in rows if row.get("family") == "ipv6"]
        ipv4 = rows if not ipv6 else [row for row in rows if row.get("family") != "ipv6"]
        split = {"IPv4": ipv4, "IPv6": ipv6}
        present = {name: found for name, found in split.items() if found} or {"IPv4": []}
        parts = []
        for name, found in present.items():
            heading = f"{name}\n" if len(present) > 1 else ""
            wanted = [(columns, [row for row in found if wants(row)]) for columns, wants in tables]
            shown = [table(columns, some, output) for columns, some in wanted if some]
            parts.append(heading + "\n".join(shown or [table(tables[0][0], (), output)]))
        return "\n".join(parts)

    return text


def _of_family(columns: Sequence[Column]) -> Print:
    return by_family((columns, bool))


def _status(answer: Row, output: Output) -> str:
    head = (
        f"mcproxy {answer['version']}, process {answer['pid']}, "
        f"up {duration(answer['up-time'])}, {answer['memory'] / 2**20:.0f} MiB\n"
        f"configuration: {answer['configuration'] or 'from the command line'}\n\n"
    )
    degraded = [f"{row['instance']}: {row['text']}" for row in answer.get("degraded", ())]
    text = head + table(STATUS, answer["instance"], output)
    return text + (_sentences(degraded, output) if degraded else "")


def _sentences(sentences: list[str], output: Output) -> str:
    from textwrap import fill

    lines = (
        fill(one, output.width, initial_indent="  ", subsequent_indent="    ", **_WHOLE_WORDS)
        for one in sentences
    )
    return "\ndegraded:\n" + "".join(f"{line}\n" for line in lines)


_WHOLE_WORDS: Any = {"break_long_words": False, "break_on_hyphens": False}


def _is_upstream(row: Row) -> bool:
    """Whether a row is about the upstream itself, and not about a group that is joined there."""
    return bool(row["group-address"] == "*")


def _config(answer: Row, output: Output) -> str:
    return str(answer["text"])


_UPSTREAMS = by_family((UPSTREAMS, _is_upstream), (JOINED, lambda row: not _is_upstream(row)))

VIEWS: dict[str, View] = {
    "status": View("the daemon, its instances, and what does not work now", _status, rows=False),
    "interfaces": View(
        "each interface with its state, querier and number of groups", _of_family(INTERFACES)
    ),
    "groups": View(
        "each group on each downstream; who asks, is asked or refused", _of_family(GROUPS)
    ),
    "hosts": View("each host on each downstream and its groups", _of_family(HOSTS)),
    "upstreams": View("what is asked of each upstream, for whom, and its querier", _UPSTREAMS),
    "sources": View("each source that is known, and where its data goes", _of_family(SOURCES)),
    "filters": View("each filter and boundary, and what it denied", _of_family(FILTERS)),
    "routes": View("which groups and sources go from where to where", _of_family(ROUTES)),
    "counters": View("messages sent, dropped and refused, by reason", _table(COUNTERS)),
    "config": View("the running configuration, as a file", _config, rows=False),
}
"""By name, in the order of the help."""
