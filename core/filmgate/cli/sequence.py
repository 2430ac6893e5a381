"""Sequences played at another speed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from math import ceil, floor

from filmgate.errors import RequestError
from filmgate.frames import FRAMES_MAX, Times

_SPEED = re.compile(r"(\d+(?:\.\d+)?)(?:/(\d+))?\Z", re.ASCII)


def retimed(frames: Iterable[int], first: int, speed: Fraction) -> Times:
    """Return the times of a sequence played at *speed*: its first frame, and every *speed* frames.

    Args:
        frames: at least one: a time counts where the frames around it are all among them.
        first: the sequence's first frame.
        speed: positive; 0.5 makes twice as many results, 2 half as many.

    Raises:
        RequestError: there is no such time, or there are too many.
    """
    among = set(frames)
    start, end = (Fraction(frame - first) / speed for frame in (min(among), max(among)))
    places = range(ceil(start), floor(end) + 1)
    if len(places) > FRAMES_MAX:
        text = f"At speed {speed} there are more than {FRAMES_MAX} results."
        raise RequestError(text, "Choose fewer frames, or a speed nearer to 1.")
    times = (first + place * speed for place in places)
    kept = tuple(time for time in times if {floor(time), ceil(time)} <= among)
    if not kept:
        text = f"At speed {speed} from frame {first} on, no result lies between these frames."
        raise RequestError(text, "Choose more frames.")
    return Times(kept, speed)


def parse_speed(text: str) -> Fraction:
    """Read a speed, exactly: ``0.5``, ``2`` or ``1/3``.

    Raises:
        RequestError: it is no positive number.
    """
    match = _SPEED.match(text)
    number, divisor = (Fraction(match[1]), int(match[2] or 1)) if match else (Fraction(0), 1)
    if not (number and divisor):
        raise RequestError(f"--speed {text} is no positive number.", "Write 0.5, 2 or 1/3.")
    return number / divisor
