"""How values of Python become values of Unreal, and which do not."""

from __future__ import annotations

import collections.abc
import types
import typing
from collections.abc import Callable
from typing import Any, Union

_PLAIN = (bool, int, float, str)


def kinds_of(call: Callable[..., Any]) -> dict[str, Any]:
    """Return the types of a function's parameters."""
    hints = typing.get_type_hints(call, globalns=namespace())
    hints.pop("return", None)
    return hints or {"": Any}


def kind_of(text: str) -> Any:
    """Return the type that an annotation means."""
    return eval(text, namespace())


def namespace() -> dict[str, Any]:
    """Return what annotations may say: Unreal's names and those of `typing`."""
    import unreal

    found = {name: getattr(typing, name) for name in typing.__all__}
    found.update(Iterable=typing.Iterable, Callable=typing.Callable)
    found.update(vars(unreal))
    free = dict.fromkeys(("_T", "_K", "_V", "_F"), Any)
    return {**found, **free, "type": type, "object": object}


def convert(kind: Any, value: Any, where: str) -> Any:
    """Return *value* as a *kind*.

    Raises:
        TypeError: Unreal does not convert it.
    """
    origin = typing.get_origin(kind)
    if origin is Union:
        return _convert_union(typing.get_args(kind), value, where)
    if origin is not None:
        return _convert_generic(kind, origin, value, where)
    if kind in (Any, object) or isinstance(kind, typing.TypeVar):
        return value
    if kind is None or kind is types.FunctionType or kind is type(None):
        return _require(value is None, value, value, kind, where)
    return _convert_class(kind, value, where)


def _convert_union(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    refused: list[str] = []
    for kind in kinds:
        try:
            return convert(kind, value, where)
        except TypeError as error:
            refused.append(str(error))
    raise TypeError(refused[0])


def _convert_generic(kind: Any, origin: Any, value: Any, where: str) -> Any:
    from unreal._values import Array, Map

    inner = typing.get_args(kind)
    if origin is collections.abc.Callable:
        return _require(callable(value), value, value, kind, where)
    if origin in (Array, collections.abc.Iterable):
        iterable = isinstance(value, collections.abc.Iterable) and not isinstance(value, str)
        _require(iterable, value, value, kind, where)
        return Array._of(inner[0], value, where)
    if origin in (Map, collections.abc.Mapping):
        _require(isinstance(value, collections.abc.Mapping), value, value, kind, where)
        return Map._of(inner, value, where)
    return value


def _convert_class(kind: Any, value: Any, where: str) -> Any:
    from unreal._entries import EnumBase
    from unreal._objects import Class, StructBase
    from unreal._values import Name, Text

    if kind in (Name, Text):
        fits = isinstance(value, (str, Name, Text))
        return _require(fits, value, value, kind, where) and kind._of(value)
    if kind is bool:
        return bool(
            _require(value is None or isinstance(value, int), value, True, kind, where) and value
        )
    if kind in _PLAIN:
        return _convert_plain(kind, value, where)
    if kind is type:
        return value
    if kind is Class:
        return _convert_type(value, where)
    if isinstance(kind, type) and issubclass(kind, StructBase):
        return value if isinstance(value, kind) else kind.cast(value)
    if isinstance(kind, type) and issubclass(kind, EnumBase):
        return _require(isinstance(value, kind), value, value, kind, where)
    return _require(value is None or isinstance(value, kind), value, value, kind, where)


def _convert_plain(kind: Any, value: Any, where: str) -> Any:
    from unreal._values import Name, Text

    if kind is str:
        return str(_require(isinstance(value, (str, Name, Text)), value, value, kind, where))
    wanted = (int, float) if kind is float else (int,)
    fits = isinstance(value, wanted) and not isinstance(value, bool)
    return kind(_require(fits, value, value, kind, where))


def _convert_type(value: Any, where: str) -> Any:
    from unreal._objects import Class, Object

    if isinstance(value, type) and issubclass(value, Object):
        return value.static_class()
    return _require(value is None or isinstance(value, Class), value, value, Class, where)


def _require(fits: bool, value: Any, result: Any, kind: Any, where: str) -> Any:
    if not fits:
        name = getattr(kind, "__name__", str(kind))
        raise TypeError(f"{where}: Failed to convert type '{type(value).__name__}' to '{name}'")
    return result
