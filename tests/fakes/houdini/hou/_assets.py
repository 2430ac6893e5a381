"""What an installed asset's nodes do: run its code, or cook the network inside."""

from __future__ import annotations

from typing import Any

from hou import _cop, _dialog, _items, _nodes, _scripts, _types, _world
from hou._contents import Inner
from hou._errors import OperationFailed
from hou._opnode import OpNode
from hou._sop import SopNode
from hou._template_group import ParmTemplateGroup, walk
from hou._top import TopNode
from hou._types import Made

CLASSES: dict[str, Any] = {"Sop": SopNode, "Cop": _cop.CopNode, "Top": TopNode}


def equip(made: Made, definition: Any, contents: dict[str, Inner]) -> None:
    """Give an asset's type what its nodes are and do.

    Raises:
        OperationFailed: it has neither code nor a network.
    """
    table = definition._facts["Table"]
    kind = CLASSES.get(table, OpNode)
    made.outputs = max(1, _outputs(contents))
    if contents:
        made.children = table
        made.make = lambda *args: _filled(kind(*args), contents)
        made.cook = _cop.cook_asset if table == "Cop" else None
    elif definition.hasSection("PythonCook") and table == "Sop":
        made.make = kind
        made.cook = _nodes.cook_sop(lambda node: _run(definition, node))
    else:
        raise OperationFailed(f"{definition.nodeTypeName()} has neither code nor a network")


def _outputs(contents: dict[str, Inner]) -> int:
    return max((len(each.wires) for each in contents.values() if each.kind == "output"), default=0)


def _run(definition: Any, node: Any) -> None:
    _scripts.run(definition._text("PythonCook"), {}, node, f"{node.path()}/PythonCook")


def _filled(node: Any, contents: dict[str, Inner]) -> Any:
    """Make the network inside of a new node; nothing of it is an undo step."""
    world = _world.current()
    was, world.loading = world.loading, True
    try:
        for name, inner in contents.items():
            kind = _types.find_type(node._type._made.children, inner.kind, exact=True)
            made = kind._made.make(kind, _items.free_name(name, node), node)
            node._children.append(made)
            _set(made, inner)
        for name, inner in contents.items():
            _wire(node, name, inner)
    finally:
        world.loading = was
    return node


def _set(made: Any, inner: Inner) -> None:
    if inner.spare:
        group = ParmTemplateGroup(made._group)
        for each in _dialog.parse_spare(inner.spare):
            group.append(each)
        made.setParmTemplateGroup(group)
    known = {template.name() for _, template in walk(made._group)}
    for name, values in inner.values.items():
        if name not in known:
            raise OperationFailed(f"{made._type._name} has no parameter {name}")
        for parm, value in zip(made.parmTuple(name), values):
            parm.set(_read(parm, value))
    flags = getattr(made, "_flags", {})
    flags.update({name: on for name, on in inner.flags.items() if name in flags})


def _read(parm: Any, value: str) -> Any:
    if parm._texts():
        return value
    if value in ("on", "off"):
        return int(value == "on")
    return float(value)


def _wire(node: Any, name: str, inner: Inner) -> None:
    for index, (other, output) in inner.wires.items():
        found = node.node(other)
        if found is None:
            raise OperationFailed(f"{name} is wired to {other}, which is not there")
        node.node(name).setInput(index, found, output)
