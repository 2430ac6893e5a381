"""The classes of knobs that hold numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Union

from nuke import _flags
from nuke._numbers import Array_Knob
from nuke._tracks import Track

if TYPE_CHECKING:
    from nuke._context import OutputContext


class Double_Knob(Array_Knob):
    """A float."""

    _user_type = 7

    def __init__(self, name: str, label: Optional[str] = None, *rest: Any) -> None:
        super().__init__(name, label)
        self._range = (0.0, 1.0)
        self._flags |= _flags.SLIDER


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
