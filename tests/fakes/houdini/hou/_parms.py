"""Parameters of a node: what each holds, and what changes when it is set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Optional, Union

from hou import _callbacks, _conditions, _expressions, _menus, _world
from hou._constants import (
    exprLanguage,
    nodeEventType,
    parmCondType,
    parmTemplateType,
    scriptLanguage,
)
from hou._enums import EnumValue
from hou._errors import ObjectWasDeleted, OperationFailed, PermissionError
from hou._guard import Guarded

if TYPE_CHECKING:
    from hou._opnode import OpNode
    from hou._templates import ParmTemplate

NONE: Mapping[str, Any] = {}
NUMBERS = (parmTemplateType.Float, parmTemplateType.Int, parmTemplateType.Toggle)
SUFFIXES = {"XYZW": "xyzw", "RGBA": "rgba", "UVW": "uvw", "MinMax": ("min", "max")}


class Slot:
    """One value: what was set, or the expression that gives it."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.expression = ""
        self.language: Any = exprLanguage.Hscript
        self.locked = False

    def copied(self) -> Slot:
        """Return another one with the same value."""
        made = Slot(self.value)
        made.expression, made.language, made.locked = self.expression, self.language, self.locked
        return made


class ParmTuple(Guarded):
    """A parameter with all of its components."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        node, template, spare = args
        self._node: OpNode = node
        self._template: ParmTemplate = template
        self._spare: bool = spare
        self._slots = [Slot(value) for value in template._defaults()]
        self._gone = False

    def _alive(self) -> None:
        if self._gone or self._node._deleted:
            raise ObjectWasDeleted("Attempt to access an object that no longer exists in Houdini.")

    def _names(self) -> list[str]:
        name, count = self._template.name(), len(self._slots)
        scheme = self._template.namingScheme().name()
        if count == 1:
            return [name]
        if scheme in SUFFIXES:
            return [f"{name}{each}" for each in SUFFIXES[scheme][:count]]
        return [f"{name}{number + 1}" for number in range(count)]

    def node(self) -> OpNode:
        self._alive()
        return self._node

    def parmTemplate(self) -> ParmTemplate:
        self._alive()
        return self._template.clone()

    def name(self) -> str:
        self._alive()
        return self._template.name()

    def description(self) -> str:
        return self._template.label()

    def eval(self) -> tuple[Any, ...]:
        return tuple(each.eval() for each in self)

    def evalAtFrame(self, frame: float) -> tuple[Any, ...]:
        return tuple(each.evalAtFrame(frame) for each in self)

    def evalAsFloats(self) -> tuple[float, ...]:
        return tuple(each.evalAsFloat() for each in self)

    def evalAsInts(self) -> tuple[int, ...]:
        return tuple(each.evalAsInt() for each in self)

    def evalAsStrings(self) -> tuple[str, ...]:
        return tuple(each.evalAsString() for each in self)

    def evalAsFloatsAtFrame(self, frame: float) -> tuple[float, ...]:
        return tuple(each.evalAsFloatAtFrame(frame) for each in self)

    def evalAsIntsAtFrame(self, frame: float) -> tuple[int, ...]:
        return tuple(each.evalAsIntAtFrame(frame) for each in self)

    def evalAsStringsAtFrame(self, frame: float) -> tuple[str, ...]:
        return tuple(each.evalAsStringAtFrame(frame) for each in self)

    def set(
        self,
        value: Sequence[Any],
        language: Optional[EnumValue] = None,
        follow_parm_reference: bool = True,
    ) -> None:
        self._alive()
        if len(value) != len(self._slots):
            raise OperationFailed("Invalid size")
        for parm, each in zip(self, value):
            parm.set(each, language, follow_parm_reference)

    def isSpare(self) -> bool:
        return self._spare

    def isHidden(self) -> bool:
        return self[0].isHidden()

    def hide(self, on: bool) -> None:
        self[0].hide(on)

    def isDisabled(self) -> bool:
        return self[0].isDisabled()

    def lock(self, bool_values: Any) -> None:
        wanted = bool_values if not isinstance(bool_values, bool) else [bool_values] * len(self)
        for parm, on in zip(self, wanted):
            parm.lock(on)

    def revertToDefaults(self) -> None:
        self.set(self._template._defaults())

    def isAtDefault(
        self, compare_temporary_defaults: bool = True, compare_expressions: bool = True
    ) -> bool:
        return all(each.isAtDefault() for each in self)

    def __len__(self) -> int:
        return len(self._slots)

    def __getitem__(self, index: int) -> Parm:
        return Parm(self, range(len(self._slots))[index])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParmTuple) and (
            (other._node, other._template.name()) == (self._node, self._template.name())
        )

    def __hash__(self) -> int:
        return hash((id(self._node), self._template.name()))


class Parm(Guarded):
    """One component of a parameter."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._tuple: ParmTuple = args[0]
        self._index: int = args[1]

    @property
    def _slot(self) -> Slot:
        self._tuple._alive()
        return self._tuple._slots[self._index]

    def _kind(self) -> EnumValue:
        return self._tuple._template.type()

    def _texts(self) -> bool:
        return self._kind() in (parmTemplateType.String, parmTemplateType.Label)

    # ---- who it is --------------------------------------------------------------------------

    def node(self) -> OpNode:
        return self._tuple.node()

    def tuple(self) -> ParmTuple:
        return self._tuple

    def parmTemplate(self) -> ParmTemplate:
        return self._tuple.parmTemplate()

    def name(self) -> str:
        self._tuple._alive()
        return self._tuple._names()[self._index]

    def path(self) -> str:
        return f"{self.node().path()}/{self.name()}"

    def description(self) -> str:
        return self._tuple.description()

    def componentIndex(self) -> int:
        return self._index

    def isSpare(self) -> bool:
        return self._tuple.isSpare()

    # ---- what it holds ----------------------------------------------------------------------

    def eval(self) -> Any:
        return self._eval(_world.current().frame)

    def evalAtFrame(self, frame: float) -> Any:
        return self._eval(frame)

    def _eval(self, frame: float) -> Any:
        slot = self._slot
        if slot.expression:
            value = _expressions.evaluate(self, slot.expression, slot.language, frame)
        else:
            value = slot.value
            if isinstance(value, str) and self._texts():
                value = _expressions.expand(value, frame, self.node())
        return self._cast(value)

    def _cast(self, value: Any) -> Any:
        kind = self._kind()
        if kind is parmTemplateType.Float:
            return float(value)
        return str(value) if self._texts() else int(value)

    def evalAsFloat(self) -> float:
        return self.evalAsFloatAtFrame(_world.current().frame)

    def evalAsFloatAtFrame(self, frame: float) -> float:
        return float(self._number(frame))

    def evalAsInt(self) -> int:
        return self.evalAsIntAtFrame(_world.current().frame)

    def evalAsIntAtFrame(self, frame: float) -> int:
        return int(self._number(frame))

    def _number(self, frame: float) -> Any:
        value = self._eval(frame)
        if not isinstance(value, str):
            return value
        try:
            return float(value)
        except ValueError:
            return 0

    def evalAsString(self) -> str:
        return self.evalAsStringAtFrame(_world.current().frame)

    def evalAsStringAtFrame(self, frame: float) -> str:
        """Return the text; of a menu the token, not the label."""
        value = self._eval(frame)
        if self._kind() is parmTemplateType.Menu:
            items = self.menuItems()
            return items[value] if 0 <= value < len(items) else ""
        return f"{value:g}" if isinstance(value, float) else str(value)

    def unexpandedString(self) -> str:
        if not self._texts():
            raise OperationFailed("The parameter is not a string")
        return str(self._slot.value)

    def rawValue(self) -> str:
        return self._slot.expression or str(self._slot.value)

    def isAtDefault(
        self, compare_temporary_defaults: bool = True, compare_expressions: bool = True
    ) -> bool:
        default = self._tuple._template._defaults()[self._index]
        return not self._slot.expression and self._slot.value == default

    # ---- menus ------------------------------------------------------------------------------

    def menuItems(self) -> tuple[str, ...]:
        return tuple(token for token, _ in _menus.choices(self))

    def menuLabels(self) -> tuple[str, ...]:
        return tuple(label for _, label in _menus.choices(self))

    # ---- changing ---------------------------------------------------------------------------

    def set(
        self,
        value: Any,
        language: Optional[EnumValue] = None,
        follow_parm_reference: bool = True,
    ) -> None:
        """Set the value. The callback script does not run: that is the user's doing alone."""
        slot = self._slot
        _world.current().check_unlocked(self.node())
        if slot.locked:
            raise PermissionError(
                "Failed to modify node or parameter because of a permission error"
            )
        made = slot.copied()
        made.value, made.expression = self._accepted(value), ""
        self._put(made)

    def _accepted(self, value: Any) -> Any:
        """Return *value* as the parameter keeps it.

        Raises:
            TypeError: it is of a kind that the parameter cannot hold.
        """
        kind = self._kind()
        if self._texts():
            if not isinstance(value, (str, int, float)):
                raise TypeError(f"Cannot set a string parameter to {value!r}")
            return value if isinstance(value, str) else str(value)
        if kind is parmTemplateType.Menu and isinstance(value, str):
            items = self.menuItems()
            if value not in items:
                raise TypeError(f"Invalid menu item: {value}")
            return items.index(value)
        if not isinstance(value, (int, float)):
            raise TypeError(f"Cannot set a numeric parameter to {value!r}")
        held = getattr(self._tuple._template, "_held", None)
        value = held(value) if kind in NUMBERS and callable(held) else value
        return float(value) if kind is parmTemplateType.Float else int(value)

    def _put(self, made: Slot) -> None:
        before = self._slot

        def assign(slot: Slot) -> None:
            self._tuple._slots[self._index] = slot
            self._tuple._node._dirty()
            _callbacks.fire(
                self._tuple._node, nodeEventType.ParmTupleChanged, parm_tuple=self._tuple
            )

        assign(made)
        _world.current().record(
            f"Parameter Change: {self._tuple._template.name()}",
            lambda: assign(before),
            lambda: assign(made),
        )

    def setExpression(
        self,
        expression: str,
        language: Optional[EnumValue] = None,
        replace_expression: bool = True,
    ) -> None:
        made = self._slot.copied()
        made.expression, made.language = expression, language or exprLanguage.Hscript
        self._put(made)

    def expression(self) -> str:
        if not self._slot.expression:
            raise OperationFailed("The parameter does not have any keyframes")
        return self._slot.expression

    def expressionLanguage(self) -> EnumValue:
        return self._slot.language

    def deleteAllKeyframes(self) -> None:
        made = self._slot.copied()
        made.value, made.expression = self.eval(), ""
        self._put(made)

    def keyframes(self) -> Sequence[Any]:
        return (self._slot.expression,) if self._slot.expression else ()

    def isTimeDependent(self) -> bool:
        return _expressions.varies(self._slot)

    def revertToDefaults(self) -> None:
        self._put(Slot(self._tuple._template._defaults()[self._index]))

    def pressButton(self, arguments: Mapping[str, Union[int, bool, float, str]] = NONE) -> None:
        """Run the parameter's callback script, whatever kind it is.

        Raises:
            OperationFailed: the script raised.
        """
        if self._tuple._template.scriptCallbackLanguage() is not scriptLanguage.Python:
            if self._tuple._template.scriptCallback():
                raise OperationFailed("The stand-in runs no Hscript")
            return
        _callbacks.run_script(self, arguments)

    def lock(self, on: bool) -> None:
        self._slot.locked = on

    def isLocked(self) -> bool:
        return self._slot.locked

    # ---- how it is shown --------------------------------------------------------------------

    def isDisabled(self) -> bool:
        when = self._tuple._template.disableWhen()
        return bool(when) and _conditions.holds(when, self.node())

    def isHidden(self) -> bool:
        conditions = self._tuple._template.conditionals()
        when = conditions.get(parmCondType.HideWhen, "")
        return self._tuple._template.isHidden() or (
            bool(when) and _conditions.holds(when, self.node())
        )

    def isVisible(self) -> bool:
        return not self.isHidden()

    def hide(self, on: bool) -> None:
        self._tuple._template.hide(on)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parm) and (
            (other._tuple, other._index) == (self._tuple, self._index)
        )

    def __hash__(self) -> int:
        return hash((self._tuple, self._index))

    def __repr__(self) -> str:
        return f"<hou.Parm {self.name()} in {self.node().path()}>"
