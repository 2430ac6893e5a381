"""Channels: Nuke's names for them, those in EXR files, and which ones a model's inputs are.

Nuke calls the main layer's channels ``rgba.red``; EXR files say ``R``. In every other layer Nuke
writes its own names and reads ``albedo.R`` as ``albedo.red``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Optional

import nuke

from filmgate.errors import InputError, LayerError
from filmgate.manifest import Manifest, ModelInput, ModelOutput
from filmgate.manifest.layers import MAIN, bind_layers, channel_letter
from filmgate_nuke import layout

FOUND_BY_NAME = "all"
"""The layer knob's first entry: every layer is searched by the names that renderers use."""
NOT_USED = "none"

_PIPED = "image"
_MAIN_LAYER = "rgba"
_WORDS = {"R": "red", "G": "green", "B": "blue", "A": "alpha"}
_MAIN_CHANNELS = {f"rgba.{word}": letter for letter, word in _WORDS.items()}
_MAIN_NAMES = {**{letter: name for name, letter in _MAIN_CHANNELS.items()}, "Z": "depth.Z"}


def exr_name(channel: str) -> str:
    """Return what Nuke's Write calls a channel: ``R`` for ``rgba.red``."""
    return _MAIN_CHANNELS.get(channel, channel)


def nuke_name(channel: str) -> str:
    """Return what Nuke's Read makes of a channel's name: ``matte.alpha`` for ``matte.A``."""
    layer, _, suffix = channel.rpartition(".")
    if not layer:
        return _MAIN_NAMES.get(suffix.upper(), f"other.{suffix}")
    return f"{layer.replace('.', '_')}.{_WORDS.get(channel_letter(suffix), suffix)}"


def layer_of(channel: str) -> str:
    """Return the layer of a channel, as Nuke names it."""
    return channel.partition(".")[0]


def _suffix(channel: str) -> str:
    return channel.partition(".")[2]


def ensure_layers(names: Iterable[str]) -> None:
    """Make the channels that Nuke does not know yet, so that knobs can name them."""
    known = set(nuke.channels())
    missing: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        if name not in known:
            missing.setdefault(layer_of(name), []).append(name)
    for layer, members in missing.items():
        nuke.Layer(layer, members)


def piped_inputs(manifest: Manifest) -> list[ModelInput]:
    """Return the inputs that have an arrow, in the arrows' order: no pipe holds anything else."""
    return [entry for entry in manifest.inputs if entry.kind == _PIPED]


def bind_input(group: nuke.Group, manifest: Manifest, name: str) -> tuple[str, ...]:
    """Return the channels that the input *name* is bound to now, by Nuke's names.

    Its own pipe is searched if it is connected, else the main one.

    Returns:
        None of them for an optional input that is not used or not there.

    Raises:
        InputError: the main pipe is not connected, or the one that is searched gives no channels.
        LayerError: a needed layer is missing, or the chosen one does not fit.
    """
    wanted = manifest.input(name)
    if wanted.kind != _PIPED:
        return ()
    chosen = str(group[layout.layer_knob(name)].value())
    if chosen == NOT_USED and wanted.optional:
        return ()
    own = own_pipe(group, manifest, name)
    pipe = own or group.input(0)
    if pipe is None:
        raise InputError(
            f"The input {manifest.main_input.name} of {group.name()} is not connected.",
            "Connect the picture to the node's first input.",
        )
    names = {exr_name(channel): channel for channel in _held(pipe, name)}
    by_hand = {} if chosen == FOUND_BY_NAME else {name: layer_by_hand(chosen)}
    names = {key: channel for key, channel in names.items() if _is_meant(chosen, channel)}
    search = _bind_own if own is not None else _bind_main
    found = search(wanted, list(names), by_hand)
    return tuple(names[channel] for channel in (*found, *_alpha(wanted, found, names)))


def _held(pipe: nuke.Node, name: str) -> list[str]:
    """Return the channels of what feeds the input *name*.

    Raises:
        InputError: it has none, as where its file is missing.
    """
    found = pipe.channels()
    if not found:
        raise InputError(
            f"{pipe.name()} gives no channels at frame {nuke.frame()}: {name} has no picture.",
            "Look at it in the Viewer at that frame: is its file there?",
            {"frame": nuke.frame()},
        )
    return found


def layer_by_hand(chosen: str) -> str:
    """Return the layer of a knob's text: Nuke says ``alpha`` for the channel ``rgba.alpha``."""
    return _MAIN_LAYER if whole(chosen) in _MAIN_CHANNELS else chosen


def _is_meant(chosen: str, channel: str) -> bool:
    """Return whether a channel is one of those that a knob's text leaves to choose from."""
    meant = whole(chosen)
    return meant not in _MAIN_CHANNELS or meant == channel


def whole(chosen: str) -> str:
    """Return a channel of the main layer by its whole name, which Nuke's knobs shorten."""
    return f"{_MAIN_LAYER}.{chosen}" if chosen in _WORDS.values() else chosen


def own_pipe(group: nuke.Group, manifest: Manifest, name: str) -> Optional[nuke.Node]:
    """Return what is connected to the arrow of the input *name*, if it has one."""
    arrows = [each.name for each in piped_inputs(manifest)]
    return group.input(arrows.index(name)) if name in arrows else None


def result_channels(manifest: Manifest, output: ModelOutput) -> tuple[str, ...]:
    """Return the channels of an output's files, by Nuke's names; none: those of the input."""
    return tuple(map(nuke_name, output.channels or manifest.source_of(output).channels))


def target_channels(group: nuke.Group, manifest: Manifest, output: ModelOutput) -> tuple[str, ...]:
    """Return the channels of the source that an output's channels go to, in the same order.

    What replaces nothing keeps its names; where these are the main layer's and the source stays as
    it is, the output gets a layer of its own, as in the files that the command line merges.
    """
    names = result_channels(manifest, output)
    if output.replaces:
        return _replaced(group, manifest, output, names)
    if manifest.geometry.scale == 1 and all(layer_of(name) == _MAIN_LAYER for name in names):
        return tuple(f"{layout.identifier(output.name)}.{_suffix(name)}" for name in names)
    return names


def _replaced(
    group: nuke.Group, manifest: Manifest, output: ModelOutput, names: tuple[str, ...]
) -> tuple[str, ...]:
    try:
        bound = bind_input(group, manifest, output.replaces)
    except (InputError, LayerError):  # nothing is connected yet, or something unsuitable
        return names
    letters = {channel_letter(name): name for name in bound}
    wanted = [channel_letter(name) for name in names]
    if all(letter in letters for letter in wanted):
        return tuple(letters[letter] for letter in wanted)
    return bound if len(bound) == len(names) else names


def _bind_main(
    wanted: ModelInput, channels: Sequence[str], by_hand: Mapping[str, str]
) -> tuple[str, ...]:
    try:
        return bind_layers([wanted], channels, by_hand).get(wanted.name, ())
    except LayerError as error:
        raise _at_node(error, wanted) from error


def _bind_own(
    wanted: ModelInput, channels: Sequence[str], by_hand: Mapping[str, str]
) -> tuple[str, ...]:
    """Bind in a pipe that was connected for this: by name, else what the pipe shows.

    The server does the same with a file of its own.
    """
    needed = replace(wanted, optional=False)
    try:
        return bind_layers([needed], channels, by_hand)[wanted.name]
    except LayerError as error:
        if by_hand:
            raise _at_node(error, wanted) from error
    return _bind_main(needed, channels, {wanted.name: MAIN})


def _at_node(error: LayerError, wanted: ModelInput) -> LayerError:
    remedy = (
        f"Render that layer, or choose another in the node's knob \u201c{wanted.name} layer\u201d."
    )
    return LayerError(error.text, remedy, error.detail)


def _alpha(wanted: ModelInput, found: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """Return the alpha of the layer found, for a model that wants its colours straight."""
    if wanted.alpha != "straight" or not found:
        return ()
    layer = found[0].rpartition(".")[0]
    return tuple(
        name
        for name in names
        if name.rpartition(".")[0] == layer and channel_letter(name) == "A" and name not in found
    )
