"""Which frames a result needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.errors import InputError
from filmgate.manifest import Temporal
from filmgate.temporal import FramePlan, plan_given, plan_inputs, plan_range

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


KINDS = {
    "centred": Temporal("window", 1, 1),
    "mirrored": Temporal("window", 2, 1, "mirror"),
    "dropping": Temporal("window", 2, 2, "drop"),
    "between": Temporal("between"),
    "clip": Temporal("clip"),
}


@pytest.mark.parametrize(
    ("kind", "time", "given_frames", "plan"),
    [
        ("centred", 5.0, [6, 4, 5], FramePlan((4, 5, 6), 5, {})),
        ("centred", 5.0, [5, 6], FramePlan((5, 5, 6), 5, {})),
        ("centred", 5.0, [5], FramePlan((5, 5, 5), 5, {})),
        ("mirrored", 5.0, [5, 6, 7], FramePlan((7, 6, 5, 6), 5, {})),
        ("dropping", 2.0, [1, 2, 3, 4], FramePlan((1, 2, 3, 4), 2, {"center": 1})),
        ("between", 1.25, [1, 2], FramePlan((1, 2), 1, {"fraction": 0.25})),
        ("between", 2.0, [2], FramePlan((2, 2), 2, {"fraction": 0.0})),
        ("clip", 3.0, [2, 3, 4], FramePlan((2, 3, 4), 3, {"center": 1})),
    ],
)
def test_given_frames_make_a_plan(
    kind: str, time: float, given_frames: list[int], plan: FramePlan
) -> None:
    """The ends of what is given are the ends of the range; the model is told where it stands."""
    assert plan_given(KINDS[kind], time, map(float, given_frames)) == plan


@pytest.mark.parametrize(
    ("kind", "time", "given_frames", "word"),
    [
        ("centred", 5.0, [4, 6], "Frame 5 is missing"),
        ("centred", 5.0, [3, 5, 7], "Frame 4 is missing"),
        ("centred", 9.0, [4, 5, 6], "beyond the frames given, 4 to 6"),
        ("centred", 5.5, [5, 6], "5.5 is no frame"),
        ("centred", 5.0, [4, 4.5, 5], "4.5 is no frame"),
        ("between", 1.5, [1], "beyond the frames"),
        ("between", 1.5, [1, 3], "Frame 2 is missing"),
        ("clip", 3.0, [1, 3, 10**15], "Frame 2 is missing"),
    ],
)
def test_a_hole_is_never_filled_in(
    kind: str, time: float, given_frames: list[float], word: str
) -> None:
    """What is needed and not there is an error that names it, never a neighbour in its place."""
    with pytest.raises(InputError, match=word):
        plan_given(KINDS[kind], time, given_frames)


@given(
    st.sampled_from(["clamp", "mirror", "drop"]),
    st.integers(0, 5),
    st.integers(0, 5),
    st.integers(1, 12),
)
def test_what_a_client_plans_the_server_plans(
    edges: str, before: int, after: int, time: int
) -> None:
    """The distinct frames of a plan, sent alone, lead to the same plan at the other side."""
    window = Temporal("window", before, after, edges)
    planned = plan_inputs(window, time, (1, 12))
    assert list(plan_given(window, time, set(planned)).frames) == planned
