"""Frame numbers in paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from filmgate.cli.sequence import parse_sequence
from filmgate.errors import RequestError


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
