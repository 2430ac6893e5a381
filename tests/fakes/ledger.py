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
from fakes.waiting import PATIENCE_S, wait_until
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


@dataclass(frozen=True)
class Ended:
    """How a job ended for its client.

    Attributes:
        job_id: its name.
        ends: how often the client was told.
        error: what it ended with; None for a result, whose pixels were found right.
    """

    job_id: bytes
    ends: int
    error: FilmgateError | None

    @property
    def outcome(self) -> str:
        """The outcome as the server calls it."""
        if self.error is None:
            return "result"
        if isinstance(self.error, CancelledError):
            return "cancelled"
        return "expired" if isinstance(self.error, ExpiredError) else "error"

    @property
    def was_left(self) -> bool:
        """Whether its client was closed before it ended; the server ends it as it likes, once."""
        return isinstance(self.error, ConnectionLostError)

    def audit(self, row: tuple[str | None, str] | None) -> None:
        """Hold it against what the journal says."""
        assert self.ends == 1, f"a client was told of {self.ends} ends"
        if self.error is None:
            assert row == ("result", ""), f"a result that the journal calls {row}"
        elif self.was_left:
            return
        elif row is not None:
            gave_up = isinstance(self.error, GIVEN_UP) and row == ("cancelled", "cancelled")
            assert gave_up or row == (self.outcome, self.error.code)
        else:
            assert self.outcome in ("error", "cancelled"), "never accepted, yet it ended"


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
        return Ended(self.job.id, 1, self.error).outcome

    def wait(self, patience_s: float) -> None:
        """Return once it has ended."""
        try:
            self.job.future.exception(patience_s)
        except TimeoutError:
            raise AssertionError(f"a job never ended: {self.job.progress}") from None
        wait_until(lambda: self.ends, "the client to be told of the end")

    def close(self) -> Ended:
        """Assert that the pixels of a result are right; return how it ended."""
        if self.error is None:
            assert self.check is not None, "a result where there should be none"
            self.check(self.job.future.result())
        return Ended(self.job.id, len(self.ends), self.error)


class Ledger:
    """Every submission of a test.

    Attributes:
        entries: those that are kept whole.
        retired: those whose pixels were looked at and let go.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.retired: list[Ended] = []

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

    def retire(self, keep: int = 0, patience_s: float = PATIENCE_S) -> None:
        """Wait for the oldest, all but the last *keep*; check them, and let their pixels go."""
        while len(self.entries) > keep:
            self.entries[0].wait(patience_s)
            self.retired.append(self.entries.pop(0).close())

    def settle(self, patience_s: float = PATIENCE_S) -> Counter[str]:
        """Wait until every job has ended for its client and count the outcomes."""
        for entry in self.entries:
            entry.wait(patience_s)
        return Counter(job.outcome for job in (*self.retired, *self.entries))

    def all_end(self, outcome: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until every job has ended, and assert that all ended like that."""
        self.settle(patience_s)
        jobs = (*self.retired, *self.entries)
        others = [job for job in jobs if job.outcome != outcome]
        assert not others, [repr(job.error) for job in others]

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
        for ended in [*self.retired, *(entry.close() for entry in self.entries)]:
            ended.audit(kept.get(ended.job_id))
        open_jobs = [job_id.hex() for job_id, row in kept.items() if row[0] not in OUTCOMES]
        assert not open_jobs, f"accepted and never ended: {open_jobs}"


def _rows(journal: Path) -> dict[bytes, tuple[str | None, str]]:
    base = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    try:
        rows = base.execute("SELECT job_id, outcome, code FROM jobs").fetchall()
    finally:
        base.close()
    return {bytes(job_id): (outcome, code) for job_id, outcome, code in rows}
