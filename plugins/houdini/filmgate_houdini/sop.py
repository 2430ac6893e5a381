"""The SOP: geometry in, geometry out; what the node's own code calls."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Mapping, Sequence
from typing import Optional, cast

import hou

from filmgate.digest import digest_bytes
from filmgate.errors import InputError, ModelError
from filmgate.host.port import Moment
from filmgate.job import Payload
from filmgate.manifest import Manifest, ModelInput
from filmgate.tensor import TENSOR_MEDIA, TensorSpec, parse_tensor_blob, to_tensor_blob
from filmgate.wire.records import ColourSpec
from filmgate_houdini import cook as cooking
from filmgate_houdini import names, parms
from filmgate_houdini.geometry import Binding, Form, bind, bind_output
from filmgate_houdini.heightfield import Heightfield
from filmgate_houdini.points import Points
from filmgate_houdini.source import Mismatch, Source
from filmgate_houdini.volume import Volumes

SPACING = "spacing"
"""The input that is filled with metres per sample, whatever geometry there is."""

_DIGESTS = "filmgate_digests"

_HEIGHTFIELD, _VOLUMES, _POINTS = Heightfield(), Volumes(), Points()


def cook(node: hou.SopNode) -> None:
    """Cook a Filmgate SOP: all that the node's own code calls.

    Raises:
        hou.NodeError: see `filmgate_houdini.cook.cook`.
        hou.NodeWarning: likewise.
    """
    cooking.cook(node, SopSource(node))


def make_source(node: hou.SopNode) -> Source:
    """Return what reads a node's inputs outside of its cook."""
    return SopSource(node)


def form_of(entry: Binding) -> Form:
    """Return what reads and writes an input or output of a model.

    Raises:
        InputError: it is a picture.
    """
    if entry.kind == "attribute":
        return _POINTS
    if entry.kind == "volume":
        return _VOLUMES if "z" in entry.axes else _HEIGHTFIELD
    text = f"{entry.name} is a picture; SOPs have geometry."
    raise InputError(text, "Use a COP for this model, or choose another model.")


class SopSource(Source):
    """A SOP's inputs.

    The first of a model's inputs comes from the node's first input. Each other one comes from the
    input of its own number if something is connected there, else from the first too.

    Args:
        node: the SOP.
    """

    def __init__(self, node: hou.SopNode) -> None:
        self._node = node

    def report(self, manifest: Manifest) -> Sequence[Mismatch]:
        """Return what the model lacks, the main input first."""
        moment = Moment(float(hou.frame()))
        if self._geometry(0, moment) is None:
            text = f"Nothing is connected for {manifest.main_input.name}."
            return [
                Mismatch(manifest.main_input.name, text, "Connect geometry to the first input.")
            ]
        found = [self._mismatch(manifest, entry, moment) for entry in _data_inputs(manifest)]
        return [each for each in found if each is not None]

    def idle(self, manifest: Manifest) -> str:
        """Return that the group has no points, where that is so."""
        bound, geometry = self._bind(manifest.main_input), self._geometry(0, Moment(hou.frame()))
        if not bound.group or geometry is None or form_of(bound) is not _POINTS:
            return ""
        try:
            (count,) = _POINTS.size(geometry, bound)
        except hou.OperationFailed:  # what a pattern without a match is to the verb
            count = 0
        return "" if count else f"The group {bound.group} matches no points: nothing is done."

    def fingerprint(self, manifest: Manifest, moment: Moment) -> str:
        """Return the content of each input, which is digested again only if it has changed."""
        return " ".join(self._digest(manifest, entry, moment) for entry in manifest.inputs)

    def payload(self, manifest: Manifest, wanted: ModelInput, moment: Moment) -> Optional[Payload]:
        """Return an input as a tensor of its name."""
        tensor = self._tensor(manifest, wanted, moment)
        if tensor is None:
            return None
        blob = to_tensor_blob({wanted.name: tensor})
        return Payload(wanted.name, blob, TENSOR_MEDIA, moment.time, moment.view)

    def colour(self) -> ColourSpec:
        """Return nothing: geometry has no colour space."""
        return ColourSpec()

    def apply(self, manifest: Manifest, outputs: Mapping[str, bytes]) -> None:
        """Write a result into the node's geometry, which begins as its first input's."""
        geometry = self._own_geometry()
        main = self._bind(manifest.main_input)
        for entry in manifest.outputs:
            replaced = _replaced(manifest, entry.replaces)
            taken = parms.bound_names(self._node, replaced) if replaced else ()
            bound = bind_output(entry, taken, self._group())
            spec, data = _parse(entry.name, outputs)
            if spec.axes != bound.axes:
                text = f"The result {entry.name} has the axes {' '.join(spec.axes)}."
                raise ModelError(text, "Tell the people who look after the server.")
            form_of(bound).write(geometry, main, bound, spec, data)

    def keep(self) -> None:
        """Leave the node's geometry what it begins as: its first input's."""

    def _own_geometry(self) -> hou.Geometry:
        geometry = self._node.geometry()
        if geometry is None:
            raise InputError("The node has no geometry.", "Connect its first input.")
        return geometry

    def _mismatch(
        self, manifest: Manifest, entry: ModelInput, moment: Moment
    ) -> Optional[Mismatch]:
        bound = self._bind(entry)
        geometry = self._geometry(self._place(manifest, entry), moment)
        if geometry is None:
            return None
        form = form_of(bound)
        if entry.optional and not form.is_there(geometry, bound):
            return None
        return form.mismatch(geometry, bound) or self._wrong_size(manifest, entry, moment)

    def _wrong_size(
        self, manifest: Manifest, entry: ModelInput, moment: Moment
    ) -> Optional[Mismatch]:
        """Return how the size of an input differs from that of the main one, from elsewhere."""
        place, main = self._place(manifest, entry), manifest.main_input
        if place == 0 or entry.axes != main.axes or self._mismatch(manifest, main, moment):
            return None
        sizes = [self._size(manifest, each, moment) for each in (main, entry)]
        if sizes[0] == sizes[1]:
            return None
        said = [" × ".join(map(str, size)) for size in sizes]
        text = f"{entry.name} has {said[1]} samples, {main.name} has {said[0]}."
        fix = f"Give input {place + 1} the same size as the first."
        return Mismatch(entry.name, text, fix)

    def _size(self, manifest: Manifest, entry: ModelInput, moment: Moment) -> tuple[int, ...]:
        bound = self._bind(entry)
        geometry = self._geometry(self._place(manifest, entry), moment)
        return () if geometry is None else form_of(bound).size(geometry, bound)

    def _digest(self, manifest: Manifest, entry: ModelInput, moment: Moment) -> str:
        mark, digests = self._mark(manifest, entry, moment), self._digests()
        known = digests.get(entry.name)
        if mark is not None and known is not None and known[0] == mark:
            return known[1]
        tensor = self._tensor(manifest, entry, moment)
        if tensor is None:
            digest = "-"
        else:
            spec, data = tensor
            digest = f"{'x'.join(map(str, spec.shape))}:{digest_bytes(data).hex()[:32]}"
        digests[entry.name] = (mark, digest)
        return digest

    def _digests(self) -> dict[str, tuple[Hashable, str]]:
        """Return the digests of the last look, which the node keeps for this session."""
        kept: Optional[dict[str, tuple[Hashable, str]]] = self._node.cachedUserData(_DIGESTS)
        if kept is None:
            kept = {}
            self._node.setCachedUserData(_DIGESTS, kept)
        return kept

    def _mark(self, manifest: Manifest, entry: ModelInput, moment: Moment) -> Hashable:
        bound = self._bind(entry if entry.name != SPACING else manifest.main_input)
        geometry = self._geometry(self._place(manifest, entry), moment)
        if geometry is None:
            return None
        mark = form_of(bound).mark(geometry, bound)
        return None if mark is None else (mark, bound, moment)

    def _tensor(
        self, manifest: Manifest, entry: ModelInput, moment: Moment
    ) -> Optional[tuple[TensorSpec, bytes]]:
        if entry.name == SPACING and "axis" in entry.axes:
            return self._spacing(manifest, entry, moment)
        bound = self._bind(entry)
        geometry = self._geometry(self._place(manifest, entry), moment)
        form = form_of(bound)
        if geometry is None or not form.is_there(geometry, bound):
            return None
        return form.read(geometry, bound)

    def _spacing(
        self, manifest: Manifest, entry: ModelInput, moment: Moment
    ) -> Optional[tuple[TensorSpec, bytes]]:
        """Return the metres between two samples of the main input, x first."""
        bound, geometry = self._bind(manifest.main_input), self._geometry(0, moment)
        form = form_of(bound)
        if geometry is None or not form.is_there(geometry, bound):
            return None
        metres = array("f", form.spacing_m(geometry, bound))
        return TensorSpec("F32", (len(metres),), entry.axes), metres.tobytes()

    def _place(self, manifest: Manifest, entry: ModelInput) -> int:
        """Return which of the node's inputs holds one of the model's."""
        listed = [each.name for each in _data_inputs(manifest)]
        place = listed.index(entry.name) if entry.name in listed else 0
        return place if place in self._connections() else 0

    def _connections(self) -> dict[int, hou.NodeConnection]:
        return {each.inputIndex(): each for each in self._node.inputConnections()}

    def _geometry(self, place: int, moment: Moment) -> Optional[hou.Geometry]:
        """Return an input's geometry at a frame; that of another frame is cooked for it."""
        connection = self._connections().get(place)
        if connection is None:
            return None
        above = cast("hou.SopNode", connection.inputNode())
        output = connection.outputIndex()
        if moment.time == hou.frame() or not above.isTimeDependent():
            return above.geometry(output)
        return above.geometryAtFrame(moment.time, output)

    def _bind(self, entry: ModelInput) -> Binding:
        return bind(entry, parms.bound_names(self._node, entry), self._group())

    def _group(self) -> str:
        parm = self._node.parm(names.GROUP)
        return "" if parm is None else parm.evalAsString().strip()


def _data_inputs(manifest: Manifest) -> list[ModelInput]:
    """Return the inputs that are data of the artist's, and no facts of the geometry."""
    return [each for each in manifest.inputs if "axis" not in each.axes]


def _replaced(manifest: Manifest, name: str) -> Optional[ModelInput]:
    return manifest.input(name) if name else None


def _parse(name: str, outputs: Mapping[str, bytes]) -> tuple[TensorSpec, bytes]:
    tensor = parse_tensor_blob(outputs[name]).get(name) if name in outputs else None
    if tensor is None:
        text = f"The result has no tensor {name}."
        raise ModelError(text, "Run the node again.")
    return tensor.spec, bytes(tensor.data)
