"""Enumerations: each value knows its name and is equal to itself alone."""

from __future__ import annotations

from typing import Any


class EnumValue:
    """A value of an enumeration."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._owner, self._name = args

    def name(self) -> str:
        return str(self._name)

    def __repr__(self) -> str:
        return f"{self._owner}.{self._name}"

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __hash__(self) -> int:
        return hash((self._owner, self._name))

    def __deepcopy__(self, memo: Any) -> EnumValue:
        return self

    def __lt__(self, other: object) -> bool:
        return repr(self) < repr(other)


class Enumeration:
    """Makes a value of each name that a class annotates."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in vars(cls).get("__annotations__", {}):
            setattr(cls, name, EnumValue(cls.__name__, name))
