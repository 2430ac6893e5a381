"""Copernicus: image layers to a model and its results back, from Houdini 21 on.

The asset holds a Python Snippet, which cooks apart from the network: what it is given are the
layers and the asset's path. AOVs are the layers of one picture, named by the connectors that they
come from, so that a model finds its albedo and its normal as it does in a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Optional

import hou

from filmgate.digest import digest_bytes
from filmgate.errors import InputError, LayerError
from filmgate.host.plain_exr import PlainImage, parse_plain_exr, to_plain_exr
from filmgate.host.port import Moment
from filmgate.job import Payload
from filmgate.manifest import Manifest, ModelInput, ModelOutput
from filmgate.manifest.layers import MAIN, ROLE_PATTERNS, bind_layers, channel_letter
from filmgate.wire.records import ColourSpec
from filmgate_houdini import cook as cooking
from filmgate_houdini import layers, names
from filmgate_houdini.host import STILL_FRAME, HoudiniHost
from filmgate_houdini.source import Mismatch

INPUTS = ("layer1", "layer2", "layer3", "layer4")
OUTPUTS = ("result1", "result2", "result3", "result4")
"""The asset's connectors; scenes store them."""

NODE = "node"
"""The binding that says which asset a snippet is in."""

_ORDER = "RXUGYVBZWA"
_IMAGE = "image"
_WILD = re.compile(r"[*?\[]")
_NO_NAME = re.compile(r"[^A-Za-z0-9_ -]")
_SILENT = (names.STATUS, names.MATCH)


@dataclass(frozen=True)
class Wire:
    """What is connected to one of the node's inputs.

    Attributes:
        index: of the input.
        name: of the layer in the file: the upstream connector's; the main one's is empty.
        layer: the pixels.
    """

    index: int
    name: str
    layer: hou.ImageLayer

    @property
    def channels(self) -> list[str]:
        """The full names of its channels."""
        return layers.channel_names(self.name, self.layer.channelCount())


class CopSource:
    """A Copernicus node's inputs and results.

    Args:
        node: the asset.
        given: the layers of the cook that made this, by input; layers do not change afterwards.
    """

    def __init__(self, node: hou.OpNode, given: Optional[Mapping[int, hou.ImageLayer]] = None):
        self._node, self._given = node, dict(given or {})
        self._time = float(hou.frame()) if HoudiniHost(node).is_timed else STILL_FRAME
        self._files: dict[float, bytes] = {}
        self._shown: list[hou.ImageLayer] = []

    def report(self, manifest: Manifest) -> Sequence[Mismatch]:
        """Return what keeps a model from working on the layers as they are now."""
        main = manifest.main_input
        others = [each.kind for each in (*manifest.inputs, *manifest.outputs)]
        if any(kind != _IMAGE for kind in others):
            text = f"{manifest.name} works on geometry, not on layers."
            return [Mismatch(main.name, text, "Use the Filmgate node in a SOP network.")]
        wires = self._wires(self._time)
        if not wires or wires[0].index != 0:
            return [Mismatch(main.name, "No layer is connected.", "Connect the picture first.")]
        try:
            used = self._used(manifest, wires)
        except LayerError as error:
            wanted = str(error.detail.get("input", main.name))
            return [Mismatch(wanted, error.text, "Connect that layer to one of the inputs.")]
        return [_misplaced(each, wires[0]) for each in used if not _fits(each, wires[0])]

    def idle(self, manifest: Manifest) -> str:
        """Return nothing: a picture always has pixels."""
        return ""

    def fingerprint(self, manifest: Manifest, moment: Moment) -> str:
        """Return the digest of the file that the model would be given."""
        try:
            return digest_bytes(self._file(manifest, moment.time)).hex()
        except (InputError, LayerError):  # the report says it better
            return ""

    def payload(self, manifest: Manifest, wanted: ModelInput, moment: Moment) -> Optional[Payload]:
        """Return all layers as one file; None for every input but the main one, which holds it.

        Raises:
            InputError: no picture is connected.
            LayerError: a layer that the model needs is not.
        """
        if wanted.name != manifest.main_input.name:
            return None
        return Payload(wanted.name, self._file(manifest, moment.time), time=moment.time)

    def colour(self) -> ColourSpec:
        """Return nothing: a layer does not know its colour space, the show's settings do."""
        return ColourSpec()

    def apply(self, manifest: Manifest, outputs: Mapping[str, bytes]) -> None:
        """Make the result layers.

        Raises:
            InputError: the result is of another size than the picture, and not a multiple of it.
            ImageError: a file is not what a server writes.
        """
        main = self._main()
        self._shown = [
            self._result(manifest, each, parse_plain_exr(outputs[each.name]), main)
            for each in manifest.outputs[: len(OUTPUTS)]
        ]

    def keep(self) -> None:
        """Let the main layer pass through."""
        main = self._main()
        image = layers.to_image({MAIN: main})
        self._shown = [layers.to_layer(image, list(image.planes), main, alpha=False)]

    def shown(self) -> dict[str, hou.ImageLayer]:
        """Return a layer for each of the asset's outputs."""
        blank = layers.to_blank(self._shown[0])
        return dict(zip(OUTPUTS, (*self._shown, *[blank] * len(OUTPUTS))))

    def _result(
        self, manifest: Manifest, output: ModelOutput, image: PlainImage, main: hou.ImageLayer
    ) -> hou.ImageLayer:
        width, height = main.bufferResolution()
        size = image.data_window.width, image.data_window.height
        factor = max(1, size[0] // width)
        if size != (width * factor, height * factor):
            text = f"The result is {size[0]} x {size[1]}, the picture {width} x {height}."
            raise InputError(text, "Run the node again.")
        wanted = output.channels or manifest.source_of(output).channels
        found = [name for name in wanted if name in image.planes]
        return layers.to_layer(
            image, found or sorted(image.planes, key=_place), main, alpha=bool(output.replaces)
        )

    def _main(self) -> hou.ImageLayer:
        wires = self._wires(self._time)
        if not wires or wires[0].index != 0:
            raise InputError("No layer is connected.", "Connect the picture first.")
        return wires[0].layer

    def _file(self, manifest: Manifest, time: float) -> bytes:
        """Return the picture at a frame, with the layers that the model uses."""
        if time not in self._files:
            wires = self._wires(time)
            if not wires or wires[0].index != 0:
                raise InputError("No layer is connected.", "Connect the picture first.")
            used = {each.name: each.layer for each in self._used(manifest, wires)}
            image = layers.to_image({MAIN: wires[0].layer, **used})
            self._files[time] = to_plain_exr(image)
        return self._files[time]

    def _wires(self, time: float) -> list[Wire]:
        """Return what is connected, in the order of the inputs."""
        found: list[Wire] = []
        wires = sorted(self._node.inputConnections(), key=lambda each: each.inputIndex())
        for wire in wires:
            layer = self._layer(wire, time)
            if layer is not None:
                name = _layer_name(wire.inputName()) if wire.inputIndex() else MAIN
                taken = {each.name for each in found}
                found.append(Wire(wire.inputIndex(), _unique(name, taken), layer))
        return found

    def _layer(self, wire: hou.NodeConnection, time: float) -> Optional[hou.ImageLayer]:
        if time == self._time and wire.inputIndex() in self._given:
            return self._given[wire.inputIndex()]
        above = wire.inputNode()
        if not isinstance(above, hou.CopNode):
            return None
        return above.layerAtFrame(time, wire.outputIndex())

    def _used(self, manifest: Manifest, wires: Sequence[Wire]) -> list[Wire]:
        """Return the wires that the model's further inputs are found in, by name, else by place.

        Raises:
            LayerError: a needed one is missing.
        """
        further = [each for each in manifest.inputs[1:] if each.kind == _IMAGE]
        by_hand = {manifest.main_input.name: MAIN}
        bind_layers([manifest.main_input], wires[0].channels, by_hand)
        found = _bound(further, wires)
        placed = {wire.index: wire for wire in wires[1:] if wire not in found.values()}
        for place, wanted in enumerate(further, 1):
            if wanted.name not in found and place in placed:
                found[wanted.name] = replace(placed[place], name=_role_name(wanted))
        for wanted in further:
            channels = found[wanted.name].channels if wanted.name in found else []
            bind_layers([wanted], [*wires[0].channels, *channels])
        return [each for each in dict.fromkeys(found.values()) if each.index != 0]


def make_source(node: hou.OpNode) -> CopSource:
    """Return a node's inputs, outside of its cook."""
    return CopSource(node)


def cook(kwargs: Mapping[str, Any]) -> dict[str, hou.ImageLayer]:
    """Cook a node; the asset's snippet calls it.

    Args:
        kwargs: the snippet's: layers by `INPUTS`, and the asset's path as `NODE`.

    Returns:
        A layer for each of `OUTPUTS`.

    Raises:
        hou.NodeError: what failed, what helps and the job's id.
    """
    node = hou.node(kwargs[NODE])
    if not isinstance(node, hou.OpNode):
        raise hou.NodeError(f"There is no node {kwargs[NODE]}.")
    given = {place: kwargs.get(name) for place, name in enumerate(INPUTS)}
    source = CopSource(node, {place: each for place, each in given.items() if each is not None})
    try:
        cooking.cook(node, source)
    except hou.NodeWarning as warning:  # raised, it would take the layers' place
        _warn(warning.instanceMessage())
    return source.shown()


def changes(node: hou.OpNode) -> str:
    """Return a text that changes with everything set on the node: the snippet is bound to it."""
    said = (each for each in node.parms() if each.name().startswith(names.PREFIX))
    return "\n".join(
        f"{each.name()} {each.evalAsString()}" for each in said if each.name() not in _SILENT
    )


def _warn(text: str) -> None:
    """Warn at what cooks; the node's status line says the same in any case."""
    cooking_now = hou.pwd()
    if isinstance(cooking_now, hou.OpNode):
        with suppress(hou.Error):  # a snippet that Houdini cooks apart has no node
            cooking_now.addWarning(text)


def _bound(wanted: Sequence[ModelInput], wires: Sequence[Wire]) -> dict[str, Wire]:
    """Return the wire that each input is found in by name; the main one where it holds it."""
    channels = [channel for wire in wires for channel in wire.channels]
    optional = [replace(each, optional=True) for each in wanted]
    bound = bind_layers(optional, channels)
    owners = {channel: wire for wire in wires for channel in wire.channels}
    return {name: owners[found[0]] for name, found in bound.items()}


def _fits(wire: Wire, main: Wire) -> bool:
    return layers.windows(wire.layer) == layers.windows(main.layer)


def _misplaced(wire: Wire, main: Wire) -> Mismatch:
    there, here = layers.windows(wire.layer).data, layers.windows(main.layer).data
    text = (
        f"{wire.name} is {there.width} x {there.height} at {there.left}, {there.top}; the picture "
        f"is {here.width} x {here.height} at {here.left}, {here.top}."
    )
    return Mismatch(wire.name, text, "Bring it to the picture's size with a Resample or Crop.")


def _layer_name(connector: str) -> str:
    """Return a connector's name as a layer's: a dot would begin another part."""
    return _NO_NAME.sub("_", connector) or "layer"


def _unique(name: str, taken: set[str]) -> str:
    fresh = (each for count in range(2, len(INPUTS) + 2) for each in (f"{name}{count}",))
    return name if name not in taken else next(each for each in fresh if each not in taken)


def _role_name(wanted: ModelInput) -> str:
    """Return a name by which an input is found that is connected at its place alone."""
    patterns = (*wanted.layers, *ROLE_PATTERNS.get(wanted.role, ROLE_PATTERNS["color"]))
    plain = (each for each in patterns if each and not _WILD.search(each))
    return next(plain, wanted.name)


def _place(channel: str) -> tuple[int, str]:
    letter = channel_letter(channel)
    return _ORDER.find(letter) % len(_ORDER), channel
