"""The rules of Houdini's geometry that its stand-in keeps, in real buffers.

Each rule names where it is from: a docstring of types-houdini 21, or the project's notes.
"""

from __future__ import annotations

import array
import struct
from typing import Any

import pytest

NAN = float("nan")


@pytest.fixture
def geometry(hou: Any) -> Any:
    """Return a geometry of one's own with four points."""
    made = hou.Geometry()
    made.createPoints([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)])
    return made


def make_code(hou: Any, text: str) -> Any:
    """Return a Python SOP with a code."""
    node = hou.node("/obj").createNode("geo").createNode("python")
    node.parm("python").set(text)
    return node


def floats(data: bytes) -> list[float]:
    """Return 32-bit floats."""
    return list(struct.unpack(f"={len(data) // 4}f", data))


# ---- whose it is -----------------------------------------------------------------------------


def test_a_nodes_geometry_is_read_only(hou: Any) -> None:
    """GeometryPermissionError: outside of its cook a node's geometry cannot be changed."""
    node = make_code(hou, "hou.pwd().geometry().createPoint()")
    geometry = node.geometry()
    assert geometry.isReadOnly()
    calls = [
        geometry.createPoint,
        geometry.clear,
        lambda: geometry.point(0).setPosition((1, 1, 1)),
        lambda: geometry.setPointFloatAttribValues("P", (1, 1, 1)),
        lambda: geometry.addAttrib(hou.attribType.Point, "a", 1.0),
        lambda: geometry.createPointGroup("a"),
    ]
    for call in calls:
        with pytest.raises(hou.GeometryPermissionError):
            call()
    own = geometry.freeze()
    own.createPoint()
    assert (geometry.pointCount(), own.pointCount()) == (1, 2)


def test_what_a_cook_kept_cannot_be_written_later(hou: Any) -> None:
    """The geometry that code writes to in its cook is read only as soon as that is over."""
    node = make_code(hou, "hou.pwd().setCachedUserData('kept', hou.pwd().geometry())")
    node.cook()
    with pytest.raises(hou.GeometryPermissionError):
        node.cachedUserData("kept").createPoint()


def test_a_nodes_geometry_follows_the_node(hou: Any) -> None:
    """Geometry.freeze: one that is not frozen is what the node gives now; a frozen one stays."""
    node = make_code(hou, "hou.pwd().geometry().createPoint()")
    geometry = node.geometry()
    frozen = geometry.freeze()
    at_frame = node.geometryAtFrame(1)
    node.parm("python").set("hou.pwd().geometry().createPoints([(0, 0, 0)] * 3)")
    assert [each.pointCount() for each in (geometry, frozen, at_frame)] == [3, 1, 1]
    assert (geometry.sopNode(), frozen.sopNode()) == (node, None)


def test_a_cook_begins_with_the_first_input(hou: Any) -> None:
    """SopNode.geometry: in the cook it is a writable copy; the input keeps what it has."""
    above = make_code(hou, "hou.pwd().geometry().createPoint()")
    below = above.parent().createNode("python")
    below.setInput(0, above)
    below.parm("python").set("hou.pwd().geometry().point(0).setPosition((5, 0, 0))")
    assert floats(below.geometry().pointFloatAttribValuesAsString("P")) == [5, 0, 0]
    assert floats(above.geometry().pointFloatAttribValuesAsString("P")) == [0, 0, 0]
    assert below.inputGeometry(0).sopNode() == above
    assert below.inputGeometry(1) is None


# ---- attributes ------------------------------------------------------------------------------


def test_attributes_come_as_bytes_of_any_precision(hou: Any, geometry: Any) -> None:
    """pointFloatAttribValuesAsString: float16, 32 or 64, whatever the attribute is kept in."""
    geometry.addAttrib(hou.attribType.Point, "w", 0.1)
    kinds = hou.numericData
    for kind, code in ((kinds.Float16, "e"), (kinds.Float32, "f"), (kinds.Float64, "d")):
        data = geometry.pointFloatAttribValuesAsString("w", kind)
        assert len(data) == 4 * struct.calcsize(code)
        assert struct.unpack(f"={4}{code}", data)[0] == pytest.approx(0.1, rel=1e-3)
    exact = struct.unpack("=f", struct.pack("=f", 0.1))[0]
    wide = geometry.pointFloatAttribValuesAsString("w", kinds.Float64)
    assert struct.unpack("=4d", wide)[0] == exact
    with pytest.raises(hou.OperationFailed):
        geometry.pointFloatAttribValuesAsString("w", kinds.Int32)


def test_whole_numbers_come_as_bytes_too(hou: Any, geometry: Any) -> None:
    """pointIntAttribValuesAsString: 32 bits unless another size is asked for."""
    geometry.addAttrib(hou.attribType.Point, "id", 0)
    geometry.setPointIntAttribValuesFromString("id", array.array("i", [7, -1, 3, 2]))
    assert geometry.pointIntAttribValuesAsString("id") == struct.pack("=4i", 7, -1, 3, 2)
    wide = geometry.pointIntAttribValuesAsString("id", hou.numericData.Int64)
    assert wide == struct.pack("=4q", 7, -1, 3, 2)
    assert geometry.pointIntAttribValues("id") == (7, -1, 3, 2)


def test_bits_that_are_no_numbers_survive(hou: Any, geometry: Any) -> None:
    """Buffers are moved whole: a NaN's bits come back as they went in."""
    bits = struct.pack("=12I", *([0x7FC00123] * 12))
    geometry.setPointFloatAttribValuesFromString("P", bits)
    assert geometry.pointFloatAttribValuesAsString("P") == bits


@pytest.mark.parametrize("give", [bytes, bytearray, memoryview])
def test_any_buffer_sets_an_attribute(hou: Any, geometry: Any, give: Any) -> None:
    """set…FromString takes buffer objects, though the stub says bytes (the project's notes)."""
    given = give(struct.pack("=12f", *range(12)))
    geometry.setPointFloatAttribValuesFromString("P", given)
    assert geometry.pointFloatAttribValues("P") == tuple(range(12))


@pytest.mark.parametrize("count", [0, 3, 11, 13])
def test_buffers_of_a_wrong_size_are_refused(hou: Any, geometry: Any, count: int) -> None:
    """setPointFloatAttribValues: OperationFailed where the size is not correct."""
    with pytest.raises(hou.OperationFailed):
        geometry.setPointFloatAttribValuesFromString("P", bytes(4 * count))
    with pytest.raises(hou.OperationFailed):
        geometry.setPointFloatAttribValues("P", [0.0] * count)


def test_names_and_kinds_are_checked(hou: Any, geometry: Any) -> None:
    """pointFloatAttribValues: OperationFailed for a name that is not there and for strings."""
    geometry.addAttrib(hou.attribType.Point, "name", "")
    for name in ("nothing", "name"):
        with pytest.raises(hou.OperationFailed):
            geometry.pointFloatAttribValuesAsString(name)
    with pytest.raises(hou.OperationFailed):
        geometry.addAttrib(hou.attribType.Point, "name", 1.0)
    assert geometry.findPointAttrib("nothing") is None


def test_a_default_says_kind_and_size(hou: Any, geometry: Any) -> None:
    """Geometry.addAttrib: ints, floats and strings by the default; all points have it."""
    kinds = {"i": 3, "f": 3.0, "v": (1.0, 2.0, 3.0), "s": "a"}
    for name, default in kinds.items():
        geometry.addAttrib(hou.attribType.Point, name, default)
    found = [geometry.findPointAttrib(name) for name in kinds]
    names = [(each.dataType().name(), each.size()) for each in found]
    assert names == [("Int", 1), ("Float", 1), ("Float", 3), ("String", 1)]
    assert geometry.pointIntAttribValues("i") == (3,) * 4
    assert geometry.pointStringAttribValues("s") == ("",) * 4  # strings have no default
    geometry.createPoint()
    assert geometry.pointFloatAttribValues("v")[-3:] == (1.0, 2.0, 3.0)


def test_data_ids_tell_changes(hou: Any, geometry: Any) -> None:
    """Attrib.dataId: another number after a change; the same in a copy that is asked to keep it."""
    attrib = geometry.findPointAttrib("P")
    before = attrib.dataId()
    kept = geometry.freeze(read_only=True, clone_data_ids=True)
    other = geometry.freeze(read_only=True)
    assert kept.findPointAttrib("P").dataId() == before
    assert other.findPointAttrib("P").dataId() != before
    geometry.point(0).setPosition((9, 9, 9))
    assert attrib.dataId() != before


def test_code_renews_the_data_ids(hou: Any) -> None:
    """SopNode.managesAttribDataIds: a Python SOP that does not manage them gives new ones."""
    above = make_code(hou, "hou.pwd().geometry().createPoint()")
    passed = above.parent().createNode("null")
    code = above.parent().createNode("python")
    for each in (passed, code):
        each.setInput(0, above)
    ids = [each.geometry().findPointAttrib("P").dataId() for each in (above, passed, code)]
    assert ids[0] == ids[1] != ids[2]


# ---- groups ----------------------------------------------------------------------------------


def test_groups_hold_points_in_their_order(hou: Any, geometry: Any) -> None:
    """PointGroup: sorted unless it is ordered; points of another geometry are refused."""
    points = geometry.points()
    plain = geometry.createPointGroup("plain")
    ordered = geometry.createPointGroup("ordered", is_ordered=True)
    for each in (plain, ordered):
        each.add([points[2], points[0]])
    assert [each.number() for each in plain.points()] == [0, 2]
    assert [each.number() for each in ordered.points()] == [2, 0]
    assert plain.contains(points[2])
    with pytest.raises(hou.OperationFailed):
        plain.add(geometry.freeze(read_only=True).points()[0])
    with pytest.raises(hou.OperationFailed):
        geometry.createPointGroup("plain")
    assert geometry.createPointGroup("plain", unique_name=True).name() == "plain1"


def test_patterns_take_groups_numbers_and_what_is_not(hou: Any, geometry: Any) -> None:
    """Geometry.globPoints: names, numbers, ranges, `*` and `!`; a group that is not there fails."""
    geometry.createPointGroup("some").add(geometry.points()[1:3])
    found = {text: [each.number() for each in geometry.globPoints(text)]
             for text in ("some", "0-1", "* !some", "!some", "0 some")}  # fmt: skip
    assert found == {
        "some": [1, 2], "0-1": [0, 1], "* !some": [0, 3], "!some": [0, 3], "0 some": [0, 1, 2],
    }  # fmt: skip
    with pytest.raises(hou.OperationFailed):
        geometry.globPoints("nothing")


def test_blast_keeps_what_is_named(hou: Any, geometry: Any) -> None:
    """A verb leaves what comes in as it is, and refuses parameters that it does not have."""
    geometry.createPointGroup("some").add(geometry.points()[1:3])
    verb = hou.sopNodeTypeCategory().nodeVerb("blast")
    verb.setParms({"group": "some", "grouptype": 3, "negate": 1})
    kept = hou.Geometry()
    verb.execute(kept, [geometry])
    assert (kept.pointCount(), geometry.pointCount()) == (2, 4)
    assert kept.pointFloatAttribValues("P") == (1, 0, 0, 1, 1, 0)
    assert kept.findPointGroup("some").pointCount() == 2
    with pytest.raises(hou.OperationFailed):
        verb.setParms({"groups": "some"})
    assert hou.sopNodeTypeCategory().nodeVerb("nothing") is None


# ---- primitives ------------------------------------------------------------------------------


def test_polygons_lose_what_their_points_lose(hou: Any, geometry: Any) -> None:
    """Points take vertices along; deletePrims takes points along that no other one uses."""
    geometry.createPolygons(((0, 1, 2), (2, 3, 0)))
    first = geometry.prim(0)
    geometry.deletePrims([first])
    assert (geometry.pointCount(), geometry.primCount()) == (3, 1)
    with pytest.raises(hou.ObjectWasDeleted):
        first.number()
    geometry.deletePoints([geometry.points()[0]])
    assert geometry.prim(0).numVertices() == 2
    with pytest.raises(hou.InvalidInput):
        geometry.createPolygons(((0, 1, 9),))


def test_merging_brings_attributes_and_groups(hou: Any, geometry: Any) -> None:
    """Geometry.merge: what one of them lacks gets defaults; numbers go on behind."""
    other = hou.Geometry()
    other.createPoints([(7, 7, 7)])
    other.addAttrib(hou.attribType.Point, "w", 0.5)
    other.createPointGroup("one").add(other.points())
    geometry.merge(other)
    assert geometry.pointFloatAttribValues("w") == (0.5,) * 5
    assert [each.number() for each in geometry.findPointGroup("one").points()] == [4]


# ---- volumes ---------------------------------------------------------------------------------


def test_voxels_run_along_x_first(hou: Any) -> None:
    """setAllVoxelsFromString: x is fastest; any buffer, of exactly the right size."""
    volume = hou.Geometry().createVolume(3, 2, 2)
    volume.setAllVoxelsFromString(array.array("f", range(12)))
    assert [volume.voxel(each) for each in ((1, 0, 0), (0, 1, 0), (0, 0, 1))] == [1.0, 3.0, 6.0]
    assert volume.allVoxelsAsString() == struct.pack("=12f", *range(12))
    assert volume.resolution() == (3, 2, 2)
    for size in (0, 44, 52):
        with pytest.raises(hou.OperationFailed):
            volume.setAllVoxelsFromString(bytes(size))
    with pytest.raises(hou.OperationFailed):
        hou.Geometry().createVolume(3, 0, 2)


def test_a_volume_is_the_cube_under_its_transform(hou: Any) -> None:
    """Volume.transform: turn and scale of the cube from -1 to 1; where it is, its point says."""
    box = hou.BoundingBox(0, 0, 0, 8, 4, 2)
    volume = hou.Geometry().createVolume(4, 4, 1, box)
    assert tuple(volume.vertex(0).point().position()) == (4, 2, 1)
    assert volume.transform().asTuple() == (4, 0, 0, 0, 2, 0, 0, 0, 1)
    assert tuple(volume.voxelSize()) == (2, 1, 2)
    assert tuple(volume.indexToPos((0, 0, 0))) == (1, 0.5, 1)
    assert volume.posToIndex((1, 0.5, 1)) == (0, 0, 0)
    moved = hou.Matrix4(volume.transform()) * hou.hmath.buildTranslate(1, 1, 1)
    volume.setTransform(moved)
    assert tuple(volume.vertex(0).point().position()) == (1, 1, 1)
    assert tuple(volume.boundingBox().minvec()) == (-3, -1, 0)
    with pytest.raises(TypeError):
        volume.setTransform(volume.transform())  # three by three


def test_a_heightfield_is_flat_and_shown_as_one(hou: Any) -> None:
    """Volume.isHeightField: two-dimensional, with the visualization set; nothing else is one."""
    geometry = hou.Geometry()
    flat, deep = geometry.createVolume(4, 3, 1), geometry.createVolume(4, 3, 2)
    assert not flat.isHeightField()
    for each in (flat, deep):
        each.setIntrinsicValue("volumevisualmode", "heightfield")
    assert (flat.isHeightField(), deep.isHeightField()) == (True, False)
    with pytest.raises(hou.OperationFailed):
        flat.setIntrinsicValue("bounds", (0,) * 6)
    assert flat.intrinsicValue("bounds") == (-1, 1, -1, 1, -1, 1)  # xmin, xmax, ymin, …


def test_a_change_of_voxels_changes_the_intrinsics_id(hou: Any) -> None:
    """primitiveIntrinsicsDataId: the contents of primitives, apart from their attributes."""
    geometry = hou.Geometry()
    volume = geometry.createVolume(2, 2, 1)
    geometry.addAttrib(hou.attribType.Prim, "name", "")
    before = geometry.primitiveIntrinsicsDataId()
    volume.setAttribValue("name", "height")
    assert geometry.primitiveIntrinsicsDataId() == before
    volume.setVoxel((0, 0, 0), 1.0)
    assert geometry.primitiveIntrinsicsDataId() != before


def converted(hou: Any, geometry: Any, conversion: int) -> Any:
    """Return what Convert VDB makes."""
    verb, made = hou.sopNodeTypeCategory().nodeVerb("convertvdb"), hou.Geometry()
    verb.setParms({"conversion": conversion})
    verb.execute(made, [geometry])
    return made


def test_a_vdb_has_no_buffer(hou: Any) -> None:
    """hou.VDB: no allVoxelsAsString; Convert VDB makes it a volume, and a volume one."""
    geometry = hou.Geometry()
    geometry.createVolume(2, 2, 2).setAllVoxels(range(8))
    sparse = converted(hou, geometry, 1)
    vdb = sparse.prim(0)
    assert vdb.type() is hou.primType.VDB
    assert not hasattr(vdb, "allVoxelsAsString")
    assert converted(hou, sparse, 0).prim(0).allVoxels() == tuple(range(8))


def test_a_verbs_menu_is_set_by_number(hou: Any) -> None:
    """Scripts that run in Houdini give Convert VDB 0 and 1 (public: HouIO's bridge)."""
    verb = hou.sopNodeTypeCategory().nodeVerb("convertvdb")
    with pytest.raises(hou.OperationFailed):
        verb.setParms({"conversion": "vdb"})


def test_a_vdb_becomes_a_volume_of_its_active_bounds(hou: Any) -> None:
    """GU_PrimVDB.C: the volume is as large as them, lies there, and goes on as the background."""
    geometry = hou.Geometry()
    volume = geometry.createVolume(4, 2, 2, hou.BoundingBox(8, 0, 0, 16, 2, 2))
    volume.setIntrinsicValue("volumebordervalue", 5.0)
    volume.setAllVoxels([5.0] * 16)
    volume.setVoxel((3, 1, 0), 1.0)
    sparse = converted(hou, geometry, 1)
    vdb = sparse.prim(0)
    assert (vdb.resolution(), vdb.activeVoxelCount()) == ((1, 1, 1), 1)
    assert vdb.transform().asTuple() == (2, 0, 0, 0, 1, 0, 0, 0, 1)
    assert vdb.vertex(0).point().position() == (9, 0.5, 0.5)  # the voxel 0, 0, 0
    assert (vdb.voxel((0, 0, 0)), vdb.intrinsicReadOnly("background")) == (5, True)
    dense = converted(hou, sparse, 0).prim(0)
    assert (dense.resolution(), dense.allVoxels()) == ((1, 1, 1), (1,))
    assert dense.indexToPos((0, 0, 0)) == volume.indexToPos((3, 1, 0))
    assert dense.intrinsicValue("volumebordervalue") == 5


def test_a_distance_fields_largest_value_is_its_background(hou: Any) -> None:
    """GU_PrimVDB.C: whatever its border's value; its class is that of the border."""
    geometry = hou.Geometry()
    volume = geometry.createVolume(2, 1, 1)
    volume.setIntrinsicValue("volumebordertype", "sdf")
    volume.setAllVoxels([-1.0, 2.0])
    vdb = converted(hou, geometry, 1).prim(0)
    assert (volume.isSDF(), vdb.isSDF(), vdb.intrinsicValue("background")) == (True, True, 2)
    assert vdb.intrinsicValue("vdb_class") == "level set"


def test_an_empty_vdb_becomes_one_voxel(hou: Any) -> None:
    """GU_PrimVDB.C: a volume of nothing has no transform."""
    geometry = hou.Geometry()
    geometry.createVolume(3, 3, 3)
    sparse = converted(hou, geometry, 1)
    assert (sparse.prim(0).isEmpty(), sparse.prim(0).resolution()) == (True, (0, 0, 0))
    assert converted(hou, sparse, 0).prim(0).resolution() == (1, 1, 1)
