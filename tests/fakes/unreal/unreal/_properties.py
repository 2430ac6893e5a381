"""Editor properties: what an object keeps, by which names, and how setting one is noticed."""

from __future__ import annotations

import struct
from typing import Any, Callable, Optional, Union


class Prop:
    """A property of a class: also an attribute of its objects, unless it is only the editor's.

    Set as an attribute it changes in silence; by `set_editor_property` the object is told before
    and after, which undo, the package's star and a texture's build depend on.

    Args:
        default: its first value; a function is called for one.
        read_only: nobody may set it.
        kind: its type, where no annotation says it.
    """

    def __init__(self, default: Any = None, read_only: bool = False, kind: Any = None) -> None:
        self.default = default
        self.read_only = read_only
        self.name = ""
        self.bits = 32
        self._kind = kind
        self._owner: Optional[type] = None

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self._owner = owner

    def __get__(self, instance: Any, owner: Optional[type] = None) -> Any:
        if instance is None:
            return self
        _check(instance, self.name)
        return self.read(instance)

    def __set__(self, instance: Any, value: Any) -> None:
        _check(instance, self.name)
        self.write(instance, value)

    def kind(self) -> Any:
        """Return the property's type."""
        from unreal._conversion import kind_of

        if self._kind is None:
            self._kind = kind_of(vars(self._owner)["__annotations__"][self.name])
        elif isinstance(self._kind, str):
            self._kind = kind_of(self._kind)
        return self._kind

    def read(self, instance: Any) -> Any:
        """Return the value that *instance* has."""
        if self.name not in instance._values:
            made = self.default() if callable(self.default) else self.default
            instance._values[self.name] = self._first() if made is None else made
        return instance._values[self.name]

    def _first(self) -> Any:
        from unreal._values import zero_of

        return zero_of(self.kind())

    def write(self, instance: Any, value: Any) -> None:
        """Convert and keep *value*."""
        from unreal._conversion import convert

        owner = type(instance).__name__
        if self.read_only:
            raise Exception(
                f"{owner}: Property '{self.name}' for attribute '{self.name}' on '{owner}' is "
                "read-only and cannot be set"
            )
        found = convert(self.kind(), value, f"{owner}.{self.name}")
        if self.kind() is float and self.bits == 32:
            found = struct.unpack("f", struct.pack("f", found))[0]
        instance._values[self.name] = found


Default = Union[Any, Callable[[], Any]]


def prop(default: Default = None, read_only: bool = False) -> Any:
    """Declare a property that is an attribute too, of the type that its annotation says."""
    return Prop(default, read_only)


def double() -> Any:
    """Declare a number of 64 bits; others are of 32, and what is read back has lost the rest."""
    made = Prop(0.0)
    made.bits = 64
    return made


def only(kind: str, default: Default = None, read_only: bool = False) -> Any:
    """Declare one that `get_editor_property` alone reaches, as an entry of a class's `_only`."""
    return Prop(default, read_only, kind)


def find(owner: type, name: str) -> Prop:
    """Return a class's property.

    Raises:
        Exception: it has none of that name; the words are the real one's.
    """
    for each in owner.__mro__:
        held = vars(each).get("_only", {}).get(name) or vars(each).get(name)
        if isinstance(held, Prop):
            held.name = name
            return held
    raise Exception(
        f"{owner.__name__}: Failed to find property '{name}' for attribute '{name}' on "
        f"'{owner.__name__}'"
    )


def _check(instance: Any, name: str) -> None:
    from unreal._session import current

    current().check_thread(f"{type(instance).__name__}.{name}")
    instance._check_alive()
