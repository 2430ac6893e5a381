"""Frames in paths and in lists."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgate.errors import RequestError
from filmgate.frames import parse_frames, parse_sequence, parse_times, write_frames


@pytest.mark.parametrize(
    ("pattern", "frame", "name"),
    [
        ("plate.%04d.exr", 7, "plate.0007.exr"),
        ("plate.####.exr", 7, "plate.0007.exr"),
        ("plate.%d.exr", 7, "plate.7.exr"),
        ("plate.#.exr", 12345, "plate.12345.exr"),
        ("plate.%04d.exr", -7, "plate.-007.exr"),
        ("plate_%6d", 7, "plate_000007"),
        ("%04d.exr", 10001, "10001.exr"),
    ],
)
def test_a_pattern_gives_the_file_of_a_frame(pattern: str, frame: int, name: str) -> None:
    """Both notations pad with zeros; a longer number is never cut."""
    sequence = parse_sequence(f"renders/{pattern}")
    assert sequence is not None
    assert sequence.path(frame) == Path("renders") / name


@pytest.mark.parametrize("text", ["plate.exr", "plate.1001.exr", "100%.exr", "shot/plate.v2.exr"])
def test_a_path_without_a_place_is_one_file(text: str) -> None:
    """A number in a name is not a place for one."""
    assert parse_sequence(text) is None


@pytest.mark.parametrize("text", ["%04d/plate.%04d.exr", "shot_##/plate.exr", "a.%04d.####.exr"])
def test_more_than_one_place_is_refused(text: str) -> None:
    """The frame number stands once, in the file's name."""
    with pytest.raises(RequestError, match="more than once"):
        parse_sequence(text)


def test_frames_are_found_on_disk(tmp_path: Path) -> None:
    """Only files of exactly this padding belong to the sequence, in order of their numbers."""
    for name in ("p.0010.exr", "p.0002.exr", "p.10001.exr", "p.-003.exr", "p.5.exr"):
        (tmp_path / name).touch()
    for name in ("p.0003.exr.part", "q.0004.exr", "p.00a1.exr", "p..exr", ".exr", "p.exr"):
        (tmp_path / name).touch()
    sequence = parse_sequence(f"{tmp_path}/p.%04d.exr")
    assert sequence is not None
    assert sequence.frames() == [-3, 2, 10, 10001]


def test_a_missing_folder_has_no_frames(tmp_path: Path) -> None:
    """Nothing is there yet: that is an empty list."""
    sequence = parse_sequence(f"{tmp_path}/none/p.####.exr")
    assert sequence is not None
    assert sequence.frames() == []


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
