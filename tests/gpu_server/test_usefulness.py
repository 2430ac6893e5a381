"""Which model goes when room is needed."""

from __future__ import annotations

from filmgate_server.worker.usefulness import HALF_LIFE_S, Holding, least_useful

NOW_S = 10_000.0


def holding(size_bytes: int = 100, load_s: float = 1.0, uses: float = 1.0, ago_s: float = 0.0):
    """Return what a model costs."""
    return Holding(size_bytes, load_s, uses, NOW_S - ago_s)


def test_model_unused_for_longest_goes_first() -> None:
    """Of models that cost the same, the one whose use is longest ago."""
    held = {"new": holding(), "old": holding(ago_s=900), "older": holding(ago_s=1800)}
    assert least_useful(held, NOW_S) == ["older", "old", "new"]


def test_model_that_loads_slowly_stays() -> None:
    """What takes a minute to load again is worth its memory."""
    held = {"slow": holding(load_s=60), "quick": holding(load_s=0.5)}
    assert least_useful(held, NOW_S)[0] == "quick"


def test_large_model_goes_before_small_ones() -> None:
    """It gives back most for the same trouble."""
    held = {"small": holding(size_bytes=10), "large": holding(size_bytes=10_000)}
    assert least_useful(held, NOW_S)[0] == "large"


def test_uses_fade() -> None:
    """A use counts half after a half-life, and a new one counts whole."""
    known = holding(uses=4, ago_s=HALF_LIFE_S)
    assert known.recent_uses(NOW_S) == 2
    assert known.used(NOW_S) == Holding(100, 1.0, 3.0, NOW_S)


def test_model_that_takes_nothing_can_be_compared() -> None:
    """Neither a size nor a load time of zero is divided by."""
    assert len(least_useful({1: holding(size_bytes=0, load_s=0), 2: holding()}, NOW_S)) == 2
