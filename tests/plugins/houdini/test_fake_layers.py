"""The rules of Copernicus, of text assets and of PDG that the stand-in for Houdini keeps.

Each rule names where it is from: a docstring of types-houdini 21, a page of SideFX's, or the
project's notes on what public scripts do.
"""

from __future__ import annotations

import shutil
import struct
import threading
from pathlib import Path
from typing import Any

import pytest

OTLS = Path(__file__).resolve().parents[3] / "plugins" / "houdini" / "otls"


def make_layer(hou: Any, values: list[float], width: int = 2, channels: int = 1) -> Any:
    """Return a layer of floats."""
    made = hou.ImageLayer()
    made.setChannelCount(channels)
    made.setStorageType(hou.imageLayerStorageType.Float32)
    made.setDataWindow(0, 0, width, len(values) // (width * channels))
    made.setAllBufferElements(struct.pack(f"={len(values)}f", *values))
    return made


# ---- layers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("late", ["setChannelCount", "setStorageType"])
def test_the_window_is_set_last(hou: Any, late: str) -> None:
    """setChannelCount, setStorageType and setDataWindow lose the data: the window makes it."""
    layer = hou.ImageLayer()
    layer.setDataWindow(0, 0, 2, 2)
    arguments = {"setChannelCount": 1, "setStorageType": hou.imageLayerStorageType.Float32}
    getattr(layer, late)(arguments[late])
    with pytest.raises(hou.OperationFailed, match="Provided buffer incorrect size"):
        layer.setAllBufferElements(bytes(4 * 4 * layer.channelCount()))


def test_buffers_fit_storage_and_channels(hou: Any) -> None:
    """setAllBufferElements: as many elements as the resolution, of the layer's own kind."""
    layer = make_layer(hou, [1, 2, 3, 4])
    for size in (0, 4, 12, 20):
        with pytest.raises(hou.OperationFailed, match="incorrect size"):
            layer.setAllBufferElements(bytes(size))
    assert layer.bufferResolution() == (2, 2)
    assert (layer.bufferIndex(1, 0), layer.bufferIndex(0, 1)) == (2.0, 3.0)


def test_reading_converts_to_what_is_asked_for(hou: Any) -> None:
    """allBufferElements(storagetype, channels): converted just in time where they differ."""
    layer = make_layer(hou, [0.5, 1, 2, 3])
    kinds = hou.imageLayerStorageType
    assert layer.allBufferElements(kinds.Float16, 1) == struct.pack("=4e", 0.5, 1, 2, 3)
    assert struct.unpack("=16f", layer.allBufferElements(kinds.Float32, 4))[:4] == (0.5, 0, 0, 1)


def test_windows_take_whole_numbers(hou: Any) -> None:
    """Four ints set the data window (the notes); an element covers pixelScale pixels."""
    layer = hou.ImageLayer()
    with pytest.raises(TypeError):
        layer.setDataWindow(0, 0, 2.0, 2)
    layer.setPixelScale((2.0, 1.0))
    layer.setDataWindow(-1, 0, 4, 2)
    assert layer.bufferResolution() == (2, 2)
    assert tuple(layer.dataWindow().min()) == (-1, 0)
    assert tuple(layer.dataWindow().size()) == (4, 2)


def test_a_nodes_layer_is_read_only_and_stays(hou: Any, world: Any) -> None:
    """ImageLayer: what a COP gives is read only and no longer tied to it; freeze copies."""
    node = hou.node("/obj").createNode("copnet").createNode("null")
    world.supply(node, make_layer(hou, [1, 2, 3, 4]))
    layer = node.layer()
    for call in (lambda: layer.setBorder(layer.border()), lambda: layer.setDataWindow(0, 0, 1, 1)):
        with pytest.raises(hou.PermissionError):
            call()
    copy = layer.freeze()
    copy.setAllBufferElements(bytes(16))
    world.supply(node, make_layer(hou, [5, 6, 7, 8]))
    assert [each.bufferIndex(0, 0) for each in (layer, copy, node.layer())] == [1.0, 0.0, 5.0]
    assert node.layer(1) is None


def test_a_constant_layer_gives_every_element(hou: Any) -> None:
    """A layer that is collapsed gives the value for every element that is asked for."""
    layer = make_layer(hou, [1, 2, 3, 4])
    layer.makeConstant((0.25,))
    assert layer.isConstant()
    kinds = hou.imageLayerStorageType
    assert struct.unpack("=4f", layer.allBufferElements(kinds.Float32, 1)) == (0.25,) * 4


# ---- snippets --------------------------------------------------------------------------------

SNIPPET = """
import hou
seen = hou.pwd().path()
layer = kwargs["source"].freeze()
layer.setAttributes({"seen": seen, "given": kwargs["given"]})
return {"result": layer}
"""


def make_snippet(hou: Any, world: Any, code: str) -> Any:
    """Return a Python Snippet with one input, one output and a binding, and what is above it."""
    network = hou.node("/obj").createNode("copnet")
    above = network.createNode("null")
    world.supply(above, make_layer(hou, [1, 2, 3, 4]))
    node = network.createNode("pythonsnippet")
    node.setParms(
        {
            "python": code,
            "inputs": 1, "input1_name": "source",
            "outputs": 1, "output1_name": "result",
            "bindings": 1, "bindings1_name": "given", "bindings1_type": "string",
            "bindings1_sval": "`opfullpath(\"..\")`",
        }
    )  # fmt: skip
    node.setInput(0, above)
    return node


def test_a_snippet_cooks_apart_from_the_network(hou: Any, world: Any) -> None:
    """Python Snippet: inputs and bindings in kwargs, outputs returned; no node that cooks."""
    node = make_snippet(hou, world, SNIPPET)
    layer = node.layer()
    assert node.errors() == ()
    assert layer.attributes() == {"seen": "/", "given": node.parent().path()}
    assert node.outputNames() == ("result",)


def test_a_snippet_cannot_warn(hou: Any, world: Any) -> None:
    """A NodeWarning takes the result away, and no node is there to add one to."""
    node = make_snippet(hou, world, "raise hou.NodeWarning('Old.')")
    assert node.layer() is None
    assert "Old." in node.errors()[0]
    other = make_snippet(hou, world, "hou.pwd().addWarning('Old.')\nreturn {}")
    other.layer()
    assert "of itself" in other.errors()[0]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("return None", "no dictionary"),
        ("return {'other': None}", "no output other"),
        ("return {'result': 3}", "is no layer"),
        ("kwargs['source'].setAttributes({})", "read-only"),
    ],
)
def test_what_a_snippet_returns_is_checked(hou: Any, world: Any, code: str, said: str) -> None:
    """A dictionary of layers by the outputs' names; what comes in cannot be changed."""
    node = make_snippet(hou, world, code)
    node.layer()
    assert said in node.errors()[0]


def test_a_snippet_cooks_when_its_bindings_change(hou: Any, world: Any) -> None:
    """What a snippet is bound to is evaluated at every look; the same values need no cook."""
    node = make_snippet(hou, world, SNIPPET)
    node.cook()
    node.cook()
    assert node.cookCount() == 1
    node.parent().setName("other")
    node.cook()
    assert node.cookCount() == 2
    assert node.layer().attributes()["given"] == "/obj/other"


# ---- assets ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "network"), [("Sop", "geo"), ("Cop", "copnet")])
def test_the_plugins_assets_are_installed(hou: Any, table: str, network: str) -> None:
    """Expanded libraries give types: the latest version answers to the name without one."""
    hou.hda.installFile(str(OTLS / f"filmgate_{table.lower()}_infer.1.0.hda"))
    node = hou.node("/obj").createNode(network).createNode("filmgate::infer")
    assert node.type().name() == "filmgate::infer::1.0"
    assert node.type().definition().nodeTypeCategory().name() == table
    assert node.parm("filmgate_mode").evalAsString() == "live"
    assert node.parm("filmgate_run").parmTemplate().scriptCallback()
    assert node.isLockedHDA()
    assert [each.name() for each in node.spareParms()] == []
    assert callable(node.hdaModule().plugin)
    with pytest.raises(AttributeError):
        node.hdaModule().nothing()


LIBRARY = OTLS / "filmgate_sop_infer.1.0.hda"
FOLDER = "filmgate_8_8Sop_1infer_8_81.0"


@pytest.mark.parametrize(
    ("path", "before", "after", "said"),
    [
        ("Sections.list", '""', "", 'begin with ""'),
        ("Sections.list", FOLDER, "elsewhere", "names no folder"),
        (f"{FOLDER}/Sections.list", "PythonCook\tPythonCook", "X\tX", "which is not there"),
        (f"{FOLDER}/DialogScript", "type    ordinal", "type    choice", "of no type"),
        (f"{FOLDER}/DialogScript", "joinnext", "joinsnext", "does not know"),
        (f"{FOLDER}/DialogScript", 'default { "live" }', 'default { "x" }', "which is no item"),
        ("INDEX__SECTION", "1 to 4", "some", "nothing of inputs"),
    ],
)
def test_assets_that_do_not_agree_are_refused(
    hou: Any, tmp_path: Path, path: str, before: str, after: str, said: str
) -> None:
    """Lists, index and dialog script have to fit; Houdini would load something else, or nothing."""
    copy = tmp_path / "library.hda"
    shutil.copytree(LIBRARY, copy)
    text = (copy / path).read_text(encoding="utf-8")
    assert before in text
    (copy / path).write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(hou.OperationFailed, match=said):
        hou.hda.installFile(str(copy))


def test_events_of_an_asset_run(hou: Any, tmp_path: Path) -> None:
    """OnCreated for a new node, OnLoaded for one from a copy: with kwargs node and type."""
    copy = tmp_path / "library.hda"
    shutil.copytree(LIBRARY, copy)
    for name in ("OnCreated", "OnLoaded"):
        text = f"kwargs['node'].setUserData('event', '{name}')"
        (copy / FOLDER / name).write_text(text, encoding="utf-8")
        with (copy / FOLDER / "Sections.list").open("a", encoding="utf-8") as file:
            file.write(f"{name}\t{name}\n")
    hou.hda.installFile(str(copy))
    node = hou.node("/obj").createNode("geo").createNode("filmgate::infer")
    (other,) = hou.copyNodesTo([node], node.parent())
    assert (node.userData("event"), other.userData("event")) == ("OnCreated", "OnLoaded")


def test_an_asset_without_its_plugin_says_what_helps(hou: Any, monkeypatch: Any) -> None:
    """The cook's code runs: where the plugin is missing, the node has an artist's text."""
    import sys  # noqa: PLC0415 - only here

    monkeypatch.setitem(sys.modules, "filmgate_houdini", None)
    hou.hda.installFile(str(LIBRARY))
    network = hou.node("/obj").createNode("geo")
    node = network.createNode("filmgate::infer")
    node.setInput(0, network.createNode("null"))
    node.geometry()
    assert node.errors()[0].startswith("The Filmgate plugin is not there")


# ---- tasks -----------------------------------------------------------------------------------


def test_items_cook_on_threads_of_pdgs(hou: Any, world: Any) -> None:
    """Processors: items of those above, cooked in process, away from the main thread."""
    import pdg  # noqa: PLC0415 - found once the stand-in is on the path

    node = hou.node("/obj").createNode("topnet").createNode("pythonprocessor")
    generate = (
        "for each in upstream_items:\n"
        "    made = item_holder.addWorkItem(index=each.index, parent=each, inProcess=True)\n"
        "    made.setStringAttrib('from', each.outputFiles[0].path)"
    )
    cook = (
        "import threading\n"
        "work_item.addOutputFile(work_item.attribValue('from') + '.out', 'file/image', 0)\n"
        "work_item.setStringAttrib('thread', threading.current_thread().name)"
    )
    node.setParms({"generate": generate, "cooktask": cook})
    world.hand(node, [("a.exr", "file/image")], [("b.exr", "file/image")])
    node.cookWorkItems(block=True)
    items = node._items
    assert [each.state for each in items] == [pdg.workItemState.CookedSuccess] * 2
    assert [each.outputFiles[0].path for each in items] == ["a.exr.out", "b.exr.out"]
    assert threading.current_thread().name not in {each.attribValue("thread") for each in items}


def test_items_that_touch_houdini_fail(hou: Any, world: Any) -> None:
    """A cook of PDG's that calls `hou` is refused, as from any thread."""
    import pdg  # noqa: PLC0415 - found once the stand-in is on the path

    node = hou.node("/obj").createNode("topnet").createNode("pythonprocessor")
    generate = "item_holder.addWorkItem(inProcess=True)"
    node.setParms({"generate": generate, "cooktask": "import hou\nhou.node('/obj')"})
    node.cookWorkItems(block=True)
    assert [each.state for each in node._items] == [pdg.workItemState.CookedFail]
    assert len(world.violations) == 1
    world.violations.clear()
