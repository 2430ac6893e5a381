"""Frames in paths and in lists: ``plate.####.exr``, ``1-100x2,200``, ``1-9x0.5``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Optional

from filmgate.errors import RequestError

FRAMES_MAX = 100_000

_PLACE = re.compile(r"%0?(\d*)d|#+")
_NUMBER = r"\d+(?:\.\d+)?"
_SPAN = re.compile(rf"(-?{_NUMBER})(?:-(-?{_NUMBER})(?:x({_NUMBER}))?)?\Z", re.ASCII)
_FRAMES_REMEDY = "Write frames like 1001, 1-100, 1-100x2 or 1-100x2,200."
_TIMES_REMEDY = "Write times between frames with one step, like 1-100x0.5 or 1-20x0.25,40-50x0.25."


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

    def _frame(self, name: str) -> Optional[int]:
        """Return the frame in *name*; a number padded otherwise belongs to another sequence."""
        inner = name[len(self.before) : len(name) - len(self.after)]
        if not re.fullmatch(r"-?\d+", inner, re.ASCII):
            return None
        frame = int(inner)
        return frame if self.path(frame).name == name else None


def parse_sequence(text: str) -> Optional[Sequence]:
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


@dataclass(frozen=True)
class Times:
    """Times in frames, in the order written and each once.

    Attributes:
        times: they may lie between frames.
        step: how far apart they are where they do; else 1.
    """

    times: tuple[Fraction, ...]
    step: Fraction

    def numbers(self, first: int) -> list[int]:
        """Number the results, whatever part of a sequence they are.

        Args:
            first: the sequence's first frame, which keeps its number; the next step is the next.

        Raises:
            RequestError: a time is no number of steps away from it.
        """
        places = [first + (time - first) / self.step for time in self.times]
        odd = [time for time, place in zip(self.times, places) if place % 1]
        if odd:
            text = f"{float(odd[0]):g} is no number of steps of {float(self.step):g} after {first}."
            raise RequestError(text, _TIMES_REMEDY)
        return [int(place) for place in places]


def parse_frames(text: str) -> list[int]:
    """Read a list of frames: numbers and spans with an optional step, ``1-100x2,200``.

    Returns:
        The frames in the order written, each once.

    Raises:
        RequestError: the text is no such list, runs backwards, or lists too many frames.
    """
    times = _parse_list(text)
    if any(time % 1 for time in times):
        raise RequestError(f"{text!r} is not a list of whole frames.", _FRAMES_REMEDY)
    return [int(time) for time in times]


def parse_times(text: str) -> Times:
    """Read a list as `parse_frames` does, whose steps may lie between frames: ``1-100x0.5``.

    Raises:
        RequestError: as there; or times between frames come without a step, or with several.
    """
    times = tuple(_parse_list(text))
    if not any(time % 1 for time in times):
        return Times(times, Fraction(1))
    steps = {match[3] for part in text.split(",") if (match := _SPAN.match(part.strip()))}
    if len(steps) != 1 or None in steps:
        raise RequestError(f"{text!r} does not say by which step to go.", _TIMES_REMEDY)
    return Times(times, Fraction(steps.pop()))


def _parse_list(text: str) -> list[Fraction]:
    times: dict[Fraction, None] = {}
    for part in text.split(","):
        first, step, count = _parse_span(part.strip(), text)
        if count > FRAMES_MAX or len(times) > FRAMES_MAX:
            raise RequestError(f"{text} lists more than {FRAMES_MAX} frames.", _FRAMES_REMEDY)
        times.update(dict.fromkeys(first + place * step for place in range(count)))
    return list(times)


def write_frames(frames: list[int]) -> str:
    """Write sorted frames as `parse_frames` reads them, runs of neighbours as spans."""
    spans: list[list[int]] = []
    for frame in sorted(frames):
        if spans and spans[-1][-1] == frame - 1:
            spans[-1].append(frame)
        else:
            spans.append([frame])
    return ",".join(f"{span[0]}-{span[-1]}" if len(span) > 1 else f"{span[0]}" for span in spans)


def _parse_span(part: str, whole: str) -> tuple[Fraction, Fraction, int]:
    """Return the first time, the step and how many there are."""
    match = _SPAN.match(part)
    if match is None:
        raise RequestError(f"{whole!r} is not a list of frames.", _FRAMES_REMEDY)
    first = Fraction(match[1])
    last = Fraction(match[2]) if match[2] else first
    step = Fraction(match[3]) if match[3] else Fraction(1)
    if last < first or step <= 0:
        raise RequestError(f"{part!r} runs backwards or does not step.", _FRAMES_REMEDY)
    return first, step, floor((last - first) / step) + 1
