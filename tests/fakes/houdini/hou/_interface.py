"""The parameters that a node has: those of its type, which must be there, and spare ones."""

from __future__ import annotations

from typing import Any

from hou import _callbacks, _world
from hou._constants import nodeEventType
from hou._errors import OperationFailed
from hou._parms import Parm, ParmTuple
from hou._template_group import ParmTemplateGroup, set_folders, walk
from hou._templates import FolderParmTemplate, ParmTemplate


def begin(node: Any) -> None:
    """Give a new node the parameters of its type."""
    _build(node, list(node._type.parmTemplateGroup()._held))


def find_parm(node: Any, name: str) -> Any:
    """Return a component by its name, for example `t` or `tx`."""
    for each in node._tuples.values():
        if name in each._names():
            return Parm(each, each._names().index(name))
    return None


def put(node: Any, group: ParmTemplateGroup, rename: bool) -> None:
    """Let *node* have the parameters of *group*, and those that its type needs.

    Raises:
        OperationFailed: two parameters have one name.
    """
    made = [each.clone() for each in group._held]
    _check_names(made, rename)
    fixed = {each.name(): each for _, each in walk(node._type.parmTemplateGroup()._held)}
    _keep_fixed(made, fixed)
    there = {each.name() for _, each in walk(made)}
    for _, each in walk(node._type.parmTemplateGroup()._held):
        if each.name() not in there and not isinstance(each, FolderParmTemplate):
            each.hide(True)
            made.append(each)
    before = node._group, node._tuples
    _build(node, made)
    after = node._group, node._tuples
    _world.current().record(
        "Change Parameter Interface", lambda: _swap(node, *before), lambda: _swap(node, *after)
    )
    _callbacks.fire(node, nodeEventType.SpareParmTemplatesChanged)


def _swap(node: Any, group: list[ParmTemplate], tuples: dict[str, ParmTuple]) -> None:
    for each in node._tuples.values():
        each._gone = True
    for each in tuples.values():
        each._gone = False
    node._group, node._tuples = group, tuples
    node._dirty()


def _check_names(templates: list[ParmTemplate], rename: bool) -> None:
    seen: set[str] = set()
    for _, each in walk(templates):
        if each.name() in seen and not isinstance(each, FolderParmTemplate):
            if not rename:
                raise OperationFailed(f"Two parameters are named {each.name()}")
            each.setName(_unlike(each.name(), seen))
        seen.add(each.name())


def _unlike(name: str, seen: set[str]) -> str:
    number = 2
    while f"{name}{number}" in seen:
        number += 1
    return f"{name}{number}"


def _keep_fixed(templates: list[ParmTemplate], fixed: dict[str, ParmTemplate]) -> None:
    """Take back what was changed of a parameter that the type has, but for being hidden."""
    for index, each in enumerate(templates):
        own = fixed.get(each.name())
        if isinstance(each, FolderParmTemplate):
            _keep_fixed(each._held, fixed)
        elif own is not None:
            kept = own.clone()
            kept.hide(each.isHidden())
            templates[index] = kept


def _build(node: Any, templates: list[ParmTemplate]) -> None:
    """Make the parameters; values of those that stay are kept, by name and kind."""
    set_folders(templates)
    own = {each.name() for _, each in walk(node._type.parmTemplateGroup()._held)}
    before, node._tuples = node._tuples, {}
    for _, template in walk(templates):
        if template.name() in node._tuples:
            continue
        made = ParmTuple(node, template, template.name() not in own)
        old = before.get(template.name())
        if old is not None and _alike(old._template, template):
            for index, slot in enumerate(old._slots[: len(made._slots)]):
                made._slots[index] = slot.copied()
        node._tuples[template.name()] = made
    for each in before.values():
        each._gone = True
    node._group = templates
    node._dirty()


def _alike(one: ParmTemplate, other: ParmTemplate) -> bool:
    return one.type() is other.type() and one.dataType() is other.dataType()
