"""Colours on their way through an execution: which space counts, what is converted, what is not."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.frames import FunctionRuntime, Room, Steps, blob, exr, manifest, order, part, plane, rgb
from fakes.ocio import archive
from filmgate.digest import digest_bytes, digest_text
from filmgate.errors import ColourError, InputError
from filmgate.image.colour import builtin_config
from filmgate.image.container import Limits
from filmgate.image.display import preview_png
from filmgate.image.exr import parse_exr
from filmgate.image.frame import Part, Plate
from filmgate.image.header import Attribute, text_attribute
from filmgate.image.primaries import REC709
from filmgate.image.provenance import read_provenance
from filmgate.image.window import Window
from filmgate.wire.records import OCIOZ_MEDIA, PINNED_CONFIG, Wish
from filmgate_server.pool.messages import ColourOrder
from filmgate_server.runtime.colour import AS_IS, Colour
from filmgate_server.worker.configs import ColourConfigs
from filmgate_server.worker.decoded import DecodedFrames
from filmgate_server.worker.execution import InputBlob
from filmgate_server.worker.image_task import ImageTask
from filmgate_server.worker.task import find_footage

LOGC3 = "ARRI LogC3 (EI800)"
REC709_SPACE = "Linear Rec.709 (sRGB)"
MERGED = Wish(mode="merged")
DEFAULT = "Linear Rec.2020"
WIDE = Window(0, 0, 63, 35)
CHROMATICITIES = Attribute(
    "chromaticities", struct.pack("<8f", *(number for point in REC709 for number in point))
)


class Device(FunctionRuntime):
    """A runtime that does what is left to the device: the matrices, and their inverses after it."""

    def infer(
        self,
        inputs: Mapping[str, Any],
        params: Mapping[str, Any],
        step: Any,
        max_tile_px: int | None = None,
        colour: Colour = AS_IS,
    ) -> Any:
        """Run the function in the model's space."""
        self.given = colour
        shown = {
            name: pixels @ np.array(colour.matrices[name], np.float32).T
            if name in colour.matrices
            else pixels
            for name, pixels in inputs.items()
        }
        outputs = super().infer(shown, params, step)
        if "color" not in colour.matrices:
            return outputs
        back = np.linalg.inv(np.array(colour.matrices["color"])).astype(np.float32)
        return {name: pixels @ back.T for name, pixels in outputs.items()}


def model(space: str = "", **color: Any) -> Any:
    """Return a model of colour that works in *space*, which is told albedo and normal too."""
    main = {"name": "color", "role": "color", "channels": ["R", "G", "B"], "space": space, **color}
    normal = {"name": "normal", "role": "normal", "channels": ["X", "Y", "Z"], "optional": True}
    albedo = {**main, "name": "albedo", "role": "albedo", "optional": True}
    return manifest(inputs=[main, albedo, normal])


class Result:
    """A frame that went through a model that changes nothing, unless *function* does."""

    def __init__(
        self,
        source: Part | InputBlob,
        package: Any,
        *others: InputBlob,
        function: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
        **colour: str,
    ) -> None:
        main = source if isinstance(source, InputBlob) else blob(exr(source))
        blobs = [main, *others]
        order_ = order(blobs, MERGED, colour=ColourOrder(**{"config": PINNED_CONFIG, **colour}))
        self.device = Device(function or (lambda inputs: {"color": inputs["color"]}))
        configs = ColourConfigs()
        task = ImageTask(
            package,
            order_,
            find_footage(package, blobs, 3.0),
            Limits(),
            DecodedFrames(),
            lambda: configs.open(order_.colour, blobs),
        )
        room = Room()
        task.decode(Steps())
        task.infer(self.device, Steps(), room)
        produced = task.encode(room)
        self.plate: Plate = room.plate(produced[0])
        self.warnings = [text for text in task.warnings if not text.startswith("took")]

    @property
    def shown(self) -> Any:
        """What the net saw."""
        return self.device.seen[0]["color"]

    @property
    def told(self) -> Mapping[str, Any]:
        """What the header says of the colours."""
        provenance = read_provenance(self.plate.parts[0].header)
        assert provenance is not None
        return provenance.colour


def floats(seed: int = 1, prefix: str = "", window: Window = WIDE) -> dict[str, Any]:
    """Return R, G, B as 32-bit floats, saturated, bright and negative."""
    values = np.random.default_rng(seed).uniform(-0.2, 8, (*window.shape, 3)) ** 3
    planes = values.astype(np.float32)
    return {f"{prefix}{name}": planes[..., place] for place, name in enumerate("RGB")}


def stacked(channels: Mapping[str, Any], prefix: str = "") -> Any:
    """Return R, G and B as (H, W, 3)."""
    return np.stack([channels[f"{prefix}{name}"] for name in "RGB"], axis=-1)


def coded(space: str, seed: int = 1, prefix: str = "") -> dict[str, Any]:
    """Return R, G, B as *space* has positive light of up to 25."""
    light = np.abs(stacked(floats(seed))) * 0.05
    codes = known(light, "ACEScg", space)
    return {f"{prefix}{name}": codes[..., at].copy() for at, name in enumerate("RGB")}


def known(pixels: Any, source: str, target: str) -> Any:
    """Return what OCIO makes of *pixels*."""
    return builtin_config().processor(source, target).apply(pixels)


def relative(pixels: Any, truth: Any) -> float:
    """Return the largest error beside each pixel's brightest channel."""
    size = np.abs(truth).max(axis=-1, keepdims=True) + 1e-6
    return float((np.abs(pixels - truth) / size).max())


def test_acescg_to_rec709_is_a_matrix_for_the_device() -> None:
    """Linear to linear, the CPU converts nothing; the net sees what OCIO would have shown it."""
    channels = floats()
    result = Result(part(channels, WIDE), model(REC709_SPACE), space="ACEScg")
    assert set(result.device.given.matrices) == {"color"}
    truth = known(stacked(channels), "ACEScg", REC709_SPACE)
    assert relative(result.shown, truth) <= 1e-6
    assert result.warnings == []


def test_saturated_colours_survive_as_negatives() -> None:
    """ACEScg green is negative in Rec.709, the net sees it so, and it comes back to 1e-5."""
    channels = {"R": np.zeros(WIDE.shape, np.float32), "B": np.zeros(WIDE.shape, np.float32)}
    channels["G"] = np.linspace(0, 5000, WIDE.width, dtype=np.float32) * np.ones(WIDE.shape, "f4")
    result = Result(part(channels, WIDE), model(REC709_SPACE), space="ACEScg")
    assert result.shown.min() < -100
    written = stacked(result.plate.parts[0].channels)
    assert relative(written, stacked(channels)) <= 1e-5


@pytest.mark.parametrize("source", [LOGC3, "ACEScct", "sRGB - Texture"])
def test_curves_go_there_and_back(source: str) -> None:
    """A camera log or a display curve becomes the model's light, and the result the log again."""
    channels = coded(source, 2)
    codes = stacked(channels)
    result = Result(part(channels, WIDE), model(REC709_SPACE), space=source)
    assert result.device.given == AS_IS
    assert relative(result.shown, known(codes, source, REC709_SPACE)) <= 1e-5
    assert relative(stacked(result.plate.parts[0].channels), codes) <= 1e-4


def test_a_model_of_any_light_gets_light() -> None:
    """A log plate is linearised by the config's role; a linear one is left alone, bit for bit."""
    channels = coded(LOGC3, 3)
    result = Result(part(channels, WIDE), model(), space=LOGC3)
    assert relative(result.shown, known(stacked(channels), LOGC3, "ACEScg")) <= 1e-5
    assert relative(stacked(result.plate.parts[0].channels), stacked(channels)) <= 1e-4
    linear = Result(part(channels, WIDE), model(), space="Linear Rec.2020")
    assert np.array_equal(linear.shown, stacked(channels))
    assert linear.device.given == AS_IS


def test_alpha_and_data_are_not_touched() -> None:
    """Alpha, depth, ids and normals come back bit for bit, whatever happens to the colours."""
    channels = {
        **floats(4),
        "A": np.random.default_rng(5).uniform(0, 1, WIDE.shape).astype(np.float32),
        "Z": plane(6, WIDE, np.float32),
        "id": np.arange(WIDE.width * WIDE.height, dtype=np.uint32).reshape(WIDE.shape),
        **{f"N.{axis}": plane(7 + at, WIDE, np.float32) for at, axis in enumerate("XYZ")},
    }
    for source in ("ACEScg", "ACEScct"):
        result = Result(part(channels, WIDE), model(REC709_SPACE), space=source)
        written = result.plate.parts[0].channels
        for name in ("A", "Z", "id", "N.X", "N.Y", "N.Z"):
            assert written[name].tobytes() == channels[name].tobytes()
        normal = result.device.seen[0]["normal"]
        assert np.array_equal(normal, np.stack([channels[f"N.{a}"] for a in "XYZ"], axis=-1))


def test_curves_see_straight_colours() -> None:
    """Half-covered pixels are divided by alpha before a curve and multiplied again after it."""
    straight = known(np.abs(stacked(floats(6))) * 0.05, "ACEScg", "ACEScct")
    alpha = np.random.default_rng(7).uniform(0.05, 1, WIDE.shape).astype(np.float32)
    held = straight * alpha[..., None]
    channels = {name: np.ascontiguousarray(held[..., at]) for at, name in enumerate("RGB")}
    result = Result(part({**channels, "A": alpha}, WIDE), model("ACEScg"), space="ACEScct")
    truth = known(straight, "ACEScct", "ACEScg") * alpha[..., None]
    assert relative(result.shown, truth) <= 1e-5
    assert relative(stacked(result.plate.parts[0].channels), held) <= 1e-5


def test_a_net_that_wants_straight_colours_gets_them() -> None:
    """Divided by the layer's alpha before the net, multiplied after it; no alpha, no division."""
    alpha = np.random.default_rng(8).uniform(0.1, 1, WIDE.shape).astype(np.float32)
    alpha[:4] = 0
    channels = {**floats(9, "beauty."), "beauty.A": alpha, "A": np.zeros_like(alpha)}
    held = stacked(channels, "beauty.")
    result = Result(part(channels, WIDE), model(alpha="straight"))
    divisor = np.where(alpha > 0, alpha, 1)[..., None]
    assert np.array_equal(result.shown, held / divisor)
    written = stacked(result.plate.parts[0].channels, "beauty.")
    assert relative(written, held) <= 1e-6
    assert np.array_equal(written[:4], held[:4])
    opaque = Result(part(floats(9), WIDE), model(alpha="straight"))
    assert np.array_equal(opaque.shown, stacked(floats(9)))


def test_albedo_is_colour_and_motion_is_not() -> None:
    """Every input of a colour role has its own matrix; a result of data is written as it is."""
    motion = {"name": "motion", "channels": ["u", "v", "w"], "role": "motion"}
    color = {"name": "color", "channels": ["R", "G", "B"], "replaces": "color"}
    inputs = [vars(entry) for entry in model(REC709_SPACE).inputs]
    package = manifest(inputs=inputs, outputs=[color, motion])
    channels = {**coded("ACEScct", 1), **coded("ACEScct", 2, "albedo.")}

    def function(inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {"color": inputs["color"], "motion": np.ones_like(inputs["color"])}

    result = Result(part(channels, WIDE), package, function=function, space="ACEScct")
    truth = known(stacked(channels, "albedo."), "ACEScct", REC709_SPACE)
    assert relative(result.device.seen[0]["albedo"], truth) <= 1e-5
    assert (result.plate.parts[0].channels["u"] == 1).all()


def with_attributes(channels: Mapping[str, Any], **attributes: Attribute) -> Part:
    """Return a part whose header says something."""
    plain = part(channels, WIDE)
    return replace(plain, header=plain.header.with_attributes(attributes))


@pytest.mark.parametrize(
    ("attributes", "space", "by"),
    [
        ({"chromaticities": CHROMATICITIES}, REC709_SPACE, "chromaticities"),
        ({"acesImageContainerFlag": Attribute("int", b"\x01\0\0\0")}, "ACES2065-1", "acesImage"),
        ({"colorInteropID": text_attribute("lin_p3d65_scene")}, "Linear P3-D65", "colorInterop"),
        ({"oiio:ColorSpace": text_attribute(LOGC3)}, LOGC3, "oiio:ColorSpace"),
        ({"oiio:ColorSpace": text_attribute("scene_linear")}, DEFAULT, "show"),
        ({}, DEFAULT, "show"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_files_say_what_they_hold(attributes: dict[str, Attribute], space: str, by: str) -> None:
    """Each attribute counts before the show's default, and the header of the result names it."""
    channels = coded(space)
    result = Result(with_attributes(channels, **attributes), model("ACEScg"), default=DEFAULT)
    assert relative(result.shown, known(stacked(channels), space, "ACEScg")) <= 1e-5
    told = result.told["inputs"]["color"]
    assert told["space"] == space
    assert told["by"].startswith(by)
    assert told["config"] == PINNED_CONFIG
    assert result.warnings == []


def test_whoever_knows_better_wins() -> None:
    """The job before the host, the host before the file, the file before the show."""
    source = with_attributes(floats(), chromaticities=CHROMATICITIES)
    said = {"space": LOGC3, "working": "ACEScg", "default": "Linear Rec.2020"}
    expected = [(LOGC3, "job"), ("ACEScg", "working"), (REC709_SPACE, "chromaticities")]
    for known_space, by in expected:
        told = Result(source, model("ACES2065-1"), **said).told["inputs"]["color"]
        assert (told["space"], told["by"]) == (known_space, by)
        said.pop(next(iter(said)))


def test_a_cameras_own_primaries_become_a_matrix() -> None:
    """Chromaticities without a name go by RP 177 and Bradford; back they are what they were."""
    numbers = [0.780308, 0.304253, 0.121595, 1.493994, 0.095612, -0.084589, 0.3127, 0.329]
    wide = Attribute("chromaticities", struct.pack("<8f", *numbers))
    channels = {name: 1 + np.abs(values) * 1e-3 for name, values in floats().items()}
    for target in ("ACEScg", "ACEScct"):
        result = Result(with_attributes(channels, chromaticities=wide), model(target))
        truth = known(stacked(channels), "Linear REDWideGamutRGB", target)
        assert relative(result.shown, truth) <= 1e-5
        assert relative(stacked(result.plate.parts[0].channels), stacked(channels)) <= 1e-5


def test_unknown_colours_are_warned_of() -> None:
    """Nobody said anything: the pixels are the model's, and the artist is told how to say it."""
    result = Result(part(floats(), WIDE), model(REC709_SPACE))
    assert np.array_equal(result.shown, stacked(floats()))
    (warning,) = result.warnings
    assert REC709_SPACE in warning
    assert "Name the colour space, for example ACEScg." in warning


def test_a_model_of_any_light_warns_of_nothing() -> None:
    """Where the values are taken as they are there is nothing to know, and nothing to convert."""
    result = Result(part(floats(), WIDE), model())
    assert result.warnings == []
    assert result.told == {}
    assert np.array_equal(stacked(result.plate.parts[0].channels), stacked(floats()))


def test_ocio_is_not_even_read_where_nothing_depends_on_it() -> None:
    """A model of any light, a file whose primaries are known: no config is opened."""
    blobs = [blob(exr(with_attributes(floats(), chromaticities=CHROMATICITIES)))]
    sent = order(blobs, MERGED, colour=ColourOrder(config="blake3:of nothing"))
    footage = find_footage(model(), blobs, 3.0)
    task = ImageTask(
        model(),
        sent,
        footage,
        Limits(),
        DecodedFrames(),
        lambda: ColourConfigs().open(sent.colour, blobs),
    )
    runtime, room = FunctionRuntime(dict), Room()
    task.decode(Steps())
    task.infer(runtime, Steps(), room)
    (written,) = room.plate(task.encode(room)[0]).parts
    assert np.array_equal(stacked(written.channels), stacked(floats()))


def test_neighbours_are_converted_like_the_frame_itself() -> None:
    """A window over log frames: each becomes light, the mean of light is log again."""
    color = {"name": "color", "role": "color", "channels": ["R", "G", "B"], "space": "ACEScg"}
    package = manifest(inputs=[color], temporal={"kind": "window", "before": 1, "after": 1})
    frames = [coded(LOGC3, seed) for seed in (1, 2, 3)]
    blobs = [blob(exr(part(each, WIDE)), time=at) for at, each in enumerate(frames, 2)]
    sent = replace(order(blobs, MERGED, colour=ColourOrder(space=LOGC3)), time=3.0)
    footage = find_footage(package, blobs, 3.0)
    task = ImageTask(package, sent, footage, Limits(), DecodedFrames())
    room = Room()
    task.decode(Steps())
    mean = Device(lambda inputs: {"color": inputs["color"].mean(axis=0, dtype=np.float32)})
    task.infer(mean, Steps(), room)
    (written,) = room.plate(task.encode(room)[0]).parts
    light = np.mean([known(stacked(each), LOGC3, "ACEScg") for each in frames], axis=0)
    truth = known(light.astype(np.float32), "ACEScg", LOGC3)
    assert relative(stacked(written.channels), truth) <= 1e-4


def test_data_is_never_converted() -> None:
    """A space of data, named by whoever, means: as it is, without a warning."""
    result = Result(part(floats(), WIDE), model(REC709_SPACE), space="Raw")
    assert result.device.given == AS_IS
    assert np.array_equal(result.shown, stacked(floats()))
    assert result.warnings == []


@pytest.mark.parametrize("said", ["space", "working"])
def test_wrong_names_are_errors_that_help(said: str) -> None:
    """A name that the config lacks fails the frame and says which are close."""
    with pytest.raises(ColourError, match="ACESgc") as caught:
        Result(part(floats(), WIDE), model(REC709_SPACE), **{said: "ACESgc"})
    assert "'ACEScg'" in caught.value.remedy


def test_a_model_of_any_light_does_not_mind_a_hosts_own_name() -> None:
    """A host's working space is linear: the config need not know it where that is enough."""
    result = Result(part(floats(), WIDE), model(), working="our own light")
    assert np.array_equal(result.shown, stacked(floats()))


def came_along(**changes: Any) -> InputBlob:
    """Return a config that a client sent."""
    return blob(archive(**changes), "ocio", media=OCIOZ_MEDIA)


def test_a_config_comes_along() -> None:
    """Its names count; the model's own space is found in the built-in one."""
    config = came_along()
    reference = digest_text(config.entry.digest)
    result = Result(
        part(floats(), WIDE), model("ACES2065-1"), config, space="half", config=reference
    )
    assert relative(result.shown, stacked(floats()) * 2) <= 1e-6
    assert relative(stacked(result.plate.parts[0].channels), stacked(floats())) <= 1e-6
    assert result.told["inputs"]["color"]["config"] == reference
    provenance = read_provenance(result.plate.parts[0].header)
    assert provenance is not None
    assert set(provenance.inputs) == {"color"}


def test_a_config_is_what_its_digest_says(tmp_path: Path) -> None:
    """A registered archive that was changed since the server's start is refused."""
    path = tmp_path / "site.ocioz"
    path.write_bytes(archive(factor=0.25))
    told = {"config": digest_text(digest_bytes(archive())), "path": str(path), "space": "half"}
    with pytest.raises(ColourError, match="not the one that it started with"):
        Result(part(floats(), WIDE), model("ACES2065-1"), **told)
    path.write_bytes(archive())
    result = Result(part(floats(), WIDE), model("ACES2065-1"), **told)
    assert relative(result.shown, stacked(floats()) * 2) <= 1e-6


def test_codes_beyond_any_light_do_not_reach_the_net_as_infinity() -> None:
    """A log code of 500 is more light than there is: held, and the artist is told."""
    channels = coded("ACEScct")
    channels["G"][3, 3] = 500
    result = Result(part(channels, WIDE), model("ACEScg"), space="ACEScct")
    assert np.isfinite(result.shown).all()
    assert any("infinite samples were replaced" in warning for warning in result.warnings)


def test_channels_in_another_order_are_converted_all_the_same() -> None:
    """A model that wants B, G, R, A gets them so: colours converted, alpha as it was."""
    package = manifest(
        inputs=[
            {"name": "color", "role": "color", "channels": ["B", "G", "R", "A"], "space": "ACEScg"}
        ],
        outputs=[{"name": "color", "channels": ["B", "G", "R", "A"], "replaces": "color"}],
    )
    alpha = np.ones(WIDE.shape, np.float32)
    result = Result(part({**floats(), "A": alpha}, WIDE), package, space=REC709_SPACE)
    truth = known(stacked(floats()), REC709_SPACE, "ACEScg")
    assert relative(result.shown[..., 2::-1], truth) <= 1e-6
    assert np.array_equal(result.shown[..., 3], alpha)
    assert relative(stacked(result.plate.parts[0].channels), stacked(floats())) <= 1e-5


def test_a_net_that_sees_alpha_is_given_it_by_the_runtime() -> None:
    """R, G, B and A go to the device with their matrix; the CPU neither divides nor converts."""
    color = {"name": "color", "role": "color", "channels": ["R", "G", "B", "A"]}
    straight = {**color, "space": "ACEScg", "alpha": "straight"}
    outputs = [{"name": "color", "channels": ["R", "G", "B", "A"], "replaces": "color"}]
    alpha = np.full(WIDE.shape, 0.5, np.float32)
    seen: list[Any] = []

    class Silent(FunctionRuntime):
        def infer(self, inputs: Any, *rest: Any, colour: Colour = AS_IS, **more: Any) -> Any:
            seen.append((inputs["color"], colour))
            return dict(inputs)

    package = manifest(inputs=[straight], outputs=outputs)
    blobs = [blob(exr(part({**floats(), "A": alpha}, WIDE)))]
    sent = order(blobs, MERGED, colour=ColourOrder(space=REC709_SPACE))
    footage = find_footage(package, blobs, 3.0)
    task = ImageTask(package, sent, footage, Limits(), DecodedFrames())
    task.decode(Steps())
    task.infer(Silent(dict), Steps(), Room())
    ((pixels, colour),) = seen
    assert np.array_equal(pixels[..., :3], stacked(floats()))
    assert set(colour.matrices) == {"color"}


def test_pictures_show_the_light_that_codes_stand_for() -> None:
    """A preview of a log plate is that of its light, not a flat grey one."""
    channels = coded(LOGC3)
    blobs = [blob(exr(part(channels, WIDE)))]
    pictures: list[bytes] = []
    for space in (LOGC3, ""):
        sent = order(blobs, Wish(preview=True), colour=ColourOrder(space=space))
        footage = find_footage(model(), blobs, 3.0)
        task = ImageTask(model(), sent, footage, Limits(), DecodedFrames())
        room = Room()
        task.decode(Steps())
        task.infer(Device(lambda inputs: {"color": inputs["color"]}), Steps(), room)
        size_bytes = task.encode(room)[1].size_bytes
        pictures.append(bytes(room.memory[1][:size_bytes]))
    written = known(known(stacked(channels), LOGC3, "ACEScg"), "ACEScg", LOGC3)
    light = known(written.astype(np.float32), LOGC3, REC709_SPACE)
    assert pictures[0] != pictures[1]
    assert pictures[0] == preview_png(light)


def test_refused_pixels_fail_the_frame() -> None:
    """A model that takes no NaN says so instead of getting something in its place."""
    source = rgb(1)
    source["R"][0, 0] = np.nan
    with pytest.raises(InputError, match="no NaN"):
        Result(part(source), model(nonfinite="refuse"))


@pytest.mark.parametrize(
    "window", [Window(-3, 2, 4, 6), Window(2, 2, 5, 6), Window(-4, -4, 12, 12)]
)
def test_a_net_can_be_shown_the_whole_format(window: Window) -> None:
    """It sees the display window, black where there is nothing; the result is the data window's.

    Pixels beyond the format were never shown and stay what they are.
    """
    display = Window(0, 0, 9, 9)
    package = replace(model(), geometry=replace(model().geometry, data_window="display"))
    channels = {name: np.abs(plane_) + 1 for name, plane_ in floats(window=window).items()}
    result = Result(
        part(channels, window, display),
        package,
        function=lambda inputs: {"color": -inputs["color"]},
    )
    assert result.shown.shape == (10, 10, 3)
    inside = window.overlap(display)
    assert inside is not None
    empty = np.ones((10, 10), bool)
    empty[display.slices(inside)] = False
    assert (result.shown[empty] == 0).all()
    expected = stacked(channels).copy()
    expected[window.slices(inside)] *= -1
    written = result.plate.parts[0]
    assert written.data_window == window
    assert np.array_equal(stacked(written.channels), expected)


def test_a_real_render_goes_through_a_log_and_back(repository: Path) -> None:
    """The Cycles frame, in half float, through a model in ACEScct: no value moves by a half's step.

    Its other layers stay bit for bit.
    """
    content = (repository / "examples" / "plates" / "noisy_0001.exr").read_bytes()
    before = parse_exr(content).parts[0].channels
    result = Result(blob(content), model("ACEScct"), space=REC709_SPACE)
    after = result.plate.parts[0].channels
    for name in before:
        if name.startswith("ViewLayer.Combined.") and name[-1] in "RGB":
            assert np.allclose(after[name], before[name], rtol=2e-3, atol=1e-5)
        else:
            assert after[name].tobytes() == before[name].tobytes()
