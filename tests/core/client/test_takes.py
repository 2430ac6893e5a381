"""Takes: what a node reads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from filmgate.cache import Cache
from filmgate.errors import StorageError
from filmgate.takes import Takes

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
    assert list(takes.folder.iterdir()) == []
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
