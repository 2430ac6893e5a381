"""What all knobs share, and the knobs that hold no number and no text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from nuke import _callbacks, _flags, _words, _world
from nuke._guard import Guarded

if TYPE_CHECKING:
    from nuke._context import OutputContext
    from nuke._nodes import Node


class Knob(Guarded):
    """A control of a node; what it holds is `_state`, which never changes in place."""

    _user_type = 0
    """The number by which a script's `addUserKnob` asks for this class; 0 where none does."""
    _saved = True
    _starts_line = True

    def __init__(self, name: str, label: Optional[str] = None) -> None:
        self._name = name
        self._label = label
        self._tooltip = ""
        self._flags = _flags.STARTLINE if self._starts_line else 0
        self._node: Optional[Node] = None
        self._quiet = False
        self._state: Any = None
        self._default: Any = None

    # ---- within the fake --------------------------------------------------------------------

    def _change(self, state: Any, notify: bool = True) -> None:
        """Hold *state* from now on, as a change of the script that can be taken back."""
        before = self._state
        if state == before:
            return
        self._state = state
        if self._node is None or self._quiet:
            return
        self._record(lambda: self._restore(before), lambda: self._restore(state))
        if notify:
            _callbacks.knob_changed(self._node, self)

    def _record(self, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        world = _world.current()
        if self._flags & _flags.NO_UNDO:
            world.touch()
        else:
            world.record(f"Change {self._name}", undo, redo)

    def _need_node(self) -> None:
        """Refuse where names cannot be looked up: an expression is read as soon as it is set."""
        if self._node is None:
            raise RuntimeError(f"{self._name} belongs to no node that could read an expression")

    def _restore(self, state: Any) -> None:
        self._state = state
        _world.current().touch()

    def _set_default(self, state: Any) -> None:
        self._state = self._default = state

    def _is_default(self) -> bool:
        return bool(self._state == self._default)

    def _to_word(self) -> str:
        """Return what stands after the knob's name in a script: one word of Tcl."""
        return _words.quote("" if self._state is None else str(self._state))

    def _from_words(self, text: str) -> None:
        """Take the value that a script holds; *text* is the word, its quotes removed."""
        self._change(text)

    def _definition(self) -> list[str]:
        """Return what only this class adds to its line in a script's `addUserKnob`."""
        return []

    def _define(self, key: str, value: str) -> None:
        """Take what only this class understands of an `addUserKnob`."""

    def _key(self, frame: float, view: str) -> str:
        """Return what the pixels of a node depend on."""
        return repr(self._state)

    # ---- Nuke's own -------------------------------------------------------------------------

    def Class(self) -> str:
        return type(self).__name__

    def name(self) -> str:
        return self._name

    def setName(self, name: str) -> None:
        self._name = name

    def label(self) -> str:
        return self._name if self._label is None else self._label

    def setLabel(self, label: str) -> None:
        self._label = label

    def tooltip(self) -> str:
        return self._tooltip

    def setTooltip(self, tooltip: str) -> None:
        self._tooltip = tooltip

    def node(self) -> Node:
        if self._node is None:
            raise ValueError("The knob belongs to no node")
        return self._node

    def fullyQualifiedName(self, channel: int = -1) -> str:
        suffix = f".{channel}" if channel >= 0 else ""
        return f"{self.node().fullName()}.{self._name}{suffix}"

    def setFlag(self, flag: int) -> None:
        self._flags |= flag

    def clearFlag(self, flag: int) -> None:
        self._flags &= ~flag

    def getFlag(self, flag: int) -> bool:
        return self._flags & flag == flag

    def visible(self) -> bool:
        return not self._flags & _flags.INVISIBLE

    def setVisible(self, visible: bool) -> None:
        self._put(_flags.INVISIBLE, not visible)

    def enabled(self) -> bool:
        return not self._flags & _flags.DISABLED

    def setEnabled(self, enabled: bool) -> None:
        self._put(_flags.DISABLED, not enabled)

    def _put(self, flag: int, on: bool) -> None:
        self._flags = self._flags | flag if on else self._flags & ~flag

    def value(self, index: int = -1) -> Any:
        return self._state

    def getValue(self, channel: int = -1) -> Any:
        return self.value()

    def getValueAt(self, frame: float, index: int = -1, view: Optional[str] = None) -> Any:
        return self.getValue()

    def setValue(self, val: Any, chan: int = -1) -> bool:
        self._change(val)
        return True

    def isAnimated(self, channel: int = -1) -> bool:
        return False

    def hasExpression(self, index: int = -1) -> bool:
        return False

    def getKeyList(self) -> list[float]:
        return []

    def getNumKeys(self, channel: int = -1) -> int:
        return 0

    def isKeyAt(self, frame: float, index: int = -1, view: Optional[str] = None) -> bool:
        return False

    def setAnimated(self, channel: int = -1) -> bool:
        return False

    def clearAnimated(self, channel: int = -1) -> bool:
        return False

    def setExpression(self, expression: str, index: int = -1, view: Optional[str] = None) -> bool:
        return False

    def setValueAt(
        self, val: Any, time: float, index: int = -1, view: Optional[str] = None
    ) -> bool:
        return self.setValue(val)

    def removeKeyAt(self, frame: float, index: int = -1, view: Optional[str] = None) -> bool:
        return False

    def toScript(self, quote: bool = True, context: Optional[OutputContext] = None) -> str:
        word = self._to_word()
        return word if quote else _words.unquote(word)

    def fromScript(self, script: str) -> None:
        self._from_words(script)


class Text_Knob(Knob):
    """Words on a panel, or a line across it."""

    _user_type = 26

    def __init__(self, name: str, label: Optional[str] = None, value: str = "") -> None:
        super().__init__(name, label)
        self._set_default("")
        self._state = value

    def value(self) -> str:
        return str(self._state)

    def setValue(self, val: str) -> bool:
        if not isinstance(val, str):
            raise TypeError("Text_Knob.setValue takes a string")
        self._change(val)
        return True

    def _definition(self) -> list[str]:
        return ["T", _words.quote(self._state)] if self._state else []

    def _define(self, key: str, value: str) -> None:
        if key == "T":
            self._state = value

    _saved = False


class _Tab(Knob):
    """What parts a panel: by its type a tab, or where a group of knobs begins or ends."""

    _user_type = 20
    _saved = False
    _starts_line = False
    _type = 0

    def __init__(self, name: str, label: Optional[str] = None) -> None:
        super().__init__(name, label)
        self._set_default(False)

    def _definition(self) -> list[str]:
        return ["n", str(self._type)] if self._type else []

    def _define(self, key: str, value: str) -> None:
        if key == "n":
            self._type = int(value)


class Tab_Knob(_Tab):
    """A tab of a panel, or by its type the beginning or the end of a group of knobs."""

    _user_type = 20

    def __init__(self, name: str, label: Optional[str] = None, type: int = 0) -> None:
        super().__init__(name, label)
        self._type = type

    def value(self) -> bool:
        return bool(self._state)

    def setValue(self, val: bool) -> bool:
        self._change(bool(val))
        return True


class BeginTabGroup_Knob(_Tab):
    """Where a row of tabs inside a panel begins."""

    _type = -2


class EndTabGroup_Knob(_Tab):
    """Where a row of tabs inside a panel ends."""

    _type = -3


class Obsolete_Knob(Knob):
    """A knob of an older release that hands its value on."""

    _saved = False


class Help_Knob(Knob):
    """The question mark of a panel."""

    _user_type = 27
    _saved = False
