"""`retime`: against the authors' code, on renders, and motion against a known one."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.renders import loaded, psnr, reference, render, toned
from fakes.zoo import installed

if find_spec("torch") is None:
    pytest.skip("torch is not installed: the extra [torch]", allow_module_level=True)

import torch

from filmgate_server.runtime.port import Runtime

Pixels = NDArray[np.float32]
SHIFT = (4, -6)
"""Rows down and columns to the right, from one frame to the next."""
INSIDE = (slice(32, -32), slice(32, -32))
EASED = 1 / 3
"""How far the plates' motion has come at frame 3 of 1 to 5: the animation starts slowly."""


@pytest.fixture(scope="module")
def retime() -> Iterator[Runtime]:
    """The model, on two threads."""
    runtime = loaded(installed("retime"))
    yield runtime
    runtime.close()


def run(model: Runtime, before: Pixels, after: Pixels, fraction: float) -> dict[str, Pixels]:
    """Return the results between two frames (H, W, C)."""
    clip = np.stack((before, after))
    return model.infer({"color": clip}, {"fraction": fraction}, lambda done, total: None)


def texture(height: int, width: int, rows: float = 0, columns: float = 0) -> Pixels:
    """Return smooth HDR detail, up to about 12, moved by a known distance in px."""
    generator = np.random.default_rng(3)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    total = np.zeros((height, width, 3))
    for _ in range(24):
        fy, fx = generator.uniform(-0.35, 0.35, 2)
        phase = generator.uniform(0, 2 * np.pi, 3)
        total += np.sin((y - rows)[..., None] * fy + (x - columns)[..., None] * fx + phase)
    return np.exp2(total / 4).astype(np.float32)


def test_the_net_is_the_authors(retime: Runtime) -> None:
    """Colour and motion come out as from the code that the wheel holds: 80 dB and more."""
    golden = reference()
    module: Any = retime._module
    with torch.inference_mode():
        made = module(torch.stack((golden.crop(1), golden.crop(3)), 1), golden.FRACTION)
    truth = golden.load()
    for name in ("color", "forward", "backward"):
        assert psnr(made[name].numpy()[golden.KEPT], truth[name]) > 80, name


def test_a_render_is_retimed(retime: Runtime) -> None:
    """Far better than a mix of the two frames, at the time that the motion has come to."""
    before, truth, after = map(render, (1, 3, 5))
    made = run(retime, before, after, EASED)["color"]
    mixed = psnr(toned((before + after) / 2), toned(truth))
    assert psnr(toned(made), toned(truth)) > mixed + 8
    assert made.max() > 20


@pytest.mark.parametrize("fraction", [0.25, 0.5])
def test_a_known_motion_is_found(retime: Runtime, fraction: float) -> None:
    """`forward` leads to the frame after and `backward` to the one before: u right, v down, px."""
    rows, columns = SHIFT
    before, after = texture(192, 256), texture(192, 256, rows, columns)
    made = run(retime, before, after, fraction)
    rest = 1 - fraction
    away = {"forward": (columns * rest, rows * rest)}
    away["backward"] = (-columns * fraction, -rows * fraction)
    for name, motion in away.items():
        error_px = np.linalg.norm(made[name][INSIDE] - np.float32(motion), axis=-1)
        assert error_px.mean() < 0.5, name
    truth = texture(192, 256, rows * fraction, columns * fraction)
    mixed = psnr(toned(before * rest + after * fraction)[INSIDE], toned(truth)[INSIDE])
    assert psnr(toned(made["color"])[INSIDE], toned(truth)[INSIDE]) > mixed + 8


@pytest.mark.parametrize(("fraction", "place"), [(0.0, 0), (1.0, 1)])
def test_at_its_own_time_a_frame_is_itself(retime: Runtime, fraction: float, place: int) -> None:
    """What comes back differs by the encoding's rounding at most: half floats keep every bit."""
    clip = [render(frame)[64:160, 192:320] for frame in (1, 3)]
    made = run(retime, clip[0], clip[1], fraction)["color"]
    np.testing.assert_allclose(made, clip[place], rtol=2e-6, atol=1e-7)
    np.testing.assert_array_equal(made.astype(np.float16), clip[place].astype(np.float16))


def test_a_frame_that_is_held_stays(retime: Runtime) -> None:
    """The same frame twice, as at a whole time, is returned, and nothing moves."""
    frame = render(1)[64:127, 192:291] - 0.1
    made = run(retime, frame, frame, 0.5)
    np.testing.assert_array_equal(made["color"].astype(np.float16), frame.astype(np.float16))
    assert not made["forward"].any()
    assert not made["backward"].any()


def test_negative_light_moves_too(retime: Runtime) -> None:
    """Values below 0 are neither clipped nor turned around."""
    before, after = (texture(128, 128, 0, at) - 0.8 for at in (0, 4))
    made = run(retime, before, after, 0.5)["color"]
    truth = texture(128, 128, 0, 2) - 0.8
    assert truth.min() < -0.4
    assert psnr(toned(made)[INSIDE], toned(truth)[INSIDE]) > 30
