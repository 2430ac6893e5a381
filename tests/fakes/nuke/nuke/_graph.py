"""Making, finding, selecting and deleting nodes."""

from __future__ import annotations

from typing import Any, Optional, Union

from nuke import _callbacks, _classes, _words, _world
from nuke._guard import Guarded, on_main
from nuke._nodes import KINDS, Group, Node, Root


def make(node_class: str, parent: Group) -> Node:
    """Make a node without connections and add it to *parent*."""
    if node_class not in _classes.SPECS or node_class == "Root":
        raise RuntimeError(f"{node_class}: Unknown command")
    kind = KINDS.get(node_class, Node)
    node = object.__new__(kind)
    node._begin(node_class, parent)
    node._rename(parent._free_name(_classes.base_name(node_class)))
    if node_class == "Input":
        number = len(parent._input_nodes())
        node._knobs["number"].setDefaultValue([0])  # type: ignore[attr-defined]
        node._knobs["number"]._from_words(str(number))
    _add(node, parent)
    _world.current().record(f"Create {node._name}", lambda: _drop(node), lambda: _add(node, parent))
    return node


def _add(node: Node, parent: Group) -> None:
    parent._children.append(node)
    node._gone = False


def _drop(node: Node) -> list[tuple[Node, int]]:
    """Take *node* out of its group and return where it was connected."""
    parent = node._parent
    places = []
    if parent is not None and node in parent._children:
        for other in parent._children:
            for index, source in enumerate(other._inputs):
                if source is node:
                    other._inputs[index] = None
                    places.append((other, index))
        parent._children.remove(node)
    node._gone = True
    return places


def start_root() -> Root:
    """Make the empty script."""
    root = object.__new__(Root)
    root._begin_root()
    return root


class NodeConstructor(Guarded):
    """Makes nodes of one class: knobs by keyword, `inputs` as a list, no panel, no selection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._class = str(args[0])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        _world.check_thread(f"nuke.nodes.{self._class}")
        world = _world.current()
        world.undo.begin(f"Create {self._class}")
        try:
            return self._made(kwargs.pop("inputs", ()), kwargs)
        finally:
            world.undo.end()

    def _made(self, inputs: Any, knobs: dict[str, Any]) -> Node:
        node = make(self._class, _world.current().group)
        for index, source in enumerate(inputs):
            node.setInput(index, source)
        for name, value in knobs.items():
            node[name].setValue(value)
        _callbacks.fire_at_node("onCreate", node)
        return node


class Nodes:
    """`nuke.nodes`: a constructor for each class."""

    def __getattr__(self, item: str) -> NodeConstructor:
        if item.startswith("_"):
            raise AttributeError(item)
        return NodeConstructor(item)


@on_main
def createNode(typ: str, knobs: str = "", inpanel: bool = True) -> Node:
    """Make a node as the menu does: connected to what is selected, selected, its panel open."""
    world = _world.current()
    parent = world.group
    selected = [node for node in reversed(parent._children) if node.isSelected()]
    world.undo.begin(f"Create {typ}")
    try:
        node = make(typ, parent)
        if selected and node.canSetInput(0, selected[0]):
            node.setInput(0, selected[0])
        words = list(_words.split(knobs))
        for name, value in zip(words[::2], words[1::2]):
            node[name].fromScript(value)
        node.selectOnly()
        if inpanel:
            node.showControlPanel()
        _callbacks.fire_at_node("onUserCreate", node)
        _callbacks.fire_at_node("onCreate", node)
    finally:
        world.undo.end()
    return node


@on_main
def delete(n: Optional[Node]) -> None:
    """Delete a node; what it fed is left without that input."""
    if n is None or n._gone or n._parent is None:
        raise ValueError("A PythonObject is not attached to a node")
    world = _world.current()
    _callbacks.fire_at_node("onDestroy", n)
    parent = n._parent
    places = _drop(n)

    def back() -> None:
        _add(n, parent)
        for other, index in places:
            other._connect(index, n)

    world.record(f"Delete {n._name}", back, lambda: _drop(n) and None)


@on_main
def root() -> Root:
    return _world.current().root


@on_main
def toNode(s: str) -> Optional[Node]:
    """Return the node of that name in the current group, or by its full name from the root."""
    if s in ("root", "Root"):
        return _world.current().root
    if s == "this":
        return thisNode()
    found = _world.current().group._find(s.replace("root.", "", 1))
    return found or (_world.current().root._find(s) if "." in s else None)


@on_main
def allNodes(
    filter: Optional[str] = None,
    group: Optional[Group] = None,
    recurseGroups: bool = False,
) -> list[Node]:
    """Return the nodes of a group, the latest first."""
    where = group or _world.current().group
    nodes = where._walk() if recurseGroups else iter(where._children)
    return [node for node in reversed(list(nodes)) if filter in (None, node._class)]


@on_main
def selectedNodes(filter: Optional[str] = None) -> list[Node]:
    nodes = [node for node in reversed(_world.current().group._children) if node.isSelected()]
    return [node for node in nodes if filter in (None, node._class)]


@on_main
def selectedNode() -> Node:
    nodes = selectedNodes()
    if not nodes:
        raise ValueError("no node selected")
    return nodes[0]


@on_main
def nodesSelected() -> bool:
    return bool(selectedNodes())


@on_main
def selectAll() -> None:
    for node in _world.current().group._children:
        node.setSelected(True)


@on_main
def invertSelection() -> None:
    for node in _world.current().group._children:
        node.setSelected(not node.isSelected())


@on_main
def thisNode() -> Node:
    """Return the node that a callback, a button or an expression is about; else the group."""
    this = _world.current().this
    if this and this[-1][0] is None:
        raise ValueError("there is no thisNode in this callback")
    node = this[-1][0] if this else _world.current().group
    assert node is not None
    return node


@on_main
def thisKnob() -> Any:
    this = _world.current().this
    return this[-1][1] if this else None


@on_main
def thisClass() -> str:
    return thisNode().Class()


@on_main
def thisGroup() -> Group:
    return _world.current().group


@on_main
def thisParent() -> Optional[Group]:
    return thisNode()._parent


@on_main
def thisRoot() -> Root:
    return _world.current().root


@on_main
def thisView() -> str:
    return str(_world.current().root._views[0])


@on_main
def activeGroup() -> Group:
    """Return the group whose node graph the user works in."""
    return _world.current().group


@on_main
def exists(s: str) -> bool:
    """Say whether there is a node of that name, or a knob of a node."""
    node, _, knob = s.rpartition(".")
    if toNode(s) is not None:
        return True
    found = toNode(node) if node else None
    return found is not None and knob in found._knobs


@on_main
def knobDefault(classknob: str, value: Optional[str] = None) -> Optional[str]:
    """Set what new nodes have, as `Class.knob`; or return it."""
    defaults = _world.current().defaults
    if value is not None:
        defaults[classknob] = value
    return defaults.get(classknob)


@on_main
def nodeTypes(force_plugin_load: bool = False) -> list[str]:
    return sorted(_classes.SPECS)


@on_main
def dependencies(nodes: Union[Node, list[Node]], what: int = 15) -> list[Node]:
    given = nodes if isinstance(nodes, (list, tuple)) else [nodes]
    return [above for node in given for above in node.dependencies(what)]


@on_main
def dependentNodes(
    what: int = 15,
    nodes: Any = (),
    evaluateAll: bool = True,
) -> list[Node]:
    given = nodes if isinstance(nodes, (list, tuple)) else [nodes]
    return [below for node in given for below in node.dependent(what)]
