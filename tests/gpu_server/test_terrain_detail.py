"""`terrain-detail`: planes stay, units do not matter, and detail is nearer to the truth."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.renders import loaded
from filmgate.errors import InputError
from filmgate_server.zoo import ZOO_FOLDER

if find_spec("torch") is None:
    pytest.skip("torch is not installed: the extra [torch]", allow_module_level=True)

from filmgate_server.runtime.port import Runtime
from filmgate_server.training.terrain.__main__ import HELD_OUT_SEED
from filmgate_server.training.terrain.evaluation import evaluate
from filmgate_server.training.terrain.landscape import Terrain, draw_terrain
from filmgate_server.training.terrain.package import load_net

Heights = NDArray[np.float32]
SPACING_M = 10.0
SIZE = 128


@pytest.fixture(scope="module")
def model() -> Iterator[Runtime]:
    """The model as a worker loads it."""
    runtime = loaded(ZOO_FOLDER / "terrain-detail")
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def terrains() -> list[Terrain]:
    """Terrains that the net has not seen."""
    return [draw_terrain(HELD_OUT_SEED + 100 + place, SIZE, 6) for place in range(3)]


@pytest.fixture
def ground(terrains: list[Terrain]) -> Heights:
    """Heights in metres, (64, 64), a sample every 10 m."""
    return (terrains[0].coarse * (SPACING_M / 2)).numpy()


def run(
    model: Runtime,
    heights: Heights,
    spacing: tuple[float, ...] | None = (SPACING_M, SPACING_M),
    amount: float = 1.0,
    max_tile_px: int | None = None,
) -> Heights:
    """Return the result for *heights* (H, W), (2 H, 2 W)."""
    inputs: dict[str, Any] = {"height": np.ascontiguousarray(heights, np.float32)[..., None]}
    if spacing is not None:
        inputs["spacing"] = np.array(spacing, np.float32)
    given = {"amount": amount}
    made = model.infer(inputs, given, lambda *_: None, max_tile_px=max_tile_px)
    return made["height"][..., 0]


def rms(values: Heights) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt(np.square(values, dtype=np.float64).mean()))


def test_detail_is_nearer_to_the_truth_than_bicubic(terrains: list[Terrain]) -> None:
    """Of held-out terrains every one is, by a tenth and more; slopes are as well."""
    figures = evaluate(load_net(), terrains)
    made, bicubic, nearest = (figures[name] for name in ("terrain-detail", "bicubic", "nearest"))
    assert made.better == 1
    assert made.height_rmse_m < 0.9 * bicubic.height_rmse_m < 0.7 * nearest.height_rmse_m
    assert made.slope_rmse < 0.9 * bicubic.slope_rmse


def test_a_flat_ground_stays_flat(model: Runtime) -> None:
    """Bit for bit, at any height."""
    made = run(model, np.full((20, 31), 2345.6, np.float32), amount=2.0)
    np.testing.assert_array_equal(made, np.full((40, 62), 2345.6, np.float32))


@pytest.mark.parametrize("shape", [(20, 31), (4, 4)])
def test_a_slope_stays_a_slope(model: Runtime, shape: tuple[int, int]) -> None:
    """A plane comes back as that plane, to its edges, within what a float32 can tell."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    fine_y, fine_x = (np.mgrid[: 2 * shape[0], : 2 * shape[1]] - 0.5) / 2
    made = run(model, 1000 + 7 * x - 3 * y, amount=2.0)
    np.testing.assert_allclose(made, 1000 + 7 * fine_x - 3 * fine_y, atol=5e-4)


def test_the_height_above_the_sea_does_not_matter(model: Runtime, ground: Heights) -> None:
    """The same ground 512 m higher gives the same result 512 m higher."""
    np.testing.assert_allclose(run(model, ground + 512) - 512, run(model, ground), atol=1e-3)


@pytest.mark.parametrize("unit", [0.001, 3.28, 128.0])
def test_the_unit_does_not_matter(model: Runtime, ground: Heights, unit: float) -> None:
    """Heights and spacing in feet give the result in feet."""
    made = run(model, ground * unit, (SPACING_M * unit,) * 2)
    np.testing.assert_allclose(made / unit, run(model, ground), atol=2e-3)


def test_the_mean_of_each_four_is_the_sample(model: Runtime, ground: Heights) -> None:
    """Large forms stay, whatever detail is added."""
    made = run(model, ground, amount=2.0)
    means = made.reshape(64, 2, 64, 2).mean((1, 3))
    np.testing.assert_allclose(means, ground, atol=1e-4)


def test_the_amount_is_a_share_of_the_detail(model: Runtime, ground: Heights) -> None:
    """Half of it lies half-way between interpolation and the whole."""
    none, half, whole = (run(model, ground, amount=amount) for amount in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(half, (none + whole) / 2, atol=1e-3)
    assert rms(whole - none) > 0.1


def test_steeper_ground_is_another_ground(model: Runtime, ground: Heights) -> None:
    """The spacing is heard: the same heights closer together do not get the same detail."""
    near = run(model, ground, (2.0, 2.0)) - run(model, ground, (2.0, 2.0), amount=0)
    far = run(model, ground) - run(model, ground, amount=0)
    assert rms(near - far) > 0.05 * rms(far)


def test_without_a_spacing_samples_are_one_apart(model: Runtime, ground: Heights) -> None:
    """And a third number, for z, changes nothing."""
    alone = run(model, ground, None)
    np.testing.assert_array_equal(alone, run(model, ground, (1.0, 1.0)))
    np.testing.assert_array_equal(alone, run(model, ground, (1.0, 1.0, 5.0)))


def test_x_and_y_may_be_spaced_differently(model: Runtime) -> None:
    """A plane stays one."""
    y, x = np.mgrid[:20, :20].astype(np.float32)
    made = run(model, 3 * x + y, (10.0, 4.0), amount=2.0)
    np.testing.assert_allclose(np.diff(made, axis=1), 1.5, atol=1e-4)
    np.testing.assert_allclose(np.diff(made, axis=0), 0.5, atol=1e-4)


@pytest.mark.parametrize(
    "spacing",
    [(0.0, 1.0), (-1.0, 1.0), (np.nan, 1.0), (np.inf, 1.0), (3.0,), (1e-30, 1.0), (1.0, 1e25)],
)
def test_a_wrong_spacing_is_refused(
    model: Runtime, ground: Heights, spacing: tuple[float, ...]
) -> None:
    """The error says what it should be."""
    with pytest.raises(InputError, match="two numbers above 0"):
        run(model, ground, spacing)


def test_tiles_equal_the_whole(model: Runtime, terrains: list[Terrain]) -> None:
    """The halo covers what the net sees."""
    ground = np.concatenate([terrain.coarse.numpy() * 5 for terrain in terrains[:2]], 1)[:, :115]
    np.testing.assert_allclose(run(model, ground, max_tile_px=64), run(model, ground), atol=2e-5)


def test_a_ground_of_one_sample_comes_back(model: Runtime) -> None:
    """Four of it."""
    np.testing.assert_array_equal(run(model, np.full((1, 1), 7.0)), np.full((2, 2), 7.0))


def test_turned_ground_gives_alike_detail(model: Runtime, ground: Heights) -> None:
    """Rows may run either way: the detail of the mirrored ground is nearly the mirrored detail."""
    detail = run(model, ground) - run(model, ground, amount=0)
    turned = (run(model, ground[::-1]) - run(model, ground[::-1], amount=0))[::-1]
    assert rms(turned - detail) < 0.5 * rms(detail)


def test_the_weights_are_small() -> None:
    """They travel with every copy of the product."""
    assert (ZOO_FOLDER / "terrain-detail" / "terrain_detail.safetensors").stat().st_size < 1 << 18


def test_the_net_has_biases_only_in_its_gates() -> None:
    """Nothing else may answer to a ground that has no shape."""
    named = {name for name, _ in load_net().named_parameters() if name.endswith("bias")}
    assert named == {"slopes.bias", "gate.bias"}
