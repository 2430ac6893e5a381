"""The open scene in the stand-in for Houdini: geometry that a script makes, and Filmgate SOPs."""

from __future__ import annotations

import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from filmgate.digest import digest_bytes
from filmgate.host.node import NodeState
from filmgate.host.port import Moment
from filmgate.job import Payload
from filmgate.manifest import Manifest, ModelInput, to_manifest_json
from filmgate.wire.records import ColourSpec

OTLS = Path(__file__).resolve().parents[2] / "plugins" / "houdini" / "otls"

SHOWN = "shown"
"""What a node with a `PlateSource` shows, in its cached user data."""

PLATE = """
# $F is what this depends on.
import hou
geometry = hou.pwd().geometry()
revisions = {}
geometry.createPoints([(hou.frame(), revisions.get(hou.frame(), 0), 0)])
"""


class Hip:
    """A scene with a network of SOPs.

    Args:
        hou: the stand-in, in a fresh session.
        saved: a scene to open; else one is begun.
    """

    def __init__(self, hou: Any, saved: str = "") -> None:
        self.hou = hou
        hou.hda.installFile(str(OTLS / "filmgate_sop_infer.1.0.hda"))
        if saved:
            hou.hipFile.load(saved)
        objects = hou.node("/obj")
        made = objects.node("terrain")
        self.network = made if saved else objects.createNode("geo", "terrain")

    def script(self, code: str, name: str = "source1") -> Any:
        """Return a node whose geometry *code* makes; with ``$F`` in it, anew in each frame."""
        node = self.network.createNode("python", name)
        node.parm("python").set(code)
        return node

    def supply(self, geometry: Any, name: str = "source1") -> Any:
        """Return a node that gives a geometry which a test has made."""
        node = self.network.createNode("python", name)
        node.setCachedUserData("given", geometry)
        code = "import hou\nhou.pwd().geometry().merge(hou.pwd().cachedUserData('given'))"
        node.parm("python").set(code)
        return node

    def change(self, node: Any, geometry: Any) -> None:
        """Let a node that `supply` made give another geometry."""
        node.setCachedUserData("given", geometry)
        node.invalidateOutput()

    def node(self, manifest: Manifest, *inputs: Any, model: str = "", mode: str = "live") -> Any:
        """Return a Filmgate SOP for a model that it knows already, with its parameters."""
        from filmgate_houdini import parms  # noqa: PLC0415 - found once the fixture ran

        node = self.network.createNode("filmgate::infer")
        state = NodeState(
            model=model or manifest.name, manifest=to_manifest_json(manifest).decode()
        )
        node.setUserData("filmgate_state", state.to_text())
        node.parm("filmgate_model").set(state.model)
        node.parm("filmgate_mode").set(mode)
        parms.rebuild(node, manifest)
        for place, above in enumerate(inputs):
            node.setInput(place, above)
        return node


class PlateSource:
    """Inputs of pictures, which the contract's models take: bytes that tell what is connected."""

    def __init__(self, node: Any) -> None:
        self._node = node

    def report(self, manifest: Manifest) -> Sequence[Any]:
        """Find nothing amiss."""
        return []

    def idle(self, manifest: Manifest) -> str:
        """Find something to do."""
        return ""

    def fingerprint(self, manifest: Manifest, moment: Moment) -> str:
        """Return the content of the plate."""
        return digest_bytes(self.plate(moment)).hex()

    def payload(self, manifest: Manifest, wanted: ModelInput, moment: Moment) -> Payload | None:
        """Return the plate; nothing else is connected."""
        if wanted.name != "color":
            return None
        return Payload(wanted.name, self.plate(moment), time=moment.time, view=moment.view)

    def colour(self) -> ColourSpec:
        """Return nothing."""
        return ColourSpec()

    def apply(self, manifest: Manifest, outputs: Mapping[str, bytes]) -> None:
        """Note what is shown."""
        self._node.setCachedUserData(SHOWN, outputs["color"])

    def keep(self) -> None:
        """Note that the input passes."""
        self._node.setCachedUserData(SHOWN, None)

    def plate(self, moment: Moment) -> bytes:
        """Return bytes that tell the frame and how often it was changed."""
        import hou  # noqa: PLC0415 - found once the fixture ran

        above: Any = self._node.inputs()[0]
        now = moment.time == hou.frame()
        geometry = above.geometry() if now else above.geometryAtFrame(moment.time)
        place = geometry.pointFloatAttribValuesAsString("P")
        return place * 500


def heightfield(
    hou: Any,
    rows: int,
    columns: int,
    layers: Sequence[str] = ("height",),
    side_m: float = 10.0,
    start: float = 0.0,
) -> Any:
    """Return a geometry with a heightfield on the ground plane, another number in each sample."""
    geometry = hou.Geometry()
    geometry.addAttrib(hou.attribType.Prim, "name", "")
    half = side_m / 2
    turned = hou.Matrix4(((0, 0, half, 0), (half, 0, 0, 0), (0, half, 0, 0), (5, 6, 7, 1)))
    for place, name in enumerate(layers):
        volume = geometry.createVolume(columns, rows, 1)
        volume.setTransform(turned)
        volume.setAttribValue("name", name)
        volume.setIntrinsicValue("volumevisualmode", "heightfield")
        count = rows * columns
        first = start + place * count
        values = array.array("f", [first + number for number in range(count)])
        volume.setAllVoxelsFromString(values.tobytes())
    return geometry


def volumes(hou: Any, size: tuple[int, int, int], names: Sequence[str] = ("density",)) -> Any:
    """Return a geometry with fogs of *size* (x, y, z), another number in each voxel."""
    geometry = hou.Geometry()
    geometry.addAttrib(hou.attribType.Prim, "name", "")
    for place, name in enumerate(names):
        volume = geometry.createVolume(*size, hou.BoundingBox(0, 0, 0, *size))
        volume.setAttribValue("name", name)
        count = size[0] * size[1] * size[2]
        values = array.array("f", [place * count + number for number in range(count)])
        volume.setAllVoxelsFromString(values.tobytes())
    return geometry


def cloud(hou: Any, count: int, ids: bool = True) -> Any:
    """Return points in a row, with ids from the last to the first."""
    geometry = hou.Geometry()
    geometry.createPoints([(float(number), 0.5, -1.0) for number in range(count)])
    if ids:
        geometry.addAttrib(hou.attribType.Point, "id", 0)
        backwards = array.array("i", range(count, 0, -1))
        geometry.setPointIntAttribValuesFromString("id", backwards.tobytes(), hou.numericData.Int32)
    return geometry


def layer(geometry: Any, name: str) -> Any:
    """Return the first volume of a name."""
    named = (each for each in geometry.prims() if each.stringAttribValue("name") == name)
    return next(named)
