"""`smooth-volume`: noise falls, steps stay, tiles equal the whole."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.renders import loaded
from filmgate_server.zoo import ZOO_FOLDER

if find_spec("torch") is None:
    pytest.skip("torch is not installed: the extra [torch]", allow_module_level=True)

from filmgate_server.runtime.port import Runtime

Voxels = NDArray[np.float32]
NOISE = 0.07
DEFAULTS = {"radius": 2, "edge": 0.2, "strength": 1.0, "iterations": 2}


@pytest.fixture(scope="module")
def model() -> Iterator[Runtime]:
    """The model as a worker loads it."""
    runtime = loaded(ZOO_FOLDER / "smooth-volume")
    yield runtime
    runtime.close()


def run(model: Runtime, volume: Voxels, max_tile_px: int | None = None, **params: Any) -> Voxels:
    """Return the result for *volume* (D, H, W, C)."""
    given = {**DEFAULTS, **params}
    made = model.infer({"density": volume}, given, lambda *_: None, max_tile_px=max_tile_px)
    return made["density"]


def step(channels: int = 1) -> Voxels:
    """Return 0 and, from the middle of x on, 1."""
    volume = np.zeros((14, 16, 24, channels), np.float32)
    volume[:, :, 12:] = 1
    return volume


def noise(volume: Voxels) -> Voxels:
    """Return *volume* with noise."""
    drawn = np.random.default_rng(0).standard_normal(volume.shape, np.float32)
    return volume + NOISE * drawn


def rms(values: Voxels) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt(np.square(values, dtype=np.float64).mean()))


@pytest.mark.parametrize("channels", [1, 3])
def test_noise_falls_and_the_step_stays(model: Runtime, channels: int) -> None:
    """The error falls to a fifth; across the step the values differ as they did."""
    truth = step(channels)
    made = run(model, noise(truth))
    assert rms(made - truth) < 0.2 * NOISE
    assert made[:, :, 12].mean() - made[:, :, 11].mean() == pytest.approx(1, abs=0.01)


def test_a_large_edge_is_a_blur(model: Runtime) -> None:
    """What differs less than the edge is smoothed, the step too."""
    made = run(model, step(), edge=100.0)
    assert 0.2 < made[:, :, 12].mean() - made[:, :, 11].mean() < 0.6


@pytest.mark.parametrize("value", [0.0, -3.7, 1e-30, 6e4])
def test_a_constant_volume_stays(model: Runtime, value: float) -> None:
    """Bit for bit, its sides too."""
    volume = np.full((5, 6, 7, 1), value, np.float32)
    np.testing.assert_array_equal(run(model, volume), volume)


def test_empty_space_stays_empty(model: Runtime) -> None:
    """Where a volume is 0 far around, it is 0."""
    volume = noise(step())
    volume[:, :, :12] = 0
    made = run(model, volume)
    np.testing.assert_array_equal(made[:, :, :8], 0)


def test_the_formula_is_the_published_one(model: Runtime) -> None:
    """One voxel, reckoned by hand from Tomasi and Manduchi's sum."""
    volume = noise(step())
    z, y, x = np.mgrid[-1:2, -1:2, -1:2]
    near = (z**2 + y**2 + x**2) <= 1
    seen = volume[5:8, 6:9, 10:13, 0].astype(np.float64)
    weights = near * np.exp(-(z**2 + y**2 + x**2) / 0.5 - (seen - seen[1, 1, 1]) ** 2 / 0.08)
    made = run(model, volume, radius=1, iterations=1)[6, 7, 11, 0]
    assert made == pytest.approx((weights * seen).sum() / weights.sum(), abs=1e-6)


def test_strength_mixes(model: Runtime) -> None:
    """Nothing, half, all."""
    volume = noise(step())
    none, half, whole = (run(model, volume, strength=share) for share in (0.0, 0.5, 1.0))
    np.testing.assert_array_equal(none, volume)
    np.testing.assert_allclose(half, (volume + whole) / 2, atol=1e-6)


def test_tiles_equal_the_whole(model: Runtime) -> None:
    """Cut along y and x, at the largest reach there is."""
    drawn = np.random.default_rng(0).standard_normal((6, 70, 90, 1), np.float32)
    given = {"radius": 3, "iterations": 3}
    tiled = run(model, drawn, max_tile_px=48, **given)
    np.testing.assert_allclose(tiled, run(model, drawn, **given), atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 2, 3, 1), (9, 1, 1, 3)])
def test_small_volumes_come_back(model: Runtime, shape: tuple[int, ...]) -> None:
    """Smaller than the ball, and finite."""
    made = run(model, noise(np.ones(shape, np.float32)), radius=3)
    assert made.shape == shape
    assert np.isfinite(made).all()


def test_axes_are_alike(model: Runtime) -> None:
    """A volume with its axes exchanged gives the exchanged result."""
    volume = noise(step())
    turned = np.ascontiguousarray(volume.transpose(2, 0, 1, 3))
    np.testing.assert_allclose(
        run(model, turned), run(model, volume).transpose(2, 0, 1, 3), atol=1e-6
    )
