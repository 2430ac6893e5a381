"""Types made in Python that Unreal knows: the decorators and what becomes of what they mark.

A Blueprint that calls a function sees its results through `called_by_blueprint`: several come in
reverse order, and one of a wrong type is dropped without a word.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Optional, TypeVar

from unreal._conversion import convert
from unreal._entries import EnumBase
from unreal._objects import BlueprintFunctionLibrary, Class, Object, StructBase
from unreal._properties import Prop
from unreal._session import current
from unreal._values import Array, Name, Text, zero_of

_T = TypeVar("_T")
_F = TypeVar("_F", bound=Callable[..., Any])

_PLAIN = (bool, int, float, str, Name, Text)


class ReflectionError(Exception):
    """A type that Unreal cannot take; the real one raises a bare Exception."""


def event(call: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a function of a class that Python may override by `ufunction(override=True)`."""
    call._event = True  # type: ignore[attr-defined]
    return call


class PropertyDef:
    """What `uproperty` returns: a property to be."""

    def __init__(self, kind: Any, meta: Any, getter: Any, setter: Any) -> None:
        self.kind, self.meta, self.getter, self.setter = kind, meta, getter, setter


class FunctionDef:
    """What `ufunction` returns: a function to be."""

    def __init__(self, call: Callable[..., Any], **said: Any) -> None:
        self.call = call
        self.said = said


class ValueDef:
    """What `uvalue` returns: an entry or a constant to be."""

    def __init__(self, value: Any, meta: Any) -> None:
        self.value, self.meta = value, meta


def uclass() -> Callable[[type[_T]], type[_T]]:
    def _uclass(type: Any) -> Any:
        generate_class(type)
        return type

    return _uclass


def ustruct() -> Callable[[type[_T]], type[_T]]:
    def _ustruct(type: Any) -> Any:
        generate_struct(type)
        return type

    return _ustruct


def uenum() -> Callable[[type[_T]], type[_T]]:
    def _uenum(type: Any) -> Any:
        generate_enum(type)
        return type

    return _uenum


def uvalue(val: Any, meta: Any = None) -> Any:
    return ValueDef(val, meta)


def uproperty(type: Any, meta: Any = None, getter: Any = None, setter: Any = None) -> Any:
    return PropertyDef(type, meta, getter, setter)


def ufunction(
    meta: Any = None,
    ret: Any = None,
    params: Any = None,
    override: Optional[bool] = None,
    static: Optional[bool] = None,
    pure: Optional[bool] = None,
    getter: Any = None,
    setter: Any = None,
) -> Callable[[_F], _F]:
    def _ufunction(func: Any) -> Any:
        return FunctionDef(
            func, meta=meta, ret=ret, params=params, override=override, static=static, pure=pure
        )

    return _ufunction


def generate_class(class_type: type) -> None:
    current().check_thread("generate_class")
    name = class_type.__name__
    if not issubclass(class_type, Object):
        raise ReflectionError(f"'{name}' does not derive from an Unreal class type")
    if "__init__" in vars(class_type):
        raise ReflectionError(f"'{name}' cannot define '__init__' (use '_post_init' instead)")
    for member, value in list(vars(class_type).items()):
        if isinstance(value, PropertyDef):
            setattr(class_type, member, _property(class_type, member, value))
        elif isinstance(value, FunctionDef):
            setattr(class_type, member, _function(class_type, member, value))
    current().generated[name] = class_type


def generate_struct(struct_type: type) -> None:
    if not issubclass(struct_type, StructBase):
        raise ReflectionError(
            f"'{struct_type.__name__}' does not derive from an Unreal struct type"
        )
    for member, value in list(vars(struct_type).items()):
        if isinstance(value, PropertyDef):
            setattr(struct_type, member, _property(struct_type, member, value))


def generate_enum(enum_type: type) -> None:
    if not issubclass(enum_type, EnumBase):
        raise ReflectionError(f"'{enum_type.__name__}' does not derive from an Unreal enum type")
    listed = [each for each, value in vars(enum_type).items() if isinstance(value, ValueDef)]
    for member in listed:
        made = object.__new__(enum_type)
        made._word, made._number = member, vars(enum_type)[member].value
        setattr(enum_type, member, made)
    enum_type._names = listed


def _property(owner: type, name: str, said: PropertyDef) -> Prop:
    made = Prop(kind=_kind(said.kind, f"{owner.__name__}.{name}"))
    made.__set_name__(owner, name)
    return made


def _kind(kind: Any, where: str) -> Any:
    """Return a type that Unreal has a property for: Python's own list or dict are none."""
    if isinstance(kind, Array):
        inner = _kind(kind._kind, where)
        return Array[inner]
    known = (Object, StructBase, EnumBase)
    if kind in _PLAIN or kind is Class or (isinstance(kind, type) and issubclass(kind, known)):
        return kind
    raise ReflectionError(f"{where}: '{kind!r}' is not a valid property type")


def _function(owner: type, name: str, said: FunctionDef) -> Any:
    where = f"{owner.__name__}.{name}"
    if said.said["override"]:
        _check_override(owner, name, said.call)
        return said.call
    static = bool(said.said["static"])
    if static and not issubclass(owner, BlueprintFunctionLibrary):
        raise ReflectionError(f"{where}: only a BlueprintFunctionLibrary has static functions")
    taken = list(inspect.signature(said.call).parameters)[0 if static else 1 :]
    params = [_kind(each, where) for each in said.said["params"] or []]
    if len(taken) != len(params):
        raise ReflectionError(
            f"{where}: Incorrect number of arguments specified for '{name}' "
            f"(expected {len(taken)}, got {len(params)})"
        )
    made = _checked(said.call, where, params, static)
    made._results = _results(said.said["ret"], where)
    made._meta = dict(said.said["meta"] or {})
    return staticmethod(made) if static else made


def _results(said: Any, where: str) -> list[Any]:
    if said is None:
        return []
    return [_kind(each, where) for each in (said if isinstance(said, (tuple, list)) else [said])]


def _check_override(owner: type, name: str, call: Callable[..., Any]) -> None:
    for base in owner.__mro__[1:]:
        held = vars(base).get(name)
        if held is not None:
            return _check_event(held, f"{owner.__name__}.{name}", call)
    raise ReflectionError(f"Failed to find parent function '{name}' of '{owner.__name__}'")


def _check_event(held: Any, where: str, call: Callable[..., Any]) -> None:
    if not getattr(held, "_event", False) and not getattr(held, "_results", None):
        raise ReflectionError(
            f"{where}: the parent's function is no event and cannot be overridden"
        )
    expected = len(inspect.signature(inspect.unwrap(held)).parameters)
    taken = len(inspect.signature(call).parameters)
    if expected != taken:
        raise ReflectionError(f"{where}: takes {taken} arguments, the parent's takes {expected}")


def _checked(call: Callable[..., Any], where: str, params: list[Any], static: bool) -> Any:
    skipped = 0 if static else 1

    @functools.wraps(call)
    def made(*args: Any) -> Any:
        current().check_thread(where)
        given = [convert(kind, each, where) for kind, each in zip(params, args[skipped:])]
        return call(*args[:skipped], *given)

    made._plain = True  # type: ignore[attr-defined]
    return made


def called_by_blueprint(owner: type, name: str, *args: Any, on: Any = None) -> tuple[Any, ...]:
    """Return what the outputs of a node hold after a Blueprint ran it, the first output first."""
    made = inspect.getattr_static(owner, name)
    call = made.__func__ if isinstance(made, staticmethod) else made
    kinds = call._results
    try:
        found = call(*args) if on is None else call(on, *args)
    except Exception as error:
        current().write("Error", f"{owner.__name__}.{name}: {error!r}")
        return tuple(zero_of(kind) for kind in kinds)
    values = found if isinstance(found, tuple) and len(kinds) > 1 else (found,)
    return tuple(_taken(kind, value) for kind, value in zip(kinds, reversed(values)))


def _taken(kind: Any, value: Any) -> Any:
    try:
        return convert(kind, value, "ret")
    except TypeError:
        return zero_of(kind)
