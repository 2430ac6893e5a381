"""Kinds of nodes, and the categories that they belong to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Optional

from hou import _world
from hou._constants import nodeTypeSource
from hou._errors import OperationFailed
from hou._guard import Guarded
from hou._template_group import ParmTemplateGroup

if TYPE_CHECKING:
    from hou._hda import HDADefinition, HDAModule
    from hou._opnode import OpNode
    from hou._templates import ParmTemplate

MANY = 9999


@dataclass
class Made:
    """What makes a type what it is.

    Attributes:
        cook: computes what a node gives; None where it has only children.
        children: the category of the nodes inside.
    """

    make: Any
    cook: Optional[Callable[[Any], Any]] = None
    templates: list[ParmTemplate] = field(default_factory=list)
    least: int = 0
    most: int = 1
    outputs: int = 1
    children: str = ""
    label: str = ""
    icon: str = ""
    definition: Optional[Any] = None
    input_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()


class NodeTypeCategory(Guarded):
    """A kind of network: what nodes are of it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._name, self._class = args

    def name(self) -> str:
        return self._name

    def typeName(self) -> str:
        return self._name.upper()

    def label(self) -> str:
        return self._name

    def nodeTypes(self) -> dict[str, OpNodeType]:
        types = _world.current().types.values()
        return {each._name: each for each in types if each._category == self._name}

    def nodeType(self, type_name: str) -> Optional[OpNodeType]:
        return self.nodeTypes().get(type_name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NodeTypeCategory) and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)


class OpNodeTypeCategory(NodeTypeCategory):
    """A category of operators."""

    def nodeVerb(self, verb_name: str) -> Any:
        from hou import _verbs

        return _verbs.find_verb(verb_name) if self._name == "Sop" else None


class NodeType(Guarded):
    """A kind of node."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._category, self._name, self._made = args

    def category(self) -> NodeTypeCategory:
        return OpNodeTypeCategory(self._category, None)

    def name(self) -> str:
        return self._name

    def nameComponents(self) -> tuple[str, ...]:
        return components(self._name)

    def description(self) -> str:
        return self._made.label or self._name

    def nameWithCategory(self) -> str:
        return f"{self._category}/{self._name}"

    def icon(self) -> str:
        return self._made.icon

    def minNumInputs(self) -> int:
        return self._made.least

    def maxNumInputs(self) -> int:
        return self._made.most

    def maxNumOutputs(self) -> int:
        return self._made.outputs

    def parmTemplateGroup(self) -> ParmTemplateGroup:
        return ParmTemplateGroup(self._made.templates)

    def parmTemplates(self) -> tuple[ParmTemplate, ...]:
        return self.parmTemplateGroup().parmTemplates()

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, NodeType)
        return same and other.nameWithCategory() == self.nameWithCategory()

    def __hash__(self) -> int:
        return hash(self._name)


class OpNodeType(NodeType):
    """A kind of operator: built in, or a digital asset."""

    def definition(self) -> Optional[HDADefinition]:
        return self._made.definition

    def hdaModule(self) -> Optional[HDAModule]:
        return self._made.definition._module() if self._made.definition else None

    def instances(self) -> tuple[OpNode, ...]:
        nodes = _world.current().root._below()
        return tuple(each for each in nodes if each._type is self)

    def source(self) -> Any:
        asset = self._made.definition is not None
        return nodeTypeSource.CompiledCode if not asset else nodeTypeSource.Expanded


def components(name: str) -> tuple[str, str, str, str]:
    """Return the network type, namespace, name and version in a type's name."""
    scope, _, rest = name.rpartition("/")
    parts = rest.split("::")
    if len(parts) == 1:
        return scope, "", parts[0], ""
    if len(parts) == 2 and re.fullmatch(r"[\d.]+", parts[1]):
        return scope, "", parts[0], parts[1]
    return scope, parts[0], parts[1], parts[2] if len(parts) > 2 else ""


def find_type(category: str, name: str, exact: bool = False) -> OpNodeType:
    """Return the type that *name* asks for: without a version, the latest.

    Raises:
        OperationFailed: there is none.
    """
    types = [each for each in _world.current().types.values() if each._category == category]
    for each in types:
        if each._name == name:
            return each
    fitting = [] if exact else [each for each in types if _fits(each._name, name)]
    if not fitting:
        raise OperationFailed(f"Invalid node type name: {name}")
    return max(fitting, key=lambda each: _version(each._name))


def _fits(name: str, asked: str) -> bool:
    _, space, plain, version = components(name)
    _, asked_space, asked_plain, asked_version = components(asked)
    return (
        plain == asked_plain
        and (not asked_space or asked_space == space)
        and (not asked_version or asked_version == version)
    )


def _version(name: str) -> list[int]:
    return [int(part) for part in components(name)[3].split(".") if part.isdigit()]


def add_type(category: str, name: str, made: Made) -> OpNodeType:
    """Let the session have a type."""
    added = OpNodeType(category, name, made)
    _world.current().types[f"{category}/{name}"] = added
    return added
