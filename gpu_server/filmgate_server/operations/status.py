"""What the server is doing, as pages for clients and as levels for Prometheus."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import filmgate
from filmgate.wire.messages import StatusPage
from filmgate.wire.records import UserStatus, WorkerStatus
from filmgate_server.operations.levels import (
    count_models,
    count_requests,
    count_sessions,
    count_store,
    count_workers,
    execution_of,
    state_of,
)

if TYPE_CHECKING:
    from filmgate_server.gateway.changeover import Changeover
    from filmgate_server.gateway.sessions import SessionTable
    from filmgate_server.jobs.broker import Broker
    from filmgate_server.jobs.dispatcher import Dispatcher
    from filmgate_server.jobs.table import JobTable
    from filmgate_server.jobs.usage import Artist
    from filmgate_server.operations.metrics import Levels, Metrics
    from filmgate_server.pool.port import WorkerState
    from filmgate_server.store.content import Store

PAGE_USERS = 128
MODELS_MAX = 16
"""Of a worker's models so many are named: all of a page must fit into one message."""


class Status:
    """Reads the other parts; changes nothing.

    Attributes:
        changeover: the models; None for none.
    """

    def __init__(
        self,
        table: JobTable,
        store: Store,
        sessions: SessionTable,
        dispatcher: Dispatcher,
        broker: Broker,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._store = store
        self._sessions = sessions
        self._dispatcher = dispatcher
        self._broker = broker
        self._metrics = metrics
        self._clock = clock
        self._started_s = clock()
        self.changeover: Changeover | None = None

    def page(self, cursor: int, sees: Callable[[str, str], bool] | None = None) -> StatusPage:
        """Return the counters, the workers, and the users from *cursor* on.

        Args:
            cursor: 0, then `following` of the page before.
            sees: whether a user's line, by user and show, may be seen; None for every line.
        """
        users = [each for each in self._users() if sees is None or sees(each.user, each.show)]
        end = cursor + PAGE_USERS
        return StatusPage(
            server=filmgate.__version__,
            state="draining" if self._broker.draining else "running",
            counters=self.counters(),
            workers=tuple(self._worker(each) for each in self._workers()),
            users=tuple(users[cursor:end]),
            following=end if end < len(users) else 0,
        )

    def counters(self) -> dict[str, int]:
        """Return the numbers that describe the server as a whole."""
        return {
            "uptime_ms": round((self._clock() - self._started_s) * 1000),
            "sessions": len(self._sessions),
            "jobs_open": len(self._table.jobs),
            "jobs_done": self._metrics.total("request_success"),
            "jobs_cached": self._metrics.total("request_cached"),
            "executions_open": len(self._table.executions),
            "executions_run": self._dispatcher.started,
            "uploaded_bytes": self._broker.uploads.received_bytes,
            "store_budget_bytes": self._store.budget_bytes,
            "store_used_bytes": self._store.used_bytes,
            "store_promised_bytes": self._store.promised_bytes,
            "store_blobs": len(self._store),
            "store_evictions": self._store.evictions,
        }

    def levels(self) -> Levels:
        """Return what Prometheus is told, counted anew."""
        return {
            **count_requests(self._table),
            **count_store(self._store),
            **count_sessions(self._sessions),
            **count_workers(self._workers(), self._dispatcher.usage.busy_s),
            **count_models(self.changeover),
        }

    def _workers(self) -> tuple[WorkerState, ...]:
        pool = self._dispatcher.pool
        return () if pool is None else pool.states()

    def _worker(self, seen: WorkerState) -> WorkerStatus:
        return WorkerStatus(
            name=str(seen.worker),
            device=seen.device,
            state=seen.state,
            running=seen.running,
            restarts=self._dispatcher.restarts.get(seen.worker, 0),
            pid=seen.pid,
            models=seen.models[:MODELS_MAX],
            memory_used_bytes=seen.memory_used_bytes,
            memory_budget_bytes=seen.memory_budget_bytes,
            busy_ms=round(self._dispatcher.usage.busy_s.get(seen.worker, 0.0) * 1000),
        )

    def _users(self) -> list[UserStatus]:
        waiting: Counter[Artist] = Counter()
        running: Counter[Artist] = Counter()
        batch: Counter[Artist] = Counter()
        for job in self._table.jobs.values():
            artist = (job.owner.user, job.owner.show)
            state = state_of(execution_of(job, self._table))
            if state == "ready":
                continue  # nothing of the server's is needed any more, only the client's time
            (running if state == "running" else waiting)[artist] += 1
            batch[artist] += job.priority == "batch"
        charged_s = self._dispatcher.usage.charged_s
        return [
            UserStatus(
                *artist,
                waiting=waiting[artist],
                running=running[artist],
                batch=batch[artist],
                device_ms=round(charged_s.get(artist, 0.0) * 1000),
            )
            for artist in sorted({*waiting, *running, *charged_s})
        ]
