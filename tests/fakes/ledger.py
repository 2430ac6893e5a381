"""What clients were told, held against what the server's journal says.

Each accepted job has exactly one outcome, the same on both sides; a refused job left no trace; and
every pixel that was delivered is the right one.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fakes.waiting import PATIENCE_S
from filmgate.client import Client
from filmgate.errors import (
    BusyError,
    CancelledError,
    ExpiredError,
    FilmgateError,
    IntegrityError,
    StorageError,
)
from filmgate.job import Job, Options, Result, Work

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
        kinds = {CancelledError: "cancelled", ExpiredError: "expired"}
        return kinds.get(type(error), "error")


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
        **options: float,
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

    def audit(self, journal: Path) -> None:
        """Hold every job against the journal, and every result against its pixels."""
        kept = _rows(journal)
        for entry in self.entries:
            assert entry.ends == [entry.job.id.hex()], "a client was not told of one end"
            self._audit_one(entry, kept.get(entry.job.id))
        assert not [key for key, (outcome, _) in kept.items() if outcome is None]

    def _audit_one(self, entry: Entry, row: tuple[str | None, str] | None) -> None:
        error = entry.error
        if error is None:
            assert row == ("result", ""), f"a result that the journal calls {row}"
            assert entry.check is not None, "a result where there should be none"
            entry.check(entry.job.future.result())
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
