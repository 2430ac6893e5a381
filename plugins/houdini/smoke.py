"""Try the plugin inside this Houdini, end to end: ``hython smoke.py --server tcp://HOST:PORT``.

It makes a small scene in a folder of its own, runs models on points, a group of them, a terrain, a
volume, VDBs and a picture, cancels, freezes, saves and opens the scene again, and goes on without
the server. It prints a line for each thing that it has tried. The exit code is 0 when all of them
went well and 1 when one did not. Your scenes and settings are left alone; run it in a Houdini that
has nothing else open.
"""

from __future__ import annotations

import argparse
import os
import queue
import struct
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Optional

import hou

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.append(str(HERE))  # a checkout; a bundle's package names the folder itself

from filmgate_houdini import start  # noqa: E402 - found beside this file

TYPE = "filmgate::infer"
CONNECT_WITHIN_S = 30.0
NOWHERE = "tcp://127.0.0.1:1"
COUNT = 64
COPERNICUS_SINCE = (21, 0)
GREY = (0.25, 0.5, 2.0, 1.0)
SIZE = (8, 6)

POINTS = f"""
import hou
spread = [(n % 8, (n * 37 % 11) * 0.01, n // 8) for n in range({COUNT})]
hou.pwd().geometry().createPoints(spread)
"""
GROUP = (
    "geometry = hou.pwd().geometry()\ngeometry.createPointGroup('some').add(geometry.points()[:8])"
)
TERRAIN = """
import hou
geometry = hou.pwd().geometry()
geometry.addAttrib(hou.attribType.Prim, "name", "")
layer = geometry.createVolume(16, 12, 1, hou.BoundingBox(10, -1, 0, 26, 11, 1))
layer.setAttribValue("name", "height")
layer.setIntrinsicValue("volumevisualmode", "heightfield")
layer.setAllVoxels([float(n * 37 % 11) for n in range(192)])
"""
VOLUME = """
import hou
made = hou.Geometry()
made.addAttrib(hou.attribType.Prim, "name", "")
volume = made.createVolume(8, 7, 6, hou.BoundingBox(4, 0, 0, 8, 3.5, 3))
volume.setAttribValue("name", "density")
volume.setIntrinsicValue("volumebordertype", "BORDER")
inside = [(x, y, z) for x in (2, 3, 4) for y in (1, 2, 3) for z in (3, 4)]
for n, index in enumerate(inside):
    volume.setVoxel(index, -1.0 - n * 37 % 11 * 0.1)
"""
SPARSE = """
verb, dense = hou.sopNodeTypeCategory().nodeVerb("convertvdb"), made
verb.setParms({"conversion": 1})
made = hou.Geometry()
verb.execute(made, [dense])
"""
SHOW = "hou.pwd().geometry().merge(made)"
TERRAIN_MODEL, VOLUME_MODEL = "terrain-detail", "smooth-volume"
PICTURE = f"""
import hou
layer = hou.ImageLayer()
layer.setChannelCount(4)
layer.setStorageType(hou.imageLayerStorageType.Float32)
layer.setDataWindow(0, 0, {SIZE[0]}, {SIZE[1]})
layer.setDisplayWindow(0, 0, {SIZE[0]}, {SIZE[1]})
import struct
layer.setAllBufferElements(struct.pack("<4f", *{GREY}) * {SIZE[0] * SIZE[1]})
return {{"C": layer}}
"""


class SmokeError(Exception):
    """Something is not as it should be."""


class Scenario:
    """The things that are tried, in this order; each method's first line is what it prints.

    Args:
        folder: for the scene and what is frozen.
        model: the model for points.
        picture_model: the model for a picture, which turns its sign.
    """

    def __init__(self, folder: Path, model: str, picture_model: str) -> None:
        self._path = folder / "smoke.hip"
        self._model, self._picture_model = model, picture_model
        self._node: Any = None
        self._made = b""

    def steps(self) -> Sequence[Callable[[], None]]:
        """Return what is tried, in order."""
        pictures = [self.picture] if hou.applicationVersion()[:2] >= COPERNICUS_SINCE else []
        return (
            self.reach,
            self.assets,
            self.build,
            self.cook,
            self.again,
            self.cancel,
            self.group,
            self.terrain,
            self.volume,
            self.fog,
            self.distances,
            *pictures,
            self.freeze,
            self.reopen,
            self.offline,
        )

    def reach(self) -> None:
        """The server answers and lists its models."""
        heard: queue.SimpleQueue[Optional[Exception]] = queue.SimpleQueue()
        catalogue = _part("sessions").hub().catalogue
        catalogue.refresh(heard.put)
        error = heard.get(timeout=CONNECT_WITHIN_S)
        if error is not None:
            raise SmokeError(str(error))
        known = {each.name for each in catalogue.models()}
        expect(self._model in known, f"the server has no model {self._model}: {sorted(known)}")

    def assets(self) -> None:
        """The assets are installed, or can be from beside this file, and make nodes."""
        for context, kind in (("sop", "geo"), ("cop", "copnet"), ("top", "topnet")):
            if context == "cop" and hou.applicationVersion()[:2] < COPERNICUS_SINCE:
                continue
            network = _objects().createNode(kind)
            if network.childTypeCategory().nodeType(f"{TYPE}::1.0") is None:
                path = HERE / "otls" / f"filmgate_{context}_infer.1.0.hda"
                hou.hda.installFile(path.as_posix())
            node = network.createNode(TYPE)
            expect(node.parm("filmgate_model") is not None, f"the {context} has no menu of models")
            network.destroy()

    def build(self) -> None:
        """A node for the model is made, with the model's own parameters."""
        network = _objects().createNode("geo", "smoke")
        source = network.createNode("python", "points")
        source.parm("python").set(POINTS)
        self._node = network.createNode(TYPE, "filmgate")
        self._node.setInput(0, source)
        self._node.parm("filmgate_model").set(self._model)
        _part("actions").choose_model(self._node)
        own = [each.name() for each in self._node.parms() if each.name().startswith("filmgate_p_")]
        expect(bool(own), "the model's parameters are not on the node")

    def cook(self) -> None:
        """A cook waits for the result: as many points as before, in other places."""
        before = _points(self._node.inputs()[0])
        self._made = _points(self._node)
        expect(len(self._made) == len(before) == COUNT * 12, "the number of points has changed")
        expect(self._made != before, "the points are where they were")

    def again(self) -> None:
        """Cooked again it gives the same points."""
        expect(_points(self._node) == self._made, "the same input gave another result")

    def cancel(self) -> None:
        """What is cancelled ends, and nothing remains under way."""
        parm = next(each for each in self._node.parms() if each.name().startswith("filmgate_p_"))
        session = _part("sessions").session(self._node)
        moment = _part("sessions").host(self._node).moment()
        session.run([moment], force=True)
        session.cancel()
        session.wait(CONNECT_WITHIN_S)
        expect(not session.busy, f"something is still under way ({parm.name()})")

    def group(self) -> None:
        """Of a group the points move, and all the others stay."""
        node = _below(POINTS + GROUP, self._model, group="some")
        before, after = _points(node.inputs()[0]), _points(node)
        expect(after[: 8 * 12] != before[: 8 * 12], "the group's points are where they were")
        expect(after[8 * 12 :] == before[8 * 12 :], "points outside of the group have moved")

    def terrain(self) -> None:
        """A heightfield gets twice the samples in the same place, and stays a heightfield."""
        node = _below(TERRAIN, TERRAIN_MODEL)
        old, new = _first(node.inputs()[0]), _first(node)
        expect(tuple(new.resolution()) == (32, 24, 1), f"it has {new.resolution()} samples")
        expect(new.isHeightField(), "it is no heightfield any more")
        expect(_place(new) == _place(old), "it lies elsewhere")

    def volume(self) -> None:
        """A volume keeps its voxels' number and its place, and gets other values."""
        node = _below(VOLUME.replace("BORDER", "constant") + SHOW, VOLUME_MODEL)
        old, new = _first(node.inputs()[0]), _first(node)
        expect(tuple(new.resolution()) == (8, 7, 6), f"it has {new.resolution()} voxels")
        expect(_place(new) == _place(old), "it lies elsewhere")
        expect(new.allVoxels() != old.allVoxels(), "its values are what they were")

    def fog(self) -> None:
        """A fog VDB comes back as one, with its background, where it was."""
        self._sparse("constant", "fog volume")

    def distances(self) -> None:
        """A distance field comes back as one, with its background, where it was."""
        self._sparse("sdf", "level set")

    def _sparse(self, border: str, kind: str) -> None:
        node = _below(VOLUME.replace("BORDER", border) + SPARSE + SHOW, VOLUME_MODEL)
        old, new = _first(node.inputs()[0]), _first(node)
        expect(new.type() == hou.primType.VDB, "it is no VDB any more")
        for name, was in (("vdb_class", kind), ("background", old.intrinsicValue("background"))):
            found = new.intrinsicValue(name)
            expect(found == was, f"{name} is {found}, not {was}")
        expect(tuple(new.resolution()) == (3, 3, 2), f"it has {new.resolution()} active voxels")
        expect(new.voxel((0, 0, 0)) != old.voxel((2, 1, 3)), "its values are what they were")
        same = [
            new.posToIndex(old.indexToPos((2, 1, 3))),
            new.posToIndex(old.indexToPos((4, 3, 4))),
        ]
        found = [new.voxel(tuple(index)) for index in same]
        expect(new.intrinsicValue("background") not in found, "it lies elsewhere")

    def picture(self) -> None:
        """A Copernicus node turns a picture's sign, and keeps its alpha and windows."""
        network = _objects().createNode("copnet", "pictures")
        source = network.createNode("pythonsnippet", "picture")
        code = source.parm("python")
        expect(code is not None, f"a Python Snippet has no parameter python: {_names(source)}")
        _list(source, "output", {"name": "C", "type": "float4"})
        _list(source, "input", {})
        code.set(PICTURE)
        node = network.createNode(TYPE, "filmgate")
        node.setInput(0, source)
        node.parm("filmgate_model").set(self._picture_model)
        _part("actions").choose_model(node)
        node.cook(force=True)
        expect(not node.errors(), f"it failed: {node.errors()}")
        layer = node.layer(0)
        expect(tuple(layer.bufferResolution()) == SIZE, "the result has another size")
        content = layer.allBufferElements(hou.imageLayerStorageType.Float32, 4)
        found = struct.unpack_from("<4f", content)
        expect(found == (-0.25, -0.5, -2.0, 1.0), f"the result is {found}")

    def freeze(self) -> None:
        """The result is copied to the project, and the node reads it from there."""
        hou.hipFile.save(self._path.as_posix())
        self._node.cook(force=True)
        _part("actions").freeze(self._node)
        path = Path(self._node.parm("filmgate_frozen_file").evalAsString())
        expect(self._node.evalParm("filmgate_mode") == 2, "the node is not frozen")
        expect(path.is_file(), f"{path} was not written")
        hou.hipFile.save(self._path.as_posix())

    def reopen(self) -> None:
        """The saved scene opens, and the frozen node gives the same points."""
        path = self._node.path()
        hou.hipFile.clear(suppress_save_prompt=True)
        hou.hipFile.load(self._path.as_posix())
        self._node = hou.node(path)
        expect(self._node is not None, "the node is gone")
        expect(_points(self._node) == self._made, "the frozen result is another one")

    def offline(self) -> None:
        """Without a server the last result is there still."""
        self._node.parm("filmgate_server").set(NOWHERE)
        self._node.parm("filmgate_mode").set("live")
        expect(_points(self._node) == self._made, "the result is gone")


def expect(right: bool, otherwise: str) -> None:
    """Go on if *right*.

    Raises:
        SmokeError: it is not; says what is wrong.
    """
    if not right:
        raise SmokeError(otherwise)


def _part(name: str) -> Any:
    return start.load(name)


def _objects() -> Any:
    return hou.node("/obj")


def _points(node: Any) -> bytes:
    """Cook a node and return its points' places."""
    node.cook(force=True)
    expect(not node.errors(), f"{node.path()} failed: {node.errors()}")
    return bytes(node.geometry().pointFloatAttribValuesAsString("P"))


def _below(code: str, model: str, group: str = "") -> Any:
    """Return a new node for a model, below geometry that *code* makes."""
    network = _objects().createNode("geo")
    source = network.createNode("python")
    source.parm("python").set(code)
    node = network.createNode(TYPE)
    node.setInput(0, source)
    node.parm("filmgate_model").set(model)
    _part("actions").choose_model(node)
    node.parm("filmgate_group").set(group)
    return node


def _first(node: Any) -> Any:
    """Cook a node and return its first primitive."""
    node.cook(force=True)
    expect(not node.errors(), f"{node.path()} failed: {node.errors()}")
    return node.geometry().prims()[0]


def _place(volume: Any) -> tuple[float, ...]:
    return (*volume.transform().asTuple(), *volume.vertex(0).point().position())


def _list(node: Any, what: str, row: dict[str, str]) -> None:
    """Let a list of parameters have one row, or none."""
    node.parm(f"{what}s").set(1 if row else 0)
    for name, value in row.items():
        node.parm(f"{what}1_{name}").set(value)


def _names(node: Any) -> str:
    return ", ".join(sorted(each.name() for each in node.parms()))


def main(arguments: Sequence[str]) -> int:
    """Try everything; return 0 when all went well."""
    parser = argparse.ArgumentParser(prog="smoke.py", description="Try the plugin in this Houdini.")
    parser.add_argument("--server", default="", help="its address; by default the configured one")
    parser.add_argument("--model", default="smooth-points", help="a model for points")
    parser.add_argument("--picture-model", default="negate", help="one that turns a picture's sign")
    given = parser.parse_args(list(arguments))
    if given.server:
        os.environ["FILMGATE_SERVER"] = given.server
    with tempfile.TemporaryDirectory(prefix="filmgate-smoke-") as folder:
        try:
            return _try_all(Scenario(Path(folder), given.model, given.picture_model))
        finally:
            hou.hipFile.clear(suppress_save_prompt=True)
            _part("sessions").close_hubs()


def _try_all(scenario: Scenario) -> int:
    from filmgate.errors import FilmgateError  # noqa: PLC0415 - found once `start` has run

    for step in scenario.steps():
        told = (step.__doc__ or step.__name__).splitlines()[0]
        try:
            step()
        except (SmokeError, FilmgateError, hou.Error, queue.Empty) as error:
            _say(f"FAILED  {told}\n        {str(error) or type(error).__name__}")
            return 1
        _say(f"ok      {told}")
    _say(f"All is well in Houdini {hou.applicationVersionString()}.")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
