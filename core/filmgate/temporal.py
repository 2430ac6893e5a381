"""Which frames a model needs to make a result at a given time."""

from __future__ import annotations

import math

from filmgate.manifest import Temporal

Range = tuple[int, int]


def plan_inputs(temporal: Temporal, time: float, span: Range) -> list[int]:
    """List the source frames for a result at *time*, in the order in which the model gets them.

    Args:
        temporal: the manifest's declaration.
        time: the result's source time in frames; only ``between`` takes fractions.
        span: the first and the last frame that exist.

    Returns:
        Frame numbers. Beyond the span they are clamped, mirrored or dropped, as declared.
    """
    if temporal.kind == "clip":
        return list(range(span[0], span[1] + 1))
    if temporal.kind == "between":
        wanted = [math.floor(time), math.ceil(time)]
    else:
        centre = math.floor(time + 0.5)
        reach = (temporal.before, temporal.after) if temporal.kind == "window" else (0, 0)
        wanted = list(range(centre - reach[0], centre + reach[1] + 1))
    return _at_edges(temporal.edges, wanted, span)


def plan_range(temporal: Temporal, times: list[float], span: Range) -> dict[float, list[int]]:
    """Plan several results at once; the union of the lists is what has to be captured."""
    return {time: plan_inputs(temporal, time, span) for time in times}


def _at_edges(policy: str, frames: list[int], span: Range) -> list[int]:
    first, last = span
    if policy == "drop":
        return [frame for frame in frames if first <= frame <= last]
    if policy == "mirror":
        return [_mirrored(frame, first, last) for frame in frames]
    return [min(max(frame, first), last) for frame in frames]


def _mirrored(frame: int, first: int, last: int) -> int:
    """Reflect without repeating the end: with 1..5, frame 0 is 2 and frame 6 is 4."""
    length = last - first
    if length == 0:
        return first
    place = (frame - first) % (2 * length)
    return first + min(place, 2 * length - place)
