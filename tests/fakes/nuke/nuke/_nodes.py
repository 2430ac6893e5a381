"""Groups, the script itself, and the other nodes that are more than nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Optional

from nuke import _world
from nuke._node import Node
from nuke._tracks import Track


class Group(Node):
    """A node with nodes inside."""

    def _begin(self, node_class: str, parent: Optional[Group]) -> None:
        self._children: list[Node] = []
        super()._begin(node_class, parent)

    def _maximum(self) -> int:
        return len(self._input_nodes())

    def _number_of_inputs(self) -> int:
        return max((i + 1 for i, node in enumerate(self._inputs) if node is not None), default=0)

    def _input_nodes(self) -> list[Node]:
        found = [node for node in self._children if node._class == "Input"]
        return sorted(found, key=lambda node: int(node._knobs["number"].value()))

    def _output_node(self) -> Optional[Node]:
        return next((node for node in self._children if node._class == "Output"), None)

    def _find(self, path: str) -> Optional[Node]:
        first, _, rest = path.partition(".")
        node = next((node for node in self._children if node._name == first), None)
        if not rest or node is None:
            return node
        return node._find(rest) if isinstance(node, Group) else None

    def _free_name(self, wish: str) -> str:
        base, taken = wish.rstrip("0123456789"), {node._name for node in self._children}
        number = 1
        while f"{base}{number}" in taken:
            number += 1
        return f"{base}{number}"

    def _follow_name(self, before: str, after: str) -> None:
        """Let the expressions of nodes beside follow a new name."""
        pattern = re.compile(rf"\b{re.escape(before)}\.")
        for node in self._children:
            for knob in node._knobs.values():
                state: Any = knob._state
                if isinstance(state, tuple) and any(
                    isinstance(track, Track) and pattern.search(track.expression) for track in state
                ):
                    knob._state = tuple(
                        track._replace(expression=pattern.sub(f"{after}.", track.expression))
                        for track in state
                    )

    def _walk(self) -> Iterator[Node]:
        for node in list(self._children):
            yield node
            if isinstance(node, Group):
                yield from node._walk()

    def node(self, s: str) -> Optional[Node]:
        self._check()
        return self._find(s)

    def nodes(self) -> list[Node]:
        self._check()
        return list(reversed(self._children))

    def numNodes(self) -> int:
        return len(self._children)

    def output(self) -> Optional[Node]:
        return self._output_node()

    def selectedNodes(self) -> list[Node]:
        return [node for node in self.nodes() if node.isSelected()]

    def begin(self) -> Group:
        self._check()
        _world.current().groups.append(self)
        return self

    def end(self) -> None:
        world = _world.current()
        if not world.groups or world.groups[-1] is not self:
            raise RuntimeError(f"{self._name} is not the group that was begun last")
        world.groups.pop()

    def run(self, call: Any) -> Any:
        with _world.current().inside(self):
            return call()

    def __enter__(self) -> Group:
        return self.begin()

    def __exit__(self, type: Any, value: Any, traceback: Any) -> None:
        self.end()


class Root(Group):
    """The script itself."""

    def _begin_root(self) -> None:
        self._views = ["main"]
        self._begin("Root", None)
        for name in ("frame",):
            self._knobs[name]._quiet = True
        self._name = "Root"

    def _frame(self) -> float:
        return float(self._knobs["frame"]._state[0].constant)

    def _scale(self) -> float:
        if not self._knobs["proxy"].value():
            return 1.0
        if self._knobs["proxy_type"].value() == "scale":
            return float(self._knobs["proxy_scale"].value())
        full, small = (self._knobs[name].value() for name in ("format", "proxy_format"))
        return float(small.width()) / float(full.width())

    def name(self) -> str:
        name = str(self._knobs["name"].value())
        return name or "Root"

    def modified(self) -> bool:
        return _world.current().modified

    def setModified(self, modified: bool) -> None:
        _world.current().modified = bool(modified)

    def firstFrame(self) -> int:
        return int(self._knobs["first_frame"].value())

    def lastFrame(self) -> int:
        return int(self._knobs["last_frame"].value())

    def fps(self) -> int:
        return int(self._knobs["fps"].value())

    def realFps(self) -> float:
        return float(self._knobs["fps"].value())

    def setFrame(self, n: float) -> None:
        self._knobs["frame"].setValue(n)

    def proxy(self) -> bool:
        return bool(self._knobs["proxy"].value())

    def setProxy(self, on: bool) -> None:
        self._knobs["proxy"].setValue(on)

    def addView(self, s: str, color: str = "") -> None:
        if s not in self._views:
            self._views.append(s)
            _world.current().touch()

    def deleteView(self, s: str) -> None:
        self._views.remove(s)
        _world.current().touch()

    def channels(self) -> list[str]:
        return sorted(name for names in _world.current().layers.values() for name in names)

    def layers(self) -> list[str]:
        return sorted(_world.current().layers)


class Viewer(Node):
    """What the user looks through."""


class BackdropNode(Node):
    """A coloured box behind nodes."""

    def getNodes(self) -> list[Node]:
        return []


KINDS: dict[str, type[Node]] = {
    "Group": Group,
    "Root": Root,
    "Viewer": Viewer,
    "BackdropNode": BackdropNode,
}
