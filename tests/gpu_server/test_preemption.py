"""Urgent frames between the tiles of others, and frames that are computed together."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fakes.frames import exr, part, rgb
from fakes.pool import NEGATIVE, FakeBroker, make_package, tensor_blob, tensor_bytes
from filmgate.errors import CancelledError
from filmgate.image.exr import parse_exr
from filmgate.wire.records import EXR_MEDIA
from filmgate_server.pool.port import AssignedInput
from filmgate_server.pool.settings import PoolSettings
from filmgate_server.worker.process import POISONED_EXIT_CODE

SHAPE = (64, 160, 3)
PIXELS = np.random.default_rng(5).normal(size=SHAPE).astype(np.float32)
BLOB = tensor_blob(PIXELS.tobytes(), SHAPE)
TILES = "[tiling]\nmax_tile_px = 64\nhalo_px = 0"
"""The frame is three tiles."""

MARKER = 99
"""An execution that never comes to the device."""

TILE_BY_TILE = """
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

TOGETHER = """
import pathlib, signal
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        return {"color": -inputs["color"]}
    def infer_batch(self, frames, params, step):
        here = pathlib.Path(__file__)
        here.with_name(".together").write_text(str(len(frames)))
        while not here.with_name(".go").exists():
            signal.sigtimedwait([], 0.005)
        return [{"color": -inputs["color"]} for inputs in frames]
"""


def slow(folder: Path, name: str = "slow") -> Path:
    """Return a model that waits for a file before each tile."""
    return make_package(folder, TILE_BY_TILE, name, tables=TILES)


def go(package: Path, *tiles: int) -> None:
    """Let *tiles* of a slow model be computed."""
    for tile in tiles:
        (package / f".go{tile}").touch()


def held_in_first_tile(broker: FakeBroker, package: Path, priority: str = "batch") -> None:
    """Start execution 1 and wait until it is inside its first tile."""
    broker.run(1, package, broker.blob(BLOB), priority=priority)
    broker.until((package / ".tile1").exists)


def decoded(
    broker: FakeBroker, package: Path, *executions: int, marker_priority: str = "batch"
) -> None:
    """Wait until *executions* are in line for the device.

    They are handed on a moment after the end of their decoding is told. A marker that cannot be
    decoded shows that the moment has passed; its priority is one that the device has room for.
    """
    broker.until(lambda: all((number, "decode") in broker.finished for number in executions))
    nothing = broker.blob(b"nothing", media="application/x-nothing")
    broker.run(MARKER, package, nothing, priority=marker_priority)
    broker.until(lambda: MARKER in broker.errors)


def test_urgent_frame_runs_between_two_tiles(tmp_path: Path) -> None:
    """It is complete before the batch frame's second tile is, which then loses nothing."""
    batch = slow(tmp_path)
    with FakeBroker() as broker:
        held_in_first_tile(broker, batch)
        broker.run(2, make_package(tmp_path, NEGATIVE), broker.blob(BLOB))
        decoded(broker, batch, 2)
        assert not broker.ended(2)
        go(batch, 1)
        broker.until(lambda: 2 in broker.outputs)
        assert not broker.ended(1)
        go(batch, 2, 3)
        broker.until(lambda: broker.ended(1))
        for number in (1, 2):
            assert tensor_bytes(broker.outputs[number][0]) == (-PIXELS).tobytes()
        assert (batch / ".tile3").exists()
        assert not (batch / ".tile4").exists()


def test_urgent_frame_of_the_same_model(tmp_path: Path) -> None:
    """A model may be asked for another frame between two tiles."""
    batch = slow(tmp_path)
    with FakeBroker() as broker:
        held_in_first_tile(broker, batch)
        other = tensor_blob((PIXELS + 1).tobytes(), SHAPE)
        broker.run(2, batch, broker.blob(other))
        decoded(broker, batch, 2)
        go(batch, 1, 2, 3, 4)
        broker.until(lambda: broker.ended(2))
        assert not broker.ended(1)
        go(batch, 5, 6)
        broker.until(lambda: broker.ended(1))
        assert tensor_bytes(broker.outputs[1][0]) == (-PIXELS).tobytes()
        assert tensor_bytes(broker.outputs[2][0]) == (-(PIXELS + 1)).tobytes()


def test_urgent_frame_waits_for_another_urgent_one(tmp_path: Path) -> None:
    """Interactive work does not preempt its like: the first artist's frame is finished first."""
    first = slow(tmp_path)
    with FakeBroker() as broker:
        held_in_first_tile(broker, first, "interactive")
        broker.run(2, make_package(tmp_path, NEGATIVE), broker.blob(BLOB))
        decoded(broker, first, 2)
        go(first, 1)
        broker.until((first / ".tile2").exists)
        assert not broker.ended(2)
        go(first, 2, 3)
        broker.until(lambda: broker.ended(1) and broker.ended(2))
        assert [number for number, stage in broker.finished if stage == "infer"] == [1, 2]


def test_urgent_frame_overtakes_waiting_batch_frames(tmp_path: Path) -> None:
    """With every batch slot taken there is still one for it, and it is next."""
    batch = slow(tmp_path)
    quick = make_package(tmp_path, NEGATIVE)
    with FakeBroker() as broker:
        held_in_first_tile(broker, batch)
        for number in (2, 3):
            broker.run(number, quick, broker.blob(BLOB), priority="batch")
        assert broker.pool.free_slots(express=False) == {0: 0}
        assert broker.pool.free_slots(express=True) == {0: 1}
        broker.run(4, quick, broker.blob(BLOB))
        decoded(broker, batch, 2, 3, 4, marker_priority="interactive")
        go(batch, 1, 2, 3)
        broker.until(lambda: all(broker.ended(number) for number in (1, 2, 3, 4)))
        assert next(number for number, stage in broker.finished if stage == "infer") == 4


def test_preempted_frame_can_be_cancelled(tmp_path: Path) -> None:
    """It ends at once, while the urgent frame goes on."""
    batch, urgent = slow(tmp_path), slow(tmp_path, "urgent")
    with FakeBroker() as broker:
        held_in_first_tile(broker, batch)
        broker.run(2, urgent, broker.blob(BLOB))
        decoded(broker, batch, 2)
        go(batch, 1)
        broker.until((urgent / ".tile1").exists)
        broker.pool.cancel(1)
        broker.until(lambda: broker.ended(1))
        assert isinstance(broker.errors[1], CancelledError)
        assert broker.timings[1].keys() >= {"decode", "infer"}
        assert not broker.ended(2)
        go(urgent, 1, 2, 3)
        broker.until(lambda: broker.ended(2))
        assert tensor_bytes(broker.outputs[2][0]) == (-PIXELS).tobytes()
        assert not (batch / ".tile2").exists()
        assert broker.losses == []


def test_preempting_frame_can_be_cancelled(tmp_path: Path) -> None:
    """The batch frame goes on where it was."""
    batch, urgent = slow(tmp_path), slow(tmp_path, "urgent")
    with FakeBroker() as broker:
        held_in_first_tile(broker, batch)
        broker.run(2, urgent, broker.blob(BLOB))
        decoded(broker, batch, 2)
        go(batch, 1)
        broker.until((urgent / ".tile1").exists)
        broker.pool.cancel(2)
        go(urgent, 1)
        broker.until(lambda: broker.ended(2))
        assert isinstance(broker.errors[2], CancelledError)
        go(batch, 2, 3)
        broker.until(lambda: broker.ended(1))
        assert tensor_bytes(broker.outputs[1][0]) == (-PIXELS).tobytes()


def test_preempting_frame_that_fails_ends_alone(tmp_path: Path) -> None:
    """The model's error is the urgent frame's own."""
    batch = slow(tmp_path)
    broken = make_package(tmp_path, NEGATIVE.replace("step(0, 1)", "1 / 0"), "broken")
    with FakeBroker() as broker:
        held_in_first_tile(broker, batch)
        broker.run(2, broken, broker.blob(BLOB))
        decoded(broker, batch, 2)
        go(batch, 1, 2, 3)
        broker.until(lambda: broker.ended(1) and broker.ended(2))
        assert "ZeroDivisionError" in broker.errors[2].text
        assert tensor_bytes(broker.outputs[1][0]) == (-PIXELS).tobytes()


def image(broker: FakeBroker, seed: int) -> AssignedInput:
    """Return a small render as an input."""
    return broker.blob(exr(part(rgb(seed))), media=EXR_MEDIA)


def waiting_pair(broker: FakeBroker, folder: Path) -> tuple[Path, Path]:
    """Let executions 2 and 3, of a model that takes frames together, wait for execution 1."""
    first = slow(folder)
    pair = make_package(folder, TOGETHER, "pair", tables="[batch]\nmax = 2")
    held_in_first_tile(broker, first, "interactive")
    for number in (2, 3):
        broker.run(number, pair, image(broker, number))
    decoded(broker, first, 2, 3)
    go(first, 1, 2, 3)
    broker.until((pair / ".together").exists)
    return first, pair


def assert_negative(broker: FakeBroker, execution: int) -> None:
    """Assert that the render of that number came back as its negative."""
    (output,) = broker.outputs[execution]
    (written,) = parse_exr(output.segment.view[: output.size_bytes]).parts
    assert np.array_equal(written.channels["G"], -rgb(execution)["G"])


def test_waiting_frames_are_computed_together(tmp_path: Path) -> None:
    """Where the manifest allows it: one call, and each gets its own result."""
    with FakeBroker() as broker:
        _, pair = waiting_pair(broker, tmp_path)
        (pair / ".go").touch()
        broker.until(lambda: broker.ended(2) and broker.ended(3))
        assert (pair / ".together").read_text() == "2"
        for number in (2, 3):
            assert_negative(broker, number)
            assert broker.timings[number].keys() >= {"decode", "infer", "encode"}


def test_cancelled_companion_disturbs_nobody(tmp_path: Path) -> None:
    """It ends at once, and the other frame comes back."""
    with FakeBroker() as broker:
        _, pair = waiting_pair(broker, tmp_path)
        broker.pool.cancel(3)
        broker.until(lambda: broker.ended(3))
        assert isinstance(broker.errors[3], CancelledError)
        assert not broker.ended(2)
        (pair / ".go").touch()
        broker.until(lambda: broker.ended(2))
        assert_negative(broker, 2)


def test_failure_of_a_pair_is_found_one_by_one(tmp_path: Path) -> None:
    """What fails together is computed alone."""
    code = TOGETHER.replace("while not", "raise ValueError('together')\n        while not")
    with FakeBroker(PoolSettings()) as broker:
        first = slow(tmp_path)
        pair = make_package(tmp_path, code, "pair", tables="[batch]\nmax = 2")
        held_in_first_tile(broker, first, "interactive")
        for number in (2, 3):
            broker.run(number, pair, image(broker, number))
        decoded(broker, first, 2, 3)
        go(first, 1, 2, 3)
        broker.until(lambda: broker.ended(2) and broker.ended(3))
        for number in (2, 3):
            assert_negative(broker, number)


def test_device_error_of_a_pair_ends_the_worker(tmp_path: Path) -> None:
    """Nothing leaves a process whose device can no longer be trusted; both frames are named."""
    poison = "raise RuntimeError('CUDA error: an illegal memory access')\n        while not"
    with FakeBroker(PoolSettings()) as broker:
        first = slow(tmp_path)
        code = TOGETHER.replace("while not", poison)
        pair = make_package(tmp_path, code, "pair", tables="[batch]\nmax = 2")
        held_in_first_tile(broker, first, "interactive")
        for number in (2, 3):
            broker.run(number, pair, image(broker, number))
        decoded(broker, first, 2, 3)
        go(first, 1, 2, 3)
        broker.until(lambda: bool(broker.losses))
        (loss,) = broker.losses
        assert {2, 3} <= set(loss[1])
        assert f"status {POISONED_EXIT_CODE}" in loss[2]
        assert not {2, 3} & {*broker.outputs, *broker.errors}
