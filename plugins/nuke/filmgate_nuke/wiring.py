"""The nodes inside a Group, made and connected; DR026 has a drawing.

Everything is plain nodes, values and expressions, so that the Group renders, and its mix, mask and
view work, where this plugin is not installed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional, cast

import nuke

from filmgate.errors import InputError
from filmgate.manifest import Manifest, ModelOutput
from filmgate_nuke import channels, layout

PAIRS = 4
"""How many channels one Copy takes over."""

_MASKED: Mapping[str, Any] = {
    "mix": 1.0,
    "maskChannelInput": "none",
    "maskChannelMask": "none",
    "invert_mask": False,
    "fringe": False,
    "inject": False,
}
_PLAIN: Mapping[str, Mapping[str, Any]] = {
    "Read": {"premultiplied": False, "auto_alpha": False, "proxy": "", "frame": ""},
    "Write": {
        "premultiplied": False,
        "proxy": "",
        "use_limit": False,
        "frame_mode": "expression",
        "frame": "",
        "write_hash": False,
        "transformType": "colorspace",
        "reading": False,
        "standard_layer_name_format": False,
        "write_full_layer_names": False,
        "truncateChannelNames": False,
        "write_ACES_compliant_EXR": False,
    },
    "Remove": {"channels2": "none", "channels3": "none", "channels4": "none"},
    "TimeWarp": {"filter": "none", "length": 1.0},
    "Reformat": {
        "resize": "width",
        "black_outside": False,
        "clamp": False,
        "flip": False,
        "flop": False,
        "turn": False,
    },
    "Merge2": {
        "Achannels": "rgba",
        "Bchannels": "rgba",
        "output": "rgba",
        "also_merge": "none",
        "bbox": "union",
        "metainput": "B",
        "sRGB": False,
        "screen_alpha": False,
        **_MASKED,
    },
    "Copy": {
        "channels": "none",
        "bbox": "union",
        "metainput": "B",
        "unpremult": "none",
        **_MASKED,
    },
}
"""What new nodes have anyway, where no site has set other defaults for its artists' sake.

A knob that a release lacks is left out. TimeWarp is the exception: it averages frames by itself,
and the mean of two ids is the id of nothing.
"""

FIRST, LAST = -1_000_000, 10_000_000
"""Frames of which scripts have none before and after: a day at 100 a second has fewer."""

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
    "origset": True,
    "first": FIRST,
    "origfirst": FIRST,
    "last": LAST,
    "origlast": LAST,
    "localizationPolicy": "off",
}
"""The range is any frame there can be: outside of it a Read would show a neighbour."""
_ENLARGE: Mapping[str, Any] = {"type": "scale", "center": False, "pbb": True}
"""Pixels are repeated: an id or a depth that was blended would be nothing's; overscan survives."""
_UNFILTERED = "impulse"
_OVERLAY_MIX = 0.5
_MASK_CHANNEL = "rgba.alpha"


class WiringError(InputError):
    """This Nuke refuses a setting that a node inside needs."""


def build(group: nuke.Group, manifest: Manifest) -> None:
    """Make every node inside *group*."""
    with group:
        inputs = [
            _make("Input", layout.input_node(entry.name), number=number)
            for number, entry in enumerate(channels.piped_inputs(manifest))
        ]
        mask = _make("Input", layout.MASK, number=len(inputs))
        _make_captures(manifest, inputs)
        source = _make_source(manifest, inputs[0])
        merged = _make_merge(manifest, source, mask)
        shown = _make_view(manifest, source, merged)
        result = _make("Switch", layout.HAS_RESULT, source, shown, which=0)
        _make("Output", "out", _make_range(manifest, result))
    _arrange(group)


def express(group: nuke.Group) -> None:
    """Let the nodes inside follow the Group's knobs, which are there by now.

    Nuke looks up names when an expression is set: one that was set before its knob was added, or
    whose knob was removed and added again, may stay broken.
    """
    for node, knob, expression in (
        (layout.RETIMED, "lookup", f"floor(parent.{layout.SOURCE_TIME})"),
        (layout.UNMASKED, "mix", f"parent.{layout.MIX}"),
        (layout.MIXED, "mix", f"parent.{layout.MIX}"),
        (layout.MIXED, "invert_mask", f"parent.{layout.MASK_INVERT}"),
        ("view", "which", f"parent.{layout.VIEW}"),
    ):
        inside = group.node(node)
        if inside is not None:
            _express(inside[knob], expression)


def _make(kind: str, name: str, *inputs: Optional[nuke.Node], **settings: Any) -> nuke.Node:
    """Make a node of a class in the current group."""
    node: nuke.Node = getattr(nuke.nodes, kind)()
    node.setName(name)
    for place, source in enumerate(inputs):
        node.setInput(place, source)
    for knob, value in settings.items():
        node[knob].setValue(value)
    for knob, value in _PLAIN.get(kind, {}).items():
        if knob not in settings and node.knob(knob) is not None:
            node[knob].setValue(value)
    return node


def _make_captures(manifest: Manifest, inputs: Sequence[nuke.Node]) -> None:
    for entry, pipe in zip(channels.piped_inputs(manifest), inputs):
        kept = _make("Remove", layout.keep_node(entry.name), pipe, operation="keep")
        _make("Write", layout.capture_node(entry.name), kept, **_WRITE)


def _make_source(manifest: Manifest, main: nuke.Node) -> nuke.Node:
    """Make what the result is merged onto: as large as the result, and at its time."""
    if manifest.temporal.kind == "between":
        main = _make("TimeWarp", layout.RETIMED, main)
    if manifest.geometry.scale == 1:
        return _make("NoOp", layout.SOURCE, main)
    source = _make("Reformat", layout.SOURCE, main, **_ENLARGE, scale=manifest.geometry.scale)
    _choose(source["filter"], _UNFILTERED)
    return source


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
    mixed = _make_mix(manifest, before, results, mask)
    for output in manifest.outputs:
        merged = _copy("onto", manifest, output, merged, mixed)
    return merged


def _make_mix(
    manifest: Manifest, before: nuke.Node, results: nuke.Node, mask: nuke.Node
) -> nuke.Node:
    """Make what goes from the source's values to the results, by the mask once it is connected.

    An Input that nothing is connected to is a node all the same, and as a mask it would be black:
    so the merge that has no mask at all is taken until then.
    """
    copy: Mapping[str, Any] = {"operation": "copy", "also_merge": "all"}
    free = _make("Merge2", layout.UNMASKED, before, results, **copy)
    mixed = _make("Merge2", layout.MIXED, before, results, mask, **copy)
    mixed["maskChannelMask"].setValue(_MASK_CHANNEL)  # last: connecting a mask may set it
    chosen = _make("Switch", layout.MASKED, free, mixed)
    arrow = len(channels.piped_inputs(manifest))
    _express(chosen["which"], f"[exists parent.input{arrow}]")
    return chosen


def _make_range(manifest: Manifest, result: nuke.Node) -> nuke.Node:
    """Give the picture the source's range again, where the Reads have any frame there can be.

    A retime's frames are the script's, not those of its input.
    """
    of = "root" if manifest.temporal.kind == "between" else layout.SOURCE
    range_ = _make("FrameRange", layout.RANGE, result)
    for knob in ("first_frame", "last_frame"):
        _express(range_[knob], f"{of}.{knob}")
    return range_


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
    return _make("Switch", "view", merged, source, overlay, difference)


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


def _choose(knob: nuke.Knob, entry: str) -> None:
    """Choose an entry whose spelling changes between releases, or else the first.

    Raises:
        WiringError: the knob shows another one then.
    """
    choice = cast("nuke.Enumeration_Knob", knob)
    names = [text.partition("\t")[0].lower() for text in choice.values()]
    wanted = names.index(entry) if entry in names else 0
    choice.setValue(wanted)
    if int(choice.getValue()) != wanted:
        raise WiringError(
            f"The knob {knob.name()} does not take {entry}, which a node of Filmgate needs.",
            "Look for a knobDefault or a callback of your site that sets it.",
        )


def _express(knob: nuke.Knob, expression: str) -> None:
    cast("nuke.Array_Knob", knob).setExpression(expression)


def _arrange(group: nuke.Group) -> None:
    """Put the nodes in rows by how far they are from the inputs, as DR026 draws them."""
    rows: dict[str, int] = {}
    taken: dict[int, int] = {}
    for node in sorted(group.nodes(), key=lambda node: (_row(node, rows), node.name())):
        row = rows[node.name()]
        node.setXYpos(_COLUMN_PX * taken.get(row, 0), _ROW_PX * row)
        taken[row] = taken.get(row, 0) + 1


def _row(node: nuke.Node, rows: dict[str, int]) -> int:
    """Return a node's row; *rows* remembers them by name."""
    if node.name() not in rows:
        pipes = (node.input(place) for place in range(node.inputs()))
        above = [_row(pipe, rows) + 1 for pipe in pipes if pipe is not None]
        rows[node.name()] = max(above, default=0)
    return rows[node.name()]


_COLUMN_PX, _ROW_PX = 120, 80
