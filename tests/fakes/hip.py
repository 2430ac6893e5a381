"""The open scene in the stand-in for Houdini: geometry that a script makes, and Filmgate SOPs."""

from __future__ import annotations

import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filmgate.host.node import NodeState
from filmgate.manifest import Manifest, to_manifest_json

OTLS = Path(__file__).resolve().parents[2] / "plugins" / "houdini" / "otls"

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
        new: whether to begin a network; else the one that was loaded.
    """

    def __init__(self, hou: Any, new: bool = True) -> None:
        self.hou = hou
        hou.hda.installFile(str(OTLS / "filmgate_sop_infer.1.0.hda"))
        objects = hou.node("/obj")
        self.network = objects.createNode("geo", "terrain") if new else objects.node("terrain")

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
