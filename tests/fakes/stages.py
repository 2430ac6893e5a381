"""Waiting until a job is where a test wants it."""

from __future__ import annotations

import threading

from fakes.waiting import PATIENCE_S
from filmgate.job import Job


class Reached:
    """A progress listener that counts arrivals at some stages."""

    def __init__(self, *stages: str) -> None:
        self._stages = stages
        self._arrived = threading.Semaphore(0)

    def __call__(self, job: Job) -> None:
        """Note where *job* is; what `Client.submit` calls."""
        if job.progress.stage in self._stages:
            self._arrived.release()

    def wait(self) -> None:
        """Return once one more has been there."""
        assert self._arrived.acquire(timeout=PATIENCE_S), f"no job reached {self._stages}"
