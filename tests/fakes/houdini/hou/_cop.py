"""Copernicus nodes: each output gives a layer of its own, which stays when the node cooks again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from hou import _cook, _scripts, _world
from hou._errors import NodeWarning, OperationFailed
from hou._sop import _Flagged

if TYPE_CHECKING:
    from hou._layers import ImageLayer


class CopNode(_Flagged):
    """A node that gives image layers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._layers: list[Any] = []
        self._seen: Any = None
        super().__init__(*args, **kwargs)

    def layer(self, output_index: int = 0) -> Optional[ImageLayer]:
        """Return the layer of an output: read only, and no longer tied to the node."""
        self._alive()
        if self not in _world.current().cooking:
            _cook.cook(self, _world.current().frame)
        return _given(self, output_index)

    def layerAtFrame(self, frame: float, output_index: int = 0) -> Optional[ImageLayer]:
        self._alive()
        _cook.cook(self, frame)
        return _given(self, output_index)

    def outputNames(self) -> tuple[str, ...]:
        if self._type._name == "pythonsnippet":
            count = self.parm("outputs").eval()  # type: ignore[union-attr]
            return tuple(self.parm(f"output{n + 1}_name").eval() for n in range(count))  # type: ignore[union-attr]
        return super().outputNames()

    def outputDataTypes(self) -> tuple[str, ...]:
        return ("floatn",) * self._type._made.outputs

    def inputDataTypes(self) -> tuple[str, ...]:
        return ("floatn",) * self._type._made.most


def _given(node: Any, output: int) -> Any:
    """Return an output's layer, which nobody can write to."""
    from hou._layers import ImageLayer

    found = node._layers[output] if output < len(node._layers) else None
    if found is None:
        return None
    made = ImageLayer(found)
    made._frozen = True
    return made


def of_wire(node: Any, index: int) -> Any:
    """Return the layer that comes in at an input; None where nothing is wired."""
    wire = node._wires[index] if index < len(node._wires) else None
    return _given(*wire) if wire else None


def cook_pass(node: Any) -> None:
    """Give what comes in."""
    node._layers = [of_wire(node, index) for index in range(max(1, len(node._wires)))]


def cook_input(node: Any) -> None:
    """Give what comes in at the asset that this node is inside of."""
    asset = node._parent
    node._layers = [of_wire(asset, index) for index in range(asset._type._made.most)]


def cook_snippet(node: Any) -> None:
    """Run a Python Snippet: it sees its inputs and bindings, and no node at all.

    Source: "Python Snippet" of SideFX's documentation of Copernicus, since 21.0: the code has a
    dictionary `kwargs` and returns one of its outputs; unlike a Python SOP it cannot reach the
    node that is evaluated, for its cook is apart from the network. What it raises is an error,
    a `hou.NodeWarning` too: nothing is said there of raising one.
    """
    node._seen = bindings(node)
    given = dict(node._seen)
    for number in range(node.parm("inputs").eval()):
        name = node.parm(f"input{number + 1}_name").eval()
        given[name] = of_wire(node, number)
        optional = node.parm(f"input{number + 1}_optional").eval()
        if given[name] is None and not optional:
            node._errors.append(f"Input {name} is not connected.")
            return
    node._layers = []
    text = node.parm("python").unexpandedString()
    try:
        found = _scripts.returned(text, {"kwargs": given}, _world.current().root)
    except NodeWarning as warning:
        raise OperationFailed(warning.instanceMessage()) from warning
    node._layers = _outputs(node, found)


def _outputs(node: Any, found: Any) -> list[Any]:
    from hou._layers import ImageLayer

    if not isinstance(found, dict):
        raise OperationFailed("The snippet returned no dictionary of its outputs")
    names = [node.parm(f"output{n + 1}_name").eval() for n in range(node.parm("outputs").eval())]
    strange = set(found) - set(names)
    if strange:
        raise OperationFailed(f"The snippet has no output {sorted(strange)[0]}")
    for name, each in found.items():
        if each is not None and not isinstance(each, ImageLayer):
            raise OperationFailed(f"The output {name} is no layer")
    return [ImageLayer(found[name]) if found.get(name) is not None else None for name in names]


def bindings(node: Any) -> list[tuple[str, Any]]:
    """Return what a snippet's parameters are bound to, evaluated now."""
    found: list[tuple[str, Any]] = []
    for number in range(1, node.parm("bindings").eval() + 1):
        kind = node.parm(f"bindings{number}_type").eval()
        value = node.parm(f"bindings{number}_{ {'string': 's', 'int': 'i'}.get(kind, 'f') }val")
        found.append((node.parm(f"bindings{number}_name").eval(), value.eval()))
    return found


def cook_asset(node: Any) -> None:
    """Give what the network inside gives; its errors are the asset's."""
    output = next(each for each in node._children if each._type._name == "output")
    _cook.cook(output, _world.current().frame)
    for each in node._below():
        node._errors += [text for text in each._errors if not text.startswith("Invalid source")]
    node._layers = list(output._layers)
