"""A small picture of curves with logarithmic axes, as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 560, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 130, 40, 50
_COLOURS = ("#0b62a4", "#c0392b", "#2e8b57", "#8e44ad", "#b8860b", "#555555")
_TEXT = 'font-family="sans-serif" font-size="12" fill="#333333"'


class _Axis:
    """Maps values, all above 0, to places; it covers whole powers of ten."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        self.first = math.floor(math.log10(min(values)))
        self.last = max(math.ceil(math.log10(max(values))), self.first + 1)
        self._begin, self._end = begin, end

    def place(self, value: float) -> float:
        part = (math.log10(value) - self.first) / (self.last - self.first)
        return round(self._begin + part * (self._end - self._begin), 1)

    def marks(self) -> Iterator[tuple[float, str]]:
        for power in range(self.first, self.last + 1):
            yield self.place(10.0**power), f"{10.0**power:,.15g}"


def curves(title: str, across: str, up: str, lines: Mapping[str, Points]) -> str:
    """A picture of named ``lines``; ValueError for no points, or for values that are not above 0.

    ``across`` and ``up`` say what the axes are.
    """
    points = [point for line in lines.values() for point in line]
    if not points or any(value <= 0 for point in points for value in point):
        raise ValueError("a logarithmic axis needs values above 0")
    x = _Axis([point[0] for point in points], _LEFT, _WIDTH - _RIGHT)
    y = _Axis([point[1] for point in points], _HEIGHT - _BOTTOM, _TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_LEFT, 20, title, 'font-weight="bold"'),
        _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, across, 'text-anchor="middle"'),
        _text(_LEFT, _TOP - 6, up),
    ]
    for place, mark in x.marks():
        parts.append(_line(place, _TOP, place, _HEIGHT - _BOTTOM))
        parts.append(_text(place, _HEIGHT - _BOTTOM + 18, mark, 'text-anchor="middle"'))
    for place, mark in y.marks():
        parts.append(_line(_LEFT, place, _WIDTH - _RIGHT, place))
        parts.append(_text(_LEFT - 6, place + 4, mark, 'text-anchor="end"'))
    for number, (name, line) in enumerate(lines.items()):
        parts += _curve(name, [(x.place(a), y.place(b)) for a, b in sorted(line)], number)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _curve(name: str, places: Points, number: int) -> Iterator[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    if not places:
        return
    joined = " ".join(f"{a},{b}" for a, b in places)
    yield f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for a, b in places:
        yield f'<circle cx="{a}" cy="{b}" r="3" fill="{colour}"/>'
    at = _TOP + 12 + 18 * number
    yield f'<rect x="{_WIDTH - _RIGHT + 12}" y="{at - 9}" width="10" height="10" fill="{colour}"/>'
    yield _text(_WIDTH - _RIGHT + 28, at, name)


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" {_TEXT} {more}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#dddddd"/>'
