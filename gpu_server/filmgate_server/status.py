"""What the server is doing, as pages for clients."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import filmgate
from filmgate.wire.messages import StatusPage
from filmgate.wire.records import UserStatus, WorkerStatus

if TYPE_CHECKING:
    from filmgate_server.broker import Broker
    from filmgate_server.dispatcher import Dispatcher
    from filmgate_server.jobs import JobTable
    from filmgate_server.sessions import SessionTable
    from filmgate_server.store import Store

PAGE_USERS = 128


class Status:
    """Reads the other parts; changes nothing."""

    def __init__(
        self,
        table: JobTable,
        store: Store,
        sessions: SessionTable,
        dispatcher: Dispatcher,
        broker: Broker,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._store = store
        self._sessions = sessions
        self._dispatcher = dispatcher
        self._broker = broker
        self._clock = clock
        self._started_s = clock()

    def page(self, cursor: int) -> StatusPage:
        """Return the counters, the workers, and the users from *cursor* on."""
        users = self._users()
        end = cursor + PAGE_USERS
        return StatusPage(
            server=filmgate.__version__,
            state="draining" if self._broker.draining else "running",
            counters=self.counters(),
            workers=self._workers(),
            users=tuple(users[cursor:end]),
            following=end if end < len(users) else 0,
        )

    def counters(self) -> dict[str, int]:
        """Return the numbers that describe the server as a whole."""
        return {
            "uptime_ms": round((self._clock() - self._started_s) * 1000),
            "sessions": len(self._sessions),
            "jobs_open": len(self._table.jobs),
            "executions_open": len(self._table.executions),
            "executions_run": self._dispatcher.started,
            "uploaded_bytes": self._broker.uploads.received_bytes,
            "store_budget_bytes": self._store.budget_bytes,
            "store_used_bytes": self._store.used_bytes,
            "store_promised_bytes": self._store.promised_bytes,
            "store_blobs": len(self._store),
            "store_evictions": self._store.evictions,
        }

    def _workers(self) -> tuple[WorkerStatus, ...]:
        running = Counter(execution.worker for execution in self._table.executions.values())
        return tuple(
            WorkerStatus(
                name=str(worker),
                device=info.device,
                state="busy" if running[worker] else "idle",
                running=running[worker],
                restarts=self._dispatcher.restarts.get(worker, 0),
            )
            for worker, info in sorted(self._dispatcher.workers.items())
        )

    def _users(self) -> list[UserStatus]:
        waiting: Counter[tuple[str, str]] = Counter()
        running: Counter[tuple[str, str]] = Counter()
        for job in self._table.jobs.values():
            execution = self._table.executions.get(job.execution or 0)
            count = running if execution is not None and execution.worker is not None else waiting
            count[(job.owner.user, job.owner.show)] += 1
        names = sorted({*waiting, *running})
        return [UserStatus(*name, waiting=waiting[name], running=running[name]) for name in names]
