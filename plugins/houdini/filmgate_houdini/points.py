"""Point attributes: read and set whole, in the points' own order, or for a group alone."""

from __future__ import annotations

import re
from array import array
from collections.abc import Hashable, Iterator
from typing import Optional

import hou

from filmgate.errors import InputError
from filmgate.tensor import TensorSpec
from filmgate_houdini.geometry import TYPES, Binding, data_ids
from filmgate_houdini.source import Mismatch

_INDEX = "__filmgate_index"
_VERB = "blast"
_POINTS = 3
"""The entry Points of Blast's menu for the kind of group."""
_WORD = re.compile(r"[A-Za-z_]\w*\Z")
_INT_BYTES = 4


class Points:
    """The form of inputs whose axes are n and c.

    Attributes that no output names stay as they are, and so do the points' number and order: ids
    need no care.
    """

    def mismatch(self, geometry: hou.Geometry, bound: Binding) -> Optional[Mismatch]:
        """Return what is wrong with the points, the group or the attribute."""
        if not geometry.intrinsicValue("pointcount"):
            text = "The input has no points."
            return Mismatch(bound.name, text, "Connect geometry with points.")
        strange = [name for name in _groups(bound.group) if geometry.findPointGroup(name) is None]
        if strange:
            known = ", ".join(group.name() for group in geometry.pointGroups()) or "none"
            text = f"There is no point group {strange[0]}; the input has {known}."
            return Mismatch(bound.name, text, "Choose one of them, or clear the field Group.")
        return _attribute_mismatch(geometry, bound)

    def is_there(self, geometry: hou.Geometry, bound: Binding) -> bool:
        """Say whether the attribute is there."""
        return geometry.findPointAttrib(bound.names[0]) is not None

    def size(self, geometry: hou.Geometry, bound: Binding) -> tuple[int, ...]:
        """Return how many points there are."""
        return (int(_members(geometry, bound).intrinsicValue("pointcount")),)

    def mark(self, geometry: hou.Geometry, bound: Binding) -> Hashable:
        """Return what changes with the attribute; nothing says so of a group's members."""
        attrib = geometry.findPointAttrib(bound.names[0])
        if attrib is None or bound.group:
            return None
        return data_ids(attrib.dataId())

    def spacing_m(self, geometry: hou.Geometry, bound: Binding) -> tuple[float, ...]:
        """Return nothing: points have no grid."""
        return ()

    def read(self, geometry: hou.Geometry, bound: Binding) -> tuple[TensorSpec, bytes]:
        """Return the attribute as (points, components)."""
        name, kept = bound.names[0], _members(geometry, bound)
        if bound.dtype == "I32":
            data = kept.pointIntAttribValuesAsString(name, hou.numericData.Int32)
        else:
            data = kept.pointFloatAttribValuesAsString(name, hou.numericData.Float32)
        count = int(kept.intrinsicValue("pointcount"))
        width = len(data) // (_INT_BYTES * count) if count else 0
        return TensorSpec(bound.dtype, (count, width), bound.axes), data

    def write(
        self, geometry: hou.Geometry, main: Binding, bound: Binding, spec: TensorSpec, data: bytes
    ) -> None:
        """Set the attribute, which is made if it is new; beside a group's points it stays."""
        name, width = bound.names[0], spec.shape[1]
        numbers = _numbers(geometry, bound.group)
        count = int(geometry.intrinsicValue("pointcount")) if numbers is None else len(numbers)
        if spec.shape[0] != count:
            text = f"The result is of {spec.shape[0]} points; there are {count}."
            raise InputError(text, "Run the node again.")
        whole = bound.dtype == "I32"
        if geometry.findPointAttrib(name) is None:
            zero = 0 if whole else 0.0
            default = zero if width == 1 else (zero,) * width
            geometry.addAttrib(hou.attribType.Point, name, default)
        if numbers is not None:
            data = _scattered(_raw(geometry, name, whole), numbers, data, TYPES[bound.dtype], width)
        if whole:
            geometry.setPointIntAttribValuesFromString(name, data, hou.numericData.Int32)
        else:
            geometry.setPointFloatAttribValuesFromString(name, data, hou.numericData.Float32)


def _raw(geometry: hou.Geometry, name: str, whole: bool) -> bytes:
    if whole:
        return geometry.pointIntAttribValuesAsString(name, hou.numericData.Int32)
    return geometry.pointFloatAttribValuesAsString(name, hou.numericData.Float32)


def _attribute_mismatch(geometry: hou.Geometry, bound: Binding) -> Optional[Mismatch]:
    name = bound.names[0]
    attrib = geometry.findPointAttrib(name)
    fix = f"Make it, or name another one under Input {bound.name}."
    if attrib is None:
        known = ", ".join(sorted(each.name() for each in geometry.pointAttribs()))
        text = f"There is no point attribute {name}; the input has {known}."
        return Mismatch(bound.name, text, fix)
    wanted = hou.attribData.Int if bound.dtype == "I32" else hou.attribData.Float
    if attrib.dataType() != wanted or attrib.isArrayType():
        kind = "whole numbers" if bound.dtype == "I32" else "floats"
        return Mismatch(bound.name, f"The point attribute {name} does not hold {kind}.", fix)
    if bound.channels not in (0, attrib.size()):
        text = f"The point attribute {name} has {attrib.size()} components, not {bound.channels}."
        return Mismatch(bound.name, text, fix)
    return None


def _groups(pattern: str) -> Iterator[str]:
    """Go through the names of groups in a pattern, which may hold numbers and signs too."""
    for part in pattern.split():
        name = part.lstrip("!^")
        if _WORD.match(name):
            yield name


def _members(geometry: hou.Geometry, bound: Binding) -> hou.Geometry:
    """Return the geometry, or a copy with a group's points alone, in their order."""
    return geometry if not bound.group else _kept(geometry, bound.group)


def _kept(geometry: hou.Geometry, pattern: str) -> hou.Geometry:
    """Delete all other points in a copy: Houdini's Blast does that, and knows every pattern."""
    verb = hou.sopNodeTypeCategory().nodeVerb(_VERB)
    if verb is None:
        raise InputError("This Houdini cannot take a group apart.", "Clear the field Group.")
    verb.setParms({"group": pattern, "grouptype": _POINTS, "negate": 1})
    kept = hou.Geometry()
    verb.execute(kept, [geometry])
    return kept


def _numbers(geometry: hou.Geometry, pattern: str) -> Optional[array[int]]:
    """Return the numbers of a group's points; None where there is no group."""
    if not pattern:
        return None
    numbered = hou.Geometry()
    numbered.merge(geometry)
    count = int(numbered.intrinsicValue("pointcount"))
    numbered.addAttrib(hou.attribType.Point, _INDEX, 0)
    everything = array("i", range(count)).tobytes()
    numbered.setPointIntAttribValuesFromString(_INDEX, everything, hou.numericData.Int32)
    kept = _kept(numbered, pattern)
    return array("i", kept.pointIntAttribValuesAsString(_INDEX, hou.numericData.Int32))


def _scattered(before: bytes, numbers: array[int], data: bytes, kind: str, width: int) -> bytes:
    """Return all points' numbers with those of a group replaced, a run of points at a time."""
    whole, found = array(kind, before), array(kind, data)
    start, count = 0, len(numbers)
    while start < count:
        end = start + 1
        while end < count and numbers[end] == numbers[end - 1] + 1:
            end += 1
        first = numbers[start] * width
        whole[first : first + (end - start) * width] = found[start * width : end * width]
        start = end
    return whole.tobytes()
