"""The terms on which jobs are taken: how long things may take, how much an artist may have open."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """How long things may take, and how much may be open.

    Attributes:
        lease_s: how long an interactive job lives while its session is away, unless it says
            otherwise.
        batch_lease_s: the same for batch jobs, whose client may well be gone for a while.
        restart_lease_s: how long any job waits for its client after the server was restarted.
        upload_stall_s: how long an upload may stand still.
        jobs_max: open jobs in all.
        artist_jobs_max: open jobs of one artist.
        artist_bytes_max: memory of the store that one artist's open jobs take; 0 for half of it.
    """

    lease_s: float = 10.0
    batch_lease_s: float = 3600.0
    restart_lease_s: float = 60.0
    upload_stall_s: float = 30.0
    jobs_max: int = 10_000
    artist_jobs_max: int = 2000
    artist_bytes_max: int = 0

    def lease_of(self, priority: str, asked_ms: int) -> float:
        """Return the lease in seconds of a job that asks for *asked_ms*, 0 for the usual one."""
        return asked_ms / 1000 or (self.batch_lease_s if priority == "batch" else self.lease_s)
