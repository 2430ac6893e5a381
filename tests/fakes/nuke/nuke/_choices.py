"""Knobs with which something is chosen: entries of a list, channels, formats, other knobs."""

from __future__ import annotations

from typing import Any, Optional, Union

from nuke import _flags, _words, _world
from nuke._formats import Format, find_format
from nuke._knobs import Knob
from nuke._tracks import Track
from nuke._values import Unsigned_Knob


class Enumeration_Knob(Unsigned_Knob):
    """One entry of a list; an entry is its text, or its text, a tab and what the panel shows."""

    _user_type = 4

    def __init__(self, name: str, label: Optional[str], values: list[str]) -> None:
        super().__init__(name, label)
        self._values = [str(value) for value in values]
        self._set_default(0)

    def _names(self) -> list[str]:
        return [value.split("\t")[0] for value in self._values]

    def _numbers(self, frame: Optional[float] = None, view: str = "") -> list[float]:
        if isinstance(self._state, Track):
            at = _world.current().root._frame() if frame is None else frame
            return [float(int(self._state.at(self, at, view)))]
        return [float(self._state)]

    def _chosen(self, frame: Optional[float] = None, view: str = "") -> str:
        names, index = self._names(), int(self._numbers(frame, view)[0])
        return names[index] if 0 <= index < len(names) else "0"

    def _key(self, frame: float, view: str) -> str:
        return self._chosen(frame, view)

    def _to_word(self) -> str:
        if isinstance(self._state, Track):
            return "{" + self._state.to_word() + "}"
        return _words.quote(self._chosen())

    def _from_words(self, text: str) -> None:
        known = text in self._names()
        if not known and text.startswith("{") and text.endswith("}"):
            self._change(Track(expression=_words.unquote(_words.unquote(text))))
            return
        if not known:
            # What a script chose stays chosen, though the list no longer has it.
            self._values.append(text)
        self._change(self._names().index(text))

    def _definition(self) -> list[str]:
        return ["M", "{" + " ".join(_words.quote(value) for value in self._values) + "}"]

    def _define(self, key: str, value: str) -> None:
        if key == "M":
            self._values = list(_words.split(value))

    def value(self) -> str:
        return self._chosen()

    def values(self) -> list[str]:
        return list(self._values)

    def numValues(self) -> int:
        return len(self._values)

    def enumName(self, n: int) -> str:
        return self._names()[n]

    def setValues(self, values: list[str]) -> None:
        """Replace the list; what was chosen stays chosen where the new list has it."""
        chosen, before, state = self._chosen(), list(self._values), self._state
        after = [str(value) for value in values]
        self._values = after
        index = self._names().index(chosen) if chosen in self._names() else 0
        self._state = state if isinstance(state, Track) else index
        new = self._state
        if self._node is not None:
            self._record(lambda: self._swap(before, state), lambda: self._swap(after, new))

    def _swap(self, values: list[str], state: Any) -> None:
        self._values, self._state = values, state

    def setValue(self, value: Union[str, int, float]) -> bool:
        if isinstance(value, str):
            if value not in self._names():
                raise TypeError(f"{self.name()}: {value!r} is none of {self._names()}")
            value = self._names().index(value)
        self._change(int(value))
        return True

    def setExpression(self, expression: str, channel: int = -1, view: Optional[str] = None) -> bool:
        self._need_node()
        self._change(Track(expression=expression))
        return True

    def hasExpression(self, index: int = -1) -> bool:
        return isinstance(self._state, Track)

    def isAnimated(self, index: int = -1) -> bool:
        return isinstance(self._state, Track)

    def clearAnimated(self, index: int = -1) -> bool:
        self._change(int(self._numbers()[0]))
        return True


class CascadingEnumeration_Knob(Enumeration_Knob):
    """A list whose entries' slashes make menus."""

    _user_type = 68


class Pulldown_Knob(Enumeration_Knob):
    """A list of commands; each entry is a name and a script."""

    _user_type = 35
    _saved = False

    def value(self) -> str:
        return self._chosen()

    def numValues(self) -> int:
        return len(self._values)


class Radio_Knob(Enumeration_Knob):
    """A list of which every entry is shown."""


_SHORT = {f"rgba.{word}": word for word in ("red", "green", "blue", "alpha")}
_WHOLE = {word: name for name, word in _SHORT.items()}


class Channel_Knob(Knob):
    """A layer or, with a depth of 1, one channel; a text such as `rgb` or `depth.Z`."""

    _user_type = 11

    def __init__(self, name: str, label: Optional[str] = None, channels: int = 4) -> None:
        super().__init__(name, label)
        self._depth = channels
        self._set_default("none")

    def value(self) -> str:
        """Return the choice; of the main layer's channels without the layer's name."""
        return _SHORT.get(self._state, str(self._state))

    def getValue(self, channel: int = -1) -> str:
        return self.value()

    def setValue(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{self.name()}: the name of a layer is needed, not {name!r}")
        self._change(_WHOLE.get(name, name))

    def _from_words(self, text: str) -> None:
        self.setValue(text)

    def depth(self) -> int:
        return self._depth

    def _to_word(self) -> str:
        return _words.quote(self._state)


class ChannelMask_Knob(Channel_Knob):
    """A set of channels."""

    _user_type = 10

    def __init__(self, name: str, label: Optional[str] = None, channels: int = 4) -> None:
        super().__init__(name, label, channels)
        self._set_default("all")


class Format_Knob(Knob):
    """A format: by name, or by numbers."""

    _user_type = 17

    def __init__(self, name: str, label: Optional[str] = None) -> None:
        super().__init__(name, label)
        self._set_default(None)

    def _format(self) -> Format:
        root: Any = _world.current().root
        return self._state or root._knobs["format"]._state

    def value(self) -> Format:
        return self._format()

    def actualValue(self) -> Format:
        return self._format()

    def name(self) -> str:
        return self._name

    def setValue(self, value: Union[Format, str]) -> bool:
        self._change(value if isinstance(value, Format) else find_format(value))
        return True

    def _to_word(self) -> str:
        return _words.quote(self._format()._to_text())

    def _from_words(self, text: str) -> None:
        self._change(find_format(text))

    def _key(self, frame: float, view: str) -> str:
        return self._format()._to_text()


class Link_Knob(Knob):
    """Another node's knob on this panel."""

    _user_type = 41
    _saved = False

    def __init__(self, name: str, label: Optional[str] = None) -> None:
        super().__init__(name, label)
        self._set_default("")

    def makeLink(self, s: str, t: str) -> None:
        self._change(f"{s}.{t}")

    def setLink(self, s: str) -> None:
        self._change(s)

    def getLink(self) -> str:
        return str(self._state)

    def getLinkedKnob(self) -> Optional[Knob]:
        node, _, name = self._state.rpartition(".")
        inside: Any = self._node
        found = inside._find(node) if hasattr(inside, "_find") else None
        return found._knobs.get(name) if found else None

    def value(self) -> Any:
        linked = self.getLinkedKnob()
        return linked.value() if linked else self._state

    def setValue(self) -> None:
        """Do nothing: what the knob shows is set at the other node."""

    def _definition(self) -> list[str]:
        return ["T", self._state]

    def _define(self, key: str, value: str) -> None:
        if key == "T":
            self._state = value


class MultiView_Knob(Knob):
    """A set of views."""

    def __init__(self, name: str, label: Optional[str] = None) -> None:
        super().__init__(name, label)
        self._set_default("")

    def value(self) -> str:
        return str(self._state)

    def setValue(self, value: str) -> bool:
        self._change(value)
        return True


class OneView_Knob(Enumeration_Knob):
    """One of the script's views."""

    def __init__(self, name: str, label: Optional[str] = None) -> None:
        super().__init__(name, label, ["main"])
        self._flags |= _flags.NO_ANIMATION

    def _names(self) -> list[str]:
        return list(_world.current().root._views)
