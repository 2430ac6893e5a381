"""Workers on a device that is pretended: what its memory and its measured times lead to."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from fakes.frames import exr, part, rgb
from fakes.pool import NEGATIVE, FakeBroker, make_package, tensor_blob, tensor_bytes
from filmgate.errors import CancelledError, DeviceMemoryError, ModelError
from filmgate.image.exr import parse_exr
from filmgate.image.provenance import read_provenance
from filmgate.image.window import Window
from filmgate.wire.records import EXR_MEDIA
from filmgate_server.pool.settings import PoolSettings
from filmgate_server.registry.local import load_package

MIB = 1 << 20
LARGE = Window(0, 0, 199, 199)
SHAPE = (256, 256, 3)
PIXELS = np.random.default_rng(5).normal(size=SHAPE).astype(np.float32)
BLOB = tensor_blob(PIXELS.tobytes(), SHAPE)
TILES = "[tiling]\nmax_tile_px = 256\nhalo_px = 4"
HUNGRY = "mib_per_megapixel = 100"
"""The frame takes 6.6 MiB whole, and 1 MiB in tiles of 128 px."""

HANGS_WHEN_WARM = """
import signal
class Model:
    def infer(self, inputs, params, step):
        if inputs["color"].any():
            signal.pause()
        return {"color": -inputs["color"]}
"""

LONG_WHEN_WARM = """
import pathlib, signal
class Model:
    def infer(self, inputs, params, step):
        if inputs["color"].any():
            here = pathlib.Path(__file__)
            here.with_name(".held").touch()
            while not here.with_name(".go").exists():
                signal.sigtimedwait([], 0.005)
        step(1, 1)
        return {"color": -inputs["color"]}
"""


def device(mebibytes: int, **settings: object) -> PoolSettings:
    """Return a pool of one worker on a small device."""
    return PoolSettings(devices=(f"fake:{mebibytes * MIB}",), **settings)  # pyright: ignore[reportArgumentType]


def warm(package: Path) -> tuple[tuple[str, str], ...]:
    """Return what is to be loaded before a worker is ready."""
    return ((str(package), load_package(package).digest.hex()),)


def test_smaller_tiles_are_named(tmp_path: Path) -> None:
    """The pixels are the same; gateway, artist and file are told what ran."""
    package = make_package(tmp_path, NEGATIVE, "hungry", HUNGRY, TILES)
    with FakeBroker(device(2)) as broker:
        source = rgb(7, window=LARGE)
        blob = broker.blob(exr(part(source, LARGE)), media=EXR_MEDIA)
        broker.run(1, package, blob, provenance={"numerics": "as ordered"})
        broker.until(lambda: broker.ended(1))
        (output,) = broker.outputs[1]
        (written,) = parse_exr(output.segment.view[: output.size_bytes]).parts
        assert np.array_equal(written.channels["G"], -source["G"])
        assert "/fake/tile-128+4/" in broker.numerics[1]
        provenance = read_provenance(written.header)
        assert provenance is not None
        assert provenance.numerics == broker.numerics[1]
        assert "The device's memory forced smaller tiles (128 px)." in broker.warnings[1]
        assert broker.pool.states()[0].counters["oom_step_downs"] == 1


def test_frame_that_fits_is_named_as_assigned(tmp_path: Path) -> None:
    """Nothing is said where nothing was forced."""
    package = make_package(tmp_path, NEGATIVE, "hungry", HUNGRY, TILES)
    with FakeBroker(device(20)) as broker:
        broker.run(1, package, broker.blob(BLOB))
        broker.until(lambda: broker.ended(1))
        assert broker.numerics[1] == ""
        assert broker.warnings[1] == ()
        assert tensor_bytes(broker.outputs[1][0]) == (-PIXELS).tobytes()


def test_device_without_room_is_a_typed_error(tmp_path: Path) -> None:
    """The worker survives it, and a model that fits runs."""
    large = make_package(tmp_path, NEGATIVE, "large", "model_mib = 30", TILES)
    with FakeBroker(device(20)) as broker:
        broker.run(1, large, broker.blob(BLOB))
        broker.until(lambda: broker.ended(1))
        assert isinstance(broker.errors[1], DeviceMemoryError)
        broker.run(2, make_package(tmp_path, NEGATIVE), broker.blob(BLOB))
        broker.until(lambda: broker.ended(2))
        assert 2 in broker.outputs
        assert broker.losses == []


def test_models_take_turns_on_a_small_device(tmp_path: Path) -> None:
    """Each is loaded when it is needed; the pool knows which are there, and what they take."""
    names = ("first", "second", "third")
    models = [make_package(tmp_path, NEGATIVE, name, "model_mib = 8") for name in names]
    with FakeBroker(device(20)) as broker:
        for number, package in enumerate(models):
            broker.run(number, package, broker.blob(BLOB))
            broker.until(lambda number=number: broker.ended(number))
        assert len(broker.outputs) == 3
        (state,) = broker.pool.states()
        assert state.models == ("second@1.0.0", "third@1.0.0")
        assert (state.memory_used_bytes, state.memory_budget_bytes) == (16 * MIB, 20 * MIB)
        assert state.counters["evictions"] == 1
        digests = {load_package(package).digest for package in models[1:]}
        assert broker.pool.residents() == {0: digests}


def test_hung_model_is_judged_by_its_own_time(tmp_path: Path) -> None:
    """A tile that takes many times longer than the warm-up's ends the worker, not after minutes."""
    package = make_package(tmp_path, HANGS_WHEN_WARM, "hangs", tables=TILES)
    with FakeBroker(device(20, beat_s=0.1, hang_floor_s=0.3)) as broker:
        broker.run(1, package, broker.blob(BLOB))
        broker.until(lambda: bool(broker.losses))
        assert broker.losses[0][:2] == (0, (1,))
        assert "made no step" in broker.losses[0][2]


def test_warm_model_is_there_when_the_worker_is_ready(tmp_path: Path) -> None:
    """Its first frame loads nothing."""
    package = make_package(tmp_path, NEGATIVE, "wanted", "model_mib = 8", TILES)
    with FakeBroker(device(20, warm=warm(package))) as broker:
        assert broker.pool.residents() == {0: {load_package(package).digest}}
        assert broker.pool.states()[0].models == ("wanted@1.0.0",)
        broker.run(1, package, broker.blob(BLOB))
        broker.until(lambda: broker.ended(1))
        assert "load" not in broker.timings[1]


def test_broken_model_keeps_nobody_from_work(tmp_path: Path) -> None:
    """A worker that could not warm it is ready all the same; its jobs get the error."""
    broken = make_package(tmp_path, "raise SystemExit(3)", "broken", tables=TILES)
    with FakeBroker(device(20, warm=warm(broken))) as broker:
        broker.run(1, broken, broker.blob(BLOB))
        broker.run(2, make_package(tmp_path, NEGATIVE), broker.blob(BLOB))
        broker.until(lambda: broker.ended(1) and broker.ended(2))
        assert isinstance(broker.errors[1], ModelError)
        assert 2 in broker.outputs


def test_cancelled_tile_that_may_take_long_is_waited_for(tmp_path: Path) -> None:
    """Its worker, with whatever else it has, outlives a tile that is longer than the grace."""
    package = make_package(tmp_path, LONG_WHEN_WARM, "long", tables=TILES)
    settings = device(20, warm=warm(package), beat_s=0.05, cancel_grace_s=0.2, hang_floor_s=20.0)
    with FakeBroker(settings) as broker:
        broker.run(1, package, broker.blob(BLOB))
        broker.until((package / ".held").exists)
        held_s = time.monotonic()
        broker.until(lambda: time.monotonic() - held_s > 0.3)  # a beat has told of it
        broker.pool.cancel(1)
        cancelled_s = time.monotonic()
        broker.until(lambda: time.monotonic() - cancelled_s > 0.6)
        (package / ".go").touch()
        broker.until(lambda: broker.ended(1) or bool(broker.losses))
        assert isinstance(broker.errors[1], CancelledError)
        assert broker.losses == []
