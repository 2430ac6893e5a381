"""`smooth-points`: nearer to a known truth, edges kept, order and count never touched."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
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

Points = NDArray[np.float32]
NOISE = 0.01
DEFAULTS = {"radius": 0.0, "strength": 1.0, "iterations": 1, "edge_angle": 30.0}


@pytest.fixture(scope="module")
def model() -> Iterator[Runtime]:
    """The model as a worker loads it."""
    runtime = loaded(ZOO_FOLDER / "smooth-points")
    yield runtime
    runtime.close()


def run(model: Runtime, points: Points, normals: Points | None = None, **params: Any) -> Points:
    """Return the result for *points* (n, 3)."""
    inputs = {"P": points} if normals is None else {"P": points, "N": normals}
    return model.infer(inputs, {**DEFAULTS, **params}, lambda *_: None)["P"]


def noisy(points: Any, noise: float = NOISE) -> Points:
    """Return *points* moved at random."""
    moves = np.random.default_rng(1).standard_normal(points.shape) * noise
    return (points + moves).astype(np.float32)


def ball(count: int = 1500) -> Points:
    """Return points of the unit ball's surface."""
    places = np.random.default_rng(0).standard_normal((count, 3))
    return (places / np.linalg.norm(places, axis=1, keepdims=True)).astype(np.float32)


def roof(count: int = 2500) -> Points:
    """Return points of two planes that meet at a right angle above the line x = 0."""
    x, y = np.random.default_rng(0).uniform(-1, 1, (2, count)) * 0.5
    return np.stack((x, y, -np.abs(x)), 1).astype(np.float32)


def from_roof(points: Points) -> Points:
    """Return how far points are from the roof's planes."""
    return (points[:, 2] + np.abs(points[:, 0])) / np.sqrt(2)


def rms(values: Points) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt(np.square(values, dtype=np.float64).mean()))


def mean_of_neighbours(points: Points, picked: Points, radius: float) -> Points:
    """Return what a mean of *points* within a radius does to those that are picked."""
    apart = np.linalg.norm(picked[:, None] - points[None], axis=2) < radius
    return (apart @ points / apart.sum(1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("iterations", [1, 2])
def test_a_noisy_ball_gets_round(model: Runtime, iterations: int) -> None:
    """The distance from the surface falls to less than half."""
    points = noisy(ball())
    made = run(model, points, iterations=iterations)
    before, after = (rms(np.linalg.norm(each, axis=1) - 1) for each in (points, made))
    assert after < 0.5 * before


def test_a_noisy_plane_gets_flat(model: Runtime) -> None:
    """The distance from the plane falls to less than 2/5, within it points hardly move."""
    x, y = np.random.default_rng(0).uniform(-1, 1, (2, 1500)) * 0.5
    points = noisy(np.stack((x, y, np.zeros_like(x)), 1))
    made = run(model, points)
    assert rms(made[:, 2]) < 0.4 * rms(points[:, 2])
    assert rms((made - points)[:, :2]) < 0.3 * NOISE


def test_a_clean_plane_stays(model: Runtime) -> None:
    """Where there is no noise nothing moves."""
    x, y = np.random.default_rng(0).uniform(-50, 50, (2, 1000))
    points = np.stack((x, y, 0.3 * x - 0.2 * y + 100), 1).astype(np.float32)
    np.testing.assert_allclose(run(model, points), points, atol=1e-4)


def test_an_edge_is_kept_better_than_by_a_mean(model: Runtime) -> None:
    """Beside a roof's ridge the error falls; a mean of the same neighbours makes it larger."""
    points = noisy(roof())
    ridge = np.abs(points[:, 0]) < 0.03
    before, made = rms(from_roof(points)[ridge]), rms(from_roof(run(model, points))[ridge])
    mean = rms(from_roof(mean_of_neighbours(points, points[ridge], 0.06)))
    assert made < 0.7 * before
    assert made < 0.7 * mean


def test_normals_help(model: Runtime) -> None:
    """With the true normals, of any length and sign, a roof comes out better than without."""
    points = noisy(roof(), 2 * NOISE)
    normals = np.stack((np.sign(points[:, 0]), 0 * points[:, 0], np.ones(len(points))), 1)
    signs = np.random.default_rng(2).choice([-3.0, 0.5], len(points))
    normals = (normals * signs[:, None]).astype(np.float32)
    without, given = run(model, points), run(model, points, normals)
    assert rms(from_roof(given)) < 0.9 * rms(from_roof(without))


@pytest.mark.parametrize("edge_angle", [5.0, 30.0])
def test_a_point_without_a_normal_gets_one(model: Runtime, edge_angle: float) -> None:
    """Where some given normals are 0 the cloud gets as smooth as with all of them; none is NaN."""
    points = noisy(ball(1000), 0.2 * NOISE)
    normals = ball(1000)
    whole = run(model, points, normals, edge_angle=edge_angle)
    normals[::50] = 0
    made = run(model, points, normals, edge_angle=edge_angle)
    assert rms(made - whole) < 0.2 * NOISE
    every = run(model, points, np.zeros_like(points), edge_angle=edge_angle)
    np.testing.assert_array_equal(every, run(model, points, edge_angle=edge_angle))


@pytest.mark.parametrize("length", [1e-42, 1e-20, 1e30])
def test_normals_may_have_any_length(model: Runtime, length: float) -> None:
    """Neither are very small ones lost nor very large ones, whose squares are no numbers."""
    points, normals = noisy(ball(500)), np.eye(3, dtype=np.float32)[np.arange(500) % 3]
    made = run(model, points, normals * np.float32(length))
    np.testing.assert_allclose(made, run(model, points, normals), atol=1e-6)


def test_a_crowd_in_one_place_does_not_stop_the_rest(model: Runtime) -> None:
    """The radius is found from those that have somebody at a distance."""
    crowd = np.full((600, 3), 5, np.float32)
    points = np.concatenate((noisy(ball(500)), crowd))
    made = run(model, points)
    np.testing.assert_array_equal(made[500:], crowd)
    before, after = (rms(np.linalg.norm(each[:500], axis=1) - 1) for each in (points, made))
    assert after < 0.8 * before


def test_order_and_count_stay(model: Runtime) -> None:
    """Shuffled points give the shuffled result: each one is answered in its place."""
    points = noisy(ball(1000))
    order = np.random.default_rng(3).permutation(len(points))
    made = run(model, points)
    assert made.shape == points.shape
    np.testing.assert_allclose(
        run(model, points[order], radius=0.2), run(model, points, radius=0.2)[order], atol=1e-5
    )
    assert np.linalg.norm(made - points, axis=1).max() < 0.1


@pytest.mark.parametrize("unit", [0.01, 100.0])
def test_the_unit_does_not_matter(model: Runtime, unit: float) -> None:
    """The radius that is found grows with the cloud."""
    points = noisy(ball(1000))
    np.testing.assert_allclose(run(model, points * unit) / unit, run(model, points), atol=1e-4)


def test_where_the_cloud_lies_does_not_matter(model: Runtime) -> None:
    """A cloud far from the origin is smoothed alike, as far as float32 can tell."""
    points = noisy(ball(1000))
    there = np.array([64, -128, 32], np.float32)
    np.testing.assert_allclose(run(model, points + there) - there, run(model, points), atol=1e-4)


def test_strength_is_a_share_of_the_way(model: Runtime) -> None:
    """Nothing, half, all."""
    points = noisy(ball(1000))
    none, half, whole = (run(model, points, strength=share) for share in (0.0, 0.5, 1.0))
    np.testing.assert_array_equal(none, points)
    np.testing.assert_allclose(half, (points + whole) / 2, atol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 17])
def test_few_points_come_back(model: Runtime, count: int) -> None:
    """Clouds of a few points are answered, finite and as many."""
    points = noisy(ball(count))
    made = run(model, points)
    assert made.shape == (count, 3)
    assert np.isfinite(made).all()


@pytest.mark.parametrize("points", [np.zeros((50, 3)), np.eye(3)[np.arange(60) % 3]])
def test_points_in_one_place_stay(model: Runtime, points: Any) -> None:
    """No distance between them is no reason for NaN."""
    np.testing.assert_array_equal(run(model, points.astype(np.float32)), points)


@pytest.mark.parametrize("place", [1e6, -1e12])
def test_a_point_far_away_stays(model: Runtime, place: float) -> None:
    """One that has nobody near does not move, and disturbs nobody."""
    points = np.concatenate((noisy(ball(500)), np.full((1, 3), place, np.float32)))
    made = run(model, points, radius=0.3)
    np.testing.assert_array_equal(made[-1], points[-1])
    np.testing.assert_allclose(made[:-1], run(model, points[:-1], radius=0.3), atol=1e-5)


def test_a_radius_that_holds_all_is_refused(model: Runtime) -> None:
    """The error names what to change, before memory is gone."""
    points = np.random.default_rng(0).random((40_000, 3), np.float32)
    with pytest.raises(InputError, match="Set a smaller radius"):
        run(model, points, radius=10.0)


@pytest.fixture
def neighbours() -> Any:
    """The module that finds who is near whom."""
    return import_module("filmgate_server.zoo.smooth-points.neighbours")


def test_what_is_remembered_is_counted(neighbours: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every candidate lies within the radius, each of them takes memory."""
    places = neighbours.torch.rand(300, 3)
    monkeypatch.setattr(neighbours, "KEPT_PAIRS_MAX", 300 * 300)
    neighbours.Neighbours(places, 100.0)
    monkeypatch.setattr(neighbours, "KEPT_PAIRS_MAX", 300 * 300 - 1)
    with pytest.raises(InputError, match="about 300 others"):
        neighbours.Neighbours(places, 100.0)


@pytest.mark.parametrize("place", [1e6, -1e6, 1e30])
def test_a_stray_point_makes_no_crowd(
    neighbours: Any, monkeypatch: pytest.MonkeyPatch, place: float
) -> None:
    """However far away one is, nobody else gets more candidates by it."""
    points = np.concatenate((ball(500), np.full((1, 3), place, np.float32)))
    monkeypatch.setattr(neighbours, "KEPT_PAIRS_MAX", 500 * 100)
    found = neighbours.Neighbours(neighbours.torch.from_numpy(points), 0.3)
    np.testing.assert_array_equal(counted(neighbours, found, points), near(points, 0.3))


@pytest.mark.parametrize("numbers_max", [1 << 62, 1 << 12])
def test_everybody_within_the_radius_is_found(
    neighbours: Any, monkeypatch: pytest.MonkeyPatch, numbers_max: int
) -> None:
    """As by looking at all pairs, also where cells have to be larger to be numbered."""
    rng = np.random.default_rng(5)
    points = (rng.random((400, 3)) * [1, 4, 30]).astype(np.float32)
    monkeypatch.setattr(neighbours, "NUMBERS_MAX", numbers_max)
    found = neighbours.Neighbours(neighbours.torch.from_numpy(points), 0.5)
    np.testing.assert_array_equal(counted(neighbours, found, points), near(points, 0.5))


def counted(neighbours: Any, found: Any, points: Points) -> Points:
    """Return how many each point has within the radius, itself among them: three times (n, 3)."""

    def count(_: Any, others: Any, weights: Any) -> Any:
        return (weights > 0).sum(1, keepdim=True).float()

    return found.each(neighbours.torch.from_numpy(points), count).numpy()


def near(points: Points, radius: float) -> Points:
    """Return the same, by looking at all pairs."""
    apart = np.linalg.norm(points[:, None].astype(np.float64) - points[None], axis=2)
    return np.repeat((apart < radius).sum(1, keepdims=True), 3, 1).astype(np.float32)
