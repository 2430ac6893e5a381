"""What is done with the nodes inside a Group: set to capture an input, or to show results."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Optional

import nuke

from filmgate.errors import InputError
from filmgate.manifest import Manifest, ModelInput, ModelOutput
from filmgate_nuke import channels, knobs, layout
from filmgate_nuke.wiring import PAIRS

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


def fits(group: nuke.Group, manifest: Manifest) -> bool:
    """Return whether the nodes inside are those that *manifest* needs."""
    scale = group.node(layout.SOURCE)
    drawn = (
        [node.name() for node in _of_class(group, "Input")],
        [node.name() for node in _of_class(group, "Read")],
        group.node(layout.RANGE) is not None,
        group.node(layout.RETIMED) is not None,
        scale["scale"].value() if scale is not None and scale.Class() == "Reformat" else 1,
    )
    wanted = (
        sorted([*map(_input_node, channels.piped_inputs(manifest)), layout.MASK]),
        sorted(layout.read_node(each.name) for each in manifest.outputs),
        True,
        manifest.temporal.kind == "between",
        manifest.geometry.scale,
    )
    return drawn == wanted and _copies(group) == _copies_wanted(manifest)


def input_names(group: nuke.Group) -> list[str]:
    """Return the names of the Inputs in the order of the Group's arrows."""
    inputs = _of_class(group, "Input")
    return [node.name() for node in sorted(inputs, key=lambda node: int(node["number"].value()))]


def capture_nodes(group: nuke.Group, name: str, frame: int) -> Optional[CaptureNodes]:
    """Return what captures the input *name*, set to the channels that it is bound to now.

    Call it inside `filmgate_nuke.script.untouched`: the channels are knobs.

    Args:
        group: the node.
        name: of the input.
        frame: the one to be captured, which counts where the input gives nothing at the one that
            is looked at.

    Returns:
        None for an optional input that is not connected and that the main pipe does not hold.

    Raises:
        InputError: the main pipe is not connected, or gives no channels.
        LayerError: a needed layer is missing, or the chosen one does not fit; the text lists what
            the pipe holds.
    """
    manifest = knobs.manifest_of(group)
    pipe = channels.own_pipe(group, manifest, name) or group.input(0)
    if pipe is None or pipe.channels():
        return _set_to_capture(group, manifest, name)
    with _looking_at(frame):
        return _set_to_capture(group, manifest, name)


@contextmanager
def _looking_at(frame: int) -> Generator[None]:
    """Look at *frame* inside: Nuke tells a node's channels of no other, and files may be missing.

    Whoever looks at the Viewer sees nothing of it, which is drawn when Python has ended.
    """
    before = nuke.frame()
    nuke.frame(frame)
    try:
        yield
    finally:
        nuke.frame(before)


def _set_to_capture(group: nuke.Group, manifest: Manifest, name: str) -> Optional[CaptureNodes]:
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
    write = _inside(group, layout.capture_node(name))
    _set_views(write)
    return CaptureNodes(remove, write)


def sources(group: nuke.Group) -> list[nuke.Node]:
    """Return the nodes that the model's inputs are connected to, the main one first."""
    arrows = channels.piped_inputs(knobs.manifest_of(group))
    pipes = (group.input(place) for place in range(len(arrows)))
    return [pipe for pipe in pipes if pipe is not None]


def reads(group: nuke.Group) -> dict[str, nuke.Node]:
    """Return the Read of each output by its name."""
    outputs = knobs.manifest_of(group).outputs
    return {each.name: _inside(group, layout.read_node(each.name)) for each in outputs}


def show_results(group: nuke.Group, patterns: Mapping[str, str]) -> None:
    """Let the Reads read *patterns*, by output; unless all are there the source passes through.

    Args:
        group: the node.
        patterns: paths with ``%04d`` and, for several views, ``%V``; a frame that is missing there
            is an error.
    """
    manifest, inside = knobs.manifest_of(group), reads(group)
    for output, read in inside.items():
        _put(read, "file", patterns.get(output, ""))
    bind_outputs(group, manifest)
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
    if not _says(knob, text):
        knob.fromScript(text)


def _set_views(write: nuke.Node) -> None:
    """Let a Write render every view; which one it is to render is said when it is executed."""
    views = list(nuke.views())
    if str(write["views"].value()).split() != views:
        write["views"].setValue(" ".join(views))


def _input_node(entry: ModelInput) -> str:
    return layout.input_node(entry.name)


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
    if not _says(node[name], value):
        node[name].setValue(value)


def _says(knob: nuke.Knob, value: Any) -> bool:
    said = knob.value()
    return bool(said == value) or (isinstance(said, str) and channels.whole(said) == value)


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
