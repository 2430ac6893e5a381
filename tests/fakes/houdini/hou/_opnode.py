"""Operators: parameters, cooking, and what they say of it."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, Optional

from hou import _callbacks, _cook, _interface, _world
from hou._constants import severityType
from hou._enums import EnumValue
from hou._errors import OperationFailed
from hou._node import Node
from hou._template_group import ParmTemplateGroup

if TYPE_CHECKING:
    from hou._hda import HDAModule
    from hou._parms import Parm, ParmTuple
    from hou._types import OpNodeType


class OpNode(Node):
    """A node that computes something."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tuples: dict[str, ParmTuple] = {}
        self._group: list[Any] = []
        self._cached: dict[str, Any] = {}
        self._stale = True
        self._cook_count = 0
        self._cooked_at: Optional[float] = None
        self._varies = False
        self._output: Any = None
        self._failed = False
        self._supplied: Optional[list[Any]] = None
        _interface.begin(self)

    def type(self) -> OpNodeType:
        self._alive()
        return self._type

    # ---- parameters -------------------------------------------------------------------------

    def parm(self, parm_path: str) -> Optional[Parm]:
        self._alive()
        holder, _, name = parm_path.rpartition("/")
        node: Any = self.node(holder) if holder else self
        return _interface.find_parm(node, name) if node is not None else None

    def parmTuple(self, parm_path: str) -> Optional[ParmTuple]:
        self._alive()
        return self._tuples.get(parm_path)

    def parms(self) -> tuple[Parm, ...]:
        self._alive()
        return tuple(parm for each in self._tuples.values() for parm in each)  # type: ignore[attr-defined]

    def parmTuples(self) -> tuple[ParmTuple, ...]:
        self._alive()
        return tuple(self._tuples.values())

    def spareParms(self) -> tuple[Parm, ...]:
        return tuple(each for each in self.parms() if each.isSpare())

    def globParms(
        self,
        pattern: str,
        ignore_case: bool = False,
        search_label: bool = False,
        single_pattern: bool = False,
    ) -> tuple[Parm, ...]:
        patterns = [pattern] if single_pattern else pattern.split()
        return tuple(
            each
            for each in self.parms()
            if any(fnmatch.fnmatchcase(each.name(), one) for one in patterns)
        )

    def parmTemplateGroup(self) -> ParmTemplateGroup:
        """Return a copy: set it back to change the node."""
        self._alive()
        return ParmTemplateGroup(self._group)

    def setParmTemplateGroup(
        self, parm_template_group: ParmTemplateGroup, rename_conflicting_parms: bool = False
    ) -> None:
        self._alive()
        _world.current().check_unlocked(self)
        _interface.put(self, parm_template_group, rename_conflicting_parms)

    def removeSpareParms(self) -> None:
        self._alive()
        _interface.put(self, self._type.parmTemplateGroup(), False)

    def setParms(self, parm_dict: Mapping[str, Any]) -> None:
        for name, value in parm_dict.items():
            parm = self.parm(name)
            target: Any = parm if parm is not None else self.parmTuple(name)
            if target is None:
                raise OperationFailed(f"Invalid parm name: {name}")
            target.set(value)

    def evalParm(self, parm_path: str) -> Any:
        parm = self.parm(parm_path)
        if parm is None:
            raise OperationFailed(f"Invalid parm name: {parm_path}")
        return parm.eval()

    def evalParmTuple(self, parm_path: str) -> Any:
        found = self.parmTuple(parm_path)
        if found is None:
            raise OperationFailed(f"Invalid parm name: {parm_path}")
        return found.eval()

    # ---- assets -----------------------------------------------------------------------------

    def hdaModule(self) -> HDAModule:
        definition = self._type._made.definition
        if definition is None:
            raise OperationFailed("The node is not a digital asset")
        return definition._module()

    def hm(self) -> HDAModule:
        return self.hdaModule()

    def isLockedHDA(self) -> bool:
        return self._type._made.definition is not None

    def matchesCurrentDefinition(self) -> bool:
        return True

    # ---- cooking ----------------------------------------------------------------------------

    def cook(self, force: bool = False, frame_range: Sequence[float] = ()) -> None:
        """Cook where that is needed.

        Raises:
            OperationFailed: the node failed; `errors` says why.
        """
        self._alive()
        for frame in _cook.frames(frame_range):
            _cook.cook(self, frame, force)
            if self._failed:
                raise OperationFailed("The attempted operation failed.\n" + "\n".join(self._errors))

    def needsToCook(self, time: Optional[float] = None) -> bool:
        self._alive()
        return _cook.is_needed(self, _world.current().frame)

    def invalidateOutput(self) -> None:
        self._alive()
        self._dirty()

    def isTimeDependent(self, for_last_cook: bool = False) -> bool:
        self._alive()
        if not for_last_cook:
            _cook.cook(self, _world.current().frame)
        return self._varies

    def cookCount(self) -> int:
        self._alive()
        return self._cook_count

    def _dirty(self, by_wire: bool = False) -> None:
        """Let this node and all that read it cook again.

        What is inside of an asset notices what comes in at its wires; a parameter of the asset it
        notices only where one of its own refers to it.
        """
        self._stale = True
        for each in self._children if by_wire else ():
            if each._type._name == "input":
                each._dirty()
        for each in self._readers():
            if not each._stale:
                each._dirty(by_wire=True)

    # ---- what it says -----------------------------------------------------------------------

    def addError(self, message: str, severity: EnumValue = severityType.Error) -> None:
        self._say(message, self._errors)

    def addWarning(self, message: Optional[str] = None) -> None:
        self._say(message or "", self._warnings)

    def addMessage(self, message: Optional[str] = None) -> None:
        self._say(message or "", self._notes)

    def _say(self, message: str, where: list[str]) -> None:
        """Keep what is said of the node that cooks now; of another one it is refused."""
        cooking = _world.current().cooking
        if not cooking or cooking[-1] is not self:
            raise OperationFailed("A node can say this only of itself, while it cooks")
        where.append(message)

    # ---- data of the session ----------------------------------------------------------------

    def setCachedUserData(self, name: str, value: Any) -> None:
        self._alive()
        self._cached[name] = value

    def cachedUserData(self, name: str) -> Any:
        self._alive()
        return self._cached.get(name)

    def cachedUserDataDict(self) -> dict[str, Any]:
        return dict(self._cached)

    def destroyCachedUserData(self, name: str, must_exist: bool = True) -> None:
        if must_exist and name not in self._cached:
            raise OperationFailed(f"There is no cached user data {name}")
        self._cached.pop(name, None)

    def clearCachedUserDataDict(self) -> None:
        self._cached.clear()

    # ---- callbacks --------------------------------------------------------------------------

    def addEventCallback(
        self, event_types: Sequence[EnumValue], callback: Callable[..., Any]
    ) -> None:
        """Ask to be told, for this session; the same callback is called once for an event."""
        if not event_types:
            raise OperationFailed("event_types is empty")
        if (tuple(event_types), callback) not in self._event_calls:
            self._event_calls.append((tuple(event_types), callback))

    def removeEventCallback(
        self, event_types: Sequence[EnumValue], callback: Callable[..., Any]
    ) -> None:
        given = (tuple(event_types), callback)
        if given not in self._event_calls:
            raise OperationFailed("The callback was not registered")
        self._event_calls.remove(given)

    def removeAllEventCallbacks(self) -> None:
        self._event_calls.clear()

    def eventCallbacks(self) -> tuple[tuple[tuple[EnumValue, ...], Callable[..., Any]], ...]:
        return tuple(self._event_calls)

    def _tell(self, event: EnumValue, **given: Any) -> None:
        _callbacks.fire(self, event, **given)
