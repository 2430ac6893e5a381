"""Planes: one channel's float32 pixels over an area, row by row, the lowest row first.

Nothing here loops over pixels where rows can be copied; arithmetic runs through `map`. A plane is
never changed once made, so that nodes can hand theirs on.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

from nuke._boxes import Area

Plane = Any
"""`array("f")`, whose type cannot be written down on the oldest interpreter."""

BYTES = 4


def constant(value: float, area: Area) -> Plane:
    """Return the same number everywhere."""
    if value == 0.0:
        return array("f", bytes(BYTES * area.size))
    return array("f", [value]) * area.size


def fit(plane: Plane, source: Area, target: Area, repeat: bool) -> Plane:
    """Return *plane* over another area; outside its own it is 0, or repeats its edge."""
    if source == target:
        return plane
    if not source.size or not target.size:
        return constant(0.0, target)
    out = array("f")
    blank = array("f", bytes(BYTES * target.width))
    for y in range(target.y, target.t):
        row = min(max(y, source.y), source.t - 1) if repeat else y
        if source.y <= row < source.t:
            out.extend(_fit_row(plane, source, target, row, repeat))
        else:
            out.extend(blank)
    return out


def _fit_row(plane: Plane, source: Area, target: Area, y: int, repeat: bool) -> Plane:
    start = (y - source.y) * source.width
    left, right = max(source.x, target.x), min(source.r, target.r)
    first, last = (plane[start], plane[start + source.width - 1]) if repeat else (0.0, 0.0)
    if left >= right:
        return array("f", [last if target.x >= source.r else first]) * target.width
    middle = plane[start + left - source.x : start + right - source.x]
    before = array("f", [first]) * (left - target.x)
    return before + middle + array("f", [last]) * (target.r - right)


def is_all(plane: Plane, value: float) -> bool:
    """Say whether every pixel has the same bits as *value*."""
    return bool(plane.tobytes() == array("f", [value]).tobytes() * len(plane))


def apply(call: Callable[..., float], *planes: Plane) -> Plane:
    """Return *call* of the pixels of several planes."""
    return array("f", map(call, *planes))


def mix(before: Plane, after: Plane, weight: Plane, amount: float) -> Plane:
    """Return *after* where *weight* (None is 1 everywhere) times *amount* is 1, else a blend."""
    if amount == 0.0:
        return before
    if weight is None or is_all(weight, 1.0):
        if amount == 1.0:
            return after
        return apply(lambda old, new: old * (1 - amount) + new * amount, before, after)
    if is_all(weight, 0.0):
        return before
    return apply(
        lambda old, new, w: new if w * amount == 1 else old * (1 - w * amount) + new * w * amount,
        before,
        after,
        weight,
    )


def resample(plane: Plane, source: Area, target: Area, x_scale: float, y_scale: float) -> Plane:
    """Return *plane* enlarged by nearest neighbours: target pixel / scale is the source's."""
    if not source.size:
        return constant(0.0, target)
    columns = [_nearest(x, x_scale, source.x, source.r) for x in range(target.x, target.r)]
    out = array("f")
    for y in range(target.y, target.t):
        start = (_nearest(y, y_scale, source.y, source.t)) * source.width
        row = plane[start : start + source.width]
        out.extend([row[column] for column in columns])
    return out


def _nearest(position: int, scale: float, low: int, high: int) -> int:
    return min(max(int((position + 0.5) / scale // 1), low), high - 1) - low


def box_blur(plane: Plane, area: Area, x_radius: int, y_radius: int) -> Plane:
    """Return the mean of each pixel's neighbours; beyond the edge the edge goes on."""
    rows = [plane[i * area.width : (i + 1) * area.width] for i in range(area.height)]
    blurred = [_blur_line(row, x_radius) for row in rows]
    if not y_radius:
        return array("f", [value for row in blurred for value in row])
    columns = [_blur_line(list(column), y_radius) for column in zip(*blurred)]
    return array("f", [value for row in zip(*columns) for value in row])


def _blur_line(line: Any, radius: int) -> list[float]:
    if not radius:
        return list(line)
    padded = [line[0]] * radius + list(line) + [line[-1]] * radius
    width = 2 * radius + 1
    return [sum(padded[start : start + width]) / width for start in range(len(line))]
