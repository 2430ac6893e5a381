"""The training of `terrain-detail`: terrains that erode as they should, and a run end to end."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

if find_spec("torch") is None:
    pytest.skip("torch is not installed: the extra [torch]", allow_module_level=True)

import torch

from filmgate_server.training.terrain.__main__ import SIZE_MIN, Course, main, run
from filmgate_server.training.terrain.erosion import Weather, eroded, slid
from filmgate_server.training.terrain.evaluation import evaluate
from filmgate_server.training.terrain.landscape import draw_terrain, draw_uneroded, reduced
from filmgate_server.training.terrain.package import CODE, PACKAGE, WEIGHTS, load_net
from filmgate_server.training.terrain.trainer import train

TINY = Course(terrains=2, held_out=2, size=48, showers=1, steps=3)


@pytest.fixture(autouse=True)
def own_settings() -> object:
    """What a run settles for its process does not outlive the test."""
    threads = torch.get_num_threads()
    yield None
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def test_a_run_writes_weights_that_the_package_takes(tmp_path: Path) -> None:
    """A tiny run goes from seeds to weights and figures, and the next one to the same weights."""
    said: list[str] = []
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    run(TINY, first, said.append)
    run(TINY, second, said.append)
    assert first.read_bytes() == second.read_bytes()
    assert {name: each.shape for name, each in load_net(first).state_dict().items()} == {
        name: each.shape for name, each in load_net(PACKAGE / WEIGHTS).state_dict().items()
    }
    assert "| terrain-detail |" in said[-1]


def test_a_trial_replaces_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name it writes into the folder it runs in, and never over a file."""
    monkeypatch.chdir(tmp_path)
    shipped = (PACKAGE / WEIGHTS).read_bytes()
    trial = [f"--{name}={value}" for name, value in (("terrains", 1), ("held-out", 1))]
    trial += [f"--{name}={value}" for name, value in (("size", SIZE_MIN), ("showers", 1))]
    main([*trial, "--steps=2"])
    written = Path(WEIGHTS).read_bytes()
    with pytest.raises(SystemExit):
        main([*trial, "--steps=3"])
    assert Path(WEIGHTS).read_bytes() == written
    assert (PACKAGE / WEIGHTS).read_bytes() == shipped


@pytest.mark.parametrize("option", ["--size=47", "--size=8", "--terrains=0", "--steps=0"])
def test_a_course_that_cannot_be_run_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """On the command line, before anything is made."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main([option])
    assert option.partition("=")[0] in capsys.readouterr().err


def test_training_learns() -> None:
    """Eighty steps on one terrain bring the net nearer to it than interpolation with means kept."""
    terrain = draw_terrain(1, 64, 3)
    figures = evaluate(train([terrain], 80, 0, lambda _: None), [terrain])
    made, kept = figures["terrain-detail"], figures["means kept"]
    assert made.height_rmse_m < 0.98 * kept.height_rmse_m


def test_seeds_name_terrains() -> None:
    """The same one gives the same terrain, another one another."""
    first, again, other = (draw_terrain(seed, 48, 1).fine for seed in (7, 7, 8))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_water_digs_and_fills() -> None:
    """Rain cuts and fills; ground is carried away, none is made."""
    ground = draw_uneroded(3, 64).fine
    rained = eroded(ground, Weather(4, 6.0, 0.2, 1.0, 0.02), np.random.default_rng(0))
    moved = rained - ground
    assert float(moved.min()) < -0.1 < 0.1 < float(moved.max())
    assert -0.3 * float(moved.abs().sum()) < float(moved.sum()) < 0


def test_slides_keep_mass_and_stop_at_the_talus() -> None:
    """A step too steep sinks until nothing slides; what is flat enough is left alone."""
    ground = torch.zeros(9, 9)
    ground[:, 5:] = 4.0
    settled = ground
    for _ in range(2000):
        settled = slid(settled, 0.6, 0.1)
    torch.testing.assert_close(settled.sum(), ground.sum())
    assert float(torch.diff(settled, dim=1).abs().max()) < 0.601
    torch.testing.assert_close(slid(ground / 10, 0.6, 0.1), ground / 10)


def test_wavelet_and_back_is_nothing() -> None:
    """Means and details make the grid that they came from."""
    fine = draw_uneroded(5, 32).fine[None, None]
    torch.testing.assert_close(CODE.composed(*CODE.decomposed(fine)), fine)
    torch.testing.assert_close(CODE.decomposed(fine)[0][0, 0], reduced(fine[0, 0]).coarse)
