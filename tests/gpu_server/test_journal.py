"""The journal: accepted jobs and their one outcome each, on disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from fakes.gate import Clock, job_id
from filmgate.errors import StorageError
from filmgate.wire.messages import JobEnded
from filmgate_server.config import IN_MEMORY
from filmgate_server.jobs.journal import Journal


@pytest.fixture
def clock() -> Clock:
    """Return a clock that a test moves."""
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a journal may be made, in a folder that is not there yet."""
    return tmp_path / "state" / "jobs.sqlite3"


def accept(journal: Journal, number: int, lease_s: float = 60.0) -> None:
    """Record a job."""
    journal.accept(job_id(number), "film", "alice", "m@1", b"p" * 32, b"w" * 32, "batch", lease_s)


def ended(number: int, outcome: str = "result") -> JobEnded:
    """Return the end of a job."""
    if outcome == "result":
        return JobEnded(job_id(number), outcome)
    detail = {"size": 3, "offsets": [1.0, 2.0], "name": None}
    return JobEnded(job_id(number), outcome, outcome, "It failed.", "Do this.", detail)


def test_jobs_survive_in_the_file(path: Path, clock: Clock) -> None:
    """What was accepted and how it ended is there after a restart, errors in full."""
    journal = Journal(path, clock)
    accept(journal, 1)
    accept(journal, 2, lease_s=5.0)
    journal.end(ended(1, "error"))
    journal.close()
    again = Journal(path, clock)
    entry = again.find(job_id(1))
    assert entry is not None
    assert (entry.user, entry.show, entry.work_key) == ("alice", "film", b"w" * 32)
    assert entry.ended == ended(1, "error")
    assert again.open_jobs() == [(job_id(2), 5.0)]
    again.close()


def test_the_journal_is_its_users_alone(path: Path, clock: Clock) -> None:
    """Neither the folder that is made for it nor any of its files can be read by others."""
    journal = Journal(path, clock)
    accept(journal, 1)
    made = [path.parent, *path.parent.iterdir()]
    assert len(made) == 4  # the base, its log and the log's index
    assert not any(each.stat().st_mode & 0o077 for each in made)
    journal.close()


def test_the_first_outcome_counts(path: Path, clock: Clock) -> None:
    """A job ends once, whatever else is said of it later."""
    journal = Journal(path, clock)
    accept(journal, 1)
    assert journal.end(ended(1, "cancelled")) == ended(1, "cancelled")
    for outcome in ("result", "error", "expired"):
        assert journal.end(ended(1, outcome)) == ended(1, "cancelled")
    assert journal.counts() == {"cancelled": 1}


def test_a_job_is_accepted_once(path: Path, clock: Clock) -> None:
    """The same name cannot be recorded twice."""
    journal = Journal(path, clock)
    accept(journal, 1)
    with pytest.raises(StorageError):
        accept(journal, 1)
    assert journal.counts() == {"open": 1}


def test_unknown_jobs_are_not_found(path: Path, clock: Clock) -> None:
    """A name that was never accepted has no entry, and its end leaves none."""
    journal = Journal(path, clock)
    assert journal.find(job_id(1)) is None
    journal.end(ended(1))
    assert journal.find(job_id(1)) is None


def test_old_outcomes_are_forgotten(path: Path, clock: Clock) -> None:
    """Outcomes go after their time; open jobs stay however old they are."""
    journal = Journal(path, clock)
    for number in (1, 2, 3):
        accept(journal, number)
    journal.end(ended(1))
    clock.now_s += 100
    journal.end(ended(2))
    journal.forget(clock.now_s - 50)
    assert journal.find(job_id(1)) is None
    assert journal.find(job_id(2)) is not None
    assert [name for name, _ in journal.open_jobs()] == [job_id(3)]


def test_a_journal_may_live_in_memory(clock: Clock) -> None:
    """A server that nobody comes back to needs no file."""
    journal = Journal(IN_MEMORY, clock)
    accept(journal, 1)
    assert journal.counts() == {"open": 1}
    assert not Path(":memory:").exists()


@pytest.mark.parametrize(
    "content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 500]
)
def test_a_broken_file_is_a_typed_error(path: Path, clock: Clock, content: bytes) -> None:
    """A file that is no journal is not touched."""
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StorageError):
        Journal(path, clock)
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_a_typed_error(tmp_path: Path, clock: Clock) -> None:
    """A path through a file is an error that names it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        Journal(tmp_path / "file" / "jobs.sqlite3", clock)


def test_a_full_journal_is_a_typed_error(path: Path, clock: Clock) -> None:
    """When nothing can be written any more, the caller is told and what was there remains."""
    journal = Journal(path, clock)
    accept(journal, 1)
    journal._base.execute("PRAGMA max_page_count=1")
    with pytest.raises(StorageError):
        for number in range(2, 2000):
            accept(journal, number)
    assert journal.find(job_id(1)) is not None


def test_a_full_journal_is_logged_once_a_minute(path: Path, clock: Clock) -> None:
    """However often a write is tried again, the log stays readable."""
    journal = Journal(path, clock)
    journal._base.execute("PRAGMA query_only=1")
    with capture_logs() as logged:
        for clock.now_s in (0.0, 0.25, 59.0, 61.0, 62.0):
            with pytest.raises(StorageError):
                accept(journal, 1)
    assert [line["event"] for line in logged] == ["journal cannot be written"] * 2


KILLED = """
import os, signal, sys
from pathlib import Path
from filmgate.wire.messages import JobEnded
from filmgate_server.jobs.journal import Journal
journal = Journal(Path(sys.argv[1]), lambda: 1.0)
for number in range(20):
    name = number.to_bytes(16, "big")
    journal.accept(name, "film", "alice", "m@1", b"p" * 32, b"w" * 32, "batch", 60.0)
    if number % 2:
        journal.end(JobEnded(name, "result"))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_loses_nothing(path: Path, clock: Clock) -> None:
    """Every write that returned is there after the process was killed."""
    subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    journal = Journal(path, clock)
    assert journal.counts() == {"open": 10, "result": 10}
