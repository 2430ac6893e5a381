"""Inside the Group: capture, Reads of the results, and their way onto the source.

The nodes and their order are drawn in DR026. Everything is plain nodes, values and expressions, so
that the Group renders, and its mix, mask and view work, where this plugin is not installed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

import nuke

from filmgate.errors import InputError
from filmgate.manifest import Manifest, ModelOutput
from filmgate_nuke import channels, knobs, layout

PAIRS = 4
"""How many channels one Copy takes over."""

RANGE = ("file", "first", "last", "origfirst", "origlast", "origset")
"""The knobs of a Read that say what is there."""

_WRITE: Mapping[str, Any] = {
    "file_type": "exr",  # first: the others belong to it
    "channels": "all",
    "raw": True,
    "datatype": "32 bit float",
    "compression": "none",
    "interleave": "channels, layers and views",
    "metadata": "no metadata",
    "autocrop": False,
    "create_directories": True,
    "disable": True,
}
"""Bit for bit, and twice the same bytes for the same pixels: no metadata, no conversion."""
_READ: Mapping[str, Any] = {
    "raw": True,
    "on_error": "error",
    "frame_mode": "expression",
    "before": "hold",
    "after": "hold",
    "localizationPolicy": "off",
}
"""``hold`` is for what lies outside the input's range, where the source is held as well."""
_ENLARGE: Mapping[str, Any] = {"type": "scale", "filter": "Impulse", "center": False, "pbb": True}
"""Pixels are repeated: an id or a depth that was blended would be nothing's; overscan survives."""
_OVERLAY_MIX = 0.5
_MAIN_LAYER, _MAIN_COLOURS = "rgba", "rgb"


class NodeError(InputError):
    """A node was taken apart: something inside it is missing."""


class CaptureNodes(NamedTuple):
    """What captures one input.

    Attributes:
        remove: keeps the bound channels alone.
        write: writes them bit for bit; disabled but while it captures.
    """

    remove: nuke.Node
    write: nuke.Node


def build(group: nuke.Group, manifest: Manifest) -> None:
    """Make every node inside *group*."""
    with group:
        inputs = [
            _make("Input", layout.input_node(entry.name), number=number)
            for number, entry in enumerate(manifest.inputs)
        ]
        mask = _make("Input", layout.MASK, number=len(inputs))
        _make_captures(manifest, inputs)
        source = _make_source(manifest, inputs[0])
        merged = _make_merge(manifest, source, mask)
        shown = _make_view(manifest, source, merged)
        result = _make("Switch", layout.HAS_RESULT, source, shown, which=0)
        _make("Output", "out", result)
    _arrange(group)


def fits(group: nuke.Group, manifest: Manifest) -> bool:
    """Return whether the nodes inside are those that *manifest* needs."""
    scale = group.node(layout.SOURCE)
    drawn = (
        [node.name() for node in _of_class(group, "Input")],
        [node.name() for node in _of_class(group, "Read")],
        group.node(layout.RETIMED) is not None,
        scale["scale"].value() if scale is not None and scale.Class() == "Reformat" else 1,
    )
    wanted = (
        sorted([*(layout.input_node(each.name) for each in manifest.inputs), layout.MASK]),
        sorted(layout.read_node(each.name) for each in manifest.outputs),
        manifest.temporal.kind == "between",
        manifest.geometry.scale,
    )
    return drawn == wanted and _copies(group) == _copies_wanted(manifest)


def input_names(group: nuke.Group) -> list[str]:
    """Return the names of the Inputs in the order of the Group's arrows."""
    inputs = _of_class(group, "Input")
    return [node.name() for node in sorted(inputs, key=lambda node: int(node["number"].value()))]


def capture_nodes(group: nuke.Group, name: str) -> Optional[CaptureNodes]:
    """Return what captures the input *name*, set to the channels that it is bound to now.

    Call it inside `filmgate_nuke.script.untouched`: the channels are knobs.

    Returns:
        None for an optional input that is not connected and that the main pipe does not hold.

    Raises:
        InputError: the main pipe is not connected.
        LayerError: a needed layer is missing, or the chosen one does not fit; the text lists what
            the pipe holds.
    """
    manifest = knobs.manifest_of(group)
    bound = channels.bind_input(group, manifest, name)
    if not bound:
        return None
    own = channels.own_pipe(group, manifest, name)
    pipe = own or group.input(0)
    entry = name if own is not None else manifest.main_input.name
    remove, source = (
        _inside(group, layout.keep_node(name)),
        _inside(group, layout.input_node(entry)),
    )
    if remove.input(0) != source:
        remove.setInput(0, source)
    _set_channels(remove["channels"], bound, pipe.channels() if pipe else [])
    return CaptureNodes(remove, _inside(group, layout.capture_node(name)))


def sources(group: nuke.Group) -> list[nuke.Node]:
    """Return the nodes that the model's inputs are connected to, the main one first."""
    pipes = (group.input(place) for place in range(len(knobs.manifest_of(group).inputs)))
    return [pipe for pipe in pipes if pipe is not None]


def reads(group: nuke.Group) -> dict[str, nuke.Node]:
    """Return the Read of each output by its name."""
    outputs = knobs.manifest_of(group).outputs
    return {each.name: _inside(group, layout.read_node(each.name)) for each in outputs}


def show_results(group: nuke.Group, patterns: Mapping[str, str], span: tuple[int, int]) -> None:
    """Let the Reads read *patterns*, by output; unless all are there the source passes through.

    Args:
        group: the node.
        patterns: paths with ``%04d`` and, for several views, ``%V``.
        span: first and last frame that the Reads answer for; what is missing there is an error.
    """
    inside = reads(group)
    for output, read in inside.items():
        _put(read, "file", patterns.get(output, ""))
        for first in ("first", "origfirst"):
            _put(read, first, span[0])
        for last in ("last", "origlast"):
            _put(read, last, span[1])
        _put(read, "origset", True)
    bind_outputs(group, knobs.manifest_of(group))
    show_where_read(group, list(inside.values()))


def show_where_read(group: nuke.Group, inside: Sequence[nuke.Node]) -> None:
    """Let the result be shown if every one of the Reads *inside* has something to read."""
    has_result = all(read["file"].value() for read in inside)
    _put(_inside(group, layout.HAS_RESULT), "which", int(has_result))


def bind_outputs(group: nuke.Group, manifest: Manifest) -> None:
    """Let results replace the channels that the inputs are bound to now."""
    targets: list[str] = []
    for output in manifest.outputs:
        names = channels.result_channels(manifest, output)
        target = channels.target_channels(group, manifest, output)
        channels.ensure_layers((*names, *target))
        _set_pairs(group, "take", output, names, target)
        for what in ("before", "onto"):
            _set_pairs(group, what, output, target, target)
        targets += target
    layer = channels.layer_of(targets[0]) if targets else _MAIN_LAYER
    shown = _MAIN_COLOURS if layer == _MAIN_LAYER else layer
    for node in (layout.MORE, layout.LESS, layout.DIFFERENCE):
        for name in ("Achannels", "Bchannels", "output"):
            _put(_inside(group, node), name, shown)


def _make(kind: str, name: str, *inputs: Optional[nuke.Node], **settings: Any) -> nuke.Node:
    """Make a node of a class in the current group."""
    node: nuke.Node = getattr(nuke.nodes, kind)()
    node.setName(name)
    for place, source in enumerate(inputs):
        node.setInput(place, source)
    for knob, value in settings.items():
        node[knob].setValue(value)
    return node


def _make_captures(manifest: Manifest, inputs: Sequence[nuke.Node]) -> None:
    for entry, pipe in zip(manifest.inputs, inputs):
        if entry.kind == "image":
            kept = _make("Remove", layout.keep_node(entry.name), pipe, operation="keep")
            _make("Write", layout.capture_node(entry.name), kept, **_WRITE)


def _make_source(manifest: Manifest, main: nuke.Node) -> nuke.Node:
    """Make what the result is merged onto: as large as the result, and at its time."""
    if manifest.temporal.kind == "between":
        main = _make("TimeWarp", layout.RETIMED, main)
        main["lookup"].setExpression(f"floor(parent.{layout.SOURCE_TIME})")
    if manifest.geometry.scale == 1:
        return _make("NoOp", layout.SOURCE, main)
    return _make("Reformat", layout.SOURCE, main, **_ENLARGE, scale=manifest.geometry.scale)


def _make_merge(manifest: Manifest, source: nuke.Node, mask: nuke.Node) -> nuke.Node:
    """Make the results' way onto the source.

    Mask and mix are applied to pictures that have the results' channels alone: they would change
    the others' last bits. From there the channels are copied one by one.
    """
    read = {
        each.name: _make("Read", layout.read_node(each.name), **_READ) for each in manifest.outputs
    }
    results = read[manifest.outputs[0].name]
    for output in manifest.outputs:
        results = _copy("take", manifest, output, results, read[output.name])
    before, merged = results, source
    for output in manifest.outputs:
        before = _copy("before", manifest, output, before, source)
    mixed = _make("Merge2", layout.MIXED, before, results, mask, operation="copy", also_merge="all")
    for output in manifest.outputs:
        merged = _copy("onto", manifest, output, merged, mixed)
    return merged


def _copy(
    what: str, manifest: Manifest, output: ModelOutput, onto: nuke.Node, taken: nuke.Node
) -> nuke.Node:
    """Copy an output's channels of *taken* onto a picture, four with each node."""
    count = len(channels.result_channels(manifest, output))
    if count == 0:  # a model of whatever channels there are
        name = layout.copy_node(what, output.name, 0)
        return _make("Merge2", name, onto, taken, operation="copy", also_merge="all")
    for number in range(-(-count // PAIRS)):
        onto = _make("Copy", layout.copy_node(what, output.name, number), onto, taken)
    return onto


def _make_view(manifest: Manifest, source: nuke.Node, merged: nuke.Node) -> nuke.Node:
    overlay = _make_overlay(manifest, source, merged)
    more = _make("Merge2", layout.MORE, source, merged, operation="minus")
    less = _make("Merge2", layout.LESS, merged, source, operation="minus")
    difference = _make("Merge2", layout.DIFFERENCE, more, less, operation="max")
    view = _make("Switch", "view", merged, source, overlay, difference)
    view["which"].setExpression(f"parent.{layout.VIEW}")
    return view


def _make_overlay(manifest: Manifest, source: nuke.Node, merged: nuke.Node) -> nuke.Node:
    """Make the source with the matte in red, or else source and result half and half."""
    mattes = [each for each in manifest.outputs if each.role == "matte" and each.channels]
    if not mattes:
        return _make("Merge2", "overlay", source, merged, operation="copy", mix=_OVERLAY_MIX)
    matte = channels.nuke_name(mattes[0].channels[0])
    channels.ensure_layers([matte])
    read = nuke.toNode(layout.read_node(mattes[0].name))
    red = _make("Copy", "red", read, read, from0=matte, to0="rgba.red")
    return _make("Merge2", "overlay", source, red, operation="plus", mix=_OVERLAY_MIX)


def _set_pairs(
    group: nuke.Group, what: str, output: ModelOutput, taken: Sequence[str], given: Sequence[str]
) -> None:
    """Let the Copies of an output copy *taken* to *given*."""
    for place, (source, target) in enumerate(zip(taken, given)):
        copy = _inside(group, layout.copy_node(what, output.name, place // PAIRS))
        _put(copy, f"from{place % PAIRS}", source)
        _put(copy, f"to{place % PAIRS}", target)


def _set_channels(knob: nuke.Knob, wanted: Sequence[str], existing: Sequence[str]) -> None:
    """Let a set of channels be *wanted*: by a layer's name where it is exactly that."""
    layers = {channels.layer_of(name) for name in wanted}
    text = " ".join(wanted)
    if set(wanted) == set(existing):
        text = "all"
    elif len(layers) == 1:
        layer = layers.pop()
        members = {name for name in existing if channels.layer_of(name) == layer}
        if set(wanted) == members:
            text = layer
        elif layer == _MAIN_LAYER and {*wanted, "rgba.alpha"} == members | {"rgba.alpha"}:
            text = _MAIN_COLOURS
    if knob.value() != text:
        knob.fromScript(text)


def _copies(group: nuke.Group) -> set[str]:
    return {node.name() for node in group.nodes() if node.name().startswith("onto_")}


def _copies_wanted(manifest: Manifest) -> set[str]:
    counts = {each.name: len(channels.result_channels(manifest, each)) for each in manifest.outputs}
    return {
        layout.copy_node("onto", name, number)
        for name, count in counts.items()
        for number in range(max(1, -(-count // PAIRS)))
    }


def _put(node: nuke.Node, name: str, value: Any) -> None:
    """Set a knob that does not say so already."""
    if node[name].value() != value:
        node[name].setValue(value)


def _inside(group: nuke.Group, name: str) -> nuke.Node:
    node = group.node(name)
    if node is None:
        raise NodeError(
            f"{group.fullName()} lacks {name}, which belongs inside it.",
            "Make a new node from the Filmgate menu; copy the settings over.",
        )
    return node


def _of_class(group: nuke.Group, kind: str) -> list[nuke.Node]:
    found = (node for node in group.nodes() if node.Class() == kind)
    return sorted(found, key=lambda node: node.name())


def _arrange(group: nuke.Group) -> None:
    """Put the nodes where the drawing of DR026 has them, by how far they are from the inputs."""
    depth: dict[str, int] = {}
    column: dict[int, int] = {}
    for node in reversed(group.nodes()):
        above = [node.input(place) for place in range(node.inputs())]
        row = (
            max((depth.get(each.name(), -1) for each in above if each is not None), default=-1) + 1
        )
        depth[node.name()] = row
        node.setXYpos(_COLUMN * column.get(row, 0), _ROW * row)
        column[row] = column.get(row, 0) + 1


_COLUMN, _ROW = 120, 80
