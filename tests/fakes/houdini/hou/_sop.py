"""Geometry nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from hou import _cook, _world
from hou._opnode import OpNode

if TYPE_CHECKING:
    from hou._geometry import Geometry


class _Flagged(OpNode):
    """A node with the flags of networks that are shown."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._flags = {"bypass": False, "display": False, "template": False}
        super().__init__(*args, **kwargs)

    def isBypassed(self) -> bool:
        return self._flags["bypass"]

    def bypass(self, on: bool) -> None:
        self._flags["bypass"] = on
        self._dirty()

    def isDisplayFlagSet(self) -> bool:
        return self._flags["display"]

    def setDisplayFlag(self, on: bool) -> None:
        for each in self._parent._children if on and self._parent is not None else ():
            each._flags["display"] = False
        self._flags["display"] = on

    def isTemplateFlagSet(self) -> bool:
        return self._flags["template"]

    def setTemplateFlag(self, on: bool) -> None:
        self._flags["template"] = on


class SopNode(_Flagged):
    """A node that gives geometry."""

    _manages_ids = False

    def managesAttribDataIds(self) -> bool:
        return self._manages_ids

    def setManagesAttribDataIds(self, on: bool) -> None:
        self._manages_ids = on

    def geometry(self, output_index: int = 0) -> Optional[Geometry]:
        """Return what the node gives, cooked where needed.

        While the node itself cooks this is what it may write to, a copy of its first input. From
        anywhere else it is read only, and follows the node.
        """
        self._alive()
        if self in _world.current().cooking:
            return self._output
        _cook.cook(self, _world.current().frame)
        return self._view(output_index)

    def _view(self, output_index: int) -> Optional[Geometry]:
        from hou._geometry import following

        if output_index >= self._type._made.outputs or self._output is None:
            return None
        return following(self)

    def geometryAtFrame(self, frame: float, output_index: int = 0) -> Optional[Geometry]:
        """Return the geometry of a frame; it does not change when the node cooks again."""
        self._alive()
        _cook.cook(self, frame)
        if output_index >= self._type._made.outputs or self._output is None:
            return None
        return self._output.freeze(read_only=True, clone_data_ids=True)

    def inputGeometry(self, index: int) -> Optional[Geometry]:
        other = self.input(index)
        return other.geometry() if other is not None else None

    def inputGeometryAtFrame(self, frame: float, index: int) -> Optional[Geometry]:
        other = self.input(index)
        return other.geometryAtFrame(frame) if other is not None else None

    def isRenderFlagSet(self) -> bool:
        return self._flags.get("render", False)

    def setRenderFlag(self, on: bool) -> None:
        self._flags["render"] = on

    def isHardLocked(self) -> bool:
        return self._flags.get("hard", False)

    def setHardLocked(self, on: bool) -> None:
        if on:
            _cook.cook(self, _world.current().frame)
        self._flags["hard"] = on


class ObjNode(OpNode):
    """An object; of a `geo` the geometry is inside."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._flags = {"display": True}
        super().__init__(*args, **kwargs)

    def isDisplayFlagSet(self) -> bool:
        return self._flags["display"]

    def setDisplayFlag(self, on: bool) -> None:
        self._flags["display"] = on

    def displayNode(self) -> Optional[Any]:
        return next((each for each in self._children if each._flags["display"]), None)
