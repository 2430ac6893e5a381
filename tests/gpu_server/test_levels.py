"""What is counted anew: after whatever has happened, the gauges say what clients were told."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.gate import ALICE, BOB, EVE, Gate, content, job_id
from filmgate.errors import FilmgateError, ModelError
from filmgate.wire.messages import JobAccepted, JobEnded, JobReady
from filmgate_server.access.auth import LOCAL, Identity
from filmgate_server.config import IN_MEMORY
from filmgate_server.gateway.sessions import SessionTable
from filmgate_server.operations.levels import STATES, count_sessions, count_workers
from filmgate_server.operations.metrics import LEVELS, Levels
from filmgate_server.operations.status import Status
from filmgate_server.pool.port import WorkerState

OWNERS = (ALICE, BOB, EVE)
PRIORITIES = ("interactive", "batch")
SIZE_BYTES = 1000
JOBS = 6

Step = tuple[str, int]
ACTS = ("submit", "put", "work", "fail", "die", "cancel", "ack", "leave", "return", "wait")


class Scene:
    """A server in which anything may happen, and what its clients know of their jobs."""

    def __init__(self, folder: Path) -> None:
        self.gate = Gate(folder, slots=2, journal_path=IN_MEMORY)
        gate = self.gate
        self.metrics = gate.dispatcher._metrics
        self.status = Status(
            gate.table,
            gate.store,
            SessionTable(),
            gate.dispatcher,
            gate.broker,
            self.metrics,
            gate.clock,
        )

    def act(self, act: str, number: int) -> None:
        """Let one thing happen; what does not fit the moment is refused by the server."""
        with contextlib.suppress(FilmgateError):  # the client is told
            getattr(self, f"_{act}")(number)

    @property
    def levels(self) -> Levels:
        """The gauges now."""
        return self.status.levels()

    def open_jobs(self) -> Counter[str]:
        """Count by priority the jobs whose clients know that they are accepted, and of no end."""
        told = self.gate.sent(JobAccepted) + self.gate.sent(JobReady)
        ended = {message.job_id for message in self.gate.sent(JobEnded)}
        opened = {message.job_id for message in told} - ended
        return Counter(_priority(int.from_bytes(name, "big")) for name in opened)

    def _submit(self, number: int) -> None:
        data = content(number % 4, SIZE_BYTES)
        self.gate.submit(_owner(number), job_id(number), data, priority=_priority(number))

    def _put(self, number: int) -> None:
        self.gate.put(_owner(number), content(number % 4, SIZE_BYTES))

    def _work(self, number: int) -> None:
        running = sorted(self.gate.pool.running)
        if running:
            self.gate.complete(running[number % len(running)], content(number + 100, SIZE_BYTES))

    def _fail(self, number: int) -> None:
        running = sorted(self.gate.pool.running)
        if running:
            self.gate.pool.fail(running[number % len(running)], ModelError("It failed."))

    def _die(self, number: int) -> None:
        self.gate.pool.lose()
        self.gate.pool.start()

    def _cancel(self, number: int) -> None:
        self.gate.broker.cancel(_owner(number), job_id(number), 0)
        self.gate.pool.stop_cancelled()

    def _ack(self, number: int) -> None:
        self.gate.broker.acknowledge(_owner(number), job_id(number), 0)

    def _leave(self, number: int) -> None:
        self.gate.broker.session_away(_owner(number).session)

    def _return(self, number: int) -> None:
        self.gate.broker.session_back(_owner(number).session)

    def _wait(self, number: int) -> None:
        self.gate.advance(10.0 * number)

    def end_everything(self) -> None:
        """Let every client come back, send what is missing, fetch what is ready."""
        for _ in range(JOBS + 2):
            for number in range(JOBS):
                for act in ("return", "put", "work", "ack"):
                    self.act(act, number)
            self.gate.pool.stop_cancelled()
            self.gate.advance(1.0)


def _owner(number: int) -> object:
    return OWNERS[number % len(OWNERS)]


def _priority(number: int) -> str:
    return PRIORITIES[number // len(OWNERS) % 2]


def pending(levels: Levels) -> Counter[str]:
    """Return how many jobs are open by priority, whatever their state."""
    found: Counter[str] = Counter()
    for (priority, state), value in levels["request_pending"].items():
        assert state in STATES
        found[priority] += round(value)
    return +found


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, JOBS - 1)), max_size=40))
def test_gauges_never_drift(tmp_path: Path, steps: list[Step]) -> None:
    """After each step the gauges equal what clients were told, and at the end they are zero."""
    scene = Scene(tmp_path)
    for act, number in [("submit", 0), ("put", 0), *steps]:
        scene.act(act, number)
        levels = scene.levels
        assert pending(levels) == scene.open_jobs()
        users = scene.status.page(0).users
        ready = sum(levels["request_pending"][(each, "ready")] for each in PRIORITIES)
        unfinished = scene.open_jobs().total() - ready
        assert sum(user.waiting + user.running for user in users) == unfinished
    scene.end_everything()
    levels = scene.levels
    assert not pending(levels)
    assert not any(levels["request_pending_bytes"].values())
    assert not any(levels["store_promised_bytes"].values())
    assert scene.metrics.total("request_accepted") == ended(scene)


def ended(scene: Scene) -> int:
    """Return how many jobs the counters say have ended, however."""
    lines = scene.metrics.to_text().decode().splitlines()
    counts = [line for line in lines if line.startswith("filmgate_request_failure_total{")]
    failures = sum(float(line.rpartition(" ")[2]) for line in counts)
    return scene.metrics.total("request_success") + round(failures)


def test_jobs_are_counted_where_they_are(tmp_path: Path) -> None:
    """Waiting for inputs, for a worker, being computed and to be fetched are told apart."""
    scene = Scene(tmp_path)
    gate, data = scene.gate, [content(number, SIZE_BYTES) for number in range(5)]
    for number in (0, 1, 2, 3):
        gate.submit(ALICE, job_id(number), data[number])
        gate.put(ALICE, data[number])
    gate.submit(ALICE, job_id(4), data[4], priority="batch")
    gate.complete(min(gate.pool.running), content(99, SIZE_BYTES))
    levels = scene.levels
    found = {key: count for key, count in levels["request_pending"].items() if count}
    assert found == {
        ("interactive", "ready"): 1,
        ("interactive", "running"): 2,
        ("interactive", "queued"): 1,
        ("batch", "missing"): 1,
    }
    assert levels["request_pending_bytes"] == {("interactive",): SIZE_BYTES, ("batch",): 0}


def test_devices_are_told_apart() -> None:
    """Memory, models, time and what has happened are those of each worker's device."""
    first = WorkerState(0, "cuda:0", "busy", 7, 1, ("a@1", "b@1"), 5, 9, {"evictions": 3})
    second = WorkerState(1, "cuda:1", "down", 0, 0, (), 0, 9, {})
    levels = count_workers([first, second], {0: 2.5})
    assert levels["workers"] == {
        ("starting",): 0,
        ("warming",): 0,
        ("idle",): 0,
        ("busy",): 1,
        ("down",): 1,
    }
    here, there = ("0", "cuda:0"), ("1", "cuda:1")
    assert levels["models_resident"] == {here: 2, there: 0}
    assert levels["device_memory_used_bytes"] == {here: 5, there: 0}
    assert levels["device_memory_budget_bytes"] == {here: 9, there: 9}
    assert levels["device_busy_seconds"] == {here: 2.5, there: 0}
    assert levels["model_evictions"] == {here: 3, there: 0}
    assert levels["tile_step_downs"] == {here: 0, there: 0}


ANYBODY = Identity(LOCAL, "unknown", "default")


def test_credit_of_clients_that_are_away_does_not_count() -> None:
    """Only what may still arrive or leave on a connection is credit."""
    sessions = SessionTable()
    here, _ = sessions.open(ANYBODY, None, b"\0one.", 0.0)
    away, _ = sessions.open(ANYBODY, None, b"\0two.", 0.0)
    for session in (here, away):
        session.put_credit, session.get_credit = 5, 7
    sessions.disconnect(away)
    levels = count_sessions(sessions)
    assert levels["credit_bytes"] == {("put",): 5, ("get",): 7}
    assert levels["sessions"] == {(): 2}


def test_every_level_is_read(tmp_path: Path) -> None:
    """The server fills exactly the names that the metrics declare."""
    assert set(Scene(tmp_path).levels) == set(LEVELS)


@pytest.mark.parametrize("name", sorted(LEVELS))
def test_labels_are_those_declared(tmp_path: Path, name: str) -> None:
    """Each value has as many labels as its name declares."""
    widths = {len(labels) for labels in Scene(tmp_path).levels[name]}
    assert widths <= {len(LEVELS[name].labels)}
