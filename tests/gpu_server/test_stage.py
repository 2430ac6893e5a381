"""The stage around every net: what goes in comes back, and a net that blurs tells what it saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.packages import tiling, write_package
from filmgate.errors import InputError
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.colour import AS_IS, Colour
from filmgate_server.runtime.port import load_runtime
from filmgate_server.worker.memory import CpuMemory

if find_spec("torch") is None or find_spec("safetensors") is None:
    pytest.skip("torch is not installed: the extra [torch]", allow_module_level=True)

Pixels = NDArray[np.float32]
Infer = Callable[..., dict[str, Pixels]]

ACESCG_TO_REC709 = (
    (1.705051, -0.621792, -0.083259),
    (-0.130256, 1.140805, -0.010548),
    (-0.024003, -0.128969, 1.152972),
)
SAME = """
import torch
class Model(torch.nn.Module):
    def forward(self, color, **others):
        return color.mean(1) if color.ndim == 5 else color
"""
CLAMPED = SAME.replace("else color", "else color.clamp(0, 1)")
BLUR = """
import torch
from torch.nn.functional import avg_pool2d, pad
class Model(torch.nn.Module):
    def forward(self, color):
        return avg_pool2d(pad(color, (2, 2, 2, 2), mode="replicate"), 5, 1)
"""
HALF = """
import torch
class Model(torch.nn.Module):
    def forward(self, color):
        return color * 0.5
"""
SAME_ARRAY = """
class Model:
    def infer(self, inputs, params, step):
        return {"color": inputs["color"]}
"""


def _ignore(done: int, total: int) -> None:
    """Stand for a job that nobody cancels."""


def _image(height: int = 24, width: int = 40, channels: int = 3) -> Pixels:
    """Return values of both signs over many stops."""
    generator = np.random.default_rng(3)
    stops = np.exp2(generator.uniform(-10, 10, (height, width, channels)))
    return (stops * generator.choice([-1, 1], stops.shape)).astype(np.float32)


@pytest.fixture
def through(tmp_path: Path) -> Callable[..., Infer]:
    """Return what makes a package with its main input so described, and a way through it.

    The result has the channels `made`, else those of the input.
    """

    def make(
        code: str,
        described: str = "",
        more: str = "",
        engine: str = "torch",
        role: str = "color",
        channels: str = "RGB",
        made: str = "",
    ) -> Infer:
        number = len(list(tmp_path.iterdir()))
        path = write_package(tmp_path / f"p{number}", code=code, engine=engine, more=more)
        text = (path / "model.toml").read_text()
        text = text.replace('role = "color"\n', f'role = "{role}"\n{described}\n')
        seen, rest = text.split("[[outputs]]")
        seen = seen.replace('["R", "G", "B"]', str(list(channels)))
        text = seen + "[[outputs]]" + rest.replace('["R", "G", "B"]', str(list(made or channels)))
        (path / "model.toml").write_text(text, newline="\n")
        package = load_package(path)
        runtime = load_runtime(package.path, package.manifest, "cpu", 1, CpuMemory())

        def infer(
            inputs: Pixels | Mapping[str, Pixels], colour: Colour = AS_IS, **params: Any
        ) -> dict[str, Pixels]:
            images = inputs if isinstance(inputs, Mapping) else {"color": inputs}
            return runtime.infer(images, params, _ignore, colour=colour)

        return infer

    return make


POLICIES = [
    'encoding = "srgb"',
    "range = [-1, 1]",
    'hdr = "log"',
    'hdr = "log"\nencoding = "srgb"\nrange = [0, 255]',
    'hdr = "pu"',
    'hdr = "pu"\nnegatives = "split"',
    'hdr = "log"\nnegatives = "split"',
    'hdr = "ratio"',
    'hdr = "ratio"\nnegatives = "split"',
]


@pytest.mark.parametrize("engine", ["torch", "array"])
@pytest.mark.parametrize("policy", POLICIES)
def test_what_the_net_leaves_alone_comes_back(
    through: Callable[..., Infer], policy: str, engine: str
) -> None:
    """Highlights and negative light too, in another colour space meanwhile, in both engines."""
    code = SAME if engine == "torch" else SAME_ARRAY
    infer = through(code, policy, tiling(32), engine)
    image = _image()
    kept = image.copy()
    found = infer(image, Colour({"color": ACESCG_TO_REC709}))["color"]
    scale = np.abs(image).max(axis=2, keepdims=True)
    assert np.max(np.abs(found - image) / scale) < 1e-4
    assert np.array_equal(image, kept)


@pytest.mark.parametrize("engine", ["torch", "array"])
def test_without_a_policy_every_bit_is_kept(through: Callable[..., Infer], engine: str) -> None:
    """The stage that nobody asks for does nothing."""
    infer = through(SAME if engine == "torch" else SAME_ARRAY, engine=engine)
    assert np.array_equal(infer(_image())["color"], _image())


def test_data_is_not_converted(through: Callable[..., Infer]) -> None:
    """A net sees normals as they are, whatever the frame's colours are."""
    infer = through(HALF, 'negatives = "clip"', role="normal")
    assert np.array_equal(infer(_image())["color"], _image() / 2)


def test_clip_is_what_a_net_of_photographs_expects(through: Callable[..., Infer]) -> None:
    """Light outside 0 to 1 is lost where the manifest says so, and only there."""
    infer = through(SAME, 'hdr = "clip"\nencoding = "srgb"')
    expected = np.clip(_image(), 0, 1)
    assert infer(_image())["color"] == pytest.approx(expected, abs=2e-6)


def test_a_net_that_clamps_keeps_highlights(through: Callable[..., Infer]) -> None:
    """Normalised by the frame's largest value nothing reaches the net's ceiling."""
    infer = through(CLAMPED, 'hdr = "log"')
    light = np.abs(_image())
    assert infer(light)["color"] == pytest.approx(light, rel=1e-4)


def test_negative_light_is_cut_where_the_manifest_says(through: Callable[..., Infer]) -> None:
    """`clip` makes it 0."""
    infer = through(SAME, 'negatives = "clip"')
    assert np.array_equal(infer(_image())["color"], np.maximum(_image(), 0))


def test_negative_light_is_shown_by_itself(through: Callable[..., Infer]) -> None:
    """A net that takes no negative light returns it all the same."""
    infer = through(CLAMPED, 'hdr = "log"\nnegatives = "split"', tiling(32))
    image = np.abs(_image(24, 64))
    image[4:9, 3:7] *= -1
    assert infer(image)["color"] == pytest.approx(image, rel=1e-4)


@pytest.mark.parametrize("policy", ['hdr = "log"', 'hdr = "pu"', 'hdr = "log"\nencoding = "srgb"'])
def test_noise_falls_above_one_as_below(through: Callable[..., Infer], policy: str) -> None:
    """The same relative noise on 0.2 and on 40, blurred away alike; a ratio would leave it."""
    grain = np.random.default_rng(1).normal(1, 0.05, (64, 128, 3))
    truth = np.where(np.arange(128)[None, :, None] < 64, 0.2, 40.0)
    noisy = (truth * grain).astype(np.float32)
    found = through(BLUR, policy)(noisy)["color"] / truth
    dark, bright = found[:, 8:56].std(), found[:, 72:120].std()
    assert dark < 0.012
    assert bright < 0.012
    assert bright == pytest.approx(dark, rel=0.35)


def test_a_ratio_leaves_noise_above_one(through: Callable[..., Infer]) -> None:
    """It is for grades: light above 1 is what the net made of 1, so many times."""
    infer = through(HALF, 'hdr = "ratio"')
    found = infer(np.array([[[0.5, 8.0, -2.0]]], np.float32))["color"]
    assert found.tolist() == [[[0.25, 4.0, -2.0]]]


@pytest.mark.parametrize("policy", ['hdr = "log"', 'hdr = "pu"'])
def test_tiles_share_what_is_known_of_the_frame(through: Callable[..., Infer], policy: str) -> None:
    """One bright corner changes what every tile shows its net, and no seam is seen."""
    image = np.abs(_image(70, 90))
    image[:8, :8] = 30000
    described = policy
    whole = through(BLUR, described)(image)["color"]
    tiled = through(BLUR, described, tiling(40, 4))(image)["color"]
    assert tiled == pytest.approx(whole, rel=1e-4)


def test_the_times_of_a_clip_share_one_normalisation(through: Callable[..., Infer]) -> None:
    """A flash in a neighbour dims nothing: the mean is taken of equal codes."""
    more = '[temporal]\nkind = "window"\nbefore = 1\nafter = 1\n'
    infer = through(SAME, 'hdr = "log"', more)
    clip = np.stack([np.full((4, 4, 3), value, np.float32) for value in (1, 4, 900)])
    codes = np.log1p(16 * np.array([1, 4, 900.0]))
    assert infer(clip)["color"] == pytest.approx(np.expm1(codes.mean()) / 16, rel=1e-4)


@pytest.mark.parametrize("alpha", ["straight", "premultiplied"])
def test_alpha_is_no_colour(through: Callable[..., Infer], alpha: str) -> None:
    """It passes matrix and curve untouched, and light without alpha stays."""
    image = _image(channels=4)
    image[..., 3] = np.random.default_rng(5).uniform(0.1, 1, image.shape[:2])
    image[:5, :5, 3] = 0
    infer = through(SAME, f'hdr = "log"\nalpha = "{alpha}"', channels="RGBA")
    found = infer(image, Colour({"color": ACESCG_TO_REC709}))["color"]
    assert np.array_equal(found[..., 3], image[..., 3])
    scale = np.abs(image[..., :3]).max(axis=2, keepdims=True)
    assert np.max(np.abs(found[..., :3] - image[..., :3]) / scale) < 1e-4


def test_a_straight_net_sees_unmultiplied_colours(through: Callable[..., Infer]) -> None:
    """A net that blurs straight colours does not darken an edge of alpha twice."""
    code = HALF.replace("color * 0.5", "torch.cat([color[:, :3] * 0 + 1, color[:, 3:]], 1)")
    image = np.array([[[0.1, 0.1, 0.1, 0.25], [0.5, 0.5, 0.5, 1.0]]], np.float32)
    found = through(code, 'hdr = "log"\nalpha = "straight"', channels="RGBA")(image)["color"]
    assert found[0, :, 0] == pytest.approx([0.125, 0.5], rel=1e-5)


def test_a_matrix_needs_three_colours(through: Callable[..., Infer]) -> None:
    """A plane of luminance has no primaries."""
    infer = through(SAME, channels="Y")
    with pytest.raises(InputError, match="three colour channels"):
        infer(_image(channels=1), Colour({"color": ACESCG_TO_REC709}))


COUNTS = """
import torch
class Model(torch.nn.Module):
    def forward(self, color, albedo=None):
        return color + (100 if albedo is not None else 0)
"""


def test_negative_light_is_shown_without_optional_guides(through: Callable[..., Infer]) -> None:
    """A guide belongs to the light: in the second pass it would light what is black."""
    guide = '[[inputs]]\nname = "albedo"\nrole = "albedo"\nchannels = ["R", "G", "B"]\n'
    infer = through(COUNTS, 'negatives = "split"', f"{guide}optional = true\n")
    light = np.array([[[2.0, -3.0, 0.0]]], np.float32)
    found = infer({"color": light, "albedo": np.zeros_like(light)})["color"]
    assert found.tolist() == [[[102.0, 97.0, 100.0]]]


SECOND = '[[inputs]]\nname = "clean"\nrole = "color"\nchannels = ["R", "G", "B"]\n'
SUM = """
import torch
class Model(torch.nn.Module):
    def forward(self, color, clean):
        return color + clean
"""


def test_a_guide_that_is_negative_takes_no_light_away(through: Callable[..., Infer]) -> None:
    """Only what the result is made of has a negative part to lose."""
    infer = through(SAME, 'negatives = "split"', SECOND)
    light, guide = np.abs(_image()), _image()
    assert np.array_equal(infer({"color": light, "clean": guide})["color"], light)


def test_the_second_pass_shows_no_light_of_a_split_guide(through: Callable[..., Infer]) -> None:
    """Its negative part stands beside that of the main input: none at all where it has none."""
    infer = through(SUM, 'negatives = "split"', SECOND)
    light = np.array([[[2.0, -3.0, 0.0]]], np.float32)
    found = infer({"color": light, "clean": np.ones_like(light)})["color"]
    assert found.tolist() == [[[3.0, -2.0, 1.0]]]


LIFTED = HALF.replace("color * 0.5", "color * 0.5 + 1")


def test_a_frame_is_split_whole(through: Callable[..., Infer]) -> None:
    """Where a net makes light of nothing, a tile without negative light is no step."""
    image = np.ones((24, 96, 3), np.float32)
    image[4, 4] = -1
    whole = through(LIFTED, 'negatives = "split"')(image)["color"]
    tiled = through(LIFTED, 'negatives = "split"', tiling(32))(image)["color"]
    assert np.array_equal(tiled, whole)
    assert np.all(whole[:, 32:] == 0.5)


@pytest.mark.parametrize("policy", ["none", "log", "pu"])
@pytest.mark.parametrize("largest", [3e38, -3e38])
def test_a_broken_pixel_costs_no_other_in_another_space(
    through: Callable[..., Infer], policy: str, largest: float
) -> None:
    """What a matrix would carry beyond float32 stays finite, and the frame's normalisation."""
    image = np.full((16, 16, 3), 0.5, np.float32)
    image[3, 3] = [largest, -largest, largest]
    infer = through(SAME, f'hdr = "{policy}"')
    found = infer(image, Colour({"color": ACESCG_TO_REC709}))["color"]
    assert np.isfinite(found).all()
    image[3, 3] = found[3, 3] = 0
    assert found == pytest.approx(image, rel=1e-3)


def test_an_alpha_of_next_to_nothing_costs_no_other_pixel(through: Callable[..., Infer]) -> None:
    """Divided by it, light would be infinite, and all the rest black beside that."""
    image = np.ones((4, 4, 4), np.float32)
    image[1, 1] = [1e4, 1e4, 1e4, 1e-38]
    infer = through(SAME, 'hdr = "log"\nalpha = "straight"', channels="RGBA")
    found = infer(image)["color"]
    assert np.isfinite(found).all()
    assert found[2] == pytest.approx(image[2], rel=1e-3)


DOUBLED = HALF.replace("color * 0.5", "color.repeat_interleave(2, 2).repeat_interleave(2, 3)")


@pytest.mark.parametrize("channels", ["RGBA", "RGB"])
def test_light_without_alpha_is_enlarged_as_it_is(
    through: Callable[..., Infer], channels: str
) -> None:
    """A flare was not divided, so it is not multiplied, whatever alpha lies around it."""
    image = np.ones((16, 16, 4), np.float32)
    image[8, 8] = [5, 5, 5, 0]
    code = DOUBLED.replace("color.re", f"color[:, :{len(channels)}].re", 1)
    more = "[geometry]\nscale = 2\n"
    infer = through(code, 'alpha = "straight"', more, channels="RGBA", made=channels)
    assert np.all(infer(image)["color"][16:18, 16:18, :3] == 5)


@pytest.mark.parametrize("alpha", [-0.5, 0.0])
def test_alpha_below_zero_is_none(through: Callable[..., Infer], alpha: float) -> None:
    """Colours are divided by it nowhere: the net sees the light as it is."""
    image = np.array([[[3.0, 3.0, 3.0, alpha]]], np.float32)
    code = LIFTED.replace("color * 0.5 + 1", "torch.cat([color[:, :3] / 2 + 1, color[:, 3:]], 1)")
    infer = through(code, 'alpha = "straight"', channels="RGBA")
    assert infer(image)["color"][0, 0, :3].tolist() == [2.5, 2.5, 2.5]
