"""docs/pictures/house.svg: the packages of mcproxy as the rooms of a house, floor by floor.

``python -m tests.house_picture`` draws it from the layers that ``tests.test_imports`` holds; a test
compares. What a room is for is the first line of its docstring.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from .source import PROJECT
from .test_imports import LAYERS

PICTURE = PROJECT / "docs/pictures/house.svg"

WIDTH, FLOOR, GAP, TOP = 920, 46, 8, 70
LETTER = 7.2
"""Width of a letter of a room's name, in pixels."""

_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"
 aria-labelledby="t d" font-family="sans-serif" font-size="13">
<title id="t">The house of mcproxy</title>
<desc id="d">The packages and modules of mcproxy in layers. Each imports from its own layer and from
those below it: {names}.</desc>
<rect width="{width}" height="{height}" fill="#ffffff"/>
<path d="M20 {top} L{middle} 12 L{right} {top} Z" fill="#e8edf4" stroke="#4a5568"/>
<text x="{middle}" y="{roof}" text-anchor="middle" font-weight="bold" fill="#1a202c">mcproxy</text>
"""


def draw() -> str:
    """The text of the picture."""
    floors = [floor for floor in reversed(LAYERS) if floor != ("mcproxy.__main__",)]
    height = TOP + len(floors) * (FLOOR + GAP) + GAP
    names = "; ".join(", ".join(map(_short, floor)) for floor in floors)
    parts = [
        _HEAD.format(
            width=WIDTH,
            height=height,
            names=escape(names),
            top=TOP - GAP,
            middle=WIDTH // 2,
            right=WIDTH - 20,
            roof=TOP - 22,
        )
    ]
    for number, floor in enumerate(floors):
        parts.extend(_floor(floor, TOP + number * (FLOOR + GAP)))
    return "".join((*parts, "</svg>\n"))


def _floor(rooms: tuple[str, ...], y: int) -> Iterator[str]:
    """The rooms beside each other; a wide one says what it is for."""
    weights = [max(len(_short(room)), 8) for room in rooms]
    free = WIDTH - 40 - GAP * (len(rooms) - 1)
    x = 20.0
    for room, weight in zip(rooms, weights, strict=True):
        width = free * weight / sum(weights)
        yield from _room(room, x, y, width)
        x += width + GAP


def _room(room: str, x: float, y: int, width: float) -> Iterator[str]:
    name, purpose = _short(room), _purpose(room)
    is_core = room == "mcproxy.protocol"
    fill = "#dcefe3" if is_core else "#f3f5f8"
    yield f"<g><title>{escape(room)}: {escape(purpose)}</title>"
    yield f'<rect x="{x:.0f}" y="{y}" width="{width:.0f}" height="{FLOOR}" rx="4" fill="{fill}"'
    yield ' stroke="#4a5568"/>'
    with_purpose = len(purpose) * LETTER * 0.85 < width - 10
    yield _text(x + width / 2, y + (19 if with_purpose else 28), name, 'font-weight="bold"')
    if with_purpose:
        yield _text(x + width / 2, y + 37, purpose, 'font-size="11"')
    yield "</g>\n"


def _text(x: float, y: float, text: str, style: str) -> str:
    place = f'x="{x:.0f}" y="{y:.0f}" text-anchor="middle"'
    return f'<text {place} {style} fill="#1a202c">{escape(text)}</text>'


def _short(room: str) -> str:
    return room.removeprefix("mcproxy.")


def _purpose(room: str) -> str:
    """The first line of the docstring of a module or package."""
    place = PROJECT / Path(*room.split("."))
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].replace("``", "").rstrip(".")


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    print(f"{PICTURE}: written")
