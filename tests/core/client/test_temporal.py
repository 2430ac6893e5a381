"""Which frames a result needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.manifest import Temporal
from filmgate.temporal import plan_inputs, plan_range

SPAN = (1001, 1010)


@pytest.mark.parametrize(
    ("temporal", "time", "frames"),
    [
        (Temporal(), 1005.0, [1005]),
        (Temporal(before=3), 1005.0, [1005]),
        (Temporal("window", 1, 2), 1005.0, [1004, 1005, 1006, 1007]),
        (Temporal("window", 2, 0), 1002.0, [1001, 1001, 1002]),
        (Temporal("window", 2, 0, "drop"), 1002.0, [1001, 1002]),
        (Temporal("window", 2, 2, "mirror"), 1001.0, [1003, 1002, 1001, 1002, 1003]),
        (Temporal("window", 0, 2, "mirror"), 1010.0, [1010, 1009, 1008]),
        (Temporal("between"), 1004.25, [1004, 1005]),
        (Temporal("between"), 1004.0, [1004, 1004]),
        (Temporal("clip"), 1004.0, list(range(1001, 1011))),
        (Temporal(), 1004.5, [1005]),
    ],
)
def test_frames_are_those_declared(temporal: Temporal, time: float, frames: list[int]) -> None:
    """Each kind and each policy at the ends gives the frames that the manifest promises."""
    assert plan_inputs(temporal, time, SPAN) == frames


@given(
    st.sampled_from(["clamp", "mirror", "drop"]),
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(-30, 60),
    st.integers(0, 12),
)
def test_no_frame_is_asked_for_that_does_not_exist(
    edges: str, before: int, after: int, time: int, length: int
) -> None:
    """Only existing frames are planned, and as many as were promised."""
    frames = plan_inputs(Temporal("window", before, after, edges), time, (10, 10 + length))
    assert all(10 <= frame <= 10 + length for frame in frames)
    assert edges == "drop" or len(frames) == before + after + 1


@given(st.integers(-50, 50))
def test_mirror_never_repeats_the_end(offset: int) -> None:
    """Neighbours in a mirrored window are always one frame apart."""
    frames = plan_inputs(Temporal("window", 6, 6, "mirror"), offset, (1, 4))
    assert {abs(a - b) for a, b in zip(frames, frames[1:])} == {1}


def test_a_range_is_planned_frame_by_frame() -> None:
    """The plan of a range is the plan of each of its times."""
    window = Temporal("window", 1, 1)
    plan = plan_range(window, [1002.0, 1003.0], SPAN)
    assert plan == {1002.0: [1001, 1002, 1003], 1003.0: [1002, 1003, 1004]}
