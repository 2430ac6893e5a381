"""Copernicus: layers become one picture with AOVs by name, results become layers, inputs stay."""

from __future__ import annotations

import importlib
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fakes.manifests import denoiser, manifest, matter, upscaler
from filmgate.errors import InputError, LayerError
from filmgate.host.plain_exr import PlainImage, Plane, Window, parse_plain_exr, to_plain_exr
from filmgate.host.port import Moment

OTLS = Path(__file__).resolve().parents[3] / "plugins" / "houdini" / "otls"
WIDTH, HEIGHT = 3, 2
NOW = Moment(1.0)
NAN_WITH_PAYLOAD = 0x7FC00123


class Bench:
    """A Copernicus network with the asset in it.

    Args:
        hou: the module.
        world: the user's hands.
    """

    def __init__(self, hou: Any, world: Any) -> None:
        self.hou, self.world = hou, world
        hou.hda.installFile(str(OTLS / "filmgate_cop_infer.1.0.hda"))
        self.network = hou.node("/obj").createNode("copnet")
        self.node = self.network.createNode("filmgate::infer")
        self.cop = importlib.import_module("filmgate_houdini.cop")

    def layer(self, values: Sequence[float], channels: int = 4, half: bool = False) -> Any:
        """Return a layer of 3 x 2 pixels, row by row from the lowest."""
        kinds = self.hou.imageLayerStorageType
        made = self.hou.ImageLayer()
        made.setChannelCount(channels)
        made.setStorageType(kinds.Float16 if half else kinds.Float32)
        made.setDataWindow(0, 0, WIDTH, HEIGHT)
        made.setDisplayWindow(0, 0, WIDTH, HEIGHT)
        made.setAllBufferElements(struct.pack(f"<{len(values)}{'e' if half else 'f'}", *values))
        return made

    def connect(self, index: int, layer: Any, name: str = "output1") -> Any:
        """Wire a node with a layer to an input; its connector has that name."""
        above = self.network.createNode("null")
        self.world.supply(above, layer)
        above.outputNames = lambda: (name,)
        self.node.setInput(index, above)
        return above

    def source(self) -> Any:
        """Return the node's inputs as a cook reads them."""
        return self.cop.CopSource(self.node)


@pytest.fixture
def bench(hou: Any, world: Any) -> Bench:
    """Return a network in a fresh session."""
    return Bench(hou, world)


def ramp(channels: int = 4, start: float = 0.0) -> list[float]:
    """Return another number for each element."""
    return [start + place for place in range(WIDTH * HEIGHT * channels)]


def plane(image: PlainImage, name: str) -> list[float]:
    """Return a channel's samples, from the top."""
    found = image.planes[name]
    code = "e" if found.depth == "half" else "f"
    return list(struct.unpack(f"<{len(found.data) // (2 if code == 'e' else 4)}{code}", found.data))


def sent(source: Any, model: Any) -> PlainImage:
    """Return what a model would be given."""
    return parse_plain_exr(source.payload(model, model.main_input, NOW).data)


def elements(layer: Any) -> list[float]:
    """Return all elements of a layer as floats."""
    import hou  # noqa: PLC0415 - found once the stand-in is on the path

    content = layer.allBufferElements(hou.imageLayerStorageType.Float32, layer.channelCount())
    return list(struct.unpack(f"<{len(content) // 4}f", content))


def result(values: dict[str, list[float]], width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """Return a file as the server writes one."""
    window = Window(0, 0, width - 1, height - 1)
    planes = {
        name: Plane("float", struct.pack(f"<{len(each)}f", *each)) for name, each in values.items()
    }
    return to_plain_exr(PlainImage(window, window, planes))


def test_a_frozen_node_makes_no_session(bench: Bench) -> None:
    """Farms have no folder for a cache: nothing but the scene and the files is looked at."""
    sessions = importlib.import_module("filmgate_houdini.sessions")
    bench.node.parm("filmgate_mode").set("frozen")

    with pytest.raises(bench.hou.NodeError, match="names no file"):
        bench.cop.cook({"node": bench.node.path()})

    assert sessions.hosts() == []


def test_between_two_frames_the_picture_is_a_whole_frames(bench: Bench) -> None:
    """The cook's layers are those of its own time; what is sent is the nearest frame's."""
    above = bench.connect(0, bench.layer(ramp()))
    other = bench.layer(ramp(start=50))
    above.isTimeDependent = lambda: True
    above.layerAtFrame = lambda time, _output=0: other
    bench.hou.setFrame(1.25)
    source = bench.cop.CopSource(bench.node, {0: bench.layer(ramp())})

    assert plane(sent(source, denoiser()), "R") == [62, 66, 70, 50, 54, 58]


def test_a_locked_parameter_does_not_end_recooks(bench: Bench) -> None:
    """Where the snippet's binding cannot be changed, the snippet itself is cooked."""
    cook = importlib.import_module("filmgate_houdini.cook")
    host = importlib.import_module("filmgate_houdini.host").HoudiniHost(bench.node)
    (snippet,) = (each for each in bench.node.children() if "snippet" in each.type().name())
    bench.node.parm("filmgate_changes").lock(True)
    before = snippet.cookCount()

    cook.recook(host)

    assert snippet.cookCount() > before


def test_the_first_row_of_a_file_is_the_highest(bench: Bench) -> None:
    """A layer's first row is its lowest: rows are turned over, channels told apart."""
    bench.connect(0, bench.layer(ramp()))

    image = sent(bench.source(), denoiser())

    assert sorted(image.planes) == ["A", "B", "G", "R"]
    assert plane(image, "R") == [12, 16, 20, 0, 4, 8]
    assert plane(image, "A") == [15, 19, 23, 3, 7, 11]


def test_windows_are_turned_over_within_the_format(bench: Bench) -> None:
    """What hangs over the format's lower edge hangs over it in the file."""
    layer = bench.layer(ramp())
    layer.setDataWindow(-1, -2, WIDTH, HEIGHT)
    layer.setDisplayWindow(0, 0, 10, 8)
    layer.setAllBufferElements(struct.pack("<24f", *ramp()))
    bench.connect(0, layer)
    source = bench.source()

    image = sent(source, denoiser())
    source.keep()

    assert image.display_window == Window(0, 0, 9, 7)
    assert image.data_window == Window(-1, 8, 1, 9)
    back = source.shown()["result1"].dataWindow()
    assert (tuple(back.min()), tuple(back.size())) == ((-1, -2), (WIDTH, HEIGHT))


def test_halves_stay_halves(bench: Bench) -> None:
    """A layer of halves is sent as halves, and its result is one of halves."""
    bench.connect(0, bench.layer(ramp(), half=True))
    source = bench.source()

    image = sent(source, denoiser())
    source.keep()

    assert image.planes["R"].depth == "half"
    assert source.shown()["result1"].storageType() == bench.hou.imageLayerStorageType.Float16


def test_aovs_are_found_by_the_names_of_connectors(bench: Bench) -> None:
    """In whatever order they are wired: each is a layer of the one file, others are left out."""
    bench.connect(0, bench.layer(ramp()))
    bench.connect(1, bench.layer(ramp(3, 200.0), 3), "N")
    bench.connect(2, bench.layer(ramp(3, 100.0), 3), "denoise_albedo")
    bench.connect(3, bench.layer(ramp(3, 300.0), 3), "emission")

    image = sent(bench.source(), denoiser())

    assert not bench.source().report(denoiser())
    assert {name.rpartition(".")[0] for name in image.planes} == {"", "N", "denoise_albedo"}
    assert plane(image, "N.R")[-1] == 206.0
    assert plane(image, "denoise_albedo.B")[0] == 111.0


def test_aovs_without_a_telling_name_go_by_place(bench: Bench) -> None:
    """The second input is the model's second, where its connector has no name that tells."""
    bench.connect(0, bench.layer(ramp()))
    bench.connect(1, bench.layer(ramp(3, 100.0), 3))
    bench.connect(2, bench.layer(ramp(3, 200.0), 3))

    image = sent(bench.source(), denoiser())

    assert plane(image, "denoising albedo.R")[-1] == 106.0
    assert plane(image, "denoising normal.R")[-1] == 206.0


def test_every_other_input_is_searched_in_the_one_file(bench: Bench) -> None:
    """The main input's file holds them all."""
    bench.connect(0, bench.layer(ramp()))
    model = denoiser()

    assert bench.source().payload(model, model.input("albedo"), NOW) is None


def test_what_is_missing_is_said_before_anything_is_sent(bench: Bench) -> None:
    """No picture, no layer that is needed, a layer of another size: each with what helps."""
    model = denoiser()
    assert "No layer is connected" in str(bench.source().report(model)[0])
    with pytest.raises(InputError):
        bench.source().payload(model, model.main_input, NOW)
    bench.connect(0, bench.layer(ramp()))
    assert not bench.source().report(model)
    small = bench.layer(ramp(3), 3)
    small.setDataWindow(0, 0, 1, 1)
    bench.connect(1, small, "albedo")

    found = bench.source().report(model)

    assert [each.input for each in found] == ["albedo"]
    assert "1 x 1" in found[0].text


def test_a_needed_layer_that_is_not_connected_is_named(bench: Bench) -> None:
    """The report says which input lacks what."""
    color = {"name": "color", "role": "color", "channels": ["R", "G", "B"]}
    albedo = {"name": "albedo", "role": "albedo", "channels": ["R", "G", "B"]}
    model = manifest(inputs=[color, albedo])
    bench.connect(0, bench.layer(ramp()))

    found = bench.source().report(model)

    assert [each.input for each in found] == ["albedo"]
    with pytest.raises(LayerError):
        bench.source().payload(model, model.main_input, NOW)


def test_a_model_of_geometry_is_sent_to_the_other_node(bench: Bench) -> None:
    """Its inputs are no pictures."""
    height = {"name": "height", "kind": "volume", "axes": ["y", "x", "c"], "channels": ["height"]}
    bench.connect(0, bench.layer(ramp()))
    model = manifest(inputs=[height], outputs=[{**height, "replaces": "height"}])

    assert "SOP" in bench.source().report(model)[0].fix


def test_a_result_becomes_a_layer_like_the_main_one(bench: Bench) -> None:
    """Alpha, border, type, projection, camera and attributes come along; the input is untouched."""
    layer = bench.layer(ramp())
    layer.setBorder(bench.hou.imageLayerBorder.Mirror)
    layer.setTypeInfo(bench.hou.imageLayerTypeInfo.Color)
    layer.setProjection(bench.hou.imageLayerProjection.Perspective)
    layer.setFocalLength(35.0)
    layer.setAttributes({"shot": "ab_010"})
    above = bench.connect(0, layer)
    source = bench.source()
    made = {"R": [1.0] * 6, "G": [2.0] * 6, "B": [3, 4, 5, 6, 7, 8]}

    source.apply(denoiser(), {"color": result(made)})

    shown = source.shown()["result1"]
    assert elements(shown)[:4] == [1.0, 2.0, 6.0, 3.0]
    assert elements(shown)[12:16] == [1.0, 2.0, 3.0, 15.0]
    assert shown.border() == bench.hou.imageLayerBorder.Mirror
    assert shown.typeInfo() == bench.hou.imageLayerTypeInfo.Color
    assert shown.projection() == bench.hou.imageLayerProjection.Perspective
    assert (shown.focalLength(), shown.attributes()) == (35.0, {"shot": "ab_010"})
    assert elements(above.layer()) == ramp()


def test_a_nan_keeps_its_bits(bench: Bench) -> None:
    """Samples are moved as they are: nothing computes with them."""
    window = Window(0, 0, WIDTH - 1, HEIGHT - 1)
    bits = struct.pack("<6I", *[NAN_WITH_PAYLOAD] * 6)
    image = PlainImage(window, window, dict.fromkeys("RGB", Plane("float", bits)))
    layers = importlib.import_module("filmgate_houdini.layers")

    buffer = layers._interleaved([bits] * 4, "float", WIDTH)

    assert struct.unpack("<24I", buffer) == (NAN_WITH_PAYLOAD,) * 24
    assert parse_plain_exr(to_plain_exr(image)).planes["R"].data == bits


def test_an_upscaled_result_has_a_larger_format_and_repeats_alpha(bench: Bench) -> None:
    """Both windows grow by the factor; no alpha is blended."""
    bench.connect(0, bench.layer(ramp()))
    source = bench.source()
    made = {name: [0.5] * 24 for name in "RGB"}
    model = manifest("upscale", geometry={"scale": 2})

    source.apply(model, {"color": result(made, 6, 4)})

    shown = source.shown()["result1"]
    assert tuple(shown.dataWindow().size()) == (6, 4)
    assert tuple(shown.displayWindow().size()) == (6, 4)
    assert elements(shown)[3::4][:12] == [3, 3, 7, 7, 11, 11] * 2


def test_scaled_pixels_grow_with_their_windows(bench: Bench) -> None:
    """Where a buffer element covers four pixels, it still does in the result."""
    layer = bench.layer(ramp())
    layer.setPixelScale((2.0, 2.0))
    layer.setDataWindow(4, 6, 2 * WIDTH, 2 * HEIGHT)
    layer.setDisplayWindow(0, 0, 20, 20)
    layer.setAllBufferElements(struct.pack("<24f", *ramp()))
    bench.connect(0, layer)
    source = bench.source()

    source.apply(upscaler(), {"color": result({name: [0.5] * 24 for name in "RGB"}, 6, 4)})

    shown = source.shown()["result1"]
    assert shown.bufferResolution() == (6, 4)
    assert tuple(shown.dataWindow().min()) == (8, 12)
    assert tuple(shown.displayWindow().size()) == (40, 40)


def test_a_result_of_another_size_is_refused(bench: Bench) -> None:
    """It was made before the picture changed its size."""
    bench.connect(0, bench.layer(ramp()))

    with pytest.raises(InputError, match="4 x 2"):
        bench.source().apply(denoiser(), {"color": result({n: [1.0] * 8 for n in "RGB"}, 4, 2)})


def test_one_channel_is_shown_in_grey(bench: Bench) -> None:
    """A matte is seen in red, green and blue alike."""
    bench.connect(0, bench.layer(ramp()))
    source = bench.source()
    model = matter()
    name = (model.outputs[0].channels or ("A",))[0]

    source.apply(model, {model.outputs[0].name: result({name: [0.25] * 6})})

    assert elements(source.shown()["result1"])[:4] == [0.25, 0.25, 0.25, 1.0]


def test_outputs_that_the_model_lacks_are_blank(bench: Bench) -> None:
    """Each connector gives a layer: zeros, of the picture's windows."""
    bench.connect(0, bench.layer(ramp()))
    source = bench.source()

    source.keep()

    assert list(source.shown()) == list(bench.cop.OUTPUTS)
    blank = source.shown()["result4"]
    assert set(elements(blank)) == {0.0}
    assert tuple(blank.dataWindow().size()) == (WIDTH, HEIGHT)


def test_equal_pixels_have_equal_fingerprints(bench: Bench) -> None:
    """Content counts, not the object: another cook of the same pixels changes nothing."""
    above = bench.connect(0, bench.layer(ramp()))
    first = bench.source().fingerprint(denoiser(), NOW)
    bench.world.supply(above, bench.layer(ramp()))
    again = bench.source().fingerprint(denoiser(), NOW)
    bench.world.supply(above, bench.layer(ramp(start=1.0)))

    assert first == again != ""
    assert bench.source().fingerprint(denoiser(), NOW) != first


def test_another_frame_is_cooked_for_its_layers(bench: Bench) -> None:
    """A model of several frames gets each as it is then."""
    above = bench.connect(0, bench.layer(ramp()))
    asked: list[float] = []
    real = above.layerAtFrame
    above.layerAtFrame = lambda frame, output=0: (asked.append(frame), real(frame, output))[1]

    bench.source().payload(denoiser(), denoiser().main_input, Moment(7.0))

    assert asked == [7.0]


def test_what_is_set_changes_what_the_snippet_is_bound_to(bench: Bench) -> None:
    """All of it but what the node itself writes: its status must not make it cook."""
    before = bench.cop.changes(bench.node)
    bench.node.parm("filmgate_status").set("fresh")
    assert bench.cop.changes(bench.node) == before

    bench.node.parm("filmgate_mode").set("ondemand")

    assert bench.cop.changes(bench.node) != before
