"""Frames in paths, ``plate.####.exr``, and sequences played at another speed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

from filmgate.errors import RequestError
from filmgate.frames import FRAMES_MAX, Times

_PLACE = re.compile(r"%0?(\d*)d|#+")
_SPEED = re.compile(r"(\d+(?:\.\d+)?)(?:/(\d+))?\Z", re.ASCII)


@dataclass(frozen=True)
class Sequence:
    """Files whose names differ only by the frame number.

    Attributes:
        folder: where they are.
        before: the name's part before the number.
        after: the name's part after the number.
        digits: the number is padded with zeros to this length, its sign included.
    """

    folder: Path
    before: str
    after: str
    digits: int

    @property
    def pattern(self) -> str:
        """The path as a host writes it, with ``%04d`` for the number."""
        return (self.folder / f"{self.before}%0{self.digits}d{self.after}").as_posix()

    def path(self, frame: int) -> Path:
        """Return the file of *frame*."""
        return self.folder / f"{self.before}{frame:0{self.digits}d}{self.after}"

    def frames(self) -> list[int]:
        """List the frames that are on disk, in order; none where the folder is missing."""
        if not self.folder.is_dir():
            return []
        found = (self._frame(path.name) for path in self.folder.iterdir())
        return sorted(frame for frame in found if frame is not None)

    def _frame(self, name: str) -> int | None:
        """Return the frame in *name*; a number padded otherwise belongs to another sequence."""
        inner = name[len(self.before) : len(name) - len(self.after)]
        if not re.fullmatch(r"-?\d+", inner, re.ASCII):
            return None
        frame = int(inner)
        return frame if self.path(frame).name == name else None


def parse_sequence(text: str) -> Sequence | None:
    """Read a path with a place for the frame number, ``%04d`` or ``####``; None without one.

    Raises:
        RequestError: the place is in a folder's name, or there are several.
    """
    path = Path(text)
    places = list(_PLACE.finditer(path.name))
    if _PLACE.search(str(path.parent)) or len(places) > 1:
        raise RequestError(
            f"{text} has the frame number in a folder's name, or more than once.",
            "Write one place for it, in the file's name: plate.%04d.exr or plate.####.exr.",
        )
    if not places:
        return None
    place = places[0]
    digits = len(place[0]) if place[0].startswith("#") else int(place[1] or 1)
    return Sequence(path.parent, path.name[: place.start()], path.name[place.end() :], digits)


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
