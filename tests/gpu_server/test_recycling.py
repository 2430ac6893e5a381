"""Workers that are replaced in good health."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fakes.pool import NEGATIVE, FakeBroker, make_package, tensor_blob, tensor_bytes
from filmgate_server.pool.settings import PoolSettings

SHAPE = (4, 5, 3)
PIXELS = np.linspace(-2, 70000, 60, dtype=np.float32).reshape(SHAPE)
BLOB = tensor_blob(PIXELS.tobytes(), SHAPE)

WIDE_BLOB = tensor_blob(np.zeros((64, 160, 3), np.float32).tobytes(), (64, 160, 3))
TILES = "[tiling]\nmax_tile_px = 64\nhalo_px = 0"
"""That frame is three tiles."""

NO_DEVICE = "cuda:99"

LEAKS = """
class Model:
    kept = []
    def infer(self, inputs, params, step):
        self.kept.append(bytes(range(256)) * (1 << 16))
        return {"color": -inputs["color"]}
"""

HELD = """
import pathlib, signal
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        while not pathlib.Path(__file__).with_name(".go").exists():
            signal.sigtimedwait([], 0.005)
        return {"color": -inputs["color"]}
"""

TILED = """
import pathlib, signal
class Model:
    tiles = 0
    def infer(self, inputs, params, step):
        self.tiles += 1
        here = pathlib.Path(__file__)
        here.with_name(f".tile{self.tiles}").touch()
        while not here.with_name(f".go{self.tiles}").exists():
            signal.sigtimedwait([], 0.005)
        return {"color": -inputs["color"]}
"""


def test_worker_is_replaced_after_so_many_frames(tmp_path: Path) -> None:
    """Its successor takes over; no frame is lost and nothing counts as a death."""
    package = make_package(tmp_path, NEGATIVE)
    with FakeBroker(PoolSettings(recycle_jobs=2)) as broker:
        for number in range(1, 6):
            broker.until(lambda: bool(broker.pool.free_slots(express=False)))
            broker.run(number, package, broker.blob(BLOB))
            broker.until(lambda number=number: broker.ended(number))
        broker.until(lambda: len(broker.infos) == 3)
        assert len({info.pid for _, info in broker.infos}) == 3
        assert sorted(broker.outputs) == [1, 2, 3, 4, 5]
        assert tensor_bytes(broker.outputs[5][0]) == (-PIXELS).tobytes()
        assert broker.losses == []
        assert broker.pool.states()[0].counters["recycled"] == 2


def test_worn_worker_finishes_what_it_has(tmp_path: Path) -> None:
    """It takes nothing new, and leaves when the last frame is out."""
    held = make_package(tmp_path, HELD, "held")
    with FakeBroker(PoolSettings(recycle_jobs=1)) as broker:
        broker.run(1, make_package(tmp_path, NEGATIVE), broker.blob(BLOB))
        broker.run(2, held, broker.blob(BLOB))
        broker.until(lambda: broker.ended(1))
        broker.until(lambda: not broker.pool.free_slots(express=True))
        assert broker.pool.states()[0].running == 1
        (held / ".go").touch()
        broker.until(lambda: broker.ended(2))
        assert 2 in broker.outputs
        broker.until(lambda: len(broker.infos) == 2)
        assert broker.losses == []


def test_workers_leave_one_at_a_time(tmp_path: Path) -> None:
    """While one is replaced the other takes the work."""
    package = make_package(tmp_path, NEGATIVE)
    with FakeBroker(PoolSettings(devices=("cpu:0", "cpu:1"), recycle_jobs=1)) as broker:
        for worker in (0, 1):
            broker.run(worker, package, broker.blob(BLOB), worker=worker)
        broker.until(lambda: broker.ended(0) and broker.ended(1))
        offered: list[int] = []

        def both_are_new() -> bool:
            offered.append(len(broker.pool.free_slots(express=False)))
            return len(broker.infos) == 4

        broker.until(both_are_new)
        assert min(offered) == 1
        assert broker.losses == []


def test_worker_that_leaks_is_replaced(tmp_path: Path) -> None:
    """Memory that grows under the same work is given back with the process."""
    package = make_package(tmp_path, LEAKS, "leaks")
    with FakeBroker(PoolSettings(recycle_growth_bytes=40 << 20)) as broker:
        number = 0
        while len(broker.infos) < 2:
            number += 1
            assert number < 50
            broker.run(number, package, broker.blob(BLOB))
            broker.until(lambda number=number: broker.ended(number))
            broker.until(lambda: bool(broker.pool.free_slots(express=False)))
        assert len(broker.outputs) == number
        assert broker.losses == []


def test_worn_worker_still_gives_way(tmp_path: Path) -> None:
    """Until its batch frame is done an artist's frames pass it, one at a time; then it leaves."""
    quick, tiled = make_package(tmp_path, NEGATIVE), make_package(tmp_path, TILED, "b", "", TILES)
    with FakeBroker(PoolSettings(recycle_jobs=1)) as broker:
        broker.run(1, tiled, broker.blob(WIDE_BLOB), priority="batch")
        broker.until((tiled / ".tile1").exists)
        broker.run(2, quick, broker.blob(BLOB))
        broker.until(lambda: (2, "decode") in broker.finished)
        (tiled / ".go1").touch()
        broker.until(lambda: broker.ended(2))
        broker.until(lambda: not broker.pool.free_slots(express=False))
        assert broker.pool.free_slots(express=True) == {0: 1}
        broker.run(3, quick, broker.blob(BLOB))
        assert broker.pool.free_slots(express=True) == {}
        broker.until(lambda: (3, "decode") in broker.finished)
        (tiled / ".go2").touch()
        broker.until(lambda: broker.ended(3))
        assert not broker.ended(1)
        (tiled / ".go3").touch()
        broker.until(lambda: len(broker.infos) == 2)
        assert sorted(broker.outputs) == [1, 2, 3]
        assert broker.losses == []


def test_broken_device_keeps_nobody_from_being_renewed(tmp_path: Path) -> None:
    """A worker that never starts is not waited for."""
    package = make_package(tmp_path, NEGATIVE)
    broker = FakeBroker(PoolSettings(devices=("cpu", NO_DEVICE), recycle_jobs=1))
    broker.pool.start()
    try:
        broker.until(lambda: bool(broker.infos))
        broker.run(1, package, broker.blob(BLOB))
        broker.until(lambda: broker.ended(1))
        broker.until(lambda: len(broker.infos) == 2)
        assert {worker for worker, _, _ in broker.losses} == {1}
    finally:
        broker.pool.stop()
