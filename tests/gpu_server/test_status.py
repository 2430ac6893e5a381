"""What the server says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.gate import ALICE, BOB, EVE, Gate, content, job_id
from filmgate.wire.codec import decode, encode
from filmgate_server.access.auth import LOCAL, Identity
from filmgate_server.gateway.sessions import SessionTable
from filmgate_server.jobs.table import Owner
from filmgate_server.operations.status import PAGE_USERS, Status
from filmgate_server.store.segments import capacity_for


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Return a server with room for one execution."""
    return Gate(tmp_path, slots=1)


@pytest.fixture
def status(gate: Gate) -> Status:
    """Return the status of that server."""
    sessions = SessionTable()
    sessions.open(Identity(LOCAL, "unknown", "default"), None, b"\0one.", 0.0)
    return Status(
        gate.table,
        gate.store,
        sessions,
        gate.dispatcher,
        gate.broker,
        gate.dispatcher._metrics,
        gate.clock,
    )


def test_an_idle_server_says_so(status: Status) -> None:
    """Nothing is open, one worker is idle."""
    page = status.page(0)
    assert (page.state, page.users) == ("running", ())
    assert [(worker.device, worker.state) for worker in page.workers] == [("cpu:0", "idle")]
    assert page.counters["jobs_open"] == page.counters["store_used_bytes"] == 0
    assert page.counters["sessions"] == 1


def test_users_see_what_waits_and_runs(gate: Gate, status: Status) -> None:
    """Each artist's jobs are counted, those on a worker apart from the others."""
    for number, owner in enumerate((ALICE, ALICE, BOB, EVE)):
        data = content(number)
        gate.submit(owner, job_id(number), data)
        gate.put(owner, data) if owner is not EVE else None
    page = status.page(0)
    told = {(each.user, each.show): (each.waiting, each.running) for each in page.users}
    assert told == {("alice", "film"): (1, 1), ("bob", "film"): (1, 0), ("eve", "other"): (1, 0)}
    assert [(worker.state, worker.running) for worker in page.workers] == [("busy", 1)]
    assert page.counters["jobs_open"] == page.counters["executions_open"] == 4
    assert page.counters["executions_run"] == 1
    assert page.counters["uploaded_bytes"] == 300_000


def test_what_is_ready_waits_for_nobody(gate: Gate, status: Status) -> None:
    """A job whose result only has to be fetched is neither waiting nor running."""
    for number in range(3):
        gate.submit(ALICE, job_id(number), content(number))
        gate.put(ALICE, content(number))
    gate.complete(1, content(100))
    (alice,) = status.page(0).users
    assert (alice.waiting, alice.running) == (1, 1)


def test_memory_and_time_are_counted(gate: Gate, status: Status) -> None:
    """Used and promised bytes, blobs and uptime are those of the store and the clock."""
    gate.submit(ALICE, job_id(1), content(1))
    gate.clock.now_s += 2.5
    counters = status.counters()
    assert counters["uptime_ms"] == 2500
    assert counters["store_promised_bytes"] == 2 * capacity_for(100_000)
    gate.put(ALICE, content(1))
    assert status.counters()["store_used_bytes"] == capacity_for(100_000)
    assert status.counters()["store_blobs"] == 1


def test_draining_is_told(gate: Gate, status: Status) -> None:
    """A server that is about to stop says so."""
    gate.broker.draining = True
    assert status.page(0).state == "draining"


def test_restarts_are_counted(gate: Gate, status: Status) -> None:
    """A worker that had to be started again says how often."""
    gate.pool.lose()
    gate.pool.start()
    assert status.page(0).workers[0].restarts == 1


def test_many_users_come_in_pages(gate: Gate, status: Status) -> None:
    """However many artists there are and however long their names, each page can be sent."""
    names = [f"{number:04}" + "\N{CLAPPER BOARD}" * 31 for number in range(PAGE_USERS + 10)]
    for number, name in enumerate(names):
        owner = Owner(number.to_bytes(16, "big"), name, name)
        gate.submit(owner, job_id(number), content(number % 7, 100))
    first = status.page(0)
    assert decode(encode(first)).message == first
    second = status.page(first.following)
    assert [each.user for each in (*first.users, *second.users)] == names
    assert second.following == 0
