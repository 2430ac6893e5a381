"""Numbers through time: constants, keys and expressions, as scripts write them."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, NamedTuple

from nuke import _expressions, _words

if TYPE_CHECKING:
    from nuke._knobs import Knob


class Track(NamedTuple):
    """One number of a knob through time; between keys it is linear, where Nuke's is smooth."""

    constant: float = 0.0
    keys: tuple[tuple[float, float], ...] = ()
    expression: str = ""

    def at(self, knob: Knob, frame: float, view: str) -> float:
        if self.expression:
            return float(_expressions.evaluate(self.expression, knob, frame, view))
        return self._between(frame) if self.keys else self.constant

    def _between(self, frame: float) -> float:
        index = bisect.bisect_right(self.keys, (frame, float("inf")))
        if index == 0:
            return self.keys[0][1]
        if index == len(self.keys):
            return self.keys[-1][1]
        (t0, v0), (t1, v1) = self.keys[index - 1 : index + 1]
        return v0 + (v1 - v0) * (frame - t0) / (t1 - t0)

    def with_key(self, frame: float, value: float) -> Track:
        keys = dict(self.keys)
        keys[frame] = value
        return self._replace(keys=tuple(sorted(keys.items())), expression="")

    def to_word(self) -> str:
        if self.expression:
            return "{" + _words.quote(self.expression) + "}"
        if self.keys:
            keys = (f"x{number_word(time)} {number_word(value)}" for time, value in self.keys)
            return "{curve " + " ".join(keys) + "}"
        return number_word(self.constant)


def number_word(value: float) -> str:
    """Return a number as scripts write it."""
    return f"{value:.9g}"


def parse_track(word: str) -> Track:
    """Read one component of a knob's value in a script."""
    try:
        return Track(float(word))
    except ValueError:
        pass
    words = list(_words.split(word))
    if words[:1] == ["curve"]:
        return _parse_curve(words[1:])
    return Track(expression=words[0] if len(words) == 1 else word)


def components(text: str) -> list[str]:
    """Return the components of a value, which may stand in one more pair of braces."""
    words = list(_words.split(text))
    if len(words) != 1 or not text.lstrip().startswith("{"):
        return words
    inner = list(_words.split(words[0]))
    several = all(word[:1].isdigit() or word[:1] in "-." for word in inner)
    return inner if words[0].startswith("{") or (inner and several) else words


def _parse_curve(words: list[str]) -> Track:
    keys: dict[float, float] = {}
    frame = 0.0
    for word in words:
        if word.startswith("x"):
            frame = float(word[1:])
        elif word[:1].isdigit() or word[:1] in "-+.":
            keys[frame] = float(word)
            frame += 1
    return Track(keys=tuple(sorted(keys.items())))
