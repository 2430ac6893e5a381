"""Ranges of frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Union

from nuke._guard import Guarded


class FrameRange(Guarded):
    """Frames from a first to a last by a step; `FrameRange("1-10x2")` too."""

    def __init__(self, first: Union[int, str] = 1, last: int = 1, increment: int = 1) -> None:
        if isinstance(first, str):
            first, last, increment = _parse(first)
        self._first, self._last, self._step = int(first), int(last), int(increment) or 1

    def first(self) -> int:
        return self._first

    def last(self) -> int:
        return self._last

    def increment(self) -> int:
        return self._step

    def frames(self) -> int:
        return len(self._frames())

    def _frames(self) -> range:
        return range(self._first, self._last + (1 if self._step > 0 else -1), self._step)

    def getFrame(self, n: int) -> int:
        return self._frames()[n]

    def isInRange(self, n: int) -> bool:
        return n in self._frames()

    def minFrame(self) -> int:
        return min(self._first, self._last)

    def maxFrame(self) -> int:
        return max(self._first, self._last)

    def stepFrame(self) -> int:
        return abs(self._step)

    def setFirst(self, n: int) -> None:
        self._first = n

    def setLast(self, n: int) -> None:
        self._last = n

    def setIncrement(self, n: int) -> None:
        self._step = n

    def __iter__(self) -> Iterator[int]:
        return iter(self._frames())

    def __str__(self) -> str:
        step = f"x{self._step}" if self._step != 1 else ""
        return (
            f"{self._first}-{self._last}{step}" if self._first != self._last else str(self._first)
        )


def _parse(text: str) -> tuple[int, int, int]:
    found = re.fullmatch(r"(-?\d+)(?:-(-?\d+))?(?:x(\d+))?", text.strip())
    if not found:
        raise ValueError(f"{text!r} is no range of frames")
    return int(found[1]), int(found[2] or found[1]), int(found[3] or 1)


class FrameRanges(Guarded):
    """Several ranges, from a text such as `1-10x2 20` or a list of frames or ranges."""

    def __init__(self, *args: Any) -> None:
        given = args[0] if args else ()
        parts = re.split(r"[\s,]+", given.strip()) if isinstance(given, str) else list(given)
        self._ranges = [self._made(part) for part in parts if part != ""]

    @staticmethod
    def _made(part: Any) -> FrameRange:
        if isinstance(part, FrameRange):
            return part
        return FrameRange(part) if isinstance(part, str) else FrameRange(part, part)

    def add(self, r: FrameRange) -> None:
        self._ranges.append(r)

    def clear(self) -> None:
        self._ranges.clear()

    def size(self) -> int:
        return len(self._ranges)

    def minFrame(self) -> int:
        return min(part.minFrame() for part in self._ranges)

    def maxFrame(self) -> int:
        return max(part.maxFrame() for part in self._ranges)

    def toFrameList(self) -> list[int]:
        return [frame for part in self._ranges for frame in part._frames()]

    def __iter__(self) -> Iterator[FrameRange]:
        return iter(self._ranges)

    def __str__(self) -> str:
        return " ".join(map(str, self._ranges))
