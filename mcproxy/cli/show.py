"""``mcproxy show``: the running daemon's state, as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from . import client

Row = dict[str, Any]
Columns = dict[str, Callable[[Row], object]]


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 once the view is printed."""
    parser = client.parser(
        "show",
        "Show the state of the running daemon.",
        "show",
        "show groups",
        "show interfaces --json",
    )
    parser.add_argument(
        "what", metavar="VIEW", choices=VIEWS, nargs="?", default="status", help=_described()
    )
    parser.add_argument("-j", "--json", action="store_true", help="print all members as JSON")
    options = parser.parse_args(arguments)

    def show() -> None:
        answer = client.ask(options.socket, "GET", f"/{options.what}")
        if options.json:
            print(json.dumps(answer, indent=2, ensure_ascii=False))
        else:
            print(VIEWS[options.what](answer), end="")

    return client.run(show)


def _described() -> str:
    return f"{', '.join(list(VIEWS)[:-1])} or {list(VIEWS)[-1]} (default: status)"


def table(columns: Columns, rows: Iterable[Row]) -> str:
    """Rows under headings, each column as wide as its widest cell.

    Fast with 50,000 rows, for which a library that draws tables is too slow.
    """
    cells = [list(columns), *([str(cell(row)) for cell in columns.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    form = "  ".join(f"{{:{width}}}" for width in widths)
    return "".join(f"{form.format(*line).rstrip()}\n" for line in cells)


def duration(seconds: float | None) -> str:
    """A time as ``[days]hh:mm:ss``; a dash for None."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return (f"{days}d" if days else "") + f"{hours:02}:{minutes:02}:{rest:02}"


def _value(key: str) -> Callable[[Row], object]:
    """A cell with the value of ``key``; a dash if there is no value."""

    def cell(row: Row) -> object:
        value = row.get(key)
        if isinstance(value, list):
            value = " ".join(map(str, value))
        return "-" if value in (None, "") else value

    return cell


def _time(key: str) -> Callable[[Row], object]:
    return lambda row: duration(row.get(key))


def _state(row: Row) -> object:
    return "not found" if row.get("exists") is False else _value("state")(row)


def _status(answer: Row) -> str:
    head = (
        f"mcproxy {answer['version']}, process {answer['pid']}, "
        f"up {duration(answer['up-time'])}, {answer['memory'] / 2**20:.0f} MiB\n"
        f"configuration: {answer['configuration'] or 'from the command line'}\n\n"
    )
    return head + table(COLUMNS["status"], answer["instance"])


def _group_timer(row: Row) -> str:
    """The group's timer, or else the longest timer of its sources."""
    times = [source["expire"] or 0.0 for source in row["source"]]
    return duration(row["expire"] if row["expire"] is not None else max(times, default=None))


def _rows(what: str) -> Callable[[Row], str]:
    """The view of a list, which is the answer's member ``what``."""
    return lambda answer: table(COLUMNS[what], answer[what])


def _config(answer: Row) -> str:
    return str(answer["text"])


COLUMNS: dict[str, Columns] = {
    "status": {
        "Instance": _value("instance"),
        "V": _value("version"),
        "Table": _value("table"),
        "Groups": _value("groups"),
        "Upstream": _value("upstream"),
        "Downstream": _value("downstream"),
        "Waiting": _value("waiting"),
    },
    "interfaces": {
        "Instance": _value("instance"),
        "Interface": _value("interface"),
        "Role": _value("role"),
        "State": _state,
        "Hold-Timer": _time("hold-timer"),
        "Address": _value("address"),
        "V": _value("version"),
        "Querier": _value("querier"),
        "QuerierIp": _value("querier-address"),
        "Query-Timer": lambda row: duration(row.get("query-timer") or row.get("expire")),
        "Groups": _value("groups"),
        "Uptime": _time("up-time"),
    },
    "groups": {
        "Instance": _value("instance"),
        "Interface": _value("interface"),
        "Group": _value("group-address"),
        "Mode": lambda row: str(row["filter-mode"]).upper(),
        "Timer": _group_timer,
        "Srcs": lambda row: len(row["source"]),
        "V": _value("version"),
        "Uptime": _time("up-time"),
    },
    "routes": {
        "Instance": _value("instance"),
        "Source": _value("source-address"),
        "Group": _value("group-address"),
        "Input": _value("incoming-interface"),
        "Output": _value("outgoing-interface"),
    },
    "counters": {
        "Instance": _value("instance"),
        "Interface": _value("interface"),
        "What": _value("what"),
        "Kind": _value("kind"),
        "Count": _value("count"),
    },
}
"""The columns of each view: heading and cell."""

VIEWS: dict[str, Callable[[Row], str]] = {
    "status": _status,
    **{what: _rows(what) for what in ("interfaces", "groups", "routes", "counters")},
    "config": _config,
}
