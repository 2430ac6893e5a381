"""The invariant that no fault may break: one ledger for all clients, held against one server.

Each accepted job has exactly one outcome, the same for its client and in the server's journal; a
refused job left no trace; every pixel that was delivered is the right one; and once all is done the
server's gauges stand at zero and its processes hold what they held at the start.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fakes.service import Service
from fakes.waiting import PATIENCE_S
from filmgate.client import Client
from filmgate.errors import (
    BusyError,
    CancelledError,
    ConnectionLostError,
    ExpiredError,
    FilmgateError,
    IntegrityError,
    StorageError,
)
from filmgate.job import Job, Options, Result, Work

OUTCOMES = ("result", "error", "cancelled", "expired")

GIVEN_UP = (BusyError, IntegrityError, StorageError)
"""What a client may end with by itself after the job was accepted; it then cancels the job."""

Check = Callable[[Result], None]


@dataclass
class Entry:
    """One submission.

    Attributes:
        job: what the client returned.
        check: asserts that a result's pixels are right; None where there must be no result.
        ends: how often the client was told of the end.
    """

    job: Job
    check: Check | None
    ends: list[str] = field(default_factory=list[str])

    @property
    def error(self) -> FilmgateError | None:
        """The error that it ended with, if it did."""
        error = self.job.future.exception(0)
        assert error is None or isinstance(error, FilmgateError)
        return error

    @property
    def outcome(self) -> str:
        """How it ended for the client."""
        error = self.error
        if error is None:
            return "result"
        if isinstance(error, CancelledError):
            return "cancelled"
        return "expired" if isinstance(error, ExpiredError) else "error"

    @property
    def was_left(self) -> bool:
        """Whether its client was closed before it ended; the server ends it as it likes, once."""
        return isinstance(self.error, ConnectionLostError)


class Ledger:
    """Every submission of a test."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def submit(
        self,
        client: Client,
        work: Work,
        check: Check | None = None,
        on_progress: Callable[[Job], None] | None = None,
        **options: Any,
    ) -> Entry:
        """Submit through *client* and note it."""
        ends: list[str] = []
        job = client.submit(
            work, Options(**options), on_progress, lambda job: ends.append(job.id.hex())
        )
        entry = Entry(job, check, ends)
        self.entries.append(entry)
        return entry

    def settle(self, patience_s: float = PATIENCE_S) -> Counter[str]:
        """Wait until every job has ended for its client and count the outcomes."""
        for entry in self.entries:
            try:
                entry.job.future.exception(patience_s)
            except TimeoutError:
                raise AssertionError(f"a job never ended: {entry.job.progress}") from None
        return Counter(entry.outcome for entry in self.entries)

    def all_end(self, outcome: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until every job has ended, and assert that all ended like that."""
        self.settle(patience_s)
        others = [entry for entry in self.entries if entry.outcome != outcome]
        assert not others, [repr(entry.error) for entry in others]

    def audit(self, service: Service, journal: Path | None = None) -> None:
        """Assert the invariant for every job, and for the server that they were sent to.

        Args:
            service: where the jobs went; every client of it is closed. One that has left by itself
                is held to its journal alone.
            journal: a copy of its journal, where the journal itself is out of reach.
        """
        self.settle()
        if service.alive:
            service.audit()
        self.audit_journal(journal or service.journal)

    def audit_journal(self, journal: Path) -> None:
        """Hold every job against the journal, and every result against its pixels."""
        kept = _rows(journal)
        for entry in self.entries:
            assert entry.ends == [entry.job.id.hex()], "a client was not told of one end"
            _audit_one(entry, kept.get(entry.job.id))
        open_jobs = [job_id.hex() for job_id, row in kept.items() if row[0] not in OUTCOMES]
        assert not open_jobs, f"accepted and never ended: {open_jobs}"


def _audit_one(entry: Entry, row: tuple[str | None, str] | None) -> None:
    error = entry.error
    if error is None:
        assert row == ("result", ""), f"a result that the journal calls {row}"
        assert entry.check is not None, "a result where there should be none"
        entry.check(entry.job.future.result())
    elif entry.was_left:
        return
    elif row is not None:
        gave_up = isinstance(error, GIVEN_UP) and row == ("cancelled", "cancelled")
        assert gave_up or row == (entry.outcome, error.code)
    else:
        assert entry.outcome in ("error", "cancelled"), "never accepted, yet it ended"


def _rows(journal: Path) -> dict[bytes, tuple[str | None, str]]:
    base = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    try:
        rows = base.execute("SELECT job_id, outcome, code FROM jobs").fetchall()
    finally:
        base.close()
    return {bytes(job_id): (outcome, code) for job_id, outcome, code in rows}
