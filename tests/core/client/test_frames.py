"""Lists of frames and times."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgate.errors import RequestError
from filmgate.frames import parse_frames, parse_times, write_frames


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("7", [7]),
        ("1-5", [1, 2, 3, 4, 5]),
        ("1-10x4,200", [1, 5, 9, 200]),
        ("-5--3", [-5, -4, -3]),
        ("-2-2x2", [-2, 0, 2]),
        ("3, 1-4", [3, 1, 2, 4]),
    ],
)
def test_a_list_of_frames_is_read(text: str, frames: list[int]) -> None:
    """Numbers, spans and steps, in the order written and each once."""
    assert parse_frames(text) == frames


@pytest.mark.parametrize("text", ["", "a", "1-", "5-1", "1-9x0", "1..5", "1-5x", "1,,2", "1-9x-1"])
def test_what_is_no_list_is_refused(text: str) -> None:
    """A typing mistake is an error with an example, never a guess."""
    with pytest.raises(RequestError) as caught:
        parse_frames(text)
    assert "1-100x2" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "times", "step"),
    [
        ("1-2x0.5", [1, 1.5, 2], 0.5),
        ("-1--0.5x0.25, 3-3x0.25", [-1, -0.75, -0.5, 3], 0.25),
        ("0-0.3x0.1", [0, 0.1, 0.2, 0.3], 0.1),
        ("1-5x2,8", [1, 3, 5, 8], 1),
    ],
)
def test_times_between_frames_are_read(text: str, times: list[float], step: float) -> None:
    """Tenths are tenths: no rounding adds up along the list."""
    found = parse_times(text)
    assert [float(time) for time in found.times] == times
    assert float(found.step) == step


def test_frames_are_whole() -> None:
    """A model of whole frames has no use for times between them."""
    with pytest.raises(RequestError, match="whole frames"):
        parse_frames("1-3x0.5")


def test_an_endless_list_is_refused() -> None:
    """A slip of the keyboard does not fill the memory."""
    with pytest.raises(RequestError, match="more than"):
        parse_frames("1-999999999999")


@settings(deadline=None)
@given(st.sets(st.integers(-2000, 20000), min_size=1, max_size=40))
def test_frames_survive_writing_and_reading(frames: set[int]) -> None:
    """What is written for people reads back as the same frames."""
    assert parse_frames(write_frames(list(frames))) == sorted(frames)
