"""Nodes: names, wires, children, and what they keep beside their parameters."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Optional

from hou import _callbacks, _copies, _types, _world
from hou._constants import nodeEventType
from hou._errors import InvalidInput, OperationFailed, PermissionError
from hou._guard import Guarded
from hou._items import NetworkMovableItem, free_name

if TYPE_CHECKING:
    from hou._enums import EnumValue
    from hou._opnode import OpNode
    from hou._types import NodeType, NodeTypeCategory
    from hou._vectors import Vector2

Wire = Optional[tuple[Any, int]]


class Node(NetworkMovableItem):
    """A node of any network."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._type, self._name, self._parent = args
        self._deleted = False
        self._session_id = _world.current().next_session_id()
        self._children: list[OpNode] = []
        self._wires: list[Wire] = []
        self._user_data: dict[str, str] = {}
        self._event_calls: list[tuple[tuple[EnumValue, ...], Any]] = []
        self._comment = ""
        self._errors: list[str] = []
        self._warnings: list[str] = []
        self._notes: list[str] = []

    # ---- kind -------------------------------------------------------------------------------

    def type(self) -> NodeType:
        self._alive()
        return self._type

    def childTypeCategory(self) -> Optional[NodeTypeCategory]:
        name = self._type._made.children
        return _types.OpNodeTypeCategory(name, None) if name else None

    def isNetwork(self) -> bool:
        return bool(self._type._made.children)

    def comment(self) -> str:
        return self._comment

    def setComment(self, comment: str) -> None:
        self._comment = comment

    def errors(self) -> tuple[str, ...]:
        self._alive()
        return tuple(self._errors)

    def warnings(self) -> tuple[str, ...]:
        self._alive()
        return tuple(self._warnings)

    def messages(self) -> tuple[str, ...]:
        self._alive()
        return tuple(self._notes)

    # ---- the tree ---------------------------------------------------------------------------

    def children(self) -> tuple[OpNode, ...]:
        self._alive()
        return tuple(self._children)

    def allSubChildren(
        self,
        top_down: bool = True,
        recurse_in_locked_nodes: bool = True,
        sync_delayed_definition: bool = False,
    ) -> tuple[Node, ...]:
        return tuple(self._below())

    def _below(self) -> Iterator[Any]:
        for child in self._children:
            yield child
            yield from child._below()

    def node(self, node_path: str) -> Optional[OpNode]:
        self._alive()
        return find(node_path, self)

    def glob(self, pattern: str, ignore_case: bool = False) -> tuple[Node, ...]:
        patterns = pattern.split()
        return tuple(
            each
            for each in self._children
            if any(fnmatch.fnmatchcase(each._name, one) for one in patterns)
        )

    def createNode(
        self,
        node_type_name: str,
        node_name: Optional[str] = None,
        run_init_scripts: bool = True,
        load_contents: bool = True,
        exact_type_name: bool = False,
        force_valid_node_name: bool = False,
    ) -> OpNode:
        """Make a node inside; an asset's OnCreated runs."""
        self._alive()
        category = self._type._made.children
        if not category:
            raise OperationFailed(f"{self.path()} is not a network")
        kind = _types.find_type(category, node_type_name, exact_type_name)
        stem = _types.components(kind._name)[2]
        name = free_name(node_name or f"{stem}1", self)
        made: Any = kind._made.make(kind, name, self)
        self._adopt(made)
        _world.current().record(
            f"Create {name}", lambda: self._disown(made), lambda: self._adopt(made)
        )
        if run_init_scripts and kind._made.definition is not None:
            kind._made.definition._run_event("OnCreated", made)
        return made

    def _adopt(self, child: Any) -> None:
        child._deleted = False
        self._children.append(child)
        _callbacks.fire(self, nodeEventType.ChildCreated, child_node=child)

    def _disown(self, child: Any) -> None:
        _callbacks.fire(child, nodeEventType.BeingDeleted)
        _callbacks.fire(self, nodeEventType.ChildDeleted, child_node=child)
        for each in [child, *child._below()]:
            each._deleted = True
        for each in list(child._readers()):
            each._wires = [None if wire and wire[0] is child else wire for wire in each._wires]
            while each._wires and each._wires[-1] is None:
                each._wires.pop()
            each._dirty(by_wire=True)
        self._children.remove(child)

    def destroy(self, disable_safety_checks: bool = False) -> None:
        self._alive()
        if self._parent is None or self in _world.current().cooking:
            raise PermissionError("The node cannot be deleted")
        if self._type._made.definition is not None:
            self._type._made.definition._run_event("OnDeleted", self)
        parent, wires = self._parent, list(self._wires)
        parent._disown(self)

        def back() -> None:
            parent._adopt(self)
            for each in self._below():
                each._deleted = False
            self._wires = wires

        _world.current().record(f"Delete {self._name}", back, lambda: parent._disown(self))

    # ---- wires ------------------------------------------------------------------------------

    def setInput(self, input_index: int, item_to_become_input: Any, output_index: int = 0) -> None:
        self._alive()
        if not 0 <= input_index < self._type._made.most:
            raise InvalidInput("Invalid input.")
        other = item_to_become_input
        if other is not None and (other is self or other._parent is not self._parent):
            raise InvalidInput("Invalid input.")
        before = list(self._wires)
        made = before + [None] * (input_index + 1 - len(before))
        made[input_index] = None if other is None else (other, output_index)
        while made and made[-1] is None:
            made.pop()
        self._rewire(made, input_index)
        _world.current().record(
            "Change Input",
            lambda: self._rewire(before, input_index),
            lambda: self._rewire(made, input_index),
        )

    def _rewire(self, wires: list[Wire], index: int) -> None:
        self._wires = list(wires)
        self._dirty(by_wire=True)
        _callbacks.fire(self, nodeEventType.InputRewired, input_index=index)
        if self._type._made.definition is not None:
            self._type._made.definition._run_event("OnInputChanged", self, input_index=index)

    def setFirstInput(self, item_to_become_input: Any, output_index: int = 0) -> None:
        self.setInput(0, item_to_become_input, output_index)

    def setNextInput(
        self, item_to_become_input: Any, output_index: int = 0, unordered_only: bool = False
    ) -> None:
        free = [at for at in range(self._type._made.most) if self.input(at) is None]
        if not free:
            raise InvalidInput("Invalid input.")
        self.setInput(free[0], item_to_become_input, output_index)

    def inputs(self) -> tuple[Any, ...]:
        """Return the nodes of the inputs up to the last that is wired, None for the others."""
        self._alive()
        return tuple(wire[0] if wire else None for wire in self._wires)

    def input(self, input_index: int) -> Any:
        self._alive()
        wire = self._wires[input_index] if input_index < len(self._wires) else None
        return wire[0] if wire else None

    def inputConnections(self) -> tuple[NodeConnection, ...]:
        self._alive()
        return tuple(
            NodeConnection(*wire, self, index) for index, wire in enumerate(self._wires) if wire
        )

    def outputConnections(self) -> tuple[NodeConnection, ...]:
        self._alive()
        readers = (each.inputConnections() for each in self._readers())
        return tuple(one for each in readers for one in each if one._from is self)

    def inputNames(self) -> tuple[str, ...]:
        named = self._type._made.input_names
        return named or tuple(f"input{n + 1}" for n in range(min(self._type._made.most, 64)))

    def inputLabels(self) -> tuple[str, ...]:
        labels = getattr(self._type._made.definition, "_labels", ())
        names = self.inputNames()
        return (*labels, *names[len(labels) :])[: len(names)]

    def outputNames(self) -> tuple[str, ...]:
        named = self._type._made.output_names
        return named or tuple(f"output{n + 1}" for n in range(self._type._made.outputs))

    def outputs(self) -> tuple[Any, ...]:
        self._alive()
        return tuple(self._readers())

    def _readers(self) -> Iterator[Any]:
        for each in self._parent._children if self._parent is not None else ():
            if any(wire and wire[0] is self for wire in each._wires):
                yield each

    def inputAncestors(
        self,
        include_ref_inputs: bool = True,
        follow_subnets: bool = False,
        only_used_inputs: bool = False,
    ) -> tuple[Node, ...]:
        found: list[Any] = []
        todo = list(self.inputs())
        while todo:
            each = todo.pop(0)
            if each is not None and each not in found:
                found.append(each)
                todo += each.inputs()
        return tuple(found)

    # ---- beside the parameters --------------------------------------------------------------

    def setUserData(self, name: str, value: str) -> None:
        """Keep a text with the node: it is saved, and copied with the node; nothing recooks."""
        self._alive()
        if not isinstance(value, str):
            raise TypeError("in method 'Node_setUserData', argument 3 of type 'char const *'")
        _world.current().check_unlocked(self)
        before = self._user_data.get(name)
        self._put_data(name, value)
        _world.current().record(
            "Set User Data",
            lambda: self._put_data(name, before),
            lambda: self._put_data(name, value),
        )

    def _put_data(self, name: str, value: Optional[str]) -> None:
        if value is None:
            self._user_data.pop(name, None)
        else:
            self._user_data[name] = value
        _callbacks.fire(self, nodeEventType.CustomDataChanged)

    def userData(self, name: str) -> Optional[str]:
        self._alive()
        return self._user_data.get(name)

    def userDataDict(self) -> dict[str, str]:
        return dict(self._user_data)

    def destroyUserData(self, name: str, must_exist: bool = True) -> None:
        if must_exist and name not in self._user_data:
            raise OperationFailed(f"There is no user data {name}")
        self._user_data.pop(name, None)
        _world.current().touch()

    # ---- copies -----------------------------------------------------------------------------

    def copyItems(
        self,
        items: Sequence[Any],
        channel_reference_originals: bool = False,
        relative_references: bool = True,
        connect_outputs_to_multi_inputs: bool = False,
    ) -> tuple[Any, ...]:
        return _copies.copy_into(items, self)

    def copyItemsToClipboard(self, items: Sequence[NetworkMovableItem]) -> None:
        _world.current().clipboard = _copies.to_text(items)

    def pasteItemsFromClipboard(self, position: Optional[Vector2] = None) -> None:
        _copies.paste(_world.current().clipboard, self)

    def moveToGoodPosition(
        self,
        relative_to_inputs: bool = True,
        move_inputs: bool = True,
        move_outputs: bool = True,
        move_unconnected: bool = True,
    ) -> Vector2:
        return self.position()

    def layoutChildren(
        self,
        items: Sequence[Any] = (),
        horizontal_spacing: float = -1.0,
        vertical_spacing: float = -1.0,
    ) -> None:
        """Do nothing: where nodes stand is not stood in for."""

    def setCurrent(self, on: bool, clear_all_selected: bool = False) -> None:
        self.setSelected(on, clear_all_selected)

    def _dirty(self, by_wire: bool = False) -> None:
        """Note that what the node gives is not what it gave."""

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"<hou.{type(self).__name__} of type {self._type._name} at {self.path()}>"


def find(path: str, start: Any) -> Any:
    """Return the node at *path*, from *start* unless it begins with a slash; None for none."""
    at = _world.current().root if path.startswith("/") else start
    for part in path.split("/"):
        if at is None:
            return None
        if part == "..":
            at = at._parent
        elif part not in ("", "."):
            at = next((each for each in at._children if each._name == part), None)
    return at


class NodeConnection(Guarded):
    """A wire between two nodes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._from, self._output, self._to, self._input = args

    def inputNode(self) -> Optional[Node]:
        """Return the node that the wire comes from."""
        return self._from

    def inputItem(self) -> Optional[NetworkMovableItem]:
        return self._from

    def outputNode(self) -> Optional[Node]:
        """Return the node that the wire goes to."""
        return self._to

    def outputItem(self) -> NetworkMovableItem:
        return self._to

    def inputIndex(self) -> int:
        """Return the number of the input that the wire goes into."""
        return self._input

    def outputIndex(self) -> int:
        """Return the number of the output that the wire comes from."""
        return self._output

    def inputName(self) -> str:
        """Return the name of the output that the wire comes from: what its input side touches."""
        return self._from.outputNames()[self._output]

    def outputName(self) -> str:
        """Return the name of the input that the wire goes to."""
        return self._to.inputNames()[self._input]
