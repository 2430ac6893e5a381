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
from filmgate_nuke import channels, layout, parameters, script, stored

VIEWS = ("result", "source", "overlay", "difference")

GUARDED = (
    "__import__('sys').modules.get('filmgate_nuke') and "
    "__import__('filmgate_nuke.actions', fromlist=['actions']).{}(nuke.thisNode())"
)
"""A button's script: does nothing where the plugin was not started."""

_HOLDS_NOTHING = ("PyScript_Knob", "Tab_Knob", "Link_Knob")
_TEXTS = ("String_Knob", "EvalString_Knob", "Multiline_Eval_String_Knob")
_RAW = (*_TEXTS, "File_Knob")
"""Their texts go from knob to knob as they are, not as a script spells them."""
_LASTING = frozenset(
    f"{layout.PREFIX}{name}"
    for name in (
        *("tab", "status", "run_frame", "run_range", "range", "live", "cancel"),
        *("model", "version", "upgrade", "server", "state"),
    )
)
_REMEMBERED = 64
"""Nodes whose manifest is not parsed again at each frame."""
_TOP = "filmgate_tab"
_LEFT_OUT = "\u201cnone\u201d leaves it out."
_SEARCHED = "The model needs it: \u201cnone\u201d searches as \u201call\u201d does."
_BUTTONS = {
    "run_frame": ("Run frame", "Make the result of the current frame, in every view."),
    "run_range": ("Run range", "Make the frames of the range that are not fresh."),
    "cancel": ("Cancel", "End what is under way, here and on the server; finished frames stay."),
    "upgrade": ("Upgrade\u2026", "Show what the newest version changes, and go over to it."),
    "bake": ("Bake", "Copy the results to where scripts and farms find them without this plugin."),
    "unbake": ("Unbake", "Read the takes again. The baked files stay where they are."),
    "clear": ("Clear", "Forget the results of this node, but not the baked ones."),
}


def lasting_knobs(manifest: Manifest, model_ref: str) -> list[nuke.Knob]:
    """Make the knobs that a node has for life, whichever version it goes over to.

    They come first: Nuke adds at the end alone, so only what comes after them can be made anew. A
    button whose script runs must not be removed, and the state must not be lost.

    Args:
        manifest: of the model.
        model_ref: how it was asked for.
    """
    return [*_run_knobs(), *_server_knobs(manifest, model_ref), _state_knob()]


def model_knobs(manifest: Manifest) -> list[nuke.Knob]:
    """Make the knobs that a version of the model asks for."""
    return [
        *_layer_knobs(manifest),
        *parameters.make_all(manifest.params),
        *_time_knobs(manifest),
        *_output_knobs(),
        *_file_knobs(manifest),
    ]


def add_knobs(group: nuke.Group, made: Sequence[nuke.Knob]) -> None:
    """Add knobs; the nodes inside, to which some are linked, are there."""
    for knob in made:
        group.addKnob(knob)
        if knob.name() == layout.SOURCE_TIME:  # only a knob of a node can read an expression
            cast("nuke.Double_Knob", knob).setExpression("frame")


def remove_model_knobs(group: nuke.Group) -> None:
    """Remove the knobs that the next version of the model brings anew."""
    for knob in own_knobs(group):
        if not is_lasting(knob):
            group.removeKnob(knob)


def is_lasting(knob: nuke.Knob) -> bool:
    """Return whether a knob stays when the node goes over to another version."""
    return knob.name() in _LASTING


def own_knobs(group: nuke.Group) -> list[nuke.Knob]:
    """Return the knobs that the plugin has made."""
    return [knob for knob in group.allKnobs() if knob.name().startswith(layout.PREFIX)]


def family(knob: nuke.Knob) -> str:
    """Return a knob's class; one name for all that hold text, which scripts do not tell apart."""
    kind = str(knob.Class())
    return "text" if kind in _TEXTS else kind


def to_text(knob: nuke.Knob) -> str:
    """Return what a knob holds, for `take_text` of a knob of the same family."""
    return str(knob.value()) if knob.Class() in _RAW else str(knob.toScript(False))


def take_text(knob: nuke.Knob, text: str) -> None:
    """Let a knob hold what another did."""
    if knob.Class() in _RAW:
        knob.setValue(text)
    else:
        knob.fromScript(text)


def manifest_of(group: nuke.Group) -> Manifest:
    """Return the manifest that the node carries.

    Raises:
        ManifestError: it carries none that can be read.
    """
    return _parse_state(str(group[layout.STATE].value()))


@lru_cache(maxsize=_REMEMBERED)
def _parse_state(text: str) -> Manifest:
    return parse_manifest_json(parse_node_state(stored.from_knob(text)).manifest.encode())


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
    with script.setting():
        if list(knob.values()) != listed:
            knob.setValues(listed)
        if knob.value() != current:
            knob.setValue(current)


def versions_of(group: nuke.Group) -> list[str]:
    """Return the versions that the node lists."""
    return list(cast("nuke.Enumeration_Knob", group[layout.VERSION]).values())


def _run_knobs() -> Iterator[nuke.Knob]:
    yield nuke.Tab_Knob(_TOP, "Filmgate")
    yield _hinted(nuke.Text_Knob(layout.STATUS, "status", "not run yet"), "Where the node stands.")
    yield _button("run_frame", new_line=True)
    yield _button("run_range")
    yield _hinted(
        nuke.EvalString_Knob("filmgate_range", "range", ""),
        "Frames such as 1001-1100x2,1150; empty means the range of the input.",
    )
    live = nuke.Boolean_Knob("filmgate_live", "live", False)
    yield _hinted(live, "Run the current frame by itself whenever a setting changes.")
    yield _button("cancel")


def _layer_knobs(manifest: Manifest) -> Iterator[nuke.Knob]:
    yield _divider("filmgate_inputs", "Inputs", "What the model is given.")
    for entry in manifest.inputs:
        if entry.kind == "image":
            name = layout.layer_knob(entry.name)
            knob = nuke.ChannelMask_Knob(name, f"{entry.name} layer")
            knob.setValue(channels.FOUND_BY_NAME)
            unused = _LEFT_OUT if entry.optional else _SEARCHED
            yield _hinted(
                knob,
                f"Which layer is the {entry.name}. \u201call\u201d searches the input's own pipe, "
                "else the main one, for the layer names that renderers use; in a pipe of its own "
                f"that has none of them, rgba is taken. {unused}",
            )


def _time_knobs(manifest: Manifest) -> Iterator[nuke.Knob]:
    if manifest.temporal.kind != "between":
        return
    yield _divider("filmgate_time", "Time", "Where this frame lies in the input.")
    knob = nuke.Double_Knob(layout.SOURCE_TIME, "source time")
    yield _hinted(
        knob,
        "The time in frames of the input that this frame shows; with a fraction it lies between "
        "two frames. Animate it, or use an expression such as root.first_frame + "
        "(frame - root.first_frame) / 2 for half speed.",
    )


def _output_knobs() -> Iterator[nuke.Knob]:
    yield _divider("filmgate_output", "Output", "What leaves the node.")
    view = nuke.Enumeration_Knob(layout.VIEW, "view", list(VIEWS))
    yield _hinted(
        view,
        "What leaves the node: the result, the source, both half and half (or the matte in red), "
        "or how far they differ.",
    )
    mask = _link("filmgate_mask", "mask", layout.MIXED, "maskChannelMask")
    yield _hinted(mask, "Which channel of the mask pipe says where the result is used.")
    invert = nuke.Boolean_Knob(layout.MASK_INVERT, "invert", False)
    yield _hinted(invert, "Use the result where the mask is black instead of where it is white.")
    mix = nuke.Double_Knob(layout.MIX, "mix")
    mix.setValue(1.0)
    yield _hinted(mix, "0 is the source, 1 the result.")


def _server_knobs(manifest: Manifest, model_ref: str) -> Iterator[nuke.Knob]:
    model = nuke.EvalString_Knob(layout.MODEL, "model", model_ref)
    model.setFlag(nuke.READ_ONLY)  # another model is another node
    yield _hinted(model, "The model that this node was made for, or the version chosen since.")
    version = nuke.Enumeration_Knob(layout.VERSION, "version", [manifest.version])
    yield _hinted(version, "The version that this node uses until you choose another.")
    yield _button("upgrade")
    server = nuke.EvalString_Knob(layout.SERVER, "server", "")
    yield _hinted(server, "Address of the server; empty means the configured one.")


def _file_knobs(manifest: Manifest) -> Iterator[nuke.Knob]:
    yield nuke.Tab_Knob("filmgate_files", "Files")
    for output in manifest.outputs:
        inside = layout.read_node(output.name)
        knob = _link(layout.file_knob(output.name), output.name, inside, "file")
        yield _hinted(knob, "What the node reads: a take, or what was baked.")
    for name in ("bake", "unbake", "clear"):
        yield _button(name, new_line=name == "bake")


def _state_knob() -> nuke.Knob:
    state = nuke.EvalString_Knob(layout.STATE, "state", "")
    state.setFlag(nuke.INVISIBLE)
    return state


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


def _divider(name: str, label: str, tooltip: str) -> nuke.Knob:
    return _hinted(nuke.Text_Knob(name, label, ""), tooltip)


def _hinted(knob: nuke.Knob, tooltip: str) -> nuke.Knob:
    knob.setTooltip(tooltip)
    return knob


def _layers(group: nuke.Group, manifest: Manifest) -> dict[str, str]:
    """Return the layers chosen by hand; `rgb` is what Nuke calls the main one without alpha."""
    names = [entry.name for entry in manifest.inputs if entry.kind == "image"]
    chosen = {name: str(group[layout.layer_knob(name)].value()) for name in names}
    searched = (channels.FOUND_BY_NAME, channels.NOT_USED)
    return {
        name: channels.layer_by_hand(layer)
        for name, layer in chosen.items()
        if layer not in searched
    }


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
