"""Enums: a class whose entries are its own objects."""

from __future__ import annotations

from typing import Any

from unreal._values import Text, _WrapperBase


class _Entry:
    pass


def entry() -> Any:
    """Declare an entry of an enum."""
    return _Entry()


class EnumBase(_WrapperBase):
    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        names = [name for name, value in vars(cls).items() if isinstance(value, _Entry)]
        for number, name in enumerate(names):
            made = object.__new__(cls)
            made._word, made._number = name, number
            setattr(cls, name, made)
        cls._names = names

    _names: list[str] = []
    _word = ""
    _number = 0

    @classmethod
    def _entries(cls) -> list[Any]:
        return [getattr(cls, name) for name in cls._names]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}.{self._word}: {self._number}>"

    def get_display_name(self) -> Text:
        return Text(self._word.replace("_", " ").title())


class PropertyAccessChangeNotifyMode(EnumBase):
    DEFAULT: PropertyAccessChangeNotifyMode = entry()
    NEVER: PropertyAccessChangeNotifyMode = entry()
    ALWAYS: PropertyAccessChangeNotifyMode = entry()
