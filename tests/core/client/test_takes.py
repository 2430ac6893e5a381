"""Takes: what a node reads."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.cache import Cache
from filmgate.errors import InputError, StorageError, UnsupportedError
from filmgate.takes import NOTES_FILE, SUFFIXES, TakeFile, Takes, parse_take_file
from filmgate.tensor import TENSOR_MEDIA
from filmgate.wire.records import EXR_MEDIA, PNG_MEDIA

ONE_TAKE = """
import sys
from pathlib import Path
from filmgate.cache import Cache
from filmgate.takes import Takes

folder = Path(sys.argv[1])
takes = Takes(folder / "node", Cache(folder / "cache", 1 << 20))
for _ in range(10):
    with takes.start() as draft:
        draft.add("beauty", 1, sys.argv[2].encode())
        draft.complete({})
"""


@pytest.fixture
def takes(tmp_path: Path) -> Takes:
    """Return a node without takes, with a store beside it."""
    return Takes(tmp_path / "node", Cache(tmp_path / "cache", 1 << 20))


def test_a_take_appears_when_it_is_complete(takes: Takes) -> None:
    """Nothing is listed before completion; then every frame is there under its number."""
    with takes.start() as draft:
        draft.add("beauty", 1001, b"one")
        draft.add("beauty", -3, b"minus three")
        assert takes.latest() is None
        take = draft.complete({})
    assert takes.all() == [take]
    assert take.frames() == [-3, 1001]
    assert take.path("beauty", 1001).read_bytes() == b"one"
    assert take.path("beauty", -3).name == "beauty.-003.exr"
    assert take.pattern("beauty") == f"{takes.folder.as_posix()}/take_0001/beauty.%04d.exr"
    assert (take.pattern("beauty") % 1001) == take.path("beauty", 1001).as_posix()


def test_a_draft_that_is_left_disappears(takes: Takes) -> None:
    """A take that was not completed leaves no folder behind."""
    with takes.start() as draft:
        draft.add("beauty", 1, b"one")
    assert list(takes.folder.iterdir()) == []


def test_a_rerun_makes_a_new_take_of_the_same_files(takes: Takes) -> None:
    """Frames that did not change are the same file on disk; the old take stays as it was."""
    with takes.start() as draft:
        draft.add("beauty", 1, b"one")
        draft.add("beauty", 2, b"two")
        first = draft.complete({})
    with takes.start() as draft:
        draft.keep(first, "beauty", 1)
        draft.add("beauty", 2, b"new two")
        second = draft.complete({})
    assert second.number == 2
    assert second.path("beauty", 1).samefile(first.path("beauty", 1))
    assert first.path("beauty", 2).read_bytes() == b"two"
    assert second.path("beauty", 2).read_bytes() == b"new two"


def test_equal_content_is_stored_once(takes: Takes) -> None:
    """The same bytes in two takes are one file, even when they were computed twice."""
    for _ in range(2):
        with takes.start() as draft:
            draft.add("beauty", 1, b"one")
            draft.complete({})
    first, second = takes.all()
    assert first.path("beauty", 1).samefile(second.path("beauty", 1))


def test_frames_are_read_only(takes: Takes) -> None:
    """A take's files have no write permission."""
    with takes.start() as draft:
        draft.add("beauty", 1, b"one")
        take = draft.complete({})
    assert take.path("beauty", 1).stat().st_mode & 0o222 == 0


def test_a_frame_is_added_once(takes: Takes) -> None:
    """The second file for a frame is refused, not silently dropped."""
    with takes.start() as draft:
        draft.add("beauty", 1, b"one")
        with pytest.raises(StorageError):
            draft.add("beauty", 1, b"other")


def test_an_empty_take_is_refused(takes: Takes) -> None:
    """A take without frames would look like a failed read."""
    with takes.start() as draft, pytest.raises(StorageError, match="without frames"):
        draft.complete({})


def test_keeping_a_frame_that_was_never_there_is_a_typed_error(takes: Takes) -> None:
    """A missing frame of the earlier take is named."""
    with takes.start() as draft:
        draft.add("beauty", 1, b"one")
        first = draft.complete({})
    with takes.start() as draft, pytest.raises(StorageError, match=r"beauty\.0002"):
        draft.keep(first, "beauty", 2)


def test_a_removed_take_lets_the_store_evict(takes: Takes) -> None:
    """After its take is gone, an entry counts as idle again."""
    with takes.start() as draft:
        draft.add("beauty", 1, b"x" * 1000)
        take = draft.complete({})
    takes.remove(take)
    assert takes.all() == []
    assert [path.name for path in takes.folder.iterdir()] == [".used-0001"]
    assert Cache(takes.cache.folder, 100).trim() == 1000


def test_processes_that_finish_at_once_get_their_own_numbers(tmp_path: Path) -> None:
    """Two processes making takes of one node lose none and share no number."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen([sys.executable, "-c", ONE_TAKE, str(tmp_path), word], env=environ)
        for word in ("red", "blue")
    ]
    assert [process.wait() for process in processes] == [0, 0]
    takes = Takes(tmp_path / "node", Cache(tmp_path / "cache", 1 << 20)).all()
    contents = [take.path("beauty", 1).read_bytes() for take in takes]
    assert [take.number for take in takes] == list(range(1, 21))
    assert (contents.count(b"red"), contents.count(b"blue")) == (10, 10)


def test_a_take_holds_several_outputs_and_views(takes: Takes) -> None:
    """Each output, view and frame is one file; hosts find it by a pattern for both."""
    with takes.start() as draft:
        for view in ("left", "right"):
            draft.add("color", 7, view.encode(), view)
            draft.add("depth", 8, view.encode(), view)
        take = draft.complete({})
    assert (take.outputs(), take.views()) == (["color", "depth"], ["left", "right"])
    assert (take.frames(), take.frames("depth"), take.frames("color", "up")) == ([7, 8], [8], [])
    assert take.pattern("color") == f"{take.folder.as_posix()}/color.%V.%04d.exr"
    assert take.path("color", 7, "right").name == "color.right.0007.exr"
    assert take.path("color", 7, "right").read_bytes() == b"right"


def test_tensors_and_pictures_keep_their_kind(takes: Takes) -> None:
    """What is no EXR never looks like one, and keeps its ending from take to take."""
    with takes.start() as draft:
        draft.add("points", 1, b"numbers", media=TENSOR_MEDIA)
        draft.add("preview", 1, b"picture", media=PNG_MEDIA)
        first = draft.complete({})
    with takes.start() as draft:
        draft.keep(first, "points", 1)
        draft.keep(first, "preview", 1)
        second = draft.complete({})
    assert (second.media("points"), second.media("preview")) == (TENSOR_MEDIA, PNG_MEDIA)
    assert second.path("points", 1, media=TENSOR_MEDIA).name == "points.0001.tensor"
    assert second.pattern("points", TENSOR_MEDIA).endswith("/points.%04d.tensor")
    assert second.path("preview", 1, media=PNG_MEDIA).read_bytes() == b"picture"
    assert second.media("color") == EXR_MEDIA


def test_what_no_host_reads_has_no_place_in_a_take(takes: Takes) -> None:
    """A media type of a newer server is a typed error."""
    with takes.start() as draft, pytest.raises(UnsupportedError, match="video"):
        draft.add("color", 1, b"one", media="video/mp4")


@pytest.mark.parametrize(
    ("output", "view"),
    [
        ("", ""),
        ("a.b", ""),
        ("../a", ""),
        ("a/b", ""),
        ("a%d", ""),
        ("color", "a/b"),
        ("color", "%V"),
    ],
)
def test_a_name_that_is_no_file_s_is_refused(takes: Takes, output: str, view: str) -> None:
    """A name never leads out of its take, nor becomes another one on the way."""
    with takes.start() as draft, pytest.raises(InputError, match="cannot be part of a file's name"):
        draft.add(output, 1, b"one", view)


@given(
    st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9_ +@-]{0,12}", fullmatch=True),
    st.from_regex(r"([a-zA-Z0-9_]([a-zA-Z0-9_ .+@-]{0,12}[a-zA-Z0-9_])?)?", fullmatch=True),
    st.integers(-100_000, 1_000_000),
    st.sampled_from(sorted(SUFFIXES.values())),
)
def test_a_file_s_name_says_what_it_is(output: str, view: str, frame: int, suffix: str) -> None:
    """Whatever the names of outputs and views, nothing is mistaken for something else."""
    file = TakeFile(output, view, frame, suffix)
    assert parse_take_file(file.name) == file


def test_a_take_says_how_it_was_made(takes: Takes) -> None:
    """Notes come back as they were given, and can no more be written to than the frames."""
    notes = {"node": "ab" * 16, "frames": {"left|7": {"key": "00ff", "inputs": [1, 2.5, None]}}}
    with takes.start() as draft:
        draft.add("color", 7, b"left", "left")
        take = draft.complete(notes)
    assert takes.all()[0].notes() == notes
    assert (take.folder / NOTES_FILE).stat().st_mode & 0o222 == 0


@pytest.mark.parametrize("damage", [None, b"", b"[1]", b"{", b"\xff"])
def test_a_take_without_readable_notes_is_still_a_take(
    takes: Takes, damage: Optional[bytes]
) -> None:
    """Its frames can be read; nobody claims to know how they were made."""
    with takes.start() as draft:
        draft.add("color", 7, b"pixels")
        path = draft.complete({"node": "x"}).folder / NOTES_FILE
    path.chmod(0o644)
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    take = takes.latest()
    assert take is not None
    assert (take.notes(), take.frames()) == ({}, [7])


def test_the_oldest_takes_are_trimmed(takes: Takes) -> None:
    """The newest stay, under their numbers; the next take counts on."""
    for number in range(5):
        with takes.start() as draft:
            draft.add("color", number, b"pixels")
            draft.complete({})
    takes.trim(2)
    assert [take.number for take in takes.all()] == [4, 5]
    takes.trim(0)
    assert [path.name for path in takes.folder.iterdir()] == [".used-0005"]


def test_a_number_is_never_given_again(takes: Takes) -> None:
    """Who still reads a take that was removed must not take another's pixels for it."""
    for expected in (1, 2):
        with takes.start() as draft:
            draft.add("color", 1, b"pixels of %d" % expected)
            assert draft.complete({}).number == expected
        takes.trim(0)


def test_what_a_killed_process_has_left_is_trimmed(takes: Takes) -> None:
    """An old draft goes; one that somebody may be working on stays."""
    for name, changed_s in (("old", 0.0), ("young", time.time())):
        folder = takes.folder / f".draft-{name}"
        folder.mkdir()
        (folder / "color.0001.exr").write_bytes(b"part")
        os.utime(folder, (changed_s, changed_s))
    takes.trim(2)
    assert [path.name for path in takes.folder.iterdir()] == [".draft-young"]
