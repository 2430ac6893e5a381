"""Scripts read back: the stack of Nuke's script language, nodes, groups and their knobs."""

from __future__ import annotations

from typing import Any, Optional

from nuke import (
    _callbacks,
    _choices,
    _flags,
    _graph,
    _knobs,
    _layers,
    _texts,
    _values,
    _words,
    _world,
)
from nuke._knobs import Knob
from nuke._nodes import Group, Node

_MODULES = (_knobs, _values, _texts, _choices)
IGNORED = {"version", "define_window_layout_xml", "add_toolbar"}


def _user_classes() -> dict[int, Any]:
    """Return the class of each number that `addUserKnob` knows."""
    found: dict[int, Any] = {}
    for module in _MODULES:
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, Knob) and "_user_type" in vars(kind):
                found[kind._user_type] = kind
    return found


class _Reader:
    """Reads one script into a group."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.made: list[Node] = []
        self.loaded: list[tuple[Node, list[Knob]]] = []

    def read(self, text: str) -> None:
        groups: list[tuple[Group, list[Optional[Node]], dict[str, Optional[Node]]]] = []
        group, stack, names = self.group, [], {}  # type: ignore[var-annotated]
        for words in _words.commands(text):
            command = words[0]
            if command == "end_group":
                group, stack, names = groups.pop()
            elif command == "push":
                stack.append(_named(words[1], names))
            elif command == "set":
                names[words[1]] = stack[-1] if stack else None
            elif command == "add_layer":
                name, *channels = list(_words.split(words[1]))
                _layers.declare_layer(name, channels)
            elif command == "Root":
                read_knobs(_world.current().root, words[1])
            elif command not in IGNORED:
                node = self._node(command, words[1], group, stack)
                if isinstance(node, Group):
                    groups.append((group, stack, names))
                    group, stack, names = node, [], {}
        if groups:
            raise RuntimeError("a Group of the script has no end_group")

    def _node(self, command: str, body: str, group: Group, stack: list[Optional[Node]]) -> Node:
        node = _graph.make(command, group)
        pairs = _pairs(body)
        count = next((value for name, value in pairs if name == "inputs"), "1")
        if command in ("Input", "Read", "CheckerBoard2", "BackdropNode", "StickyNote"):
            count = next((value for name, value in pairs if name == "inputs"), "0")
        for index in range(sum(int(part) for part in count.split("+"))):
            node._connect(index, stack.pop() if stack else None)
        knobs = _apply(node, pairs)
        stack.append(node)
        if group is self.group:
            self.made.append(node)
        self.loaded.append((node, knobs))
        return node


def _named(word: str, names: dict[str, Optional[Node]]) -> Optional[Node]:
    return names.get(word[1:]) if word.startswith("$") else None


def _pairs(body: str) -> list[tuple[str, str]]:
    words = list(_words.split(body))
    return list(zip(words[::2], words[1::2]))


def read_script(text: str, group: Group) -> list[Node]:
    """Add the nodes of *text* to *group* and return those that stand in it directly."""
    reader = _Reader(group)
    reader.read(text)
    for node, _ in reader.loaded:
        _callbacks.fire_at_node("onCreate", node)
    for node, knobs in reader.loaded:
        _callbacks.knobs_loaded(node, knobs)
    return reader.made


def read_knobs(node: Node, text: str) -> None:
    """Set knobs from lines such as a script holds, and add the user knobs that they define."""
    _apply(node, _pairs(text))


def _apply(node: Node, pairs: list[tuple[str, str]]) -> list[Knob]:
    touched: list[Knob] = []
    for name, value in pairs:
        if name == "addUserKnob":
            _define(node, list(_words.split(value)))
        elif name == "name" and node._parent is not None:
            _name(node, value)
        elif name == "views" and node._class == "Root":
            node._views = [line.split()[0] for line in value.splitlines() if line.strip()]  # type: ignore[attr-defined]
        elif name in node._knobs:
            node._knobs[name]._from_words(value)
            touched.append(node._knobs[name])
        elif name != "inputs":
            _unknown(node, name)
    return touched


def _unknown(node: Node, name: str) -> None:
    raise RuntimeError(f"{node._class}: {node._name}: there is no knob {name}")


def _name(node: Node, wish: str) -> None:
    parent = node._parent
    assert parent is not None
    node._rename("")
    node._rename(wish if parent._find(wish) in (None, node) else parent._free_name(wish))


def _define(node: Node, words: list[str]) -> None:
    """Make the knob of an `addUserKnob`: a number, a name, then keys, flags and values."""
    kind = _user_classes().get(int(words[0]))
    if kind is None:
        raise RuntimeError(f"addUserKnob: this stand-in knows no type {words[0]}")
    name = words[1] if len(words) > 1 else ""
    knob = kind(name, None, []) if issubclass(kind, _choices.Enumeration_Knob) else kind(name)
    _describe(knob, words[2:])
    node._add(knob)


def _describe(knob: Knob, words: list[str]) -> None:
    rest = iter(words)
    for word in rest:
        if word[:1] in "+-" and word[1:].isupper():
            _set_flag(knob, word)
        elif word == "l":
            knob._label = next(rest)
        elif word == "t":
            knob._tooltip = next(rest)
        elif word == "R":
            knob._define("R", f"{next(rest)} {next(rest)}")
        else:
            knob._define(word, next(rest))


def _set_flag(knob: Knob, word: str) -> None:
    flag = getattr(_flags, word[1:], 0)
    knob._flags = knob._flags | flag if word[0] == "+" else knob._flags & ~flag
