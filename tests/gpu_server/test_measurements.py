"""What is known of a model before and after it has run."""

from __future__ import annotations

from fakes.frames import manifest
from filmgate_server.worker.measurements import HANG_FACTOR, MEBIBYTE, Measurements

MODEL = b"a model"
RUNTIME = {"engine": "array", "entry": "model.py:Model", "model_mib": 7, "mib_per_megapixel": 300}
DECLARED = manifest(runtime=RUNTIME)


def test_declared_until_measured() -> None:
    """The manifest's word counts until the device's is known."""
    known = Measurements()
    assert known.model_bytes(MODEL, DECLARED) == 7 * MEBIBYTE
    assert known.tile_bytes(MODEL, DECLARED, 2_000_000) == 600 * MEBIBYTE
    assert known.note_model(MODEL, 5) == 5
    assert known.note_model(MODEL, 0) == 5
    known.note_tile(MODEL, 1_000_000, 80)
    assert known.model_bytes(MODEL, DECLARED) == 5
    assert known.tile_bytes(MODEL, DECLARED, 1_000_000) == 80


def test_nearest_tile_stands_for_others() -> None:
    """A size that was not measured is reckoned from the one next to it."""
    known = Measurements()
    known.note_tile(MODEL, 100, 1000)
    known.note_tile(MODEL, 10_000, 50_000)
    assert known.tile_bytes(MODEL, DECLARED, 200) == 2000
    assert known.tile_bytes(MODEL, DECLARED, 20_000) == 100_000


def test_most_that_a_tile_took_counts() -> None:
    """A later, lower figure does not hide an earlier one."""
    known = Measurements()
    known.note_tile(MODEL, 100, 1000)
    known.note_tile(MODEL, 100, 10)
    assert known.tile_bytes(MODEL, DECLARED, 100) == 1000


def test_allowed_time_follows_the_tiles_size() -> None:
    """It is a multiple of what was measured, no less than the floor, and unknown at first."""
    known = Measurements()
    assert known.allowed_s(MODEL, 100, 1.0) is None
    known.note_seconds(MODEL, 100, 2.0)
    assert known.allowed_s(MODEL, 100, 1.0) == 2.0 * HANG_FACTOR
    assert known.allowed_s(MODEL, 400, 1.0) == 8.0 * HANG_FACTOR
    assert known.allowed_s(MODEL, 1, 1.0) == 1.0


def test_busy_machine_is_no_hang() -> None:
    """Frames that take longer than the warm-up raise what is allowed, where there was one."""
    known = Measurements()
    known.note_slower(MODEL, 100, 5.0)
    assert known.allowed_s(MODEL, 100, 1.0) is None
    known.note_seconds(MODEL, 100, 2.0)
    known.note_slower(MODEL, 100, 5.0)
    known.note_slower(MODEL, 100, 1.0)
    assert known.allowed_s(MODEL, 100, 1.0) == 5.0 * HANG_FACTOR
