"""Nodes as text: for copies, the clipboard and scenes. What is cached is not kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from hou import _constants, _lists, _numbers, _templates, _types, _world
from hou._enums import EnumValue
from hou._items import free_name
from hou._parms import Slot
from hou._template_group import ParmTemplateGroup


def to_text(items: Iterable[Any]) -> str:
    """Return nodes, their wires among each other, and all that is inside."""
    nodes = list(items)
    return json.dumps([to_record(each, nodes) for each in nodes])


def to_record(node: Any, among: Sequence[Any]) -> dict[str, Any]:
    """Return a node with what is inside; wires only to nodes in *among*."""
    return {
        "type": node._type._name,
        "name": node._name,
        "user_data": dict(node._user_data),
        "comment": node._comment,
        "flags": dict(getattr(node, "_flags", {})),
        "spare": [_pack(each) for each in node._group] if _has_spare(node) else None,
        "values": {name: [_slot(s) for s in each._slots] for name, each in node._tuples.items()},
        "wires": [
            [wire[0]._name, wire[1]] if wire and wire[0] in among else None for wire in node._wires
        ],
        "inside": [to_record(each, node._children) for each in node._children],
    }


def _has_spare(node: Any) -> bool:
    return any(each._spare for each in node._tuples.values())


def _slot(slot: Slot) -> list[Any]:
    return [slot.value, slot.expression, repr(slot.language), slot.locked]


def paste(text: str, parent: Any) -> tuple[Any, ...]:
    """Make the nodes of *text* inside *parent*, under names that are free there."""
    return from_records(json.loads(text or "[]"), parent)


def copy_into(items: Sequence[Any], parent: Any) -> tuple[Any, ...]:
    """Make copies of nodes inside *parent*."""
    return paste(to_text(items), parent)


def from_records(records: Sequence[dict[str, Any]], parent: Any) -> tuple[Any, ...]:
    """Make the nodes of *records* inside *parent*."""
    made: dict[str, Any] = {}
    for each in records:
        made[each["name"]] = _make(each, parent)
    for each in records:
        for index, wire in enumerate(each["wires"]):
            if wire is not None:
                made[each["name"]].setInput(index, made[wire[0]], wire[1])
    return tuple(made.values())


def _make(record: dict[str, Any], parent: Any) -> Any:
    kind = _types.find_type(parent._type._made.children, record["type"])
    node = kind._made.make(kind, free_name(record["name"], parent), parent)
    fill(node, record)
    parent._adopt(node)
    _world.current().record("Paste", lambda: parent._disown(node), lambda: parent._adopt(node))
    if kind._made.definition is not None:
        kind._made.definition._run_event("OnLoaded", node)
    return node


def fill(node: Any, record: dict[str, Any]) -> None:
    """Give a node what *record* says of it."""
    if record["spare"] is not None:
        group = ParmTemplateGroup([_unpack(each) for each in record["spare"]])
        node.setParmTemplateGroup(group)
    for name, slots in record["values"].items():
        held = node._tuples.get(name)
        for index, slot in enumerate(slots if held is not None else ()):
            held._slots[index] = _read_slot(slot)
    node._user_data = dict(record["user_data"])
    node._comment = record["comment"]
    if record["flags"]:
        node._flags.update(record["flags"])
    from_records(record["inside"], node)


def _read_slot(given: list[Any]) -> Slot:
    slot = Slot(given[0])
    slot.expression, slot.locked = given[1], given[3]
    slot.language = _enum(given[2])
    return slot


def _enum(text: str) -> EnumValue:
    owner, _, name = text.partition(".")
    return getattr(getattr(_constants, owner), name)


def _pack(value: Any) -> Any:
    """Return a template, or a part of one, as JSON can hold it."""
    if isinstance(value, EnumValue):
        return {"enum": repr(value)}
    if isinstance(value, _templates.ParmTemplate):
        return {"template": type(value).__name__, "has": _pack(vars(value))}
    if isinstance(value, dict):
        return {"pairs": [[_pack(key), _pack(each)] for key, each in value.items()]}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [_pack(each) for each in value]}
    return value


def _unpack(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "enum" in value:
        return _enum(value["enum"])
    if "template" in value:
        name = value["template"]
        homes = (_templates, _numbers, _lists)
        kind: Any = next(vars(each)[name] for each in homes if name in vars(each))
        made = kind.__new__(kind)
        vars(made).update(_unpack(value["has"]))
        return made
    if "pairs" in value:
        return {_unpack(key): _unpack(each) for key, each in value["pairs"]}
    kind, items = next(iter(value.items()))
    return (list if kind == "list" else tuple)(_unpack(each) for each in items)
