"""A mapping of a bounded size."""

from __future__ import annotations

from filmgate_server.worker.ladder import SIZES_MAX, StepDowns
from filmgate_server.worker.measurements import TILE_SIZES_MAX, Measurements
from filmgate_server.worker.recent import Recent


def test_oldest_entry_goes() -> None:
    """What was set again, or moved to the end, stays."""
    known: Recent[str, int] = Recent(3)
    for name in "abc":
        known[name] = 1
    known["a"] = 2
    known.move_to_end("b")
    known["d"] = 1
    assert dict(known) == {"a": 2, "b": 1, "d": 1}


def test_sizes_without_end_take_no_memory_without_end() -> None:
    """A worker that sees a new size with each frame forgets the first ones, not those in use."""
    measurements, steps = Measurements(), StepDowns()
    for side in range(1, SIZES_MAX + 2):
        measurements.note_tile(b"m", side, side)
        steps.note(b"m", (side, side), 1, evictions=0)
        if side % 16 == 0:
            assert steps.start(b"m", (1, 1), 0) == 1
    assert len(measurements.of(b"m").tile_bytes) == TILE_SIZES_MAX
    assert steps.start(b"m", (2, 2), 0) == 0
    assert steps.start(b"m", (SIZES_MAX, SIZES_MAX), 0) == 1
