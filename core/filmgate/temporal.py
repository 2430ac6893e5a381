"""Which frames a model needs to make a result at a given time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Union

from filmgate.errors import InputError
from filmgate.manifest import Temporal

Range = tuple[int, int]

_HOLE_REMEDY = "Render the missing frame; frames on twos are not filled in."


@dataclass(frozen=True)
class FramePlan:
    """The frames of one result.

    Attributes:
        frames: as the model gets them: at the ends some may come twice, or not at all.
        main: the one whose header, windows and other channels the result keeps: the centre of a
            window, the frame before a time in between.
        params: what the model is told besides its own parameters, see `Temporal.parameter`.
    """

    frames: tuple[int, ...]
    main: int
    params: Mapping[str, Union[int, float]]


def plan_given(temporal: Temporal, time: float, given: Iterable[float]) -> FramePlan:
    """Plan a result from the frames that are there; the first and last of them are the ends.

    Args:
        temporal: the manifest's declaration, of another kind than ``frame``.
        time: the result's source time in frames.
        given: the times of the frames, at least one, in any order.

    Raises:
        InputError: a frame, or the time of another kind than ``between``, is no whole number; the
            time lies beyond the frames; or one that is needed is missing. The text names it.
    """
    frames = sorted({_whole(each) for each in given})
    main = math.floor(time) if temporal.kind == "between" else _whole(time)
    first, last = frames[0], frames[-1]
    if not first <= time <= last:
        text = f"The result at {time:.12g} lies beyond the frames given, {first} to {last}."
        raise InputError(text, "Render that frame too.")
    if temporal.kind == "clip":
        _check_unbroken(frames, time)
    planned = plan_inputs(temporal, time, (first, last))
    missing = [frame for frame in (main, *planned) if frame not in frames]
    if missing:
        raise missing_frame(missing[0], time)
    return FramePlan(tuple(planned), main, _params(temporal, time, planned))


def missing_frame(frame: int, time: float, name: str = "") -> InputError:
    """Return the error that *frame* (of the input *name*) is needed at *time* and was not given."""
    what = f"Frame {frame} of {name}" if name else f"Frame {frame}"
    text = f"{what} is missing; the result at {time:.12g} needs it."
    return InputError(text, _HOLE_REMEDY, {"frame": frame})


def _check_unbroken(frames: Sequence[int], time: float) -> None:
    """Look for a hole without listing what a range may span, which is for a stranger to say."""
    for frame, following in zip(frames, frames[1:]):
        if following != frame + 1:
            raise missing_frame(frame + 1, time)


def _whole(time: float) -> int:
    if not math.isfinite(time) or time != math.floor(time):
        text = f"{time} is no frame: a model of several frames takes whole numbers."
        raise InputError(text, detail={"frame": time} if math.isfinite(time) else None)
    return int(time)


def _params(
    temporal: Temporal, time: float, planned: Sequence[int]
) -> dict[str, Union[int, float]]:
    if temporal.parameter == "fraction":
        return {"fraction": time - math.floor(time)}
    if temporal.parameter == "center":
        return {"center": planned.index(math.floor(time))}
    return {}


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
