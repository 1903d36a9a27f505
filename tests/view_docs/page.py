"""The parts of docs/reference/views.rst that are made from the program: one for each view."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mcproxy.cli.show.views import VIEWS
from mcproxy.cli.table import Output
from mcproxy.control.openapi.document import text as openapi_text
from mcproxy.control.view_schema import ROWS, STATUS, json_schema_text

from ..source import PROJECT
from .sample import Sample

PAGE = PROJECT / "docs/reference/views.rst"
SCHEMA = PROJECT / "docs/reference/mcproxy-views.schema.json"
OPENAPI = PROJECT / "docs/reference/openapi.json"

BEGIN = ".. view {}, written by python -m tests.view_docs\n"
END = ".. end of the view\n"

WITHOUT_SAMPLE = ("config",)
"""Views whose answer is described elsewhere."""


def stale() -> dict[str, str]:
    """The files whose text is not what the program says, with their right text."""
    found = {}
    made = (
        (PAGE, page(PAGE.read_text(encoding="utf-8"))),
        (SCHEMA, json_schema_text()),
        (OPENAPI, openapi_text()),
    )
    for path, text in made:
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            found[str(path)] = text
    return found


def page(text: str) -> str:
    """``text`` with the part of each view written anew; ValueError where one is missing."""
    sample = Sample()
    sample.build()
    for view in VIEWS:
        begin = BEGIN.format(view)
        if text.count(begin) != 1:
            raise ValueError(f"the line {begin!r} must be there once")
        before, _, after = text.partition(begin)
        _, end, after = after.partition(END)
        if not end:
            raise ValueError(f"a line {END!r} must follow {begin!r}")
        text = before + begin + "".join(_part(view, sample)) + end + after
    return text


def _part(view: str, sample: Sample) -> Iterator[str]:
    """Sample output, columns, and members of the JSON form."""
    if view in WITHOUT_SAMPLE:
        yield "\n"
        return
    answer = sample.answer(view)
    shown = VIEWS[view].text(answer[view] if VIEWS[view].rows else answer, Output())
    yield "\n::\n\n" + "".join(f"    {line}".rstrip() + "\n" for line in shown.splitlines())
    seen = {}
    for table in VIEWS[view].tables:
        seen.update({column.title: column.meaning for column in table.columns})
    yield from _table("column", seen.items())
    members = STATUS if view == "status" else ROWS[view]
    yield from _table("JSON", ((f"``{one.name}``", one.meaning) for one in members))


_HEAD = """
.. list-table::
   :header-rows: 1
   :widths: 20 80

   * - {}
     - meaning
"""


_PAGE = re.compile(r"``docs/reference/(\w+)\.rst``")
_LINK = r":doc:`\1`"
"""A page beside this one, which the program's texts name by its path."""


def _table(title: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield _HEAD.format(title)
    for name, meaning in rows:
        yield f"   * - {name}\n     - {_PAGE.sub(_LINK, meaning)}\n"
    yield "\n"
