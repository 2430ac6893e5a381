"""The kinds of nodes that every session has."""

from __future__ import annotations

from typing import Any

from hou import _cop, _scripts, _types, _world
from hou._cop import CopNode
from hou._geometry import Geometry
from hou._lists import (
    StringParmTemplate,
)
from hou._numbers import (
    FloatParmTemplate,
    IntParmTemplate,
    ToggleParmTemplate,
)
from hou._opnode import OpNode
from hou._sop import ObjNode, SopNode
from hou._top import TopNode
from hou._types import Made, add_type

MOST = 9
"""How many inputs, outputs and bindings a snippet has at most."""


def open_output(node: Any) -> None:
    """Let a geometry node have what it may write to: a copy of its first input."""
    first = node.input(0)
    made = Geometry()
    if first is not None and first._output is not None:
        made._held = first._output._held.copied(same_ids=True)
    node._output = made


def close_output(node: Any) -> None:
    """Let nobody write to what a node gives any more."""
    node._output._read_only = True


def _renew_ids(node: Any) -> None:
    """Give all attributes new data ids, as Houdini does after code that does not manage them."""
    for columns in node._output._held.columns.values():
        for each in columns.values():
            each.touch()
    node._output._held._retopologised()


def cook_sop(code: Any, manages_ids: bool = False) -> Any:
    """Return the cook of a geometry node whose content *code*, called with it, makes."""

    def cook(node: Any) -> None:
        open_output(node)
        try:
            if not node._flags["bypass"]:
                code(node)
        finally:
            if not manages_ids and not node._manages_ids and not node._flags["bypass"]:
                _renew_ids(node)
            close_output(node)

    return cook


def _pass(node: Any) -> None:
    """Give what the first input gives."""


def _python(node: Any) -> None:
    _scripts.run(node.parm("python").unexpandedString(), {}, node, node.path())


def _merge(node: Any) -> None:
    for each in node.inputs()[1:]:
        if each is not None and each._output is not None:
            node._output.merge(each._output)


def add_all() -> None:
    """Let the session have Houdini's own kinds, those that are in use."""
    add_type("Director", "root", Made(OpNode, children="Manager", most=0))
    for name, children in (("obj", "Object"), ("out", "Driver"), ("tasks", "TopNet")):
        add_type("Manager", name, Made(OpNode, children=children, most=0))
    add_type("Manager", "img", Made(OpNode, children="CopNet", most=0))
    add_type("Object", "geo", Made(ObjNode, children="Sop", label="Geometry"))
    add_type("Object", "null", Made(ObjNode, label="Null"))
    add_type("Object", "copnet", Made(ObjNode, children="Cop", label="COP Network"))
    add_type("CopNet", "copnet", Made(OpNode, children="Cop", label="COP Network"))
    add_cops()
    add_tops()
    code = StringParmTemplate("python", "Python Code", 1)
    sops = {
        "null": Made(SopNode, cook_sop(_pass, True), label="Null"),
        "output": Made(SopNode, cook_sop(_pass, True), label="Output"),
        "python": Made(SopNode, cook_sop(_python), [code], most=4, label="Python"),
        "merge": Made(SopNode, cook_sop(_merge), most=_types.MANY, label="Merge"),
    }
    for name, made in sops.items():
        add_type("Sop", name, made)


def add_cops() -> None:
    """Let the session have Copernicus' own kinds, those that are in use."""
    cops = {
        "null": Made(CopNode, _cop.cook_pass, most=4, label="Null"),
        "input": Made(CopNode, _cop.cook_input, most=0, outputs=9, label="Input"),
        "output": Made(CopNode, _cop.cook_pass, most=9, outputs=0, label="Output"),
        "pythonsnippet": Made(
            CopNode, _cop.cook_snippet, snippet(), most=MOST, outputs=MOST, label="Python Snippet"
        ),
    }
    for name, made in cops.items():
        add_type("Cop", name, made)


def add_tops() -> None:
    """Let the session have the task nodes that are in use."""
    code = [StringParmTemplate(name, name.title(), 1) for name in ("generate", "cooktask")]
    when = StringParmTemplate("pdg_workitemgeneration", "Work Item Generation", 1)
    output = IntParmTemplate("outputidx", "Output Index", 1)
    add_type("TopNet", "topnet", Made(OpNode, children="Top", label="TOP Network"))
    add_type("Object", "topnet", Made(ObjNode, children="Top", label="TOP Network"))
    add_type("Top", "null", Made(TopNode, label="Null"))
    add_type("Top", "output", Made(TopNode, None, [output], outputs=0, label="Output"))
    add_type("Top", "pythonprocessor", Made(TopNode, None, [when, *code], label="Python Processor"))


def snippet() -> list[Any]:
    """Return the parameters of a Python Snippet, its lists as long as is in use."""
    found: list[Any] = [StringParmTemplate("python", "Python Code", 1)]
    for name in ("inputs", "outputs", "bindings"):
        found.append(IntParmTemplate(name, name.title(), 1))
        one = name if name == "bindings" else name[:-1]
        for number in range(1, MOST + 1):
            found += _entry(f"{one}{number}")
    return found


def _entry(stem: str) -> list[Any]:
    return [
        *(StringParmTemplate(f"{stem}_{each}", each, 1) for each in ("name", "type", "sval")),
        ToggleParmTemplate(f"{stem}_optional", "Optional"),
        IntParmTemplate(f"{stem}_ival", "Value", 1),
        FloatParmTemplate(f"{stem}_fval", "Value", 1),
    ]


def new_scene() -> None:
    """Begin an empty scene: the root and its managers."""
    world = _world.current()
    world.selected.clear()
    world.root = OpNode(_types.find_type("Director", "root"), "", None)
    for name in ("obj", "out", "img", "tasks"):
        kind = _types.find_type("Manager", name)
        world.root._children.append(OpNode(kind, name, world.root))
    world.pwd = world.root
    world.undo.clear()
    world.modified = False
