"""A line plot as an SVG: a few curves over time, a bound, and what they are called."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

Curve = Sequence[tuple[float, float]]
"""Points (x, y), x rising."""

WIDTH, HEIGHT = 760, 340
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 40, 44
COLORS = ("#2a7fb8", "#d9822b", "#4c9a4c", "#8a5fb0")
BOUND_COLOR = "#b03030"
TICKS = 5
_INK, _GRID = "#444444", "#dddddd"


def draw_plot(
    title: str, axes: tuple[str, str], curves: Mapping[str, Curve], bound: tuple[str, float]
) -> str:
    """Return the plot as a whole SVG document.

    Args:
        title: stands above.
        axes: what x and y are, with their units.
        curves: by name, in the order of the legend; at least one has a point.
        bound: the name and height of a line that no curve should cross.
    """
    points = [point for curve in curves.values() for point in curve]
    x_max = round_up(max(x for x, _ in points) or 1.0)
    y_top = round_up(max([bound[1], *(y for _, y in points)]) * 1.05)
    place, x_end = _Place(x_max, y_top), max(x for x, _ in points)
    parts = [
        _text(LEFT, 20, title, size=14),
        *_grid(place, axes),
        *(_line(place, curve, COLORS[n % len(COLORS)]) for n, curve in enumerate(curves.values())),
        _line(place, ((0.0, bound[1]), (x_end, bound[1])), BOUND_COLOR, dashed=True),
        *_legend([*zip(curves, COLORS, strict=False), (bound[0], BOUND_COLOR)]),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">'
    )
    background = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    return "\n".join([head, background, *parts, "</svg>", ""])


def round_up(value: float) -> float:
    """Return where an axis ends: the next multiple of half the power of ten in *value*."""
    step = 10 ** math.floor(math.log10(value)) / 2 if value > 0 else 1.0
    return math.ceil(value / step) * step


class _Place:
    """Turns values into places on the picture."""

    def __init__(self, x_max: float, y_max: float) -> None:
        self.x_max, self.y_max = x_max, y_max

    def x(self, value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * value / self.x_max

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.y_max


def _grid(place: _Place, axes: tuple[str, str]) -> list[str]:
    parts: list[str] = []
    for tick in range(TICKS + 1):
        x_value, y_value = place.x_max * tick / TICKS, place.y_max * tick / TICKS
        x, y = place.x(x_value), place.y(y_value)
        parts += [
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="{_GRID}"/>',
            _text(LEFT - 8, y + 4, f"{y_value:g}", anchor="end"),
            _text(x, HEIGHT - BOTTOM + 18, f"{x_value:.3g}", anchor="middle"),
        ]
    parts.append(_text((LEFT + WIDTH) / 2, HEIGHT - 8, axes[0], anchor="middle"))
    parts.append(_text(8, TOP - 8, axes[1]))
    return parts


def _line(place: _Place, curve: Curve, color: str, dashed: bool = False) -> str:
    points = " ".join(f"{place.x(x):.1f},{place.y(y):.1f}" for x, y in curve)
    dashes = ' stroke-dasharray="6 4"' if dashed else ""
    return f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"{dashes}/>'


def _legend(entries: Sequence[tuple[str, str]]) -> list[str]:
    parts: list[str] = []
    width = (WIDTH - LEFT - RIGHT) / max(1, len(entries))
    for place, (name, color) in enumerate(entries):
        x = LEFT + place * width + 60
        parts.append(f'<rect x="{x:.1f}" y="{TOP - 16}" width="12" height="4" fill="{color}"/>')
        parts.append(_text(x + 18, TOP - 10, name))
    return parts


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="{_INK}">{escape(text)}</text>'
    )
