"""Verbs: what a node does, without a node. Only those that are in use are stood in for."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hou import _vdb
from hou._body import Body
from hou._errors import OperationFailed
from hou._guard import Guarded

if TYPE_CHECKING:
    from hou._geometry import Geometry

POINTS = 3
"""Blast's group type for points; 0 guesses."""
TO_VOLUME, TO_VDB = 0, 1
"""Entries of the menu for what Convert VDB makes; scripts that run in Houdini set numbers."""


class OpVerb(Guarded):
    """The code of a kind of node."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._name, defaults, self._code = args
        self._parms: dict[str, Any] = dict(defaults)

    def parms(self) -> dict[str, Any]:
        return dict(self._parms)

    def setParms(self, p: Mapping[str, Any]) -> None:
        """Set parameters; one that is not there, or a value of a wrong kind, is refused."""
        for name, value in p.items():
            if name not in self._parms:
                raise OperationFailed(f"Invalid parameter name: {name}")
            if not isinstance(value, type(self._parms[name])):
                raise OperationFailed(f"Invalid value for {name}: {value!r}")
            self._parms[name] = value

    def minNumInputs(self) -> int:
        return 1


class SopVerb(OpVerb):
    """The code of a geometry node."""

    def execute(self, dest: Geometry, inputs: Sequence[Geometry]) -> None:
        """Compute; what comes in stays as it is."""
        dest._writable()
        made = inputs[0]._body().copied(same_ids=True)
        self._code(made, self._parms)
        dest._held = made


def blast(body: Body, parms: Mapping[str, Any]) -> None:
    """Delete the points of a pattern, or with `negate` all the others."""
    if parms["grouptype"] != POINTS:
        raise OperationFailed("The stand-in blasts points alone")
    named = pattern_points(body, parms["group"])
    everything = set(range(body.count))
    body.drop_points(everything - named if parms["negate"] else named)


def pattern_points(body: Body, pattern: str) -> set[int]:
    """Return the points of a pattern: groups, numbers, ranges, `*`, each with `!` or `^` in front.

    Raises:
        OperationFailed: it names a group that is not there.
    """
    found: set[int] = set()
    for place, word in enumerate(pattern.split()):
        named = _word_points(body, word.lstrip("!^"))
        if word[0] in "!^":
            found = (set(range(body.count)) if not place else found) - named
        else:
            found |= named
    return found


def _word_points(body: Body, word: str) -> set[int]:
    first, _, last = word.partition("-")
    if first.isdigit() and (not last or last.isdigit()):
        return set(range(int(first), int(last or first) + 1)) & set(range(body.count))
    if word == "*":
        return set(range(body.count))
    groups = body.groups["Point"]
    names = [each for each in groups if fnmatch.fnmatchcase(each, word)]
    if not names:
        raise OperationFailed(f"Invalid point group: {word}")
    return {number for each in names for number in groups[each].numbers}


def convert(body: Body, parms: Mapping[str, Any]) -> None:
    """Make dense volumes of sparse ones, within their active bounds, or the other way."""
    if parms["conversion"] not in (TO_VOLUME, TO_VDB):
        raise OperationFailed(f"The stand-in converts to no {parms['conversion']}")
    for piece in body.pieces:
        if piece.kind == "VDB" and parms["conversion"] == TO_VOLUME:
            _vdb.to_dense(body, piece)
        elif piece.kind == "Volume" and parms["conversion"] == TO_VDB:
            _vdb.to_sparse(body, piece, parms["vdbtype"])


VERBS: dict[str, Any] = {
    "blast": ({"group": "", "grouptype": 0, "negate": 0, "fillhole": 0}, blast),
    "convertvdb": ({"group": "", "conversion": TO_VOLUME, "vdbtype": "float"}, convert),
}


def find_verb(name: str) -> Any:
    """Return a verb; None where there is none of that name."""
    return SopVerb(name, *VERBS[name]) if name in VERBS else None
