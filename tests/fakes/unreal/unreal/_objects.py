"""The bases of everything: objects, classes and structs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Optional, TypeVar, Union

from unreal import _properties
from unreal._entries import PropertyAccessChangeNotifyMode
from unreal._session import current, package_path
from unreal._values import Name, _WrapperBase

_T = TypeVar("_T")


# ---- what has properties --------------------------------------------------------------------


class _Holder(_WrapperBase):
    _values: dict[str, Any]

    def _check_alive(self) -> None:
        pass

    def _tell(self, name: str) -> None:
        """Hear that a property is about to change."""

    def _told(self, name: str) -> None:
        """Hear that a property has changed."""


class StructBase(_Holder):
    """A value; its properties are given in order or by name."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__new__(cls)
        made._values = {}
        return made

    def _fill(self, given: Mapping[str, Any]) -> None:
        for name, value in given.items():
            if name not in ("self", "__class__") and value is not None:
                _properties.find(type(self), name).write(self, value)

    @classmethod
    def cast(cls, object: Any) -> Any:
        if isinstance(object, cls):
            return object.copy()
        if isinstance(object, Mapping):
            return cls(**object)
        if isinstance(object, Iterable) and not isinstance(object, str):
            return cls(*object)
        raise TypeError(f"Cannot cast type '{type(object).__name__}' to '{cls.__name__}'")

    def copy(self) -> Any:
        made = type(self).__new__(type(self))
        made._values = dict(self._values)
        return made

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.to_tuple() == other.to_tuple()

    __hash__ = None  # type: ignore[assignment]

    def to_tuple(self) -> tuple[object, ...]:
        found = [
            value for value in vars(type(self)).values() if isinstance(value, _properties.Prop)
        ]
        return tuple(each.read(self) for each in found)

    def __repr__(self) -> str:
        return f"<Struct '{type(self).__name__}' {self.to_tuple()}>"

    def get_editor_property(self, name: Union[Name, str]) -> Any:
        return _properties.find(type(self), str(name)).read(self)

    def set_editor_property(
        self,
        name: Union[Name, str],
        value: object,
        notify_mode: PropertyAccessChangeNotifyMode = PropertyAccessChangeNotifyMode.DEFAULT,
    ) -> None:
        _properties.find(type(self), str(name)).write(self, value)


class _ObjectBase(_Holder):
    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__new__(cls)
        made._values = {}
        return made

    def __init__(self, outer: Optional[Object] = None, name: Union[Name, str] = "None") -> None:
        self._outer: Any = outer
        self._name = (
            f"{type(self).__name__}_{next(current().serial)}" if name == "None" else str(name)
        )
        self._alive = True
        self._post_init()

    _outer: Any = None
    _name = ""
    _alive = True

    def _post_init(self) -> None:
        pass

    def _check_alive(self) -> None:
        if not self._alive:
            raise Exception(
                f"WrapperObject: Internal Error - ObjectInstance is null! ({self._name})"
            )

    # What a transaction keeps.

    def _state(self) -> dict[str, Any]:
        return {"_values": dict(self._values)}

    def _restore(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, dict(value) if isinstance(value, dict) else value)

    @classmethod
    def cast(cls: type[_T], object: object) -> _T:
        if not isinstance(object, cls):
            raise TypeError(f"Cannot cast type '{type(object).__name__}' to '{cls.__name__}'")
        return object

    @classmethod
    def static_class(cls) -> Class:
        return Class._of(cls)

    @classmethod
    def get_default_object(cls: type[_T]) -> _T:
        found = current().subsystems.get(cls)
        return cls() if found is None else found

    def get_class(self) -> Class:
        return Class._of(type(self))

    def get_outer(self) -> Any:
        self._check_alive()
        return self._outer

    def get_outermost(self) -> Package:
        held = self
        while held._outer is not None:
            held = held._outer
        return held if isinstance(held, Package) else _TRANSIENT

    def get_package(self) -> Package:
        return self.get_outermost()

    def get_name(self) -> str:
        self._check_alive()
        return self._name

    def get_fname(self) -> Name:
        return Name(self.get_name())

    def get_path_name(self) -> str:
        self._check_alive()
        if self._outer is None:
            return self._name
        mark = "." if isinstance(self._outer, Package) else ":"
        return f"{self._outer.get_path_name()}{mark}{self._name}"

    def get_full_name(self) -> str:
        return f"{type(self).__name__} {self.get_path_name()}"

    def get_world(self) -> Any:
        return current().world

    def modify(self, always_mark_dirty: bool = True) -> bool:
        self._check_alive()
        if always_mark_dirty:
            self._mark_dirty()
        return self._is_transactional() and current().undo_stack.modify(self)

    def _is_transactional(self) -> bool:
        """Say whether undo knows it: assets and actors, not what a script makes for itself."""
        return self._is_asset() or any(self is each for each in current().actors)

    def _is_asset(self) -> bool:
        path = self.get_outermost().get_path_name()
        return path in {package_path(each) for each in current().assets}

    def _mark_dirty(self) -> None:
        if self._is_asset():
            current().dirty.add(self.get_outermost().get_path_name())

    def get_editor_property(self, name: str) -> Any:
        self._check_alive()
        return _properties.find(type(self), name).read(self)

    def set_editor_property(
        self,
        name: str,
        value: object,
        notify_mode: PropertyAccessChangeNotifyMode = PropertyAccessChangeNotifyMode.DEFAULT,
    ) -> None:
        self._check_alive()
        held = _properties.find(type(self), name)
        told = notify_mode is not PropertyAccessChangeNotifyMode.NEVER
        if told and not held.read_only:
            self.modify()
            self._tell(name)
        held.write(self, value)
        if told:
            self._told(name)

    def set_editor_properties(self, properties: Mapping[str, object]) -> None:
        for name, value in properties.items():
            self.set_editor_property(name, value)

    def call_method(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return getattr(self, name)(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Object '{self._name}' Class '{type(self).__name__}'>"


class Object(_ObjectBase):
    pass


class Package(Object):
    pass


class Interface(Object):
    pass


class Class(Object):
    """What Unreal knows a type by; `static_class` gives it."""

    _held: Any = None

    @classmethod
    def _of(cls, held: type) -> Class:
        if "_unreal_class" not in vars(held):
            made = cls.__new__(cls)
            made._held, made._name, made._outer = held, held.__name__, None
            held._unreal_class = made
        return vars(held)["_unreal_class"]


class BlueprintFunctionLibrary(Object):
    pass


class Subsystem(Object):
    def _tick(self, seconds: float) -> None:
        """Live for a frame."""


class DynamicSubsystem(Subsystem):
    pass


class EditorSubsystem(DynamicSubsystem):
    pass


class World(Object):
    pass


_TRANSIENT = Package.__new__(Package)
_TRANSIENT._name = "/Engine/Transient"


def transient() -> Package:
    """Return the package of what is never saved."""
    return _TRANSIENT
