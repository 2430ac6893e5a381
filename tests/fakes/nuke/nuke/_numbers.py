"""What all knobs share that hold numbers, which can be animated and follow expressions."""

from __future__ import annotations

from typing import Any, Optional

from nuke import _flags, _world
from nuke._knobs import Knob
from nuke._tracks import Track, components, number_word, parse_track


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
        tracks = [parse_track(word) for word in components(text)]
        self._single = len(tracks) == 1 < self._size
        self._change(tuple(tracks * self._size if self._single else tracks)[: self._size])

    def _definition(self) -> list[str]:
        return ["R", *map(number_word, self._range)] if self._ranged else []

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
        self._need_node()
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
