"""When patience with a worker ends."""

from __future__ import annotations

import pytest

from filmgate_server.pool.messages import Beat
from filmgate_server.pool.watch import Patience, Watch

GRACE_S = 15.0
LONG_TILE_S = 90.0


def cancelled(allowed_s: float, now_s: float) -> str:
    """Return the complaint about a worker whose execution was cancelled at 0 s."""
    watch = Watch(Patience(beat_s=2.0, cancel_grace_s=GRACE_S), 0.0)
    watch.note_ready()
    watch.note_beat(Beat(allowed_s=allowed_s))
    watch.note_cancel(1, 0.0)
    watch.note_sign_of_life()
    return watch.complaint(now_s, {1})


@pytest.mark.parametrize("allowed_s", [0.0, 1.0])
def test_grace_is_short_where_tiles_are(allowed_s: float) -> None:
    """What takes seconds at most, or is not known, has to stop within the grace."""
    assert cancelled(allowed_s, GRACE_S) == ""
    assert cancelled(allowed_s, GRACE_S + 1) == "it did not stop when asked"


def test_long_tile_may_end() -> None:
    """A tile that was measured to take longer is no reason to lose the worker."""
    assert cancelled(LONG_TILE_S, GRACE_S + 1) == ""
    assert cancelled(LONG_TILE_S, LONG_TILE_S + 1) == "it did not stop when asked"
