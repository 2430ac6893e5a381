"""Formats: sizes of frames with names."""

from __future__ import annotations

from typing import Optional

from nuke import _world
from nuke._guard import Guarded


class Format(Guarded):
    """A size in pixels, the area that counts, a pixel's aspect and a name."""

    def __init__(
        self,
        width: int = 640,
        height: int = 480,
        pixelAspect: float = 1.0,
        name: str = "",
    ) -> None:
        self._w, self._h, self._aspect, self._label = int(width), int(height), pixelAspect, name

    def width(self) -> int:
        return self._w

    def height(self) -> int:
        return self._h

    def x(self) -> int:
        return 0

    def y(self) -> int:
        return 0

    def r(self) -> int:
        return self._w

    def t(self) -> int:
        return self._h

    def pixelAspect(self) -> float:
        return self._aspect

    def name(self) -> Optional[str]:
        return self._label or None

    def setName(self, name: str) -> None:
        self._label = name

    def _to_text(self) -> str:
        box = f"{self._w} {self._h} 0 0 {self._w} {self._h} {self._aspect:.9g}"
        return f"{box} {self._label}".rstrip()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Format) and self._to_text() == other._to_text()

    def __hash__(self) -> int:
        return hash(self._to_text())

    def __repr__(self) -> str:
        return f"<Format {self._to_text()}>"


def parse_format(text: str) -> Format:
    """Read what `addFormat` takes: sizes, perhaps an area, perhaps an aspect, perhaps a name."""
    words = text.split()
    numbers: list[float] = []
    while words and _is_number(words[0]):
        numbers.append(float(words.pop(0)))
    aspect = numbers[6] if len(numbers) > 6 else numbers[2] if len(numbers) == 3 else 1.0
    return Format(int(numbers[0]), int(numbers[1]), aspect, " ".join(words))


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).lstrip("-").isdigit()


def find_format(text: str) -> Format:
    """Return the format of that name, or the one that the numbers of *text* say."""
    for known in _world.current().formats:
        if known.name() == text:
            return known
    if not text[:1].isdigit() or " " not in text:
        raise ValueError(f"there is no format {text!r}")
    return parse_format(text)


DEFAULTS = (
    "640 480 0 0 640 480 1 PC_Video",
    "1280 720 0 0 1280 720 1 HD_720",
    "1920 1080 0 0 1920 1080 1 HD_1080",
    "2048 1556 0 0 2048 1556 1 2K_Super_35(full-ap)",
    "3840 2160 0 0 3840 2160 1 UHD_4K",
    "256 256 0 0 256 256 1 square_256",
)
