"""The knobs of a Filmgate Group, made from the manifest, and what they say at a moment.

Scripts store the names of knobs, so they never change. The buttons hold guarded one-liners: without
the plugin they do nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Optional, cast

import nuke

from filmgate.host.node import parse_node_state
from filmgate.host.port import Moment, Settings
from filmgate.manifest import Manifest, parse_manifest_json
from filmgate.wire.records import ColourSpec
from filmgate_nuke import channels, layout, parameters

VIEWS = ("result", "source", "overlay", "difference")

GUARDED = (
    "__import__('sys').modules.get('filmgate_nuke') and "
    "__import__('filmgate_nuke.actions', fromlist=['actions']).{}(nuke.thisNode())"
)
"""A button's script: does nothing where the plugin was not started."""

_HOLDS_NOTHING = ("PyScript_Knob", "Tab_Knob", "Link_Knob")
_REMEMBERED = 64
"""Nodes whose manifest is not parsed again at each frame."""
_TOP = "filmgate_tab"
_BUTTONS = {
    "run_frame": ("Run frame", "Make the result of the current frame, in every view."),
    "run_range": ("Run range", "Make the frames of the range that are not fresh."),
    "cancel": ("Cancel", "End what is under way, here and on the server; finished frames stay."),
    "upgrade": ("Upgrade\u2026", "Show what the newest version changes, and go over to it."),
    "bake": ("Bake", "Copy the results to where scripts and farms find them without this plugin."),
    "unbake": ("Unbake", "Read the takes again. The baked files stay where they are."),
    "clear": ("Clear", "Forget the results of this node, but not the baked ones."),
}


def add_knobs(
    group: nuke.Group, manifest: Manifest, model_ref: str, versions: Sequence[str] = ()
) -> None:
    """Add every knob of the node; the nodes inside, to which some are linked, are there.

    Args:
        group: the node.
        manifest: of its model.
        model_ref: how it was asked for.
        versions: others that there are.
    """
    for knob in (
        *_run_knobs(),
        *_layer_knobs(manifest),
        *parameters.make_all(manifest.params),
        *_time_knobs(manifest),
        *_output_knobs(),
        *_server_knobs(manifest, model_ref, versions),
        *_file_knobs(manifest),
    ):
        group.addKnob(knob)


def manifest_of(group: nuke.Group) -> Manifest:
    """Return the manifest that the node carries.

    Raises:
        ManifestError: it carries none that can be read.
    """
    return _parse_state(str(group[layout.STATE].value()))


@lru_cache(maxsize=_REMEMBERED)
def _parse_state(text: str) -> Manifest:
    return parse_manifest_json(parse_node_state(text).manifest.encode())


def settings(group: nuke.Group, manifest: Manifest, moment: Moment) -> Settings:
    """Return what the artist has set, with animated values as they are at *moment*.

    Points and boxes, which Nuke counts from the bottom of the format, are counted from its top.

    Raises:
        ParameterError: a value does not fit its parameter; the text says what would.
    """
    return Settings(
        params=parameters.values(group, manifest.params, moment),
        layers=_layers(group, manifest),
        source_time=_source_time(group, manifest, moment),
        colour=ColourSpec(working=_working_space()),
    )


def holds_value(knob: nuke.Knob) -> bool:
    """Return whether a knob holds a value of its own: no button, no headline, no link."""
    return knob.Class() not in _HOLDS_NOTHING


def show_versions(group: nuke.Group, versions: Sequence[str], current: str) -> None:
    """Let the knob ``filmgate_version`` list *versions* and show *current*."""
    knob = cast("nuke.Enumeration_Knob", group[layout.VERSION])
    listed = list(dict.fromkeys((*versions, current)))
    if list(knob.values()) != listed:
        knob.setValues(listed)
    if knob.value() != current:
        knob.setValue(current)


def versions_of(group: nuke.Group) -> list[str]:
    """Return the versions that the node lists."""
    return list(cast("nuke.Enumeration_Knob", group[layout.VERSION]).values())


def _current_first(versions: Sequence[str], manifest: Manifest) -> list[str]:
    """Return the list with the version in use first: a new knob shows its first entry."""
    return list(dict.fromkeys((manifest.version, *versions)))


def _run_knobs() -> Iterator[nuke.Knob]:
    yield nuke.Tab_Knob(_TOP, "Filmgate")
    yield _hinted(nuke.Text_Knob(layout.STATUS, "status", "not run yet"), "Where the node stands.")
    yield _button("run_frame", new_line=True)
    yield _button("run_range")
    yield _hinted(
        nuke.String_Knob("filmgate_range", "range", ""),
        "Frames such as 1001-1100x2,1150; empty means the range of the input.",
    )
    live = nuke.Boolean_Knob("filmgate_live", "live", False)
    yield _hinted(live, "Run the current frame by itself whenever a setting changes.")
    yield _button("cancel")


def _layer_knobs(manifest: Manifest) -> Iterator[nuke.Knob]:
    yield _divider("filmgate_inputs", "Inputs")
    for entry in manifest.inputs:
        if entry.kind == "image":
            name = layout.layer_knob(entry.name)
            knob = nuke.ChannelMask_Knob(name, f"{entry.name} layer")
            knob.setValue(channels.FOUND_BY_NAME)
            unused = " \u201cnone\u201d leaves it out." if entry.optional else ""
            yield _hinted(
                knob,
                f"Which layer is the {entry.name}. \u201call\u201d searches the input's own pipe, "
                "else the main one, for the layer names that renderers use; in a pipe of its own "
                f"that has none of them, rgba is taken.{unused}",
            )


def _time_knobs(manifest: Manifest) -> Iterator[nuke.Knob]:
    if manifest.temporal.kind != "between":
        return
    yield _divider("filmgate_time", "Time")
    knob = nuke.Double_Knob(layout.SOURCE_TIME, "source time")
    knob.setExpression("frame")
    yield _hinted(
        knob,
        "The time in frames of the input that this frame shows; with a fraction it lies between "
        "two frames. Animate it, or use an expression such as first_frame + (frame - first_frame) "
        "/ 2 for half speed.",
    )


def _output_knobs() -> Iterator[nuke.Knob]:
    yield _divider("filmgate_output", "Output")
    view = nuke.Enumeration_Knob(layout.VIEW, "view", list(VIEWS))
    yield _hinted(
        view,
        "What leaves the node: the result, the source, both half and half (or the matte in red), "
        "or how far they differ.",
    )
    mask = _link("filmgate_mask", "mask", layout.MIXED, "maskChannelMask")
    yield _hinted(mask, "Which channel of the mask pipe says where the result is used.")
    yield nuke.Boolean_Knob(layout.MASK_INVERT, "invert", False)
    mix = nuke.Double_Knob(layout.MIX, "mix")
    mix.setValue(1.0)
    yield _hinted(mix, "0 is the source, 1 the result.")


def _server_knobs(
    manifest: Manifest, model_ref: str, versions: Sequence[str]
) -> Iterator[nuke.Knob]:
    yield nuke.Tab_Knob("filmgate_server_tab", "Server and files")
    server = nuke.String_Knob(layout.SERVER, "server", "")
    yield _hinted(server, "Address of the server; empty means the configured one.")
    model = nuke.String_Knob(layout.MODEL, "model", model_ref)
    yield _hinted(model, "The model, as name, name@version or name@alias.")
    version = nuke.Enumeration_Knob(layout.VERSION, "version", _current_first(versions, manifest))
    yield _hinted(version, "The version that this node uses until you choose another.")
    yield _button("upgrade")


def _file_knobs(manifest: Manifest) -> Iterator[nuke.Knob]:
    yield _divider("filmgate_files", "Files")
    for output in manifest.outputs:
        inside = layout.read_node(output.name)
        knob = _link(layout.file_knob(output.name), output.name, inside, "file")
        yield _hinted(knob, "What the node reads: a take, or what was baked.")
    for name in ("bake", "unbake", "clear"):
        yield _button(name, new_line=name == "bake")
    state = nuke.String_Knob(layout.STATE, "state", "")
    state.setFlag(nuke.INVISIBLE)
    yield state


def _button(name: str, new_line: bool = False) -> nuke.Knob:
    label, tooltip = _BUTTONS[name]
    knob = nuke.PyScript_Knob(f"filmgate_{name}", label, GUARDED.format(name))
    if new_line:
        knob.setFlag(nuke.STARTLINE)
    return _hinted(knob, tooltip)


def _link(name: str, label: str, node: str, knob: str) -> nuke.Knob:
    """Make a knob that is another one inside the Group, so that it works without the plugin."""
    link = nuke.Link_Knob(name, label)
    link.makeLink(node, knob)
    return link


def _divider(name: str, label: str) -> nuke.Knob:
    return nuke.Text_Knob(name, label, "")


def _hinted(knob: nuke.Knob, tooltip: str) -> nuke.Knob:
    knob.setTooltip(tooltip)
    return knob


def _layers(group: nuke.Group, manifest: Manifest) -> dict[str, str]:
    """Return the layers chosen by hand; `rgb` is what Nuke calls the main one without alpha."""
    names = [entry.name for entry in manifest.inputs if entry.kind == "image"]
    chosen = {name: str(group[layout.layer_knob(name)].value()) for name in names}
    searched = (channels.FOUND_BY_NAME, channels.NOT_USED)
    return {name: layer for name, layer in chosen.items() if layer not in searched}


def _source_time(group: nuke.Group, manifest: Manifest, moment: Moment) -> Optional[float]:
    if manifest.temporal.kind != "between":
        return None
    return float(parameters.number_at(group[layout.SOURCE_TIME], moment))


def _working_space() -> str:
    """Return the working space where OCIO rules; Nuke's own management only says "linear"."""
    root = nuke.root()
    management, working = root.knob("colorManagement"), root.knob("workingSpaceLUT")
    if management is None or working is None or management.value() != "OCIO":
        return ""
    return str(working.value())
