"""Nodes: their knobs, their place, their connections."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Optional, Union

from nuke import _callbacks, _classes, _context, _expressions, _flags, _world
from nuke._choices import Channel_Knob, Link_Knob
from nuke._knobs import Knob
from nuke._pictures import _Picture
from nuke._tracks import Track

if TYPE_CHECKING:
    from nuke._nodes import Group

_QUIET = ("selected",)
"""Knobs whose change is no change of the script."""


class Node(_Picture):
    """A node; `nuke.nodes` and `nuke.createNode` make them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise TypeError("nodes are made by nuke.nodes and nuke.createNode")

    def _begin(self, node_class: str, parent: Optional[Group]) -> None:
        self._class = node_class
        self._spec = _classes.SPECS[node_class]
        self._parent = parent
        self._inputs: list[Optional[Node]] = []
        self._knobs: dict[str, Knob] = {}
        self._user: list[str] = []
        self._shown = False
        self._name = ""
        self._gone = False
        for knob in (make() for make in (*_classes.COMMON, *self._spec.knobs)):
            if node_class in _classes.BARE and knob._name in _classes.NOT_BARE:
                continue
            knob._quiet = knob._name in _QUIET
            knob._node = self
            self._knobs[knob._name] = knob
        self._apply_defaults()

    def _apply_defaults(self) -> None:
        for key, value in _world.current().defaults.items():
            node_class, _, name = key.partition(".")
            if node_class == self._class and name in self._knobs:
                knob = self._knobs[name]
                knob._node = None
                knob.fromScript(value)
                knob._node = self

    def _check(self) -> None:
        if self._gone:
            raise ValueError("A PythonObject is not attached to a node")

    def _number_of_inputs(self) -> int:
        last = max((i for i, node in enumerate(self._inputs) if node is not None), default=-1)
        return max(last + 1, self._spec.least)

    def _input(self, index: int) -> Optional[Node]:
        return self._inputs[index] if index < len(self._inputs) else None

    def _connect(self, index: int, node: Optional[Node]) -> None:
        while len(self._inputs) <= index:
            self._inputs.append(None)
        self._inputs[index] = node

    def _value(self, name: str, at: _context.Context) -> Any:
        """Return what a knob is at a moment, for evaluation."""
        knob = self._knobs[name]
        if isinstance(knob, Link_Knob):
            return knob.value()
        if isinstance(knob, Channel_Knob):
            return str(knob._state)
        if hasattr(knob, "_chosen"):
            return knob._chosen(at.frame, at.view)
        if hasattr(knob, "_numbers"):
            numbers = knob._numbers(at.frame, at.view)
            return numbers[0] if len(numbers) == 1 else numbers
        if hasattr(knob, "_evaluated"):
            return knob._evaluated(at.frame, at.view)
        return knob.value()

    def _has(self, name: str, at: _context.Context) -> bool:
        return name in self._knobs and bool(self._value(name, at))

    # ---- knobs ------------------------------------------------------------------------------

    def Class(self) -> str:
        return self._class

    def knob(self, p: Union[str, int], follow_link: bool = True) -> Optional[Knob]:
        """Return a knob; for a link the knob that it leads to, but `knobs` gives the link."""
        present = self.knobs()
        found = list(present.values())[p] if isinstance(p, int) else present.get(p)
        return (_followed(found) if follow_link else found) if found is not None else None

    def knobs(self) -> dict[str, Knob]:
        self._check()
        return {name: knob for name, knob in self._knobs.items() if self._shows(name)}

    def _shows(self, name: str) -> bool:
        """Say whether a knob is there: a Write has those of a file type once it is chosen."""
        if self._class != "Write" or name not in _classes.OF_EXR:
            return True
        chosen = self._knobs["file_type"].value().strip()
        return bool(
            chosen == "exr" or (not chosen and self._knobs["file"].value().endswith(".exr"))
        )

    def allKnobs(self) -> list[Knob]:
        return list(self._knobs.values())

    def numKnobs(self) -> int:
        return len(self._knobs)

    def __getitem__(self, name: str) -> Knob:
        self._check()
        if name not in self._knobs or not self._shows(name):
            raise NameError(f"knob {name} does not exist")
        return _followed(self._knobs[name])

    def addKnob(self, knob: Knob) -> None:
        """Add a knob of one's own; the first one opens a tab, as in Nuke."""
        if knob._node is not None:
            raise ValueError(f"the knob {knob._name} belongs to a node already")
        if not re.fullmatch(r"\w*", knob._name):
            raise ValueError(f"{knob._name!r} cannot be a knob's name")
        if not self._user and knob._user_type != 20:
            from nuke._knobs import Tab_Knob

            self._add(Tab_Knob("User", "User"))
        self._add(knob)

    def _add(self, knob: Knob) -> None:
        name = knob._name or f"_{len(self._user)}"
        while name in self._knobs and not knob._name:
            name += "_"
        knob._name = name
        self._put(knob)
        _world.current().record(f"Add {name}", lambda: self._take(knob), lambda: self._put(knob))

    def _put(self, knob: Knob) -> None:
        knob._node = self
        self._knobs[knob._name] = knob
        if knob._name not in self._user:
            self._user.append(knob._name)

    def _take(self, knob: Knob) -> None:
        self._knobs.pop(knob._name, None)
        if knob._name in self._user:
            self._user.remove(knob._name)
        knob._node = None

    def removeKnob(self, knob: Knob) -> None:
        if knob._name not in self._user:
            raise ValueError(f"{knob._name} is no user knob of {self._name}")
        if any(running is knob for _, running in _world.current().this):
            raise RuntimeError(f"{knob._name} is being executed: Nuke would crash")
        place, order = list(self._user), list(self._knobs.items())
        self._take(knob)

        def back() -> None:
            knob._node = self
            self._user, self._knobs = list(place), dict(order)

        _world.current().record(f"Remove {knob._name}", back, lambda: self._take(knob))

    def readKnobs(self, s: str) -> None:
        from nuke import _reading

        _reading.read_knobs(self, s)

    def writeKnobs(self, flags: int = _flags.WRITE_NON_DEFAULT_ONLY | _flags.TO_SCRIPT) -> str:
        from nuke import _writing

        return "\n".join(_writing.knob_lines(self))

    def resetKnobsToDefault(self) -> None:
        for knob in self._knobs.values():
            if knob._name not in ("name", "xpos", "ypos"):
                knob._change(knob._default)

    def setTab(self, tabIndex: int) -> None:
        """Show a tab of the panel."""

    # ---- name and place -----------------------------------------------------------------------

    def name(self) -> str:
        self._check()
        return self._name

    def fullName(self) -> str:
        self._check()
        names, node = [self._name], self._parent
        while node is not None and node._parent is not None:
            names.append(node._name)
            node = node._parent
        return ".".join(reversed(names))

    def setName(self, name: str, uncollide: bool = True, updateExpressions: bool = True) -> None:
        if not re.fullmatch(r"[A-Za-z_][\w]*", name):
            raise ValueError(f"{name!r} cannot be a node's name")
        parent = self._parent
        if parent is not None and parent._find(name) not in (None, self):
            if not uncollide:
                raise ValueError(f"{name} is taken")
            name = parent._free_name(name)
        before = self._name
        self._rename(name)
        _world.current().record(
            f"Rename {before}", lambda: self._rename(before), lambda: self._rename(name)
        )
        if parent is not None and updateExpressions:
            parent._follow_name(before, name)
        _callbacks.knob_changed(self, self._knobs["name"])

    def _rename(self, name: str) -> None:
        self._name = name
        self._knobs["name"]._state = name

    def parent(self) -> Optional[Group]:
        self._check()
        return self._parent

    def rootNode(self) -> Any:
        return _world.current().root

    def xpos(self) -> int:
        return int(self._knobs["xpos"].value())

    def ypos(self) -> int:
        return int(self._knobs["ypos"].value())

    def setXpos(self, x: int) -> None:
        self._knobs["xpos"].setValue(x)

    def setYpos(self, y: int) -> None:
        self._knobs["ypos"].setValue(y)

    def setXYpos(self, x: int, y: int) -> None:
        self.setXpos(x)
        self.setYpos(y)

    def autoplace(self) -> None:
        """Let Nuke choose a place; this stand-in leaves it."""

    def screenWidth(self) -> int:
        return 80

    def screenHeight(self) -> int:
        return 18

    def isSelected(self) -> bool:
        return bool(self._knobs["selected"].value())

    def setSelected(self, selected: bool) -> None:
        self._knobs["selected"]._state = (Track(float(selected)),)

    def selectOnly(self) -> None:
        for node in self._parent._children if self._parent else []:
            node.setSelected(node is self)

    def help(self) -> str:
        return str(self._knobs["help"].value())

    def redraw(self) -> None:
        """Draw the node again."""

    # ---- the panel --------------------------------------------------------------------------

    def shown(self) -> bool:
        return self._shown

    def showControlPanel(self, forceFloat: bool = False) -> None:
        if not _world.current().gui:
            return
        self._shown = True
        for knob in list(self._knobs.values()):
            if hasattr(knob, "_make"):
                knob._make()

    def hideControlPanel(self) -> None:
        self._shown = False

    # ---- the graph --------------------------------------------------------------------------

    def input(self, index: int) -> Optional[Node]:
        self._check()
        return self._input(index)

    def inputs(self) -> int:
        self._check()
        return self._number_of_inputs()

    def maxInputs(self) -> int:
        return self._maximum()

    def maximumInputs(self) -> int:
        return self._maximum()

    def minInputs(self) -> int:
        return self._spec.least

    def minimumInputs(self) -> int:
        return self._spec.least

    def _maximum(self) -> int:
        return self._spec.inputs

    def optionalInput(self) -> int:
        return self._maximum() - 1

    def canSetInput(self, i: int, node: Optional[Node]) -> bool:
        return 0 <= i < self._maximum() and (node is None or self not in _upstream(node))

    def setInput(self, i: int, node: Optional[Node]) -> bool:
        self._check()
        if not self.canSetInput(i, node):
            return False
        before = self._input(i)
        if before is node:
            return True
        self._connect(i, node)
        _world.current().record(
            f"Connect {self._name}",
            lambda: self._connect(i, before),
            lambda: self._connect(i, node),
        )
        return True

    def connectInput(self, i: int, node: Optional[Node]) -> bool:
        return self.setInput(i, node)

    def dependencies(self, what: int = _flags.INPUTS | _flags.HIDDEN_INPUTS) -> list[Node]:
        self._check()
        found = list(self._inputs) if what & (_flags.INPUTS | _flags.HIDDEN_INPUTS) else []
        if what & _flags.EXPRESSIONS:
            found += [node for knob in self._knobs.values() for node in _named(knob)]
        return list(dict.fromkeys(node for node in found if node is not None))

    def dependent(
        self,
        what: int = _flags.INPUTS | _flags.HIDDEN_INPUTS,
        forceEvaluate: bool = True,
    ) -> list[Node]:
        beside = self._parent._children if self._parent else []
        return [node for node in beside if self in node._inputs]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}>"


def _named(knob: Knob) -> list[Node]:
    """Return the nodes that a knob's expressions read."""
    state: Any = knob._state
    parts = state if isinstance(state, tuple) and not isinstance(state, Track) else (state,)
    texts = [each.expression for each in parts if isinstance(each, Track)]
    return [node for text in texts for node in _expressions.nodes_named(text, knob)]


def _followed(knob: Knob) -> Knob:
    linked = knob.getLinkedKnob() if isinstance(knob, Link_Knob) else None
    return linked or knob


def _upstream(node: Node) -> set[Node]:
    found: set[Node] = set()
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += [above for above in here._inputs if above is not None]
    return found
