"""The journal: what was accepted and how it ended, in sqlite3; metadata only, never pixels."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack
import structlog

from filmgate.errors import StorageError
from filmgate.wire.messages import JobEnded
from filmgate_server.config import IN_MEMORY

_OWNER_ONLY_FOLDER = 0o700
_OWNER_ONLY_FILE = 0o600

COMPLAIN_EVERY_S = 60.0
"""What cannot be written is tried again several times a second."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    job_id BLOB PRIMARY KEY,
    show TEXT NOT NULL,
    user TEXT NOT NULL,
    model TEXT NOT NULL,
    package BLOB NOT NULL,
    work_key BLOB NOT NULL,
    priority TEXT NOT NULL,
    accepted_s REAL NOT NULL,
    lease_s REAL NOT NULL,
    ended_s REAL,
    outcome TEXT,
    code TEXT NOT NULL DEFAULT '',
    text TEXT NOT NULL DEFAULT '',
    remedy TEXT NOT NULL DEFAULT '',
    detail BLOB
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS open_jobs ON jobs (accepted_s) WHERE outcome IS NULL;
CREATE INDEX IF NOT EXISTS ended_jobs ON jobs (ended_s) WHERE outcome IS NOT NULL;
"""

log = structlog.get_logger()


@dataclass(frozen=True)
class Entry:
    """One job as the journal knows it; *ended* is None while it is open."""

    job_id: bytes
    show: str
    user: str
    work_key: bytes
    ended: JobEnded | None


class Journal:
    """Accepted jobs and their one outcome each.

    A write is committed before the answer that depends on it is sent. The log is written ahead but
    not forced to the disk at each commit: it survives the process's death, not the machine's.

    Args:
        path: the database file. It and its folder are created, if need be, for this user alone:
            who works on what is nobody else's business.
        clock: seconds since the epoch.

    Raises:
        StorageError: the file cannot be opened or written.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._path = path
        self._complained_s: float | None = None
        try:
            _make_private(path)
            self._base = sqlite3.connect(path, isolation_level=None)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            self._base.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"The journal {path} cannot be opened ({error}).") from error

    def accept(
        self,
        job_id: bytes,
        show: str,
        user: str,
        model: str,
        package: bytes,
        work_key: bytes,
        priority: str,
        lease_s: float,
    ) -> None:
        """Record an accepted job.

        Raises:
            StorageError: the disk is full or failing; the job must not be accepted.
        """
        row = (job_id, show, user, model, package, work_key, priority, self._clock(), lease_s)
        self._write(
            "INSERT INTO jobs (job_id, show, user, model, package, work_key, priority,"
            " accepted_s, lease_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )

    def end(self, ended: JobEnded) -> JobEnded:
        """Record how a job ended, unless it has ended before; return what counts.

        Raises:
            StorageError: the disk is full or failing.
        """
        detail = msgpack.packb(dict(ended.detail))
        row = (self._clock(), ended.outcome, ended.code, ended.text, ended.remedy, detail)
        self._write(
            "UPDATE jobs SET ended_s=?, outcome=?, code=?, text=?, remedy=?, detail=?"
            " WHERE job_id=? AND outcome IS NULL",
            (*row, ended.job_id),
        )
        entry = self.find(ended.job_id)
        return entry.ended if entry is not None and entry.ended is not None else ended

    def find(self, job_id: bytes) -> Entry | None:
        """Return what is known of a job.

        Raises:
            StorageError: the disk is failing.
        """
        statement = (
            "SELECT show, user, work_key, outcome, code, text, remedy, detail FROM jobs"
            " WHERE job_id=?"
        )
        try:
            row = self._base.execute(statement, (job_id,)).fetchone()
        except sqlite3.Error as error:
            raise StorageError(f"The journal {self._path} cannot be read ({error}).") from error
        return None if row is None else _entry(job_id, row)

    def open_jobs(self) -> list[tuple[bytes, float]]:
        """List the jobs without an outcome as (job_id, lease in seconds)."""
        rows = self._base.execute("SELECT job_id, lease_s FROM jobs WHERE outcome IS NULL")
        return [(bytes(job_id), float(lease_s)) for job_id, lease_s in rows]

    def counts(self) -> dict[str, int]:
        """Return how many jobs ended how; open ones as ``open``."""
        rows = self._base.execute("SELECT coalesce(outcome, 'open'), count(*) FROM jobs GROUP BY 1")
        return {str(outcome): int(number) for outcome, number in rows}

    def forget(self, older_than_s: float) -> None:
        """Delete jobs that ended before *older_than_s* (seconds since the epoch)."""
        self._write("DELETE FROM jobs WHERE outcome IS NOT NULL AND ended_s < ?", (older_than_s,))

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _write(self, statement: str, values: tuple[Any, ...]) -> None:
        try:
            self._base.execute(statement, values)
        except sqlite3.Error as error:
            self._complain(error)
            raise StorageError(f"The journal {self._path} cannot be written ({error}).") from error

    def _complain(self, error: sqlite3.Error) -> None:
        """Log a failure at once, and then once a minute while it lasts."""
        now_s = self._clock()
        if self._complained_s is None or now_s >= self._complained_s + COMPLAIN_EVERY_S:
            self._complained_s = now_s
            log.warning("journal cannot be written", path=str(self._path), error=str(error))


def _make_private(path: Path) -> None:
    """Create the file, from which sqlite takes the mode of the two that it lays beside it."""
    if path == IN_MEMORY:
        return
    path.parent.mkdir(mode=_OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        os.close(os.open(path, flags, _OWNER_ONLY_FILE))


def _entry(job_id: bytes, row: tuple[Any, ...]) -> Entry:
    show, user, work_key, outcome, code, text, remedy, detail = row
    ended = None
    if outcome is not None:
        ended = JobEnded(job_id, outcome, code, text, remedy, msgpack.unpackb(detail))
    return Entry(job_id, show, user, bytes(work_key), ended)
