"""Templates of parameters that hold numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from hou._constants import parmData, parmTemplateType
from hou._enums import EnumValue
from hou._lists import _Menu
from hou._templates import NONE, ParmTemplate


class _Ranged(ParmTemplate):
    def _limit(self, least: Any, most: Any, least_strict: bool, most_strict: bool) -> None:
        self._min, self._max = least, most
        self._min_strict, self._max_strict = least_strict, most_strict

    def minIsStrict(self) -> bool:
        return self._min_strict

    def setMinIsStrict(self, on: bool) -> None:
        self._min_strict = on

    def maxIsStrict(self) -> bool:
        return self._max_strict

    def setMaxIsStrict(self, on: bool) -> None:
        self._max_strict = on

    def _held(self, value: Any) -> Any:
        """Return *value* inside the limits that are strict, as Houdini sets it."""
        value = max(value, self._min) if self._min_strict else value
        return min(value, self._max) if self._max_strict else value


class FloatParmTemplate(_Ranged):
    """One to four numbers."""

    _TYPE = parmTemplateType.Float
    _DATA = parmData.Float

    def __init__(
        self,
        name: str,
        label: str,
        num_components: int,
        default_value: Sequence[float] = (),
        min: float = 0.0,
        max: float = 10.0,
        min_is_strict: bool = False,
        max_is_strict: bool = False,
        look: Optional[EnumValue] = None,
        naming_scheme: Optional[EnumValue] = None,
        disable_when: Optional[str] = None,
        is_hidden: bool = False,
        is_label_hidden: bool = False,
        join_with_next: bool = False,
        help: Optional[str] = None,
        script_callback: Optional[str] = None,
        script_callback_language: Optional[EnumValue] = None,
        tags: Mapping[str, str] = NONE,
        default_expression: Sequence[str] = (),
        default_expression_language: Sequence[EnumValue] = (),
    ) -> None:
        self._begin(name, label, num_components, locals())
        self._limit(float(min), float(max), min_is_strict, max_is_strict)
        self._default = tuple(map(float, default_value))
        self._default_expression = tuple(default_expression)

    def minValue(self) -> float:
        return self._min

    def setMinValue(self, min_value: float) -> None:
        self._min = float(min_value)

    def maxValue(self) -> float:
        return self._max

    def setMaxValue(self, max_value: float) -> None:
        self._max = float(max_value)

    def defaultValue(self) -> tuple[float, ...]:
        return self._default

    def setDefaultValue(self, default_value: Sequence[float]) -> None:
        self._default = tuple(map(float, default_value))

    def _defaults(self) -> tuple[Any, ...]:
        return (*self._default, *([0.0] * self._size))[: self._size]


class IntParmTemplate(_Ranged, _Menu):
    """One to four whole numbers."""

    _TYPE = parmTemplateType.Int
    _DATA = parmData.Int

    def __init__(
        self,
        name: str,
        label: str,
        num_components: int,
        default_value: Sequence[int] = (),
        min: int = 0,
        max: int = 10,
        min_is_strict: bool = False,
        max_is_strict: bool = False,
        look: Optional[EnumValue] = None,
        naming_scheme: Optional[EnumValue] = None,
        menu_items: Sequence[str] = (),
        menu_labels: Sequence[str] = (),
        icon_names: Sequence[str] = (),
        item_generator_script: Optional[str] = None,
        item_generator_script_language: Optional[EnumValue] = None,
        menu_type: Optional[EnumValue] = None,
        disable_when: Optional[str] = None,
        is_hidden: bool = False,
        is_label_hidden: bool = False,
        join_with_next: bool = False,
        help: Optional[str] = None,
        script_callback: Optional[str] = None,
        script_callback_language: Optional[EnumValue] = None,
        tags: Mapping[str, str] = NONE,
        default_expression: Sequence[str] = (),
        default_expression_language: Sequence[EnumValue] = (),
    ) -> None:
        self._begin(name, label, num_components, locals())
        self._offer(locals())
        self._limit(int(min), int(max), min_is_strict, max_is_strict)
        self._default = tuple(map(int, default_value))

    def minValue(self) -> int:
        return self._min

    def setMinValue(self, min_value: int) -> None:
        self._min = int(min_value)

    def maxValue(self) -> int:
        return self._max

    def setMaxValue(self, max_value: int) -> None:
        self._max = int(max_value)

    def defaultValue(self) -> tuple[int, ...]:
        return self._default

    def setDefaultValue(self, default_value: Sequence[int]) -> None:
        self._default = tuple(map(int, default_value))

    def _defaults(self) -> tuple[Any, ...]:
        return (*self._default, *([0] * self._size))[: self._size]


class ToggleParmTemplate(ParmTemplate):
    """On or off."""

    _TYPE = parmTemplateType.Toggle

    def __init__(
        self,
        name: str,
        label: str,
        default_value: bool = False,
        disable_when: Optional[str] = None,
        is_hidden: bool = False,
        is_label_hidden: bool = False,
        join_with_next: bool = False,
        help: Optional[str] = None,
        script_callback: Optional[str] = None,
        script_callback_language: Optional[EnumValue] = None,
        tags: Mapping[str, str] = NONE,
        default_expression: str = "",
        default_expression_language: Optional[EnumValue] = None,
    ) -> None:
        self._begin(name, label, 1, locals())
        self._default = bool(default_value)

    def defaultValue(self) -> bool:
        return self._default

    def setDefaultValue(self, default_value: bool) -> None:
        self._default = bool(default_value)

    def _defaults(self) -> tuple[Any, ...]:
        return (int(self._default),)
