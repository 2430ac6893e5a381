"""What every thing in a network has: a name, a parent, a path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Optional

from hou import _callbacks, _world
from hou._constants import nodeEventType
from hou._errors import ObjectWasDeleted, OperationFailed
from hou._guard import Guarded
from hou._vectors import Vector2

if TYPE_CHECKING:
    from hou._node import Node

GONE = "Attempt to access an object that no longer exists in Houdini."


class NetworkMovableItem(Guarded):
    """An item of a network."""

    _name: str
    _parent: Optional[Any]
    _deleted: bool
    _selected = False
    _position = (0.0, 0.0)
    _session_id = 0

    def _alive(self) -> None:
        if self._deleted:
            raise ObjectWasDeleted(GONE)

    def name(self) -> str:
        self._alive()
        return self._name

    def setName(self, name: str, unique_name: bool = False) -> None:
        self._alive()
        before = self._name
        made = free_name(name, self._parent, unique_name, self)

        def assign(value: str) -> None:
            self._name = value
            _callbacks.fire(self, nodeEventType.NameChanged)

        assign(made)
        _world.current().record(f"Rename {before}", lambda: assign(before), lambda: assign(made))

    def path(self) -> str:
        self._alive()
        if self._parent is None:
            return "/"
        above = self._parent.path()
        return f"{above.rstrip('/')}/{self._name}"

    def parent(self) -> Optional[Node]:
        self._alive()
        return self._parent

    def sessionId(self) -> int:
        return self._session_id

    def isSelected(self) -> bool:
        return self._selected

    def setSelected(
        self, on: bool, clear_all_selected: bool = False, show_asset_if_selected: bool = False
    ) -> None:
        selected = _world.current().selected
        if clear_all_selected:
            for each in list(selected):
                each.setSelected(False)
        self._selected = on
        if on and self not in selected:
            selected.append(self)
        elif not on and self in selected:
            selected.remove(self)

    def position(self) -> Vector2:
        return Vector2(self._position)

    def setPosition(self, position: Any) -> None:
        self._position = (float(position[0]), float(position[1]))


def free_name(name: str, parent: Any, unique: bool = True, item: Any = None) -> str:
    """Return *name*, or one like it that no other child has.

    Raises:
        OperationFailed: it has signs that no name can have, or is taken and must not change.
    """
    if not re.fullmatch(r"[\w.-]+", name):
        raise OperationFailed(f"Invalid node name: {name!r}")
    taken = {each._name for each in parent._children if each is not item}
    if name not in taken:
        return name
    if not unique:
        raise OperationFailed(f"The name {name} is already taken")
    stem, number = re.fullmatch(r"(.*?)(\d*)", name).groups()  # type: ignore[union-attr]
    count = int(number or 0) + 1
    while f"{stem}{count}" in taken:
        count += 1
    return f"{stem}{count}"
