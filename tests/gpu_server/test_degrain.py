"""`degrain`: against the authors' code, on pictures, in highlights and on negative values."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.renders import GRAIN, grain, loaded, psnr, reference, render, screen
from fakes.zoo import installed

if find_spec("torch") is None:
    pytest.skip("torch is not installed: the extra [torch]", allow_module_level=True)

import torch

from filmgate_server.runtime.port import Runtime
from filmgate_server.runtime.transfer import SrgbLog, decoded, encoded

Pixels = NDArray[np.float32]
INSIDE = (slice(16, -16), slice(16, -16))


@pytest.fixture(scope="module")
def degrain() -> Iterator[Runtime]:
    """The model, on two threads."""
    runtime = loaded(installed("degrain"))
    yield runtime
    runtime.close()


def run(model: Runtime, pixels: Pixels, **params: Any) -> Pixels:
    """Return the result for scene-linear *pixels* (H, W, C)."""
    given = {"sigma": 25.0, "keep_grain": 0.0, **params}
    return model.infer({"color": pixels}, given, lambda done, total: None)["color"]


def test_the_net_is_the_authors(degrain: Runtime) -> None:
    """Values from 0 to 1 come out as from the code that the wheel holds: 80 dB and more."""
    golden = reference()
    noisy = golden.crop(1) + golden.grain() * (golden.SIGMA / 255)
    module: Any = degrain._module
    with torch.inference_mode():
        made = module.in_range(noisy, golden.SIGMA / 255).numpy()[golden.KEPT]
    assert psnr(made, golden.load()["degrain"]) > 80


def test_grain_falls_on_a_picture(degrain: Runtime) -> None:
    """Grain of 25 code values on a render: from 20 dB to 31 and more, as the eye sees it."""
    clean = screen(render(1)[64:256, 192:448])
    noisy = clean + grain(clean.shape)
    light = np.sign(noisy) * screen(np.abs(noisy), back=True)
    made = screen(run(degrain, light))
    assert psnr(noisy, clean) < 20.5
    assert psnr(made, clean) > 31


def coded(light: Any) -> Any:
    """Return the code values in which grain has one strength, those beyond 1 and 0 included."""
    return encoded(SrgbLog(), torch.as_tensor(light)).numpy()


def grainy(flat: Pixels) -> Pixels:
    """Return light with grain of 25 code values, in highlights and negative light too."""
    return decoded(SrgbLog(), torch.from_numpy(coded(flat) + grain(flat.shape))).numpy()


@pytest.mark.parametrize("stops", [-3, 0, 3, 6, 10, 13])
def test_grain_falls_alike_at_any_brightness(degrain: Runtime, stops: int) -> None:
    """What is left of it is a fifteenth or less, from deep shadows to the sun."""
    flat = np.full((96, 96, 3), 2.0**stops, np.float32)
    left = (coded(run(degrain, grainy(flat))) - coded(flat))[INSIDE]
    assert left.std() < GRAIN / 15
    assert abs(left.mean()) < GRAIN / 15


def test_negative_light_survives(degrain: Runtime) -> None:
    """Saturated ACEScg is negative in linear Rec. 709: it stays so, and its grain falls."""
    flat = np.full((96, 96, 3), (1.7, -0.13, -0.024), np.float32)
    left = (coded(run(degrain, grainy(flat))) - coded(flat))[INSIDE]
    assert (left.std((0, 1)) < GRAIN / 10).all()
    assert (np.abs(left.mean((0, 1))) < GRAIN / 10).all()


def test_kept_grain_is_added_back_as_light(degrain: Runtime) -> None:
    """An amount of 0.3 is the result plus 0.3 of what was taken out, highlights too."""
    noisy = (render(1)[64:160, 192:320] * 4 + 0.2 * grain((96, 128, 3))).astype(np.float32)
    clean = run(degrain, noisy)
    kept = run(degrain, noisy, keep_grain=0.3)
    np.testing.assert_allclose(kept, clean + 0.3 * (noisy - clean), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("params", [{"sigma": 0.0}, {"keep_grain": 1.0}])
def test_nothing_asked_changes_nothing(degrain: Runtime, params: dict[str, float]) -> None:
    """Without grain to take, or with all of it kept, the frame stays what it was."""
    pixels = render(1)[64:128, 192:256] * 8
    np.testing.assert_allclose(run(degrain, pixels, **params), pixels, rtol=2e-6, atol=1e-7)


def test_the_halo_covers_what_the_net_sees(degrain: Runtime) -> None:
    """A frame in tiles equals the whole one."""
    pixels = (render(1)[64:224, 192:351] * 4 + grain((160, 159, 3))).astype(np.float32)
    params = {"sigma": 25.0, "keep_grain": 0.0}
    tiled = degrain.infer({"color": pixels}, params, lambda done, total: None, max_tile_px=96)
    np.testing.assert_allclose(tiled["color"], run(degrain, pixels), rtol=2e-4, atol=1e-5)
