"""What is inside a node: captures the bound channels, reads results, and changes nothing else."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any, Optional

import pytest

from fakes.manifests import ALBEDO, COLOR, RESULT, denoiser, manifest, matter, retimer, upscaler
from filmgate.errors import InputError, LayerError

SIZE = (8, 4)
BEAUTY = (-0.5, 2.0, 0.18, 0.75)
RESULT_RGB = (1.5, -2.0, 65504.0)
FEW = ("beauty.red", "beauty.green", "beauty.blue")


class Bench:
    """A node of a model, fed by constants, and files that stand for results."""

    def __init__(self, nuke: Any, folder: Path) -> None:
        from filmgate_nuke import graph, node, script  # noqa: PLC0415 - the fixture ran before

        self.nuke, self.folder = nuke, folder
        self.graph, self.node, self.script = graph, node, script
        nuke.root()["format"].setValue(nuke.addFormat("8 4 0 0 8 4 1 tiny"))

    def pipe(self, **layers: tuple[float, ...]) -> Any:
        """Return a pipe with rgba and *layers*, each of one colour."""
        main = self.nuke.nodes.Constant(channels="rgba", color=list(BEAUTY), last=100)
        for name, colour in layers.items():
            words = ("red", "green", "blue", "alpha")[: len(colour)]
            self.nuke.Layer(name, [f"{name}.{word}" for word in words])
            padded = [*colour, 0.0, 0.0, 0.0, 0.0][:4]
            layer = self.nuke.nodes.Constant(channels=name, color=padded)
            copied = self.nuke.nodes.Copy()
            copied.setInput(0, main)
            copied.setInput(1, layer)
            for place, word in enumerate(words):
                copied[f"from{place}"].setValue(f"{name}.{word}")
                copied[f"to{place}"].setValue(f"{name}.{word}")
            main = copied
        return main

    def make(self, model: Any, *pipes: Optional[Any]) -> Any:
        """Return a node of a model with its inputs connected."""
        for each in self.nuke.allNodes():
            each.setSelected(False)
        group = self.node.create(model, model.name)
        for place, pipe in enumerate(pipes):
            group.setInput(place, pipe)
        return group

    def write(self, output: str, frame: int, names: dict[str, float], scale: int = 1) -> str:
        """Write a file as the server would; return the pattern of its take."""
        from nuke import _exr  # noqa: PLC0415
        from nuke._boxes import Area  # noqa: PLC0415

        del _exr, Area
        path = self.folder / f"{output}.{frame:04d}.exr"
        write_exr(path, SIZE[0] * scale, SIZE[1] * scale, names)
        return f"{self.folder.as_posix()}/{output}.%04d.exr"

    def capture(self, group: Any, name: str, frame: int = 1) -> Any:
        """Return the nodes that capture an input, or None."""
        with self.script.untouched():
            return self.graph.capture_nodes(group, name, frame)

    def shown(self, group: Any, patterns: dict[str, str]) -> None:
        """Let the node read results."""
        with self.script.untouched():
            self.node.show_take(group, patterns)


def write_exr(path: Path, width: int, height: int, channels: dict[str, float]) -> None:
    """Write an uncompressed file of float channels, each of one value."""
    import struct  # noqa: PLC0415

    def attribute(name: str, kind: str, content: bytes) -> bytes:
        head = name.encode() + b"\0" + kind.encode() + b"\0"
        return head + struct.pack("<i", len(content)) + content

    names = sorted(channels)
    listed = b"".join(each.encode() + b"\0" + struct.pack("<iB3xii", 2, 0, 1, 1) for each in names)
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    header = struct.pack("<ii", 20000630, 2) + b"".join(
        [
            attribute("channels", "chlist", listed + b"\0"),
            attribute("compression", "compression", b"\0"),
            attribute("dataWindow", "box2i", window),
            attribute("displayWindow", "box2i", window),
            attribute("lineOrder", "lineOrder", b"\0"),
            attribute("pixelAspectRatio", "float", struct.pack("<f", 1)),
            attribute("screenWindowCenter", "v2f", struct.pack("<ff", 0, 0)),
            attribute("screenWindowWidth", "float", struct.pack("<f", 1)),
            b"\0",
        ]
    )
    line = b"".join(struct.pack("<f", channels[each]) * width for each in names)
    first = len(header) + 8 * height
    step = 8 + len(line)
    table = b"".join(struct.pack("<Q", first + row * step) for row in range(height))
    rows = (struct.pack("<ii", row, len(line)) + line for row in range(height))
    path.write_bytes(header + table + b"".join(rows))


@pytest.fixture
def bench(nuke: Any, tmp_path: Path) -> Bench:
    """Return the bench, in a fresh session."""
    return Bench(nuke, tmp_path)


def pixel(node: Any, *channels: str) -> tuple[float, ...]:
    """Return what a node shows in the middle of its picture."""
    names = channels or ("rgba.red", "rgba.green", "rgba.blue")
    return tuple(node.sample(name, 3, 2) for name in names)


def near(*values: float) -> tuple[float, ...]:
    """Return *values* as float32 holds them."""
    import struct  # noqa: PLC0415

    return tuple(struct.unpack("<f", struct.pack("<f", value))[0] for value in values)


RGB_FILE = dict(zip("RGB", RESULT_RGB))

# What is captured.


def test_writes_are_bit_exact_and_disabled(bench: Bench) -> None:
    """Raw 32-bit floats without metadata; no farm renders or ships them."""
    group = bench.make(denoiser(), bench.pipe(albedo=(0.1, 0.2, 0.3)))
    for name in ("color", "albedo"):
        write = bench.capture(group, name).write
        assert write["file_type"].value() == "exr"
        assert write["raw"].value()
        assert write["datatype"].value() == "32 bit float"
        assert write["metadata"].value() == "no metadata"
        assert not write["autocrop"].value()
        assert write["channels"].value() == "all"
        assert write["disable"].value()
        assert write["file"].value() == ""


def test_only_the_bound_channels_are_captured(bench: Bench) -> None:
    """A comp carries a hundred layers; the others would change the key."""
    many = {f"layer{number}": (0.5, 0.5, 0.5) for number in range(30)}
    group = bench.make(denoiser(), bench.pipe(albedo=(0.1, 0.2, 0.3), **many))
    kept = {name: bench.capture(group, name).remove.channels() for name in ("color", "albedo")}
    assert sorted(kept["color"]) == ["rgba.blue", "rgba.green", "rgba.red"]
    assert sorted(kept["albedo"]) == ["albedo.blue", "albedo.green", "albedo.red"]


def test_extra_channels_of_a_layer_are_left_out(bench: Bench) -> None:
    """An albedo with alpha is captured without it."""
    group = bench.make(denoiser(), bench.pipe(albedo=(0.1, 0.2, 0.3, 1.0)))
    kept = bench.capture(group, "albedo").remove.channels()
    assert sorted(kept) == ["albedo.blue", "albedo.green", "albedo.red"]


def test_a_model_that_wants_straight_colours_gets_alpha_too(bench: Bench) -> None:
    """It divides by the alpha of the layer, which is not among its channels."""
    model = manifest(inputs=[{**COLOR, "alpha": "straight"}])
    kept = bench.capture(bench.make(model, bench.pipe()), "color").remove.channels()
    assert sorted(kept) == ["rgba.alpha", "rgba.blue", "rgba.green", "rgba.red"]


def test_an_absent_optional_layer_is_no_capture(bench: Bench) -> None:
    """The model then runs without it."""
    group = bench.make(denoiser(), bench.pipe())
    assert bench.capture(group, "albedo") is None


def test_an_input_of_its_own_takes_its_layer_or_its_rgba(bench: Bench) -> None:
    """By name first, for a pipe with every layer; else what the pipe shows."""
    group = bench.make(denoiser(), bench.pipe(), bench.pipe(albedo=(0.1, 0.2, 0.3)), bench.pipe())
    albedo, normal = bench.capture(group, "albedo"), bench.capture(group, "normal")
    assert pixel(albedo.write, "albedo.red") == near(0.1)
    assert pixel(normal.write) == near(*BEAUTY[:3])


def test_a_layer_chosen_by_hand_is_captured(bench: Bench) -> None:
    """Whatever else the pipe holds."""
    pipe = bench.pipe(albedo=(0.1, 0.2, 0.3), mine=(0.7, 0.8, 0.9))
    group = bench.make(denoiser(), pipe)
    group["filmgate_layer_albedo"].setValue("mine")
    assert pixel(bench.capture(group, "albedo").write, "mine.red") == near(0.7)
    group["filmgate_layer_albedo"].setValue("none")
    assert bench.capture(group, "albedo") is None


def test_a_layer_that_does_not_fit_is_an_error(bench: Bench) -> None:
    """The text lists what there is, the remedy names the knob."""
    group = bench.make(denoiser(), bench.pipe(albedo=(0.1, 0.2, 0.3)))
    group["filmgate_layer_albedo"].setValue("depth")
    with pytest.raises(LayerError, match="albedo") as caught:
        bench.capture(group, "albedo")
    assert "albedo layer" in caught.value.remedy


def test_a_missing_main_pipe_is_an_error(bench: Bench) -> None:
    """The artist is told which arrow it is."""
    with pytest.raises(InputError, match="color of Filmgate_denoise1 is not connected"):
        bench.capture(bench.make(denoiser()), "color")


def test_a_capture_leaves_no_undo_step_and_no_change(bench: Bench, world: Any) -> None:
    """The channels are knobs, and setting them is nobody's business."""
    group = bench.make(denoiser(), bench.pipe(albedo=(0.1, 0.2, 0.3)))
    bench.nuke.root().setModified(False)
    steps = world.undo_steps()
    bench.capture(group, "albedo")
    assert world.undo_steps() == steps
    assert not bench.nuke.root().modified()


def test_a_frame_without_file_is_no_missing_layer(bench: Bench) -> None:
    """The frame is named; and one whose file is there is captured while another is looked at."""
    pattern = bench.write("plate", 2, RGB_FILE)
    group = bench.make(denoiser(), bench.nuke.nodes.Read(file=pattern, first=1, last=3))
    with pytest.raises(InputError, match="gives no channels at frame 3") as caught:
        bench.capture(group, "color", 3)
    assert caught.value.detail["frame"] == 3
    assert bench.capture(group, "color", 2).remove["channels"].value() in ("all", "rgb")
    assert bench.nuke.frame() == 1


@pytest.mark.parametrize(
    "name", ["mask", "in_mask", "keep_color", "read_color", "capture_color", "input3", "root"]
)
def test_an_input_may_have_any_name(bench: Bench, name: str) -> None:
    """No node inside shares its name with another, and each is found again by its own."""
    model = manifest(inputs=[COLOR, {**ALBEDO, "name": name}, {**ALBEDO, "name": "in_root"}])
    group = bench.make(model, bench.pipe(), bench.pipe(), bench.pipe())
    names = [node.name() for node in group.nodes()]
    assert len(set(names)) == len(names)
    assert bench.graph.fits(group, model)
    assert bench.capture(group, name).remove.input(0).Class() == "Input"


# What is read.


def test_a_missing_frame_is_an_error(bench: Bench) -> None:
    """Never a neighbour and never black, be it inside the input's range or outside."""
    group = bench.make(denoiser(), bench.pipe())
    pattern = bench.write("color", 5, RGB_FILE)
    bench.shown(group, {"color": pattern})
    read = bench.graph.reads(group)["color"]
    assert read["on_error"].value() == "error"
    assert read["raw"].value()
    assert read["localizationPolicy"].value() == "off"
    bench.nuke.frame(5)
    assert not group.hasError()
    for frame in (6, 1, 500, -500):
        bench.nuke.frame(frame)
        assert group.hasError()


def test_a_plate_that_grows_shows_no_held_results(bench: Bench) -> None:
    """What was delivered before knows nothing of the frames that came after."""
    plate = bench.pipe()
    plate["last"].setValue(5)
    group = bench.make(denoiser(), plate)
    bench.shown(group, {"color": bench.write("color", 5, RGB_FILE)})
    plate["last"].setValue(10)
    bench.nuke.frame(5)
    assert (group.firstFrame(), group.lastFrame()) == (1, 10)
    bench.nuke.frame(8)
    assert group.hasError()


def test_a_result_beyond_the_plate_is_shown_at_its_own_frame(bench: Bench) -> None:
    """A still is worked on where it is held, and each frame has a result of its own."""
    plate = bench.pipe()
    plate["last"].setValue(5)
    group = bench.make(denoiser(), plate)
    bench.write("color", 5, {"R": 5.0, "G": 5.0, "B": 5.0})
    bench.shown(group, {"color": bench.write("color", 15, RGB_FILE)})
    bench.nuke.frame(15)
    assert pixel(group) == near(*RESULT_RGB)


@pytest.mark.parametrize("model", [denoiser, upscaler])
def test_a_node_has_the_range_of_its_source(bench: Bench, model: Any) -> None:
    """The Viewer and the nodes below are told of it, not of what the Reads answer for."""
    plate = bench.pipe()
    plate["first"].setValue(3)
    plate["last"].setValue(7)
    group = bench.make(model(), plate)
    bench.shown(group, {"color": bench.write("color", 1, RGB_FILE)})
    assert (group.firstFrame(), group.lastFrame()) == (3, 7)


def test_a_retime_has_the_range_of_the_script(bench: Bench) -> None:
    """Its frames are not those of its input."""
    plate = bench.pipe()
    plate["last"].setValue(7)
    group = bench.make(retimer(), plate)
    bench.nuke.root()["last_frame"].setValue(33)
    bench.shown(group, {"color": "/t/c.%04d.exr", "forward": "/t/f.%04d.exr"})
    assert (group.firstFrame(), group.lastFrame()) == (1, 33)


def test_without_result_the_source_passes(bench: Bench) -> None:
    """Before the first run and after Clear the node is its source, not black."""
    group = bench.make(denoiser(), bench.pipe())
    assert pixel(group) == near(*BEAUTY[:3])
    bench.shown(group, {"color": bench.write("color", 1, RGB_FILE)})
    assert pixel(group) == near(*RESULT_RGB)
    bench.shown(group, {})
    assert pixel(group) == near(*BEAUTY[:3])


def test_results_that_are_shown_untouched_leave_no_trace(bench: Bench, world: Any) -> None:
    """Paths that are spelt anew when a script opens are no change to save and nothing to undo."""
    group = bench.make(retimer(), bench.pipe())
    bench.nuke.root().setModified(False)
    steps = world.undo_steps()
    bench.shown(group, {"color": "/t/c.%04d.exr", "forward": "/t/f.%04d.exr"})
    assert (world.undo_steps(), bench.nuke.root().modified()) == (steps, False)


def test_it_renders_without_the_plugin(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A saved script with results opens and renders where nothing of ours is installed."""
    nuke = bench.nuke
    group = bench.make(denoiser(), bench.pipe())
    bench.shown(group, {"color": bench.write("color", 1, RGB_FILE)})
    path = str(bench.folder / "shot.nk")
    nuke.scriptSaveAs(path)
    nuke.scriptClear()
    for name in [name for name in sys.modules if name.startswith("filmgate")]:
        monkeypatch.setitem(sys.modules, name, None)
    nuke.scriptOpen(path)
    opened = nuke.toNode("Filmgate_denoise1")
    assert pixel(opened) == near(*RESULT_RGB)
    opened["filmgate_mix"].setValue(0.0)
    assert pixel(opened) == near(*BEAUTY[:3])
    opened["filmgate_mix"].setValue(1.0)
    opened.setInput(3, nuke.nodes.Constant(channels="rgba"))
    assert pixel(opened) == near(*BEAUTY[:3])
    opened.setInput(3, None)
    assert pixel(opened) == near(*RESULT_RGB)
    opened["filmgate_view"].setValue("source")
    assert pixel(opened) == near(*BEAUTY[:3])


# What leaves the node.


def test_every_other_channel_stays(bench: Bench) -> None:
    """Alpha and the layers that the model did not touch come through with every bit."""
    odd = (math.inf, -math.inf, 1e-45)
    group = bench.make(denoiser(), bench.pipe(crypto=odd))
    bench.shown(group, {"color": bench.write("color", 1, RGB_FILE)})
    assert pixel(group) == near(*RESULT_RGB)
    assert pixel(group, "rgba.alpha") == near(BEAUTY[3])
    assert pixel(group, "crypto.red", "crypto.green", "crypto.blue") == near(*odd)
    assert sorted(group.channels()) == sorted(group.input(0).channels())


def test_windows_and_format_are_the_source_s(bench: Bench) -> None:
    """At scale 1 nothing grows and nothing is cropped."""
    source = bench.pipe()
    group = bench.make(denoiser(), source)
    bench.shown(group, {"color": bench.write("color", 1, RGB_FILE)})
    assert (group.width(), group.height()) == (source.width(), source.height())
    box, other = group.bbox(), source.bbox()
    assert (box.x(), box.y(), box.w(), box.h()) == (other.x(), other.y(), other.w(), other.h())


def test_a_result_goes_where_its_input_came_from(bench: Bench) -> None:
    """With a layer chosen by hand the result replaces that layer, and rgba stays."""
    group = bench.make(denoiser(), bench.pipe(beauty=(0.1, 0.2, 0.3)))
    group["filmgate_layer_color"].setValue("beauty")
    bench.shown(group, {"color": bench.write("color", 1, RGB_FILE)})
    assert pixel(group, *FEW) == near(*RESULT_RGB)
    assert pixel(group) == near(*BEAUTY[:3])


def test_new_layers_are_made(bench: Bench) -> None:
    """Motion comes as forward and backward, a matte as matte.alpha."""
    group = bench.make(retimer(), bench.pipe())
    patterns = {
        "color": bench.write("color", 1, RGB_FILE),
        "forward": bench.write("forward", 1, {"forward.u": 3.0, "forward.v": -4.0}),
        "backward": bench.write("backward", 1, {"backward.u": -3.0, "backward.v": 4.0}),
    }
    bench.shown(group, patterns)
    assert pixel(group, "forward.u", "forward.v", "backward.u") == (3.0, -4.0, -3.0)
    assert pixel(group) == near(*RESULT_RGB)
    matte = bench.make(matter(), bench.pipe())
    bench.shown(matte, {"matte": bench.write("matte", 1, {"matte.A": 0.25})})
    assert pixel(matte, "matte.alpha", "rgba.red") == near(0.25, BEAUTY[0])


def test_two_results_with_equal_names_do_not_collide(bench: Bench) -> None:
    """Each replaces the layer of its own input."""
    clean = {"name": "clean", "channels": ["R", "G", "B"], "replaces": "albedo"}
    model = manifest(inputs=[COLOR, ALBEDO], outputs=[RESULT, clean])
    group = bench.make(model, bench.pipe(albedo=(0.1, 0.2, 0.3)))
    clean_file = {"R": 9.0, "G": 8.0, "B": 7.0}
    patterns = {"color": bench.write("color", 1, RGB_FILE)}
    bench.shown(group, {**patterns, "clean": bench.write("clean", 1, clean_file)})
    assert pixel(group) == near(*RESULT_RGB)
    assert pixel(group, "albedo.red", "albedo.green", "albedo.blue") == (9.0, 8.0, 7.0)


def test_an_upscale_grows_the_format(bench: Bench) -> None:
    """The other channels grow with it, pixel by pixel: nothing is blended."""
    group = bench.make(upscaler(), bench.pipe(depths=(5.0, 6.0, 7.0)))
    bench.shown(group, {"color": bench.write("color", 1, RGB_FILE, scale=2)})
    assert (group.width(), group.height()) == (16, 8)
    assert group.bbox().w() == 16
    assert pixel(group) == near(*RESULT_RGB)
    assert group.sample("depths.red", 15, 7) == 5.0


def test_a_retime_s_other_channels_are_of_the_frame_before(bench: Bench) -> None:
    """As in the files that the command line merges."""
    moving = bench.nuke.nodes.Constant(channels="rgba", last=100)
    moving["color"].setExpression("frame", 3)
    group = bench.make(retimer(), moving)
    group["filmgate_source_time"].setExpression("2.5")
    bench.nuke.frame(9)
    bench.shown(group, {})
    assert pixel(group, "rgba.alpha") == (2.0,)


def test_mix_and_mask_limit_the_result(bench: Bench) -> None:
    """Where the mask is 0 the source stays; the mix goes from source to result."""
    group = bench.make(denoiser(), bench.pipe())
    bench.shown(group, {"color": bench.write("color", 1, RGB_FILE)})
    group["filmgate_mix"].setValue(0.5)
    middle = tuple((a + b) / 2 for a, b in zip(BEAUTY, RESULT_RGB))
    assert pixel(group) == pytest.approx(middle, rel=1e-6)
    group["filmgate_mix"].setValue(1.0)
    group.setInput(3, bench.nuke.nodes.Constant(channels="rgba", color=[0, 0, 0, 0]))
    assert pixel(group) == near(*BEAUTY[:3])
    group["filmgate_mask_invert"].setValue(True)
    assert pixel(group) == near(*RESULT_RGB)
    group["filmgate_mask_invert"].setValue(False)
    group.node("mixed")["maskChannelMask"].setValue("none")
    assert pixel(group) == near(*RESULT_RGB)


@pytest.mark.parametrize("invert", [False, True])
def test_an_unconnected_mask_is_no_mask(bench: Bench, invert: bool) -> None:
    """Though the merge inside sees a node there, which is black where nothing is connected."""
    group = bench.make(denoiser(), bench.pipe())
    bench.shown(group, {"color": bench.write("color", 1, RGB_FILE)})
    group["filmgate_mask_invert"].setValue(invert)
    assert group.node("mixed")["maskChannelMask"].value().endswith("alpha")
    assert pixel(group) == near(*RESULT_RGB)
    group["filmgate_mix"].setValue(0.0)
    assert pixel(group) == near(*BEAUTY[:3])


@pytest.mark.parametrize("version", ["14.0", "17.0"])
def test_an_upscale_repeats_pixels_in_every_release(
    fresh: Any, tmp_path: Path, version: str
) -> None:
    """Releases spell the filter in several ways; some entries carry a label after a tab."""
    import nuke  # noqa: PLC0415 - found once the stand-in is on the path

    fresh(version)
    group = Bench(nuke, tmp_path).make(upscaler(), None)
    assert group.node("source")["filter"].value().lower() == "impulse"


def test_a_filter_that_is_refused_is_an_error(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id that a filter blended would be nobody's: better no node than that."""
    from filmgate_nuke.wiring import WiringError  # noqa: PLC0415

    choose = bench.nuke.Enumeration_Knob.setValue

    def refuse(knob: Any, value: Any) -> bool:
        return knob.name() != "filter" and bool(choose(knob, value))

    monkeypatch.setattr(bench.nuke.Enumeration_Knob, "setValue", refuse)
    with pytest.raises(WiringError, match="filter does not take impulse"):
        bench.make(upscaler())


def test_a_site_s_defaults_stay_outside(bench: Bench) -> None:
    """What artists want of new nodes would change the pixels of those inside."""
    for knob, value in {
        "Merge2.bbox": "B",
        "Merge2.output": "rgb",
        "Copy.mix": "0.5",
        "Copy.bbox": "B",
        "Read.premultiplied": "true",
        "Read.auto_alpha": "true",
        "Write.premultiplied": "true",
        "Write.views": "left",
        "Write.write_hash": "true",
        "Remove.channels2": "depth",
    }.items():
        bench.nuke.knobDefault(knob, value)
    group = bench.make(denoiser(), bench.pipe())
    read, keep = group.node("read_color"), group.node("keep_color")
    write = bench.capture(group, "color").write
    merges = [each for each in group.nodes() if each.Class() in ("Merge2", "Copy")]
    assert {each["bbox"].value() for each in merges} == {"union"}
    assert {each["mix"].value() for each in merges if each.Class() == "Copy"} == {1.0}
    assert group.node("mixed")["output"].value() == "rgba"
    assert not any(read[name].value() for name in ("premultiplied", "auto_alpha"))
    assert not any(write[name].value() for name in ("premultiplied", "write_hash"))
    assert write["views"].value() == "main"
    assert keep["channels2"].value() == "none"


def test_a_channel_that_its_layer_lacks_is_made(bench: Bench) -> None:
    """Another tool may have made the layer with other channels."""
    from filmgate_nuke import channels  # noqa: PLC0415

    bench.nuke.Layer("matte", ["matte.red"])
    channels.ensure_layers(["matte.alpha", "matte.red"])
    assert "matte.alpha" in bench.nuke.channels()


def test_an_input_that_is_no_image_has_no_arrow(bench: Bench) -> None:
    """Nothing in Nuke could be connected to it; the others keep their order."""
    latent = {"name": "latent", "kind": "attribute", "optional": True}
    model = manifest(inputs=[COLOR, latent, ALBEDO])
    group = bench.make(model, bench.pipe(), bench.pipe(albedo=(0.1, 0.2, 0.3)))
    assert bench.graph.input_names(group) == ["color", "albedo", "mask"]
    assert bench.graph.fits(group, model)
    assert bench.capture(group, "latent") is None
    assert pixel(bench.capture(group, "albedo").write, "albedo.red") == near(0.1)


def test_a_mask_leaves_other_channels_alone(bench: Bench) -> None:
    """Blending infinity with itself gives nonsense: what is not a result is not blended."""
    group = bench.make(denoiser(), bench.pipe(odd=(math.inf, 1.0, 1.0)))
    bench.shown(group, {"color": bench.write("color", 1, RGB_FILE)})
    group["filmgate_mix"].setValue(0.3)
    assert pixel(group, "odd.red") == (math.inf,)


def test_the_view_switch_compares(bench: Bench) -> None:
    """Result, source, both half and half, and how far they differ."""
    group = bench.make(denoiser(), bench.pipe())
    bench.shown(group, {"color": bench.write("color", 1, RGB_FILE)})
    views = {}
    for name in ("result", "source", "overlay", "difference"):
        group["filmgate_view"].setValue(name)
        views[name] = pixel(group)
    assert views["result"] == near(*RESULT_RGB)
    assert views["source"] == near(*BEAUTY[:3])
    pairs = list(zip(BEAUTY, RESULT_RGB))
    assert views["overlay"] == pytest.approx([(a + b) / 2 for a, b in pairs], rel=1e-6)
    assert views["difference"] == pytest.approx([abs(a - b) for a, b in pairs], rel=1e-6)


def test_a_matte_is_overlaid_in_red(bench: Bench) -> None:
    """The source with the matte on its red."""
    group = bench.make(matter(), bench.pipe())
    bench.shown(group, {"matte": bench.write("matte", 1, {"matte.A": 1.0})})
    group["filmgate_view"].setValue("overlay")
    assert pixel(group) == near(BEAUTY[0] + 0.5, *BEAUTY[1:3])


def test_disable_passes_the_source(bench: Bench) -> None:
    """As on every node."""
    group = bench.make(upscaler(), bench.pipe())
    bench.shown(group, {"color": bench.write("color", 1, RGB_FILE, scale=2)})
    group["disable"].setValue(True)
    assert pixel(group) == near(*BEAUTY[:3])
    assert group.width() == SIZE[0]


def test_views_read_their_own_files(bench: Bench) -> None:
    """A pattern with %V is a file for each view."""
    group = bench.make(denoiser(), bench.pipe())
    bench.shown(group, {"color": "/t/color.%V.%04d.exr"})
    assert bench.graph.reads(group)["color"]["file"].value() == "/t/color.%V.%04d.exr"


def test_a_model_of_any_channels_replaces_them_all(bench: Bench) -> None:
    """What has no channels of its own takes every channel of the pipe."""
    entry = {"name": "color", "role": "any"}
    model = manifest(inputs=[entry], outputs=[{"name": "color", "replaces": "color"}])
    group = bench.make(model, bench.pipe())
    names = dict(zip("RGBA", (4.0, 3.0, 2.0, 1.0)))
    bench.shown(group, {"color": bench.write("color", 1, names)})
    assert sorted(bench.capture(group, "color").remove.channels()) == sorted(
        group.input(0).channels()
    )
    assert pixel(group, "rgba.red", "rgba.alpha") == (4.0, 1.0)
