"""Knobs that hold text: strings, files, scripts and what a button runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Optional

from nuke import _callbacks, _expressions, _words, _world
from nuke._knobs import Knob

if TYPE_CHECKING:
    from nuke._context import OutputContext


def _need_text(knob: Knob, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{knob.name()}: a string is needed, not {value!r}")
    return value


class String_Knob(Knob):
    """A line of text."""

    _user_type = 1

    def __init__(self, name: str, label: Optional[str] = None, value: str = "") -> None:
        super().__init__(name, label)
        self._set_default("")
        self._state = value

    def value(self, oc: Optional[OutputContext] = None) -> str:
        return str(self._state)

    def getText(self, oc: Optional[OutputContext] = None) -> str:
        return str(self._state)

    def getValue(self, oc: Optional[OutputContext] = None) -> str:
        return str(self._state)

    def setValue(self, val: str, view: str = "default") -> None:
        self._change(_need_text(self, val))

    def setText(self, val: str, view: str = "default") -> None:
        self._change(_need_text(self, val))


class EvalString_Knob(String_Knob):
    """Text in which brackets are evaluated; what a script's `addUserKnob` of type 1 makes."""

    _user_type = 1

    def _evaluated(self, frame: Optional[float], view: str) -> str:
        at = _world.current().root._frame() if frame is None else frame
        return _expressions.substitute(self._state, self, at, view)

    def _key(self, frame: float, view: str) -> str:
        return self._evaluated(frame, view)

    def evaluate(self, time: Optional[float] = None) -> str:
        return self._evaluated(time, "")


class Multiline_Eval_String_Knob(EvalString_Knob):
    """Lines of text."""

    _user_type = 43


class File_Knob(EvalString_Knob):
    """The path of a file or, with %04d, of a sequence."""

    _user_type = 2

    def value(self, oc: Optional[OutputContext] = None) -> str:
        return str(self._state)

    def getValue(self, oc: Optional[OutputContext] = None) -> str:
        return str(self._state)

    def setValue(self, val: str, view: str = "default") -> None:
        self._change(_need_text(self, val))

    def getEvaluatedValue(self, oc: Optional[OutputContext] = None) -> str:
        frame = oc.frame() if oc else None
        view = oc.viewname(oc.view()) if oc else "main"
        return _expressions.expand_path(self._evaluated(frame, view), frame, view)

    def evaluate(self, time: Optional[float] = None) -> str:
        return _expressions.expand_path(self._evaluated(time, "main"), time, "main")

    def fromUserText(self, val: str) -> None:
        """Take what an artist types: a path, and after it perhaps a range for first and last."""
        found = re.fullmatch(r"(.*\S)\s+(-?\d+)-(-?\d+)", val)
        self._change(found[1] if found else val)
        if found and self._node is not None:
            for name, group in (("first", 2), ("last", 3), ("origfirst", 2), ("origlast", 3)):
                knob = self._node._knobs.get(name)
                if knob is not None:
                    knob.setValue(int(found[group]))


class Password_Knob(Knob):
    """Text that nobody reads over a shoulder."""

    _saved = False

    def __init__(self, name: str, label: Optional[str] = None) -> None:
        super().__init__(name, label)
        self._set_default("")

    def value(self) -> str:
        return str(self._state)

    def getText(self) -> str:
        return str(self._state)

    def setValue(self, val: str, view: str = "default") -> None:
        self._change(_need_text(self, val))


class Script_Knob(String_Knob):
    """A button that runs Tcl."""

    _user_type = 32
    _saved = False

    def value(self) -> str:
        return str(self._state)

    def command(self) -> str:
        return str(self._state)

    def setValue(self, cmd: str) -> None:
        self._change(_need_text(self, cmd))

    def setCommand(self, cmd: str) -> None:
        self._change(_need_text(self, cmd))

    def execute(self) -> None:
        raise RuntimeError("this stand-in runs no Tcl")

    def _definition(self) -> list[str]:
        return ["T", _words.quote(self._state)] if self._state else []

    def _define(self, key: str, value: str) -> None:
        if key == "T":
            self._state = value


class PyScript_Knob(Script_Knob):
    """A button that runs Python."""

    _user_type = 22

    def execute(self) -> None:
        """Press the button; while its script runs nothing can be rendered."""
        world = _world.current()
        with world.handling(), world.about(self._node, self):
            exec(self._state, _world.current().names)


class PyCustom_Knob(Script_Knob):
    """A widget of a plugin's own: its script makes an object that has `makeUI`."""

    _user_type = 52

    def getObject(self) -> Any:
        """Return the object that the script made; None before the panel was shown."""
        return getattr(self, "_object", None)

    def _make(self) -> Any:
        """Build the widget, as opening the panel does."""
        world = _world.current()
        with world.about(self._node, self):
            self._object = eval(self._state, _world.current().names)
        return self._object.makeUI()


class PythonCustomKnob(PyCustom_Knob):
    """The older name of a widget of a plugin's own."""

    def getObject(self) -> Any:
        return getattr(self, "_object", None)


class _Name(String_Knob):
    """The name of a node: setting it renames the node."""

    def setValue(self, val: str, view: str = "default") -> None:
        node = self._node
        if node is None or node._parent is None:
            self._change(_need_text(self, val))
        else:
            node.setName(val)

    def _from_words(self, text: str) -> None:
        self.setValue(text)

    def Class(self) -> str:
        return "String_Knob"


class PythonKnob(String_Knob):
    """Python that a node runs at events, for example `knobChanged`."""

    _user_type = 60


class FreeType_Knob(Knob):
    """The family and the style of a font."""


class _Event(PythonKnob):
    """The Python that every node can run at one event."""

    def _run(self) -> Any:
        """Run the script, if there is one, as Nuke does at the event."""
        if not self._state:
            return None
        return _callbacks.run_script(self._node, self, self._state)

    def Class(self) -> str:
        return "PythonKnob"
