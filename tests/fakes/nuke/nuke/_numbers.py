"""Knobs that hold numbers, which can be animated and follow expressions."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Union

from nuke import _expressions, _flags, _words, _world
from nuke._knobs import Knob

if TYPE_CHECKING:
    from nuke._context import OutputContext


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
            pairs = " ".join(f"x{_number(time)} {_number(value)}" for time, value in self.keys)
            return "{curve " + pairs + "}"
        return _number(self.constant)


def _number(value: float) -> str:
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


def _components(text: str) -> list[str]:
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


class Array_Knob(Knob):
    """One number or several; `_state` is a tuple of tracks."""

    _user_type = 0
    _size = 1
    _letters = ""
    """What expressions call its components."""
    _initial = 0.0
    _whole = False
    _splits = True
    """Whether several equal numbers are given as several."""

    def __init__(self, name: str, label: Optional[str] = None, *rest: Any) -> None:
        super().__init__(name, label)
        self._range: tuple[float, float] = (0.0, 1.0)
        self._ranged = False
        self._single = not self._splits
        self._set_default((Track(self._initial),) * self._size)

    # ---- within the fake --------------------------------------------------------------------

    def _numbers(self, frame: Optional[float] = None, view: str = "") -> list[float]:
        at = _world.current().root._frame() if frame is None else frame
        return [track.at(self, at, view) for track in self._state]

    def _given(self, numbers: list[float]) -> Any:
        """Return *numbers* as callers get them."""
        if len(numbers) == 1 or (self._single and len(set(numbers)) == 1):
            return numbers[0]
        return list(numbers)

    def _picked(self, numbers: list[float], index: int) -> Any:
        return self._given(numbers) if index < 0 else numbers[index]

    def _key(self, frame: float, view: str) -> str:
        return repr(self._numbers(frame, view))

    def _to_word(self) -> str:
        tracks = self._state
        if self._single and len(set(tracks)) == 1:
            tracks = tracks[:1]
        words = [track.to_word() for track in tracks]
        if len(words) == 1 and not words[0].startswith("{"):
            return words[0]
        return "{" + " ".join(words) + "}"

    def _from_words(self, text: str) -> None:
        tracks = [parse_track(word) for word in _components(text)]
        self._single = len(tracks) == 1 < self._size
        self._change(tuple(tracks * self._size if self._single else tracks)[: self._size])

    def _definition(self) -> list[str]:
        return ["R", *map(_number, self._range)] if self._ranged else []

    def _define(self, key: str, value: str) -> None:
        if key == "R":
            low, high = (float(word) for word in value.split())
            self._range, self._ranged = (low, high), True

    def _checked(self, value: Any) -> float:
        if isinstance(value, (str, bytes)) or not hasattr(value, "__float__"):
            raise TypeError(f"{self._name}: a number is needed, not {value!r}")
        return float(int(value)) if self._whole else float(value)

    def _indices(self, index: int) -> range:
        return range(self._size) if index < 0 else range(index, index + 1)

    # ---- Nuke's own -------------------------------------------------------------------------

    def value(self, index: int = -1) -> Any:
        return self._picked(self._numbers(), index)

    def getValue(self, index: int = -1) -> Any:
        return self._picked(self._numbers(), index)

    def getValueAt(self, time: float, index: int = -1, view: str = "") -> Any:
        return self._picked(self._numbers(time, view), index)

    def valueAt(self, time: float, index: int = -1, view: str = "") -> Any:
        return self._picked(self._numbers(time, view), index)

    def array(self) -> list[float]:
        return self._numbers()

    def arraySize(self) -> int:
        return self._size

    def dimensions(self) -> int:
        return 1

    def width(self) -> int:
        return self._size

    def height(self) -> int:
        return 1

    def singleValue(self, view: str = "") -> bool:
        return self._single

    def setSingleValue(self, single: bool, view: str = "") -> None:
        self._single = bool(single)

    def setValue(self, value: Any, index: int = -1, time: Optional[float] = None) -> bool:
        """Set one number, all, or each its own; where there are keys, at a frame."""
        tracks = list(self._state)
        frame = _world.current().root._frame() if time is None else time
        for place, number in self._spread(value, index):
            track = tracks[place]
            keyed = bool(track.keys)
            tracks[place] = track.with_key(frame, number) if keyed else Track(number)
        self._change(tuple(tracks))
        return True

    def _spread(self, value: Any, index: int) -> list[tuple[int, float]]:
        if isinstance(value, (list, tuple)):
            self._single = False
            return [(place, self._checked(item)) for place, item in enumerate(value[: self._size])]
        if index >= 0 and self._size > 1:
            self._single = False
        return [(place, self._checked(value)) for place in self._indices(index)]

    def setValueAt(self, value: float, time: float, index: int = -1) -> bool:
        """Set a key; a knob that is not animated takes the value for all time instead."""
        return self.setValue(value, index, time)

    def setAnimated(self, index: int = -1) -> bool:
        if self._flags & _flags.NO_ANIMATION:
            return False
        frame, numbers, tracks = (
            _world.current().root._frame(),
            self._numbers(),
            list(self._state),
        )
        for place in self._indices(index):
            if not tracks[place].keys:
                tracks[place] = tracks[place].with_key(frame, numbers[place])
        self._change(tuple(tracks))
        return True

    def clearAnimated(self, index: int = -1) -> bool:
        numbers, tracks = self._numbers(), list(self._state)
        for place in self._indices(index):
            tracks[place] = Track(numbers[place])
        self._change(tuple(tracks))
        return True

    def isAnimated(self, index: int = -1) -> bool:
        return any(self._state[i].keys or self._state[i].expression for i in self._indices(index))

    def setExpression(self, expression: str, channel: int = -1, view: Optional[str] = None) -> bool:
        tracks = list(self._state)
        for place in self._indices(channel):
            tracks[place] = tracks[place]._replace(expression=expression)
        self._change(tuple(tracks))
        return True

    def hasExpression(self, index: int = -1) -> bool:
        return any(self._state[place].expression for place in self._indices(index))

    def isKeyAt(self, time: float, index: int = -1) -> bool:
        return any(time in dict(self._state[place].keys) for place in self._indices(index))

    def removeKeyAt(self, time: float, index: int = -1) -> bool:
        tracks = list(self._state)
        for place in self._indices(index):
            keys = tuple(key for key in tracks[place].keys if key[0] != time)
            tracks[place] = tracks[place]._replace(keys=keys)
        self._change(tuple(tracks))
        return True

    def getNumKeys(self, index: int = -1) -> int:
        return max(len(self._state[place].keys) for place in self._indices(index))

    def getKeyTime(self, key: int, index: int = 0) -> float:
        return self._state[max(index, 0)].keys[key][0]

    def getKeyList(self) -> list[float]:
        return sorted({time for track in self._state for time, _ in track.keys})

    def setRange(self, low: float, high: float) -> None:
        self._range, self._ranged = (float(low), float(high)), True

    def min(self) -> float:
        return self._range[0]

    def max(self) -> float:
        return self._range[1]

    def minimum(self) -> float:
        return self._range[0]

    def maximum(self) -> float:
        return self._range[1]

    def setDefaultValue(self, value: list[float]) -> None:
        """Set what the knob returns to, and what a script need not say."""
        numbers = value * self._size if len(value) == 1 else value
        self._set_default(tuple(Track(self._checked(item)) for item in numbers))

    def defaultValue(self, index: int = -1) -> Any:
        return self._picked([track.constant for track in self._default], index)

    def notDefault(self) -> bool:
        return not self._is_default()


class Double_Knob(Array_Knob):
    """A float."""

    _user_type = 7

    def __init__(self, name: str, label: Optional[str] = None, *rest: Any) -> None:
        super().__init__(name, label)
        self._range = (0.0, 1.0)


class Int_Knob(Array_Knob):
    """An integer."""

    _user_type = 3
    _whole = True

    def value(self) -> int:
        return int(self._numbers()[0])

    def setValue(self, val: int) -> bool:
        return super().setValue(val)


class Unsigned_Knob(Array_Knob):
    """An integer that is not negative."""

    _whole = True

    def value(self) -> int:
        return int(self._numbers()[0])

    def setValue(self, val: int) -> bool:
        return super().setValue(val)

    def _to_word(self) -> str:
        return str(int(self._state[0].constant))

    def _from_words(self, text: str) -> None:
        self._change((Track(float(int(text, 0))),))


class Boolean_Knob(Array_Knob):
    """A check box."""

    _user_type = 6
    _starts_line = False

    def __init__(self, name: str, label: Optional[str] = None, value: bool = False) -> None:
        super().__init__(name, label)
        self._state = (Track(float(value)),)

    def value(self) -> bool:
        return bool(self._numbers()[0])

    def setValue(self, b: Union[bool, int]) -> bool:
        return super().setValue(bool(b))

    def _to_word(self) -> str:
        track = self._state[0]
        return super()._to_word() if track.keys or track.expression else str(self.value()).lower()

    def _from_words(self, text: str) -> None:
        lowered = text.strip().lower()
        known = {"true": "1", "on": "1", "yes": "1", "false": "0", "off": "0", "no": "0"}
        super()._from_words(known.get(lowered, text))


class Disable_Knob(Boolean_Knob):
    """The check box that lets a node's input through."""

    def value(self) -> bool:
        return bool(self._numbers()[0])

    def setValue(self, b: Union[bool, int]) -> bool:
        return super().setValue(b)


class XY_Knob(Array_Knob):
    """A point on the image."""

    _user_type = 12
    _size = 2
    _letters = "xy"

    def x(self, oc: Optional[OutputContext] = None) -> float:
        return self._numbers(oc.frame() if oc else None)[0]

    def y(self, oc: Optional[OutputContext] = None) -> float:
        return self._numbers(oc.frame() if oc else None)[1]


class XYZ_Knob(Array_Knob):
    """A point in space."""

    _user_type = 13
    _size = 3
    _letters = "xyz"


class UV_Knob(Array_Knob):
    """A point of a texture."""

    _user_type = 30
    _size = 2
    _letters = "uv"


class WH_Knob(Array_Knob):
    """A width and a height."""

    _user_type = 14
    _size = 2
    _letters = "wh"
    _splits = False


class BBox_Knob(Array_Knob):
    """A box on the image: left, bottom, right, top."""

    _user_type = 15
    _size = 4
    _letters = "xyrt"

    def x(self) -> float:
        return self._numbers()[0]

    def y(self) -> float:
        return self._numbers()[1]

    def r(self) -> float:
        return self._numbers()[2]

    def t(self) -> float:
        return self._numbers()[3]

    def toDict(self) -> dict[str, float]:
        return dict(zip("xyrt", self._numbers()))

    def fromDict(self, box: dict[str, float]) -> None:
        self.setValue([box[name] for name in "xyrt"])


class Color_Knob(Array_Knob):
    """Red, green and blue."""

    _user_type = 18
    _size = 3
    _letters = "rgb"
    _splits = False


class AColor_Knob(Color_Knob):
    """Red, green, blue and alpha."""

    _user_type = 19
    _size = 4
    _letters = "rgba"
