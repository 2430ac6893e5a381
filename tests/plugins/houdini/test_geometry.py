"""Heightfields, volumes and points as tensors and back: numbers, places, classes, order, ids."""

from __future__ import annotations

import array
import math
from collections.abc import Sequence
from typing import Any, Optional

import pytest

from fakes import hip
from fakes.hip import Hip
from fakes.secluded import make_manifest
from filmgate.errors import InputError, ModelError
from filmgate.host.port import Moment
from filmgate.manifest import Manifest
from filmgate.tensor import Tensor, TensorSpec, parse_tensor_blob, to_tensor_blob

NOW = Moment(1.0)
YXC, ZYXC, NC = ("y", "x", "c"), ("z", "y", "x", "c"), ("n", "c")
NAN_BITS = b"\x23\x01\xc0\x7f"


def entry(name: str, axes: Sequence[str], channels: Sequence[str] = (), **more: Any) -> Any:
    """Return an input or output of a manifest."""
    kind = "attribute" if axes[0] in ("n", "axis") else "volume"
    return {"name": name, "kind": kind, "axes": list(axes), "channels": list(channels), **more}


def model(*inputs: Any, outputs: Sequence[Any], scale: int = 1) -> Manifest:
    """Return a manifest."""
    return make_manifest(
        inputs=list(inputs), outputs=list(outputs), geometry={"scale": scale}, params=[]
    )


def terrain(scale: int = 1, layers: Sequence[str] = ("height",), *more: Any) -> Manifest:
    """Return a model of a heightfield."""
    main = entry("height", YXC, layers)
    return model(
        main, *more, outputs=[entry("height", YXC, layers, replaces="height")], scale=scale
    )


def fog(*names: str) -> Manifest:
    """Return a model of one volume, or of several."""
    return model(
        entry("density", ZYXC, names), outputs=[entry("density", ZYXC, names, replaces="density")]
    )


def cloud(*more: Any) -> Manifest:
    """Return a model of positions."""
    xyz = ("x", "y", "z")
    return model(entry("P", NC, xyz), *more, outputs=[entry("P", NC, xyz, replaces="P")])


class Bench:
    """A scene, and a node that reads what a test gives.

    Args:
        hou: the stand-in.
        patch: undone when the test ends.
    """

    def __init__(self, hou: Any, patch: pytest.MonkeyPatch) -> None:
        self.hou, self.hip, self._patch = hou, Hip(hou), patch
        self.node: Any = None

    def read(self, manifest: Manifest, *given: Any, name: str = "", **settings: str) -> Tensor:
        """Return what the model would get as an input, by default the main one."""
        wanted = manifest.input(name or manifest.main_input.name)
        payload = self.source(manifest, *given, **settings).payload(manifest, wanted, NOW)
        assert payload is not None
        (tensor,) = parse_tensor_blob(payload.data).values()
        return tensor

    def source(self, manifest: Manifest, *given: Any, **settings: str) -> Any:
        """Return what reads a node's inputs."""
        from filmgate_houdini import sop  # noqa: PLC0415 - found once the fixture ran

        above = [
            None if each is None else self.hip.supply(each, f"given{number}")
            for number, each in enumerate(given)
        ]
        self.node = self.hip.node(manifest, *above)
        for parm, text in settings.items():
            self.node.parm(f"filmgate_{parm}").set(text)
        return sop.make_source(self.node)

    def write(
        self, manifest: Manifest, given: Any, shape: Sequence[int], data: bytes, **settings: str
    ) -> Any:
        """Return the node's geometry after it has shown a result."""
        from filmgate_houdini import sop  # noqa: PLC0415

        output = manifest.outputs[0]
        blob = to_tensor_blob({output.name: (TensorSpec("F32", tuple(shape), output.axes), data)})
        self.source(manifest, given, **settings)
        failed: list[Exception] = []

        def cook(node: Any) -> None:
            try:
                sop.SopSource(node).apply(manifest, {output.name: blob})
            except (InputError, ModelError) as error:
                failed.append(error)

        self._patch.setattr(sop, "cook", cook)
        self.node.cook(force=True)
        if failed:
            raise failed[0]
        return self.node.geometry()


@pytest.fixture
def bench(hou: Any, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a scene in a fresh session."""
    return Bench(hou, monkeypatch)


def floats(*values: float) -> bytes:
    """Return numbers as buffers hold them."""
    return array.array("f", values).tobytes()


def ramp(count: int, start: float = 0.0) -> bytes:
    """Return a number for each element."""
    return floats(*(start + place for place in range(count)))


def report(bench: Bench, manifest: Manifest, *given: Any, **settings: str) -> list[str]:
    """Return what is said of inputs that do not fit."""
    return [str(each) for each in bench.source(manifest, *given, **settings).report(manifest)]


# Heightfields.


def test_a_heightfield_is_rows_of_metres(bench: Bench) -> None:
    """The voxels are the tensor, bit for bit, x fastest; odd sizes are as good as others."""
    found = bench.read(terrain(), hip.heightfield(bench.hou, 3, 5))
    assert found.spec == TensorSpec("F32", (3, 5, 1), YXC)
    assert bytes(found.data) == ramp(15)


def test_layers_are_channels(bench: Bench) -> None:
    """Each sample has its layers side by side, in the manifest's order."""
    given = hip.heightfield(bench.hou, 2, 2, ("mask", "height"))
    found = bench.read(terrain(1, ("height", "mask")), given)
    assert found.spec.shape == (2, 2, 2)
    assert bytes(found.data) == floats(4, 0, 5, 1, 6, 2, 7, 3)


def test_spacing_is_metres_between_samples(bench: Bench) -> None:
    """Ten metres with five columns and four rows; the turn into the ground plane counts."""
    manifest = terrain(1, ("height",), entry("spacing", ["axis"], optional=True))
    found = bench.read(manifest, hip.heightfield(bench.hou, 4, 5), name="spacing")
    assert found.spec == TensorSpec("F32", (2,), ("axis",))
    assert array.array("f", bytes(found.data)).tolist() == pytest.approx([2.0, 2.5])


def test_not_a_number_travels_untouched(bench: Bench) -> None:
    """Its payload too: nothing is scrubbed on the way, the server says what it refuses."""
    given = hip.heightfield(bench.hou, 1, 3)
    data = floats(1.0) + NAN_BITS + floats(-math.inf)
    hip.layer(given, "height").setAllVoxelsFromString(data)
    assert bytes(bench.read(terrain(), given).data) == data


def test_a_result_replaces_the_layer_alone(bench: Bench) -> None:
    """Place, class and the other layers stay."""
    given = hip.heightfield(bench.hou, 2, 3, ("height", "mask"))
    before = hip.layer(given, "height").transform().asTuple()
    shown = bench.write(terrain(), given, (2, 3, 1), ramp(6, 100))
    height = hip.layer(shown, "height")
    assert height.allVoxelsAsString() == ramp(6, 100)
    assert hip.layer(shown, "mask").allVoxelsAsString() == ramp(6, 6)
    assert (height.transform().asTuple(), height.isHeightField()) == (before, True)


def test_an_upres_keeps_place_and_class(bench: Bench) -> None:
    """Twice the samples in the same square of ground, still a heightfield of its name."""
    given = hip.heightfield(bench.hou, 2, 3)
    old = hip.layer(given, "height")
    shown = bench.write(terrain(2), given, (4, 6, 1), ramp(24))
    new = hip.layer(shown, "height")
    assert (new.resolution(), new.allVoxelsAsString()) == ((6, 4, 1), ramp(24))
    assert new.transform().asTuple() == old.transform().asTuple()
    assert new.vertex(0).point().position() == old.vertex(0).point().position()
    assert (new.isHeightField(), shown.intrinsicValue("primitivecount")) == (True, 1)


def test_an_upres_repeats_the_other_layers(bench: Bench) -> None:
    """A filter would make values of a mask that nobody has set."""
    given = hip.heightfield(bench.hou, 2, 2, ("height", "mask"))
    shown = bench.write(terrain(2), given, (4, 4, 1), ramp(16))
    mask = hip.layer(shown, "mask")
    row, below = floats(4, 4, 5, 5), floats(6, 6, 7, 7)
    assert mask.allVoxelsAsString() == row + row + below + below
    assert mask.isHeightField()


def test_a_new_layer_is_made_beside_the_others(bench: Bench) -> None:
    """An output that replaces nothing is a layer of its own name."""
    outputs = [entry("wear", YXC, ["wear"])]
    manifest = model(entry("height", YXC, ["height"]), outputs=outputs)
    shown = bench.write(manifest, hip.heightfield(bench.hou, 2, 2), (2, 2, 1), ramp(4, 9))
    assert hip.layer(shown, "wear").allVoxelsAsString() == ramp(4, 9)
    assert hip.layer(shown, "height").allVoxelsAsString() == ramp(4)


def test_another_layer_can_be_chosen(bench: Bench) -> None:
    """What is chosen is read and replaced."""
    given = hip.heightfield(bench.hou, 1, 2, ("height", "bedrock"))
    shown = bench.write(terrain(), given, (1, 2, 1), ramp(2, 50), in_height="bedrock")
    assert hip.layer(shown, "bedrock").allVoxelsAsString() == ramp(2, 50)
    assert hip.layer(shown, "height").allVoxelsAsString() == ramp(2)


def test_a_result_of_a_strange_size_is_refused(bench: Bench) -> None:
    """It is of another terrain, and the node does not become half of each."""
    given = hip.heightfield(bench.hou, 2, 2)
    with pytest.raises(InputError, match="3 × 2"):
        bench.write(terrain(), given, (3, 2, 1), ramp(6))


def test_a_missing_layer_is_reported_with_the_fix(bench: Bench) -> None:
    """The artist reads which there are, and where to name another."""
    (said,) = report(bench, terrain(), hip.heightfield(bench.hou, 2, 2, ("mask",)))
    assert said.startswith("There is no heightfield layer height; the input has mask.")
    assert "Input height" in said


def test_layers_of_two_sizes_are_reported(bench: Bench) -> None:
    """They cannot be channels of one tensor."""
    given = hip.heightfield(bench.hou, 2, 2)
    given.merge(hip.heightfield(bench.hou, 3, 3, ("mask",)))
    (said,) = report(bench, terrain(1, ("height", "mask")), given)
    assert "another size or place than height" in said


def test_layers_of_one_name_are_reported(bench: Bench) -> None:
    """Of the tiles of a terrain one alone would be changed."""
    given = hip.heightfield(bench.hou, 2, 2)
    given.merge(hip.heightfield(bench.hou, 2, 2, start=9.0))
    (said,) = report(bench, terrain(), given)
    assert said.startswith("There are 2 heightfield layers height.")
    assert "For-Each" in said


def test_every_layer_of_a_terrain_is_enlarged(bench: Bench) -> None:
    """Those of one name too, which the model does not get."""
    given = hip.heightfield(bench.hou, 2, 2, ("height", "mask", "mask"))
    shown = bench.write(terrain(2), given, (4, 4, 1), ramp(16))
    assert [each.resolution() for each in shown.prims()] == [(4, 4, 1)] * 3


def test_an_upres_keeps_what_lies_outside(bench: Bench) -> None:
    """The border says how a terrain goes on beyond its edge."""
    given = hip.heightfield(bench.hou, 2, 2)
    hip.layer(given, "height").setIntrinsicValue("volumebordertype", "streak")
    hip.layer(given, "height").setIntrinsicValue("volumebordervalue", 3.0)
    height = hip.layer(bench.write(terrain(2), given, (4, 4, 1), ramp(16)), "height")
    assert height.intrinsicValue("volumebordertype") == "streak"
    assert height.intrinsicValue("volumebordervalue") == 3.0


def test_what_lacks_the_main_layer_is_reported_alone(bench: Bench) -> None:
    """There is no size to hold the second input to."""
    manifest = terrain(1, ("height",), entry("mask", YXC, ["mask"]))
    given = [hip.heightfield(bench.hou, 2, 2, ("mask",)) for _ in range(2)]
    (said,) = report(bench, manifest, *given)
    assert said.startswith("There is no heightfield layer height")


def test_an_input_of_another_size_is_reported(bench: Bench) -> None:
    """A mask from the second input has to be as large as the terrain."""
    manifest = terrain(1, ("height",), entry("mask", YXC, ["mask"], optional=True))
    given = hip.heightfield(bench.hou, 2, 2), hip.heightfield(bench.hou, 2, 3, ("mask",))
    (said,) = report(bench, manifest, *given)
    assert said.startswith("mask has 2 × 3 samples, height has 2 × 2.")


def test_an_optional_layer_may_be_missing(bench: Bench) -> None:
    """The model runs without it."""
    manifest = terrain(1, ("height",), entry("mask", YXC, ["mask"], optional=True))
    source = bench.source(manifest, hip.heightfield(bench.hou, 2, 2))
    assert source.report(manifest) == []
    assert source.payload(manifest, manifest.input("mask"), NOW) is None


def test_nothing_connected_is_reported(bench: Bench) -> None:
    """The first thing to say is what to connect."""
    (said,) = report(bench, terrain())
    assert said == "Nothing is connected for height. Connect geometry to the first input."


# Volumes.


def test_a_volume_is_slices_of_rows(bench: Bench) -> None:
    """Voxels travel x fastest, with their odd sizes."""
    found = bench.read(fog(), hip.volumes(bench.hou, (3, 2, 5)))
    assert found.spec == TensorSpec("F32", (5, 2, 3, 1), ZYXC)
    assert bytes(found.data) == ramp(30)


def test_several_volumes_are_channels(bench: Bench) -> None:
    """Of one size and place, they are one tensor."""
    given = hip.volumes(bench.hou, (2, 1, 1), ("density", "heat"))
    found = bench.read(fog("density", "heat"), given)
    assert bytes(found.data) == floats(0, 2, 1, 3)


def test_a_result_keeps_a_volumes_place(bench: Bench) -> None:
    """Only voxels change."""
    given = hip.volumes(bench.hou, (2, 2, 2))
    before = hip.layer(given, "density").transform().asTuple()
    density = hip.layer(bench.write(fog(), given, (2, 2, 2, 1), ramp(8, 5)), "density")
    assert density.allVoxelsAsString() == ramp(8, 5)
    assert density.transform().asTuple() == before


def test_volumes_that_are_enlarged_keep_their_place(bench: Bench) -> None:
    """Each of several becomes larger in the same space."""
    names = ("density", "heat")
    given = hip.volumes(bench.hou, (2, 1, 1), names)
    shown = bench.write(fog(*names), given, (2, 2, 4, 2), ramp(32))
    for place, name in enumerate(names):
        made = hip.layer(shown, name)
        assert made.allVoxelsAsString() == floats(*range(place, 32, 2))
        assert made.boundingBox().sizevec() == (2, 1, 1)
    assert shown.intrinsicValue("primitivecount") == 2


BOX = (4, 4, 3)
FIRST, LAST = (1, 3, 0), (2, 3, 1)
"""The active voxels of the VDBs below."""


def dense(bench: Bench, names: Sequence[str], outside: float, border: str) -> Any:
    """Return volumes of half a metre a voxel, far from the origin, with a block of 1 to 4 each."""
    hou, made = bench.hou, bench.hou.Geometry()
    made.addAttrib(hou.attribType.Prim, "name", "")
    made.addAttrib(hou.attribType.Prim, "shade", 0.0)
    for name in names:
        volume = made.createVolume(*BOX, hou.BoundingBox(16, -8, 32, 18, -6, 33.5))
        volume.setAttribValue("name", name)
        volume.setAttribValue("shade", 0.5)
        volume.setIntrinsicValue("volumebordertype", border)
        volume.setIntrinsicValue("volumebordervalue", outside)
        volume.setAllVoxels([outside] * 48)
        for place, index in enumerate([(1, 3, 0), (2, 3, 0), (1, 3, 1), (2, 3, 1)]):
            volume.setVoxel(index, place + 1.0)
    return made


def vdb(
    bench: Bench,
    *names: str,
    outside: float = 0.25,
    border: str = "constant",
    kind: str = "float",
) -> Any:
    """Return VDBs of those volumes, saved as half floats."""
    verb = bench.hou.sopNodeTypeCategory().nodeVerb("convertvdb")
    verb.setParms({"conversion": 1, "vdbtype": kind})
    made = bench.hou.Geometry()
    verb.execute(made, [dense(bench, names or ("density",), outside, border)])
    for each in made.prims():
        each.setIntrinsicValue("vdb_is_saved_as_half_float", True)
    return made


def test_a_vdb_is_sent_within_its_active_bounds(bench: Bench) -> None:
    """The voxels around them are not sent; spacing is a voxel's, not the bounds'."""
    spacing = entry("spacing", ["axis"], optional=True)
    manifest = model(entry("density", ZYXC), spacing, outputs=[entry("density", ZYXC)])
    found = bench.read(manifest, vdb(bench))
    assert found.spec == TensorSpec("F32", (2, 1, 2, 1), ZYXC)
    assert bytes(found.data) == floats(1, 2, 3, 4)
    metres = bench.read(manifest, vdb(bench), name="spacing")
    assert array.array("f", bytes(metres.data)).tolist() == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("border", "outside", "kind"),
    [("constant", 0.25, "fog volume"), ("sdf", 8.0, "level set")],
)
def test_a_vdb_comes_back_as_it_was(bench: Bench, border: str, outside: float, kind: str) -> None:
    """Place, class, background, name, attributes and half precision stay; only voxels change."""
    given = vdb(bench, outside=outside, border=border)
    before = hip.layer(given, "density")
    first = before.indexToPos(FIRST)
    shown = bench.write(fog(), given, (2, 1, 2, 1), ramp(4, 3))
    (prim,) = shown.prims()
    assert (prim.type(), prim.resolution()) == (bench.hou.primType.VDB, (2, 1, 2))
    assert [prim.voxel(prim.posToIndex(before.indexToPos(at))) for at in (FIRST, LAST)] == [3, 6]
    assert prim.boundingBox().minvec() == first - bench.hou.Vector3(0.25, 0.25, 0.25)
    assert prim.intrinsicValue("vdb_class") == kind
    assert prim.intrinsicValue("vdb_is_saved_as_half_float") is True
    assert prim.intrinsicValue("background") == outside == prim.voxel((0, 20, 0))
    assert (prim.stringAttribValue("name"), prim.attribValue("shade")) == ("density", 0.5)


def test_several_vdbs_stay_in_one_place(bench: Bench) -> None:
    """That a result has voxels of the background's value moves none of the others."""
    names = ("density", "heat")
    given = vdb(bench, *names)
    place = hip.layer(given, "heat").boundingBox().minvec()
    data = floats(0.25, 5, 0.25, 6, 0.25, 7, 9, 8)
    shown = bench.write(fog(*names), given, (2, 1, 2, 2), data)
    assert hip.layer(shown, "density").activeVoxelCount() == 1
    heat = hip.layer(shown, "heat")
    assert (heat.resolution(), heat.boundingBox().minvec()) == ((2, 1, 2), place)


def test_vdbs_of_other_bounds_are_reported(bench: Bench) -> None:
    """They cannot be channels of one tensor, though their transforms are the same."""
    given = vdb(bench)
    other = dense(bench, ("heat",), 0.25, "constant")
    other.prims()[0].setVoxel((0, 0, 0), 7.0)
    verb = bench.hou.sopNodeTypeCategory().nodeVerb("convertvdb")
    verb.setParms({"conversion": 1})
    more = bench.hou.Geometry()
    verb.execute(more, [other])
    given.merge(more)
    (said,) = report(bench, fog("density", "heat"), given)
    assert said.startswith("The volume heat is of another size or place than density.")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"outside": 0.0, "kind": "int"}, "The VDB density does not hold floats."),
        ({"kind": "empty"}, "The VDB density has no active voxels."),
    ],
)
def test_a_vdb_that_is_no_tensor_is_reported(
    bench: Bench, given: dict[str, Any], said: str
) -> None:
    """Houdini makes one voxel of an empty one, and nothing would say so; it is refused too."""
    if given["kind"] == "empty":
        verb = bench.hou.sopNodeTypeCategory().nodeVerb("convertvdb")
        verb.setParms({"conversion": 1})
        volume, made = dense(bench, ("density",), 0.0, "constant"), bench.hou.Geometry()
        volume.prims()[0].setAllVoxels([0.0] * 48)
        verb.execute(made, [volume])
    else:
        made = vdb(bench, **given)
    assert [each[: len(said)] for each in report(bench, fog(), made)] == [said]
    with pytest.raises(InputError, match=said):
        bench.read(fog(), made)


def test_volumes_of_one_name_are_reported(bench: Bench) -> None:
    """One of them alone would be changed."""
    given = hip.volumes(bench.hou, (2, 1, 1), ("density", "density", "heat", "heat"))
    (said,) = report(bench, fog(), given)
    assert said.startswith("There are 2 volumes density.")
    assert "For-Each" in said


def test_a_missing_volume_is_reported_with_the_fix(bench: Bench) -> None:
    """The artist reads which volumes there are."""
    (said,) = report(bench, fog(), hip.volumes(bench.hou, (2, 2, 2), ("heat",)))
    assert said.startswith("There is no volume density; the input has heat.")


# Points.


def test_points_keep_their_order(bench: Bench) -> None:
    """Positions travel in the points' own order, whatever their ids."""
    found = bench.read(cloud(), hip.cloud(bench.hou, 3))
    assert found.spec == TensorSpec("F32", (3, 3), NC)
    assert bytes(found.data) == floats(0, 0.5, -1, 1, 0.5, -1, 2, 0.5, -1)


def test_a_result_moves_points_and_nothing_else(bench: Bench) -> None:
    """Ids, groups and the points' number stay."""
    given = hip.cloud(bench.hou, 3)
    given.createPointGroup("some").add(given.points()[1])
    shown = bench.write(cloud(), given, (3, 3), ramp(9))
    assert shown.pointFloatAttribValuesAsString("P") == ramp(9)
    assert shown.pointIntAttribValues("id") == (3, 2, 1)
    assert [each.number() for each in shown.findPointGroup("some").points()] == [1]


def grouped(bench: Bench) -> Any:
    """Return six points, of which 1, 2 and 5 are in a group."""
    given = hip.cloud(bench.hou, 6)
    points = given.points()
    given.createPointGroup("some").add([points[1], points[2], points[5]])
    return given


@pytest.mark.parametrize("pattern", ["some", "1-2 5", "!0 !3-4"])
def test_a_group_limits_what_is_sent_and_set(bench: Bench, pattern: str) -> None:
    """The others are not sent, and stay where they are, bit for bit."""
    found = bench.read(cloud(), grouped(bench), group=pattern)
    assert array.array("f", bytes(found.data)).tolist()[::3] == [1, 2, 5]
    shown = bench.write(cloud(), grouped(bench), (3, 3), ramp(9, 10), group=pattern)
    moved = array.array("f", shown.pointFloatAttribValuesAsString("P")).tolist()
    assert moved[::3] == [0, 10, 13, 3, 4, 16]
    assert shown.findPointAttrib("__filmgate_index") is None


@pytest.mark.parametrize("pattern", ["7-9", "nope*"])
def test_a_group_without_points_is_nothing_to_do(bench: Bench, pattern: str) -> None:
    """Nothing is sent for it; one that has points is work."""
    assert "matches no points" in bench.source(cloud(), grouped(bench), group=pattern).idle(cloud())
    assert not bench.source(cloud(), grouped(bench), group="some").idle(cloud())
    assert not bench.source(cloud(), grouped(bench)).idle(cloud())


def test_an_unknown_group_is_reported(bench: Bench) -> None:
    """With those that there are."""
    (said,) = report(bench, cloud(), grouped(bench), group="none_such")
    assert said.startswith("There is no point group none_such; the input has some.")


def test_a_missing_attribute_is_reported(bench: Bench) -> None:
    """With the names of those that there are."""
    manifest = cloud(entry("N", NC, ("x", "y", "z")))
    (said,) = report(bench, manifest, hip.cloud(bench.hou, 2))
    assert said.startswith("There is no point attribute N; the input has P, id.")


def test_an_attribute_of_another_size_is_reported(bench: Bench) -> None:
    """Three components are no four."""
    manifest = model(entry("P", NC, ("x", "y", "z", "w")), outputs=[entry("P", NC, replaces="P")])
    (said,) = report(bench, manifest, hip.cloud(bench.hou, 2))
    assert said.startswith("The point attribute P has 3 components, not 4.")


def test_whole_numbers_are_no_floats(bench: Bench) -> None:
    """An id is not read as a float, which would round it."""
    manifest = model(entry("id", NC), outputs=[entry("id", NC, replaces="id")])
    (said,) = report(bench, manifest, hip.cloud(bench.hou, 2))
    assert said.startswith("The point attribute id does not hold floats.")


def test_whole_numbers_travel_as_such(bench: Bench) -> None:
    """A model may ask for them."""
    inputs = entry("id", NC, dtype="I32")
    manifest = model(inputs, outputs=[entry("id", NC, replaces="id", dtype="I32")])
    found = bench.read(manifest, hip.cloud(bench.hou, 3))
    assert found.spec == TensorSpec("I32", (3, 1), NC)
    assert array.array("i", bytes(found.data)).tolist() == [3, 2, 1]


def test_a_new_attribute_is_made(bench: Bench) -> None:
    """An output that replaces nothing is an attribute of its own name."""
    manifest = model(entry("P", NC, ("x", "y", "z")), outputs=[entry("curvature", NC, ["value"])])
    shown = bench.write(manifest, hip.cloud(bench.hou, 3), (3, 1), ramp(3, 7))
    assert shown.pointFloatAttribValues("curvature") == (7, 8, 9)


def test_a_result_of_other_points_is_refused(bench: Bench) -> None:
    """It would move points that nobody asked about."""
    with pytest.raises(InputError, match="of 2 points; there are 3"):
        bench.write(cloud(), hip.cloud(bench.hou, 3), (2, 3), ramp(6))


def test_no_points_are_reported(bench: Bench) -> None:
    """Nothing is sent of nothing."""
    (said,) = report(bench, cloud(), bench.hou.Geometry())
    assert said.startswith("The input has no points.")


# Fingerprints.


def look(bench: Bench, source: Any, manifest: Manifest) -> str:
    """Return a fingerprint."""
    return source.fingerprint(manifest, NOW)


def test_a_fingerprint_tells_the_content(bench: Bench) -> None:
    """Equal content has the same one wherever it comes from, other content another."""
    manifest = terrain()
    one = look(bench, bench.source(manifest, hip.heightfield(bench.hou, 2, 2)), manifest)
    same = look(bench, bench.source(manifest, hip.heightfield(bench.hou, 2, 2)), manifest)
    other = hip.heightfield(bench.hou, 2, 2, start=1.0)
    assert one == same != look(bench, bench.source(manifest, other), manifest)


def test_what_the_model_does_not_get_changes_nothing(bench: Bench) -> None:
    """Another layer of the terrain may change without a new result."""
    manifest = terrain()
    plain = look(bench, bench.source(manifest, hip.heightfield(bench.hou, 2, 2)), manifest)
    more = hip.heightfield(bench.hou, 2, 2, ("height", "flow"))
    assert plain == look(bench, bench.source(manifest, more), manifest)


def test_unchanged_data_is_not_read_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Houdini's own data ids tell, so that a look at a large terrain costs nothing."""
    manifest = terrain()
    source = bench.source(manifest, hip.heightfield(bench.hou, 2, 2))
    first = look(bench, source, manifest)
    read: list[Optional[bytes]] = []
    monkeypatch.setattr(
        bench.hou.Volume, "allVoxelsAsString", lambda _: read.append(None) or b"\0" * 16
    )
    assert (look(bench, source, manifest), read) == (first, [])


def test_an_edit_is_noticed(bench: Bench) -> None:
    """An edit of the input changes the fingerprint in the same session."""
    manifest = terrain()
    source = bench.source(manifest, hip.heightfield(bench.hou, 2, 2))
    before = look(bench, source, manifest)
    bench.hip.change(bench.node.inputs()[0], hip.heightfield(bench.hou, 2, 2, start=3.0))
    assert look(bench, source, manifest) != before


def test_a_result_without_its_tensor_is_refused(bench: Bench) -> None:
    """The node says so, and shows no half of it."""
    source = bench.source(terrain(), hip.heightfield(bench.hou, 2, 2))
    bench.node.bypass(True)  # what it has is looked at, and no session is made for that
    with pytest.raises(ModelError, match="no tensor height"):
        source.apply(terrain(), {})
