"""What happens to the pixels of EXR files between their decoding and their encoding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fakes.frames import (
    FunctionRuntime,
    Room,
    Steps,
    blob,
    exr,
    manifest,
    order,
    part,
    plane,
    rgb,
)
from filmgate.digest import digest_text
from filmgate.errors import ImageTooLargeError, InputError, LayerError, ModelError
from filmgate.image.container import Limits
from filmgate.image.frame import Plate
from filmgate.image.provenance import read_provenance
from filmgate.image.window import Window
from filmgate.wire.records import EXR_MEDIA, PNG_MEDIA, Wish
from filmgate_server.worker.decoded import DecodedFrames
from filmgate_server.worker.execution import InputBlob, Produced
from filmgate_server.worker.image_task import MODEL_COMPRESSION, ImageTask
from filmgate_server.worker.task import find_footage

MERGED = Wish(mode="merged")


class Result:
    """A task that was run to its end."""

    def __init__(
        self,
        *groups: Mapping[str, InputBlob],
        time: float = 3.0,
        decoded: DecodedFrames | None = None,
        model: Any = None,
        function: Any = None,
        limits: Limits | None = None,
        **work: Any,
    ) -> None:
        self.model = model or manifest()
        self.runtime = FunctionRuntime(function or (lambda inputs: {"color": -inputs["color"]}))
        self.room = Room()
        self.steps = Steps()
        blobs = [each for group in groups for each in group.values()]
        footage = find_footage(self.model, blobs, time)
        sent = replace(order(blobs, **work), time=time)
        kept = decoded or DecodedFrames()
        task = ImageTask(self.model, sent, footage, limits or Limits(), kept)
        task.decode(Steps())
        task.infer(self.runtime, self.steps, self.room)
        self.produced: list[Produced] = task.encode(self.room)
        self.warnings = task.warnings

    def plate(self, place: int = 0) -> Plate:
        """Return the file that was written."""
        return self.room.plate(self.produced[place], place)


def same(one: Any, other: Any) -> bool:
    """Compare bits: NaN equals itself and 0 differs from -0."""
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


def test_merged_file_keeps_everything_else() -> None:
    """Only the model's channels change: ids, NaN patterns, windows, attributes stay bit-exact."""
    window, display = Window(-3, 2, 4, 6), Window(0, 0, 9, 9)
    ids = np.arange(40, dtype=np.uint32).reshape(window.shape)
    pattern = np.full(window.shape, 0x7FC12345, np.uint32).view(np.float32)
    source = {**rgb(1, window=window), "A": plane(9, window), "id": ids, "crypto00.r": pattern}
    original = part(source, window, display, owner="Alice")
    result = Result({"color": blob(exr(original))}, wish=MERGED)
    (written,) = result.plate().parts
    for name in "RGB":
        assert same(written.channels[name], -source[name])
    for name in ("A", "id", "crypto00.r"):
        assert same(written.channels[name], source[name])
    assert (written.data_window, written.display_window) == (window, display)
    for name, attribute in original.attributes.items():
        if name not in ("channels", "compression"):
            assert written.attributes[name] == attribute


def test_layer_keeps_its_name_and_type() -> None:
    """A renderer's own layer is replaced under its own name, in the type it had."""
    source = rgb(1, "ViewLayer.Combined.", dtype=np.float32)
    result = Result({"color": blob(exr(part(source)))}, wish=MERGED)
    (written,) = result.plate().parts
    for name, values in source.items():
        assert same(written.channels[name], -values)


def test_model_file_holds_the_models_channels_alone() -> None:
    """A host gets R, G and B in the source's type and windows, without the rest."""
    window = Window(-3, 2, 4, 6)
    source = rgb(1, "ViewLayer.Combined.", window=window, dtype=np.float32)
    source["Z"] = plane(8, window)
    result = Result({"color": blob(exr(part(source, window, Window(0, 0, 9, 9))))})
    (written,) = result.plate().parts
    assert sorted(written.channels) == ["B", "G", "R"]
    assert same(written.channels["R"], -source["ViewLayer.Combined.R"])
    assert written.data_window == window
    assert written.header.compression == MODEL_COMPRESSION


def test_wished_depth_and_compression() -> None:
    """What the job wishes for is written."""
    result = Result({"color": blob(exr(part(rgb(1))))}, wish=Wish("model", "piz", "float"))
    (written,) = result.plate().parts
    assert written.channels["G"].dtype == np.float32
    assert written.header.compression == "piz"


def test_lossy_source_is_written_back_losslessly() -> None:
    """Another pass of DWA would change channels that nobody touched; the artist is told."""
    result = Result({"color": blob(exr(part(rgb(1), compression="dwaa")))}, wish=MERGED)
    assert result.plate().parts[0].header.compression == "zip"
    assert any("dwaa" in warning for warning in result.warnings)


def test_model_sees_only_finite_numbers() -> None:
    """NaN and Inf are taken out before the net, counted, and named with their input."""
    source = rgb(1)
    source["R"][0, 0], source["G"][1, 1] = np.nan, np.inf
    result = Result({"color": blob(exr(part(source)))})
    assert np.isfinite(result.runtime.seen[0]["color"]).all()
    assert "color: 1 NaN and 1 infinite samples were replaced for the model." in result.warnings


def test_values_that_half_cannot_hold_are_reported() -> None:
    """A result beyond 65504 is held there, never infinite, and the artist is told."""
    result = Result(
        {"color": blob(exr(part(rgb(1))))},
        function=lambda inputs: {"color": np.full_like(inputs["color"], 1e6)},
    )
    assert float(result.plate().parts[0].channels["R"].max()) == 65504.0
    assert any("65504" in warning for warning in result.warnings)


def test_what_a_model_returns_is_written_and_reported_where_it_is_no_number() -> None:
    """NaN and infinity from the model stay as they are; the artist is told how many."""

    def broken(inputs: Mapping[str, Any]) -> dict[str, Any]:
        color = inputs["color"].copy()
        color[0, 0, 0], color[1, 1, 1], color[1, 2, 1] = np.nan, np.inf, -np.inf
        return {"color": color}

    result = Result({"color": blob(exr(part(rgb(1))))}, function=broken)
    written = result.plate().parts[0].channels
    assert np.isnan(written["R"][0, 0])
    assert np.isposinf(written["G"][1, 1])
    assert np.isneginf(written["G"][1, 2])
    assert "color: the model returned 3 values that are NaN or infinite." in result.warnings


def test_finite_results_are_not_remarked_on() -> None:
    """An ordinary frame has no such warning."""
    result = Result({"color": blob(exr(part(rgb(1))))})
    assert not any("NaN" in warning for warning in result.warnings)


def test_runtimes_remarks_reach_the_artist() -> None:
    """What the runtime has to say of a frame stands among the warnings."""
    result = Result({"color": blob(exr(part(rgb(1))))})
    assert "took color" in result.warnings


def test_optional_input_from_the_main_file() -> None:
    """Albedo beside the beauty in one file is found by its name."""
    source = {**rgb(1), **rgb(5, "Denoising Albedo.")}
    result = Result({"color": blob(exr(part(source)))})
    seen = result.runtime.seen[0]["albedo"]
    assert np.array_equal(seen[..., 2], source["Denoising Albedo.B"].astype(np.float32))


def test_optional_input_from_its_own_file() -> None:
    """A file of its own may hold plain R, G, B; it is padded to the main data window."""
    main, small = Window(-2, -1, 5, 3), Window(0, 0, 1, 1)
    display = Window(0, 0, 9, 9)
    albedo = rgb(5, window=small)
    result = Result(
        {
            "color": blob(exr(part(rgb(1, window=main), main, display))),
            "albedo": blob(exr(part(albedo, small, display)), "albedo"),
        }
    )
    seen = result.runtime.seen[0]["albedo"]
    expected = np.zeros((*main.shape, 3), np.float32)
    expected[1:3, 2:4] = np.stack([albedo[name] for name in "RGB"], axis=-1)
    assert np.array_equal(seen, expected)


def test_input_of_another_resolution_is_refused() -> None:
    """Pixels of another format do not belong to the same places."""
    other = part(rgb(5), display=Window(0, 0, 99, 99))
    with pytest.raises(InputError, match="albedo"):
        Result(
            {"color": blob(exr(part(rgb(1)))), "albedo": blob(exr(other), "albedo")},
        )


def test_layer_chosen_by_hand() -> None:
    """A choice overrides what the names suggest."""
    source = {**rgb(1), **rgb(5, "diffuse.")}
    result = Result({"color": blob(exr(part(source)))}, layers={"color": "diffuse"}, wish=MERGED)
    (written,) = result.plate().parts
    assert same(written.channels["diffuse.R"], -source["diffuse.R"])
    assert same(written.channels["R"], source["R"])


def test_missing_layer_is_named() -> None:
    """A choice that does not exist is an error that lists what does."""
    with pytest.raises(LayerError, match="specular"):
        Result({"color": blob(exr(part(rgb(1))))}, layers={"color": "specular"})


def test_stereo_file_runs_each_view() -> None:
    """Both views of a multipart file are inferred and written back into one file."""
    left, right = rgb(1), rgb(20)
    depth = {"Z": plane(30, dtype=np.float32)}
    source = exr(
        part(left, name="rgba_left", view="left"),
        part(depth, name="depth_left", view="left"),
        part(right, name="rgba_right", view="right"),
    )
    result = Result({"color": blob(source)}, wish=MERGED)
    parts = result.plate().parts
    assert [each.name for each in parts] == ["rgba_left", "depth_left", "rgba_right"]
    assert same(parts[0].channels["G"], -left["G"])
    assert same(parts[1].channels["Z"], depth["Z"])
    assert same(parts[2].channels["G"], -right["G"])
    assert result.steps.seen == [(0, 2), (1, 2), (1, 2), (2, 2)]


def test_stereo_file_of_the_models_channels() -> None:
    """Without the source, the views are the parts of one file."""
    left, right = rgb(1), rgb(20)
    parts = (part(left, name="l", view="left"), part(right, name="r", view="right"))
    result = Result({"color": blob(exr(*parts))})
    written = result.plate().parts
    assert [each.view for each in written] == ["left", "right"]
    assert same(written[1].channels["R"], -right["R"])


def test_views_in_files_of_their_own() -> None:
    """Each view's file is answered with a file of that view."""
    left, right = rgb(1), rgb(20)
    result = Result(
        {"color": blob(exr(part(left)), view="left")},
        {"color": blob(exr(part(right)), view="right")},
    )
    assert [(each.view, each.name) for each in result.produced] == [
        ("left", "color"),
        ("right", "color"),
    ]
    assert same(result.plate(1).parts[0].channels["B"], -right["B"])


def test_output_that_replaces_nothing_is_added() -> None:
    """Its channels join the file under their declared names, or the output's where they exist."""
    model = manifest(
        outputs=[
            {"name": "color", "channels": ["R", "G", "B"], "replaces": "color"},
            {"name": "matte", "channels": ["A"]},
        ]
    )

    def function(inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {"color": inputs["color"], "matte": np.ones((5, 8, 1), np.float32)}

    source = {**rgb(1), "A": plane(9)}
    merged = Result({"color": blob(exr(part(source)))}, model=model, function=function, wish=MERGED)
    (written,) = merged.plate().parts
    assert same(written.channels["A"], source["A"])
    assert (written.channels["matte.A"] == 1).all()
    alone = Result({"color": blob(exr(part(source)))}, model=model, function=function)
    assert [each.name for each in alone.produced] == ["color", "matte"]
    assert list(alone.plate(1).parts[0].channels) == ["A"]


def test_larger_result_is_written_alone() -> None:
    """When the size changes, the source's other channels no longer fit; windows scale by rule."""
    window, display = Window(-2, -1, 5, 3), Window(0, 0, 9, 9)
    result = Result(
        {"color": blob(exr(part(rgb(1, window=window), window, display)))},
        model=manifest(geometry={"scale": 2}),
        function=lambda inputs: {"color": inputs["color"].repeat(2, 0).repeat(2, 1)},
        wish=MERGED,
    )
    (written,) = result.plate().parts
    assert sorted(written.channels) == ["B", "G", "R"]
    assert written.data_window == Window(-4, -2, 11, 7)
    assert written.display_window == Window(0, 0, 19, 19)


def test_wrong_number_of_channels_is_the_models_fault() -> None:
    """A model that returns other channels than it promises fails the frame."""
    with pytest.raises(ModelError, match="2 channels"):
        Result(
            {"color": blob(exr(part(rgb(1))))},
            function=lambda inputs: {"color": inputs["color"][..., :2]},
        )


def test_header_says_where_it_came_from() -> None:
    """Model, parameters, the inputs' digests and the numerics stand in the result's header."""
    main = blob(exr(part(rgb(1))))
    texts = {"model": "tiny@1.0.0", "numerics": "array-1/cpu", "version": "9.9"}
    result = Result({"color": main}, provenance=texts)
    provenance = read_provenance(result.plate().parts[0].header)
    assert provenance is not None
    assert (provenance.model, provenance.numerics) == ("tiny@1.0.0", "array-1/cpu")
    assert provenance.params == {"gain": 2.0}
    assert provenance.inputs == {"color": digest_text(main.entry.digest)}


def test_preview_is_a_small_picture() -> None:
    """A panel gets PNGs of at most 1024 px beside the frame: of the result and of its source."""
    wide = Window(0, 0, 2999, 3)
    result = Result({"color": blob(exr(part(rgb(1, window=wide), wide)))}, wish=Wish(preview=True))
    assert [(each.name, each.media) for each in result.produced] == [
        ("color", EXR_MEDIA),
        ("preview", PNG_MEDIA),
        ("preview_source", PNG_MEDIA),
    ]
    for picture in map(bytes, result.room.memory[1:3]):
        assert picture.startswith(b"\x89PNG")
        assert int.from_bytes(picture[16:20], "big") <= 1024


def test_room_is_asked_for_once_and_suffices() -> None:
    """The bound on the sizes is known before anything is written."""
    noise = {name: plane(place).view(np.float16) for place, name in enumerate("RGB")}
    result = Result({"color": blob(exr(part(noise)))}, wish=Wish("merged", "none"))
    assert len(result.room.asked) == 1
    assert result.produced[0].size_bytes <= result.room.asked[0][0]


def test_file_beyond_the_limits_is_refused() -> None:
    """The header tells the size before any memory is taken."""
    with pytest.raises(ImageTooLargeError):
        Result({"color": blob(exr(part(rgb(1))))}, limits=Limits(max_bytes=100))
