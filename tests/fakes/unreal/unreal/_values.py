"""Names, texts and containers."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from typing import Any, Callable, Optional, TypeVar, Union

from unreal._guard import Guarded

_T = TypeVar("_T")
_K = TypeVar("_K")
_V = TypeVar("_V")


class _WrapperBase(Guarded):
    pass


class _Word(_WrapperBase):
    """What Name and Text share: equal to texts, as `==` of the real ones is."""

    _value = ""

    @classmethod
    def _of(cls, value: Any) -> Any:
        made = cls.__new__(cls)
        made._value = str(value)
        return made

    def __str__(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return f'{type(self).__name__}("{self._value}")'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (str, _Word)) and self._key() == self._of(other)._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> str:
        return self._value


class Name(_Word):
    def __init__(self, value: Union[Name, str] = "None") -> None:
        self._value = str(value) or "None"

    def _key(self) -> str:
        return self._value.casefold()

    def is_none(self) -> bool:
        return self._key() == "none"

    def is_valid(self) -> bool:
        return True

    @classmethod
    def cast(cls, object: object) -> Name:
        return cls(str(object))


class Text(_Word):
    def __init__(self, value: Union[Text, str] = "") -> None:
        self._value = str(value)

    def is_empty(self) -> bool:
        return not self._value

    def is_empty_or_whitespace(self) -> bool:
        return not self._value.strip()

    @classmethod
    def cast(cls, object: object) -> Text:
        return cls(str(object))


class Array(_WrapperBase, MutableSequence[_T]):
    """An array of one type: `unreal.Array(str)` makes an empty one."""

    def __init__(self, type: type[_T]) -> None:
        self._kind: Any = type
        self._items: list[Any] = []

    @classmethod
    def _of(cls, kind: Any, values: Iterable[Any], where: str = "Array") -> Array[Any]:
        from unreal._conversion import convert

        made: Array[Any] = cls(object)
        made._kind = kind
        made._items = [convert(kind, value, where) for value in values]
        return made

    @classmethod
    def cast(cls, type: type[_T], obj: object) -> Array[_T]:
        if not isinstance(obj, Iterable) or isinstance(obj, str):
            raise TypeError(f"Cannot cast type '{obj.__class__.__name__}' to 'Array'")
        return cls._of(type, obj)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> _T:
        return self._items[index]

    def __setitem__(self, index: Any, value: _T) -> None:
        self._items[index] = self._native(value)

    def __delitem__(self, index: Any) -> None:
        del self._items[index]

    def __repr__(self) -> str:
        return repr(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (Array, list, tuple)) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def insert(self, index: int, value: _T) -> None:
        self._items.insert(index, self._native(value))

    def append(self, value: _T) -> None:
        self._items.append(self._native(value))

    def extend(self, values: Iterable[_T]) -> None:
        self._items.extend(self._native(value) for value in list(values))

    def copy(self) -> Array[_T]:
        return Array._of(self._kind, self._items)

    def resize(self, len: int) -> None:
        self._items = (self._items + [zero_of(self._kind)] * len)[:len]

    def sort(self, key: Optional[Callable[[Any], Any]] = None, reverse: bool = False) -> None:
        self._items.sort(key=key, reverse=reverse)

    def _native(self, value: Any) -> Any:
        from unreal._conversion import convert

        return convert(self._kind, value, "Array")


class Map(_WrapperBase, MutableMapping[_K, _V]):
    """A map of one type of keys and one of values."""

    def __init__(self, key: type[_K], value: type[_V]) -> None:
        self._kinds: tuple[Any, ...] = (key, value)
        self._items: dict[Any, Any] = {}

    @classmethod
    def _of(cls, kinds: tuple[Any, ...], values: Mapping[Any, Any], where: str = "Map") -> Any:
        made: Map[Any, Any] = cls(object, object)
        made._kinds = kinds
        made.update(values)
        return made

    def __getitem__(self, key: _K) -> _V:
        return self._items[self._native(0, key)]

    def __setitem__(self, key: _K, value: _V) -> None:
        self._items[self._native(0, key)] = self._native(1, value)

    def __delitem__(self, key: _K) -> None:
        del self._items[self._native(0, key)]

    def __iter__(self) -> Iterator[_K]:
        return iter(list(self._items))

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return repr(self._items)

    def _native(self, place: int, value: Any) -> Any:
        from unreal._conversion import convert

        return convert(self._kinds[place], value, "Map")


def zero_of(kind: Any) -> Any:
    """Return what a property of *kind* has before anything was set."""
    from unreal._entries import EnumBase
    from unreal._objects import StructBase

    if isinstance(kind, Array):
        return Array._of(kind._kind, [])
    if typing.get_origin(kind) is Array:
        return Array._of(typing.get_args(kind)[0], [])
    if typing.get_origin(kind) is Map:
        return Map._of(typing.get_args(kind), {})
    if kind in (bool, int, float, str, Name, Text):
        return kind()
    if isinstance(kind, type) and issubclass(kind, EnumBase):
        return kind._entries()[0]
    if isinstance(kind, type) and issubclass(kind, StructBase):
        return kind()
    return None
