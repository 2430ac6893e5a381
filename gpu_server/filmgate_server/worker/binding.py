"""Which part and which channels of a file feed each input, view by view.

A file of several parts may hold the views of a stereo plate, the layers of one view, or both. The
parts of a view count as one image: a part's name stands for the layer of its plain channels, so
that ``R`` in the part ``albedo`` is found as ``albedo.R``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from filmgate.errors import LayerError
from filmgate.image.frame import Part, Plate
from filmgate.manifest import ModelInput
from filmgate.manifest.layers import MAIN, bind_layers, list_layers

_SEPARATORS = "._- "


@dataclass(frozen=True)
class BoundInput:
    """Where an input is: the place of a part and the channels in it, in the model's order."""

    place: int
    channels: tuple[str, ...]


@dataclass(frozen=True)
class BoundView:
    """One view of a file; empty name where there is only one."""

    view: str
    inputs: Mapping[str, BoundInput]


def bind_views(
    inputs: Sequence[ModelInput], plate: Plate, by_hand: Mapping[str, str]
) -> list[BoundView]:
    """Bind *inputs*, the main one first, in each view that holds what they need.

    Args:
        inputs: what the model takes from this file.
        plate: the file.
        by_hand: input name to layer name, where the user chose.

    Raises:
        LayerError: no view of the file holds what is needed.
    """
    bound: list[BoundView] = []
    refused: list[LayerError] = []
    for view in dict.fromkeys(part.view for part in plate.parts):
        places = [place for place, part in enumerate(plate.parts) if part.view == view]
        try:
            bound.append(BoundView(view, _bind(inputs, plate, places, by_hand)))
        except LayerError as error:
            refused.append(error)
    if not bound:
        raise refused[0]
    return bound


def bind_own_file(wanted: ModelInput, plate: Plate, view: str, chosen: str | None) -> BoundInput:
    """Bind an input that has a file of its own: its layer by name, or else the file's only one.

    Args:
        wanted: the input.
        plate: the file.
        view: the main input's; a file without that view serves every view.
        chosen: the layer that the user chose, if so.

    Raises:
        LayerError: the file does not hold the input.
    """
    needed = replace(wanted, optional=False)
    by_hand = {} if chosen is None else {wanted.name: chosen}
    try:
        views = bind_views([needed], plate, by_hand)
    except LayerError:
        layers = _layers(plate, view)
        if chosen is not None or len(layers) != 1:
            raise
        views = bind_views([needed], plate, {wanted.name: layers[0]})
    named = {bound.view: bound.inputs[wanted.name] for bound in views}
    return named.get(view) or next(iter(named.values()))


def same_place(plate: Plate, main: Plate, bound: BoundInput, label: str) -> Part:
    """Return the part of *plate* that holds what *bound* names in *main*, another frame of it.

    Args:
        plate: a neighbour of *main*, or *main* itself.
        main: the frame that the input was bound in.
        bound: where it is there.
        label: of the input and frame, for the error's text.

    Raises:
        LayerError: *plate* lacks the part or one of the channels.
    """
    wanted = main.parts[bound.place]
    for part in plate.parts:
        same = (part.view, part.name) == (wanted.view, wanted.name)
        if same and set(bound.channels) <= set(part.channels):
            return part
    raise LayerError(
        f"{label}, lacks the channels {', '.join(bound.channels)} that the main frame has.",
        "Render every frame with the same layers.",
    )


def _layers(plate: Plate, view: str) -> list[str]:
    """Return the layers of *view*, or of the first view if the file has no such view."""
    views = [part.view for part in plate.parts]
    shown = view if view in views else views[0]
    places = [place for place, part in enumerate(plate.parts) if part.view == shown]
    return list(list_layers(_channels(plate, places, prefixed=len(places) > 1)))


def _bind(
    inputs: Sequence[ModelInput], plate: Plate, places: Sequence[int], by_hand: Mapping[str, str]
) -> dict[str, BoundInput]:
    """Bind by the parts' names where there are several, else as if they had none."""
    named = _channels(plate, places, prefixed=len(places) > 1)
    try:
        bound = bind_layers(inputs, list(named), by_hand)
    except LayerError:
        named = _channels(plate, places, prefixed=False)
        bound = bind_layers(inputs, list(named), by_hand)
    return {name: _located(channels, named) for name, channels in bound.items()}


def _channels(plate: Plate, places: Sequence[int], prefixed: bool) -> dict[str, tuple[int, str]]:
    """Return where each channel of a view is, by the name it is looked for; the first part wins."""
    found: dict[str, tuple[int, str]] = {}
    for place in places:
        part = plate.parts[place]
        layer = _layer_of(part) if prefixed else MAIN
        for channel in part.channels:
            plain = layer and "." not in channel
            found.setdefault(f"{layer}.{channel}" if plain else channel, (place, channel))
    return found


def _layer_of(part: Part) -> str:
    """Return a part's name without its view: ``rgba_left`` is ``rgba``."""
    name, view = part.name, part.view
    if view and name.lower().endswith(view.lower()):
        name = name[: -len(view)].rstrip(_SEPARATORS)
    return name


def _located(channels: Sequence[str], named: Mapping[str, tuple[int, str]]) -> BoundInput:
    """Return the one part that holds *channels*; what lies in other parts is not the same layer."""
    place = named[channels[0]][0]
    inside = (named[channel] for channel in channels)
    return BoundInput(place, tuple(name for home, name in inside if home == place))
