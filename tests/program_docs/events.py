"""The reference of the events, from their classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from mcproxy.events.event import Event
from mcproxy.events.kinds import KINDS

from .table import code, plain, table, title

_HEAD = """\
.. Written by ``python -m tests.program_docs`` from the classes of the events.

Events
======

``mcproxy monitor`` prints a line for each event, and ``mcproxy monitor --json`` the members below.
The log has those of its level; see :ref:`guide/operation:Logs`. Each event has the members ``time``
(seconds since 1970), ``event`` (its kind), ``level`` and ``text`` (the line), and ``family``,
``instance`` and ``interface`` where it concerns one. Words in braces stand for members.

"""

_LEVELS = {
    "warn": ("Warnings", "Something needs attention: streams may not flow."),
    "info": ("Information", "What the daemon does as a whole."),
    "debug": ("Details", "What happens for each host, group and source."),
}

_OF_ALL = ("instance", "interface")


def events_page() -> str:
    """The text of docs/reference/events.rst."""
    return _HEAD + "".join(_parts())


def _parts() -> Iterator[str]:
    for level, (name, meaning) in _LEVELS.items():
        yield title(name, "-") + f"{meaning} Their level is ``{level}``.\n\n"
        rows = (_row(kind, KINDS[kind]) for kind in sorted(KINDS) if KINDS[kind].level == level)
        yield table((16, 34, 34, 16), ("event", "meaning", "text", "members"), rows)


def _row(kind: str, event: type[Event]) -> tuple[str, str, str, str]:
    members = (one.name.replace("_", "-") for one in fields(event) if one.name not in _OF_ALL)
    meaning = (event.__doc__ or "").partition("\n\n")[0]
    return code(kind), plain(meaning), plain(event.message), ", ".join(map(code, members))
