"""How much there is of everything at this moment, counted anew from the tables: it cannot drift."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from filmgate.wire.messages import PRIORITIES
from filmgate_server.operations.metrics import Levels

if TYPE_CHECKING:
    from filmgate_server.gateway.changeover import Changeover
    from filmgate_server.gateway.sessions import SessionTable
    from filmgate_server.jobs.table import Execution, Job, JobTable
    from filmgate_server.pool.port import WorkerState
    from filmgate_server.store.content import Store

STATES = ("missing", "queued", "running", "ready")
"""Where an accepted job is: inputs on their way, waiting for a worker, at one, to be fetched."""

WORKER_STATES = ("starting", "warming", "idle", "busy", "down")
_HAPPENED = {
    "model_evictions": "evictions",
    "tile_step_downs": "oom_step_downs",
    "workers_recycled": "recycled",
}
"""The names of a worker's own counters."""


def state_of(execution: Execution | None) -> str:
    """Return which of `STATES` the jobs of *execution* are in; None means that it is done."""
    if execution is None:
        return "ready"
    if execution.worker is not None:
        return "running"
    return "missing" if execution.missing else "queued"


def execution_of(job: Job, table: JobTable) -> Execution | None:
    """Return the work under way for *job*; None once its outputs can be fetched."""
    return None if job.outcome is not None else table.executions.get(job.execution or 0)


def count_requests(table: JobTable) -> Levels:
    """Count open jobs, and the inputs of what waits for a worker."""
    pending: Counter[tuple[str, ...]] = Counter()
    for job in table.jobs.values():
        pending[(job.priority, state_of(execution_of(job, table)))] += 1
    waiting: Counter[tuple[str, ...]] = Counter()
    for execution in table.executions.values():
        if state_of(execution) == "queued":
            waiting[(execution.priority,)] += sum(ref.size for ref in execution.work.inputs)
    return {
        "request_pending": {
            (priority, state): pending[(priority, state)]
            for priority in PRIORITIES
            for state in STATES
        },
        "request_pending_bytes": {(name,): waiting[(name,)] for name in PRIORITIES},
    }


def count_store(store: Store) -> Levels:
    """Count what the store holds."""
    return {
        "store_budget_bytes": _alone(store.budget_bytes),
        "store_used_bytes": _alone(store.used_bytes),
        "store_promised_bytes": _alone(store.promised_bytes),
        "store_blobs": _alone(len(store)),
        "store_evictions": _alone(store.evictions),
    }


def count_sessions(sessions: SessionTable) -> Levels:
    """Count clients, and the bytes that may be under way from and to them."""
    connected = [session for session in sessions if session.route is not None]
    return {
        "sessions": _alone(len(sessions)),
        "credit_bytes": {
            ("put",): sum(session.put_credit for session in connected),
            ("get",): sum(session.get_credit for session in connected),
        },
    }


def count_workers(workers: Iterable[WorkerState], busy_s: Mapping[int, float]) -> Levels:
    """Count workers and what their devices hold.

    Args:
        workers: as the pool tells of them.
        busy_s: how long each one's device has computed, by its number.
    """
    workers = list(workers)
    at = {(str(each.worker), each.device): each for each in workers}
    states = Counter(each.state for each in workers)
    return {
        "workers": {(state,): states[state] for state in WORKER_STATES},
        "models_resident": {labels: len(each.models) for labels, each in at.items()},
        "device_memory_used_bytes": {labels: each.memory_used_bytes for labels, each in at.items()},
        "device_memory_budget_bytes": {
            labels: each.memory_budget_bytes for labels, each in at.items()
        },
        "device_busy_seconds": {
            labels: busy_s.get(each.worker, 0.0) for labels, each in at.items()
        },
        **{
            name: {labels: each.counters.get(counter, 0) for labels, each in at.items()}
            for name, counter in _HAPPENED.items()
        },
    }


def count_models(changeover: Changeover | None) -> Levels:
    """Count what can be asked for, and what should and cannot."""
    known = changeover is not None
    return {
        "models_offered": _alone(len(changeover.offer.packages()) if known else 0),
        "models_unusable": _alone(len(changeover.offer.problems) if known else 0),
        "registry_unreadable": _alone(known and bool(changeover.trouble)),
    }


def _alone(value: float) -> dict[tuple[str, ...], float]:
    return {(): value}
