"""A device that is full: other models go first, then the tiles become smaller."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.frames import manifest
from fakes.pool import NEGATIVE, make_package
from filmgate.errors import CancelledError, DeviceMemoryError, ModelError
from filmgate_server.registry.local import Package, load_package
from filmgate_server.worker.ladder import RETRY_AFTER_FRAMES, StepDowns, plan_rungs
from filmgate_server.worker.memory import FakeMemory
from filmgate_server.worker.models import Models

MIB = 1 << 20
TILES = "[tiling]\nmax_tile_px = 512\nhalo_px = 4"
HUNGRY = "mib_per_megapixel = 100"
"""A tile of 512 px takes 26 MiB; cut evenly, those under 256 px take 3 MiB, under 128 px 1 MiB."""

FRAME = np.random.default_rng(3).normal(size=(512, 512, 3)).astype(np.float32)

COUNTS = """
class Model:
    def infer(self, inputs, params, step):
        with open(__file__ + ".tiles", "a") as book:
            print(inputs["color"].shape[0], file=book)
        return {"color": -inputs["color"]}
"""


def package(
    folder: Path, name: str = "tiny", mebibytes: int = 0, code: str = NEGATIVE, runtime: str = ""
) -> Package:
    """Return a model whose tiles take memory."""
    more = f"model_mib = {mebibytes}\n{runtime or HUNGRY}"
    return load_package(make_package(folder, code, name, more, TILES))


def device(mebibytes: float) -> Models:
    """Return the models of a small device."""
    memory = FakeMemory(int(mebibytes * MIB))
    return Models("fake:0", 0, memory, lambda loading: None, hang_floor_s=10.0)


def run(
    models: Models, model: Package, params: Mapping[str, Any] | None = None
) -> tuple[np.ndarray[Any, Any], int | None]:
    """Return the result of the frame and the size of the tiles that were forced."""
    with models.open(model, lambda seconds: None) as opened:
        result = opened.ladder.infer({"color": FRAME}, params or {}, lambda done, total: None)
        return result["color"], opened.ladder.forced_px


def test_frame_that_fits_is_cut_as_declared(tmp_path: Path) -> None:
    """Nothing is forced on a device with room."""
    models = device(64)
    result, forced = run(models, package(tmp_path))
    assert forced is None
    assert np.array_equal(result, -FRAME)
    assert models.step_downs.count == 0


@pytest.mark.parametrize(("mebibytes", "forced"), [(20, 256), (2, 128)])
def test_tiles_become_smaller_until_they_fit(mebibytes: int, forced: int, tmp_path: Path) -> None:
    """Every rung is tried, and the pixels are the same."""
    models = device(mebibytes)
    result, tile_px = run(models, package(tmp_path))
    assert tile_px == forced
    assert np.array_equal(result, -FRAME)
    assert models.step_downs.count == 1
    assert models.memory.used_bytes() == 0


def test_device_too_small_for_any_tile(tmp_path: Path) -> None:
    """It ends with the typed error, and nothing is kept."""
    models = device(1)
    with pytest.raises(DeviceMemoryError):
        run(models, package(tmp_path))
    assert models.memory.used_bytes() == 0


def test_other_models_go_before_tiles_become_smaller(tmp_path: Path) -> None:
    """An idle model is unloaded, even if its declared needs had left it in place."""
    models = device(50)
    idle = package(tmp_path, "idle", 30)
    models.prepare(idle.path, idle.digest)
    result, forced = run(models, package(tmp_path, "wanted"))
    assert forced is None
    assert np.array_equal(result, -FRAME)
    assert list(models.shelf.references.values()) == ["wanted@1.0.0"]
    assert models.shelf.evictions == 1


def test_model_in_use_stays_and_tiles_become_smaller(tmp_path: Path) -> None:
    """A preempted frame's model cannot go: the urgent frame is computed in what is left."""
    models = device(50)
    held = package(tmp_path, "held", 30, runtime="mib_per_megapixel = 0")
    with models.open(held, lambda seconds: None):
        _, forced = run(models, package(tmp_path, "urgent"))
        assert forced == 256
        assert sorted(models.shelf.references.values()) == ["held@1.0.0", "urgent@1.0.0"]


def test_next_frame_does_not_fail_first() -> None:
    """The rung is remembered for frames of the same size, and the full size tried again later."""
    known, size, other = StepDowns(), (512, 512), (1024, 512)
    known.note(b"model", size, 2, evictions=0)
    starts = [known.start(b"model", size, 0) for _ in range(RETRY_AFTER_FRAMES + 1)]
    assert starts == [2] * RETRY_AFTER_FRAMES + [0]
    assert known.start(b"model", other, 0) == 0
    assert known.start(b"another", size, 0) == 0


def test_eviction_gives_the_full_size_another_chance() -> None:
    """When a model has left, there may be room again."""
    known = StepDowns()
    known.note(b"model", (512, 512), 2, evictions=3)
    assert known.start(b"model", (512, 512), 3) == 2
    assert known.start(b"model", (512, 512), 4) == 0


def test_frame_smaller_than_a_tile_skips_rungs_that_change_nothing() -> None:
    """A frame of 300 px is not tried three times as a whole."""
    tiling = {"max_tile_px": 2048, "halo_px": 8}
    rungs = plan_rungs(manifest(tiling=tiling), (300, 300))
    assert [(rung.tile_px, rung.tiles) for rung in rungs] == [(2048, 1), (256, 4), (128, 9)]


def test_warm_model_knows_its_memory_and_its_time(tmp_path: Path) -> None:
    """The made-up tile has the declared size; real frames are then judged by it."""
    models, allowed = device(64), list[float]()
    model = package(tmp_path, code=COUNTS)
    with models.open(model, allowed.append) as opened:
        assert (model.path / "model.py.tiles").read_text().split() == ["512"]
        opened.ladder.infer({"color": FRAME}, {}, lambda done, total: None)
    assert allowed == [10.0]


def test_model_that_fails_its_warm_up_is_the_jobs_error(tmp_path: Path) -> None:
    """It is typed, names the model, and leaves nothing loaded."""
    models = device(64)
    broken = package(tmp_path, "broken", 10, NEGATIVE.replace("step(0, 1)", "1 / 0"))
    for _ in range(2):
        with pytest.raises(ModelError, match=r"broken@1.0.0 .*ZeroDivisionError"):
            run(models, broken)
    assert models.memory.used_bytes() == 0
    assert models.shelf.references == {}


def test_cancelled_frame_is_not_tried_again(tmp_path: Path) -> None:
    """Only a full device leads to smaller tiles."""
    models = device(20)

    def cancel(done: int, total: int) -> None:
        raise CancelledError("The job was cancelled.")

    with models.open(package(tmp_path), lambda seconds: None) as opened:
        with pytest.raises(CancelledError):
            opened.ladder.infer({"color": FRAME}, {}, cancel)
        assert opened.ladder.forced_px is None
