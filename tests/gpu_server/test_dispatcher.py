"""The life of an execution: queued, placed, granted its memory, finished, failed or tried again."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.gate import ALICE, BOB, INFO, Gate, content, job_id
from filmgate.digest import digest_bytes
from filmgate.errors import StorageError
from filmgate.wire.messages import JobEnded, JobProgress, JobReady
from filmgate_server.jobs.dispatcher import DEATHS_MAX, STARVED_S
from filmgate_server.pool.port import Assignment
from filmgate_server.store.segments import capacity_for

PLATES = [content(n) for n in range(8)]
CLEAN = content(100)
CAPACITY = capacity_for(len(CLEAN))


def start(gate: Gate, number: int, **work: object) -> None:
    """Submit a job and upload its input."""
    gate.submit(ALICE, job_id(number), PLATES[number], **work)  # type: ignore[arg-type]
    gate.put(ALICE, PLATES[number])


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Return a server with a worker that takes two executions at once."""
    return Gate(tmp_path, slots=2)


def ended(gate: Gate, number: int) -> JobEnded:
    """Return how a job ended."""
    (end,) = gate.sent(JobEnded, job_id(number))
    return end


def test_work_is_placed_while_there_is_room(gate: Gate) -> None:
    """As many executions run as the worker takes; the next starts when one is done."""
    for number in range(4):
        start(gate, number)
    assert list(gate.pool.running) == [1, 2]
    gate.complete(2, CLEAN)
    assert list(gate.pool.running) == [1, 3]
    assert gate.dispatcher.started == 3


def test_the_place_in_the_queue_is_told(tmp_path: Path) -> None:
    """A job that waits hears how much is before it."""
    gate = Gate(tmp_path, slots=0)
    for number in range(3):
        start(gate, number)
    places = {m.job_id: m.place for m in gate.sent(JobProgress) if m.stage == "queued"}
    assert places == {job_id(0): 0, job_id(1): 1, job_id(2): 2}


def test_the_assignment_says_everything(gate: Gate) -> None:
    """The worker gets the exact package, every parameter, the inputs and what to write about it."""
    start(gate, 1, params={"gain": 2}, layers={"albedo": "Diffuse"})
    assignment = gate.pool.running[1]
    package = gate.registry.resolve("negate")
    assert isinstance(assignment, Assignment)
    assert (assignment.package_path, assignment.package_digest) == (package.path, package.digest)
    assert assignment.params == {"gain": 2.0}
    assert assignment.layers == {"albedo": "Diffuse"}
    (blob,) = assignment.inputs
    assert (blob.name, blob.time, blob.size_bytes) == ("color", 1001.0, len(PLATES[1]))
    assert bytes(blob.segment.view[: blob.size_bytes]) == PLATES[1]
    assert assignment.provenance["model"] == "negate@1.0.0"
    assert assignment.provenance["numerics"].startswith("array-2.4.6/")


def test_inputs_are_kept_while_work_needs_them(gate: Gate) -> None:
    """From the upload to the end of the execution its inputs cannot be evicted."""
    start(gate, 1)
    assert gate.store.purge("film") == 0
    gate.complete(1, CLEAN)
    assert gate.store.purge("film") == 1


def test_grants_are_promised(gate: Gate) -> None:
    """What the worker asks for replaces the guess, larger or smaller."""
    start(gate, 1)
    guess = gate.store.promised_bytes
    assert gate.pool.ask_room(1, 5 * len(CLEAN))
    assert gate.store.promised_bytes == capacity_for(5 * len(CLEAN)) > guess
    gate.pool.finish(1, CLEAN)
    assert gate.store.promised_bytes == 0
    assert gate.store.used_bytes == 2 * CAPACITY


def test_a_smaller_need_frees_memory(gate: Gate) -> None:
    """An output smaller than the guess gives the rest back at once."""
    start(gate, 1)
    assert gate.pool.ask_room(1, 10)
    assert gate.store.promised_bytes == capacity_for(10)


def test_work_without_memory_waits_and_runs_first(tmp_path: Path) -> None:
    """An execution whose outputs find no room gives up its slot and has its turn when there is."""
    gate = Gate(tmp_path, budget_bytes=6 * CAPACITY, slots=1)
    start(gate, 1)
    start(gate, 2)
    assert not gate.pool.ask_room(1, 4 * len(CLEAN))
    gate.advance(0.1)
    assert list(gate.pool.running) == [2]
    gate.complete(2, CLEAN)
    gate.broker.acknowledge(ALICE, job_id(2), 0)
    gate.advance(0.1)
    assert list(gate.pool.running) == [1]
    assert gate.pool.ask_room(1, 4 * len(CLEAN))
    gate.pool.finish(1, CLEAN)
    assert len(gate.sent(JobReady, job_id(1))) == 1


def test_work_that_finds_no_memory_fails(tmp_path: Path) -> None:
    """Nothing waits for ever: after a while the job ends with a typed error."""
    gate = Gate(tmp_path, budget_bytes=5 * CAPACITY)
    start(gate, 1)
    start(gate, 2)
    assert not gate.pool.ask_room(1, 4 * len(CLEAN))
    gate.advance(STARVED_S - 1)
    assert gate.sent(JobEnded, job_id(1)) == []
    gate.advance(2.0)
    assert (ended(gate, 1).outcome, ended(gate, 1).code) == ("error", "storage")
    assert gate.store.promised_bytes == CAPACITY


@pytest.mark.parametrize("held", [False, True], ids=["at once", "after waiting"])
def test_outputs_larger_than_the_store_fail(tmp_path: Path, held: bool) -> None:
    """What can never fit ends with an error that says so, and the server goes on."""
    gate = Gate(tmp_path, budget_bytes=4 * CAPACITY)
    start(gate, 1)
    size = 5 * len(CLEAN) if held else 50 * len(CLEAN)
    assert not gate.pool.ask_room(1, size)
    gate.advance(0.1)
    assert ended(gate, 1).code == "image_too_large"
    start(gate, 2)
    gate.complete(max(gate.pool.running), CLEAN)
    assert len(gate.sent(JobReady, job_id(2))) == 1


def test_starved_work_can_be_cancelled(tmp_path: Path) -> None:
    """A job that waits for memory ends at once and frees what it held."""
    gate = Gate(tmp_path, budget_bytes=5 * CAPACITY)
    start(gate, 1)
    start(gate, 2)
    gate.pool.ask_room(1, 4 * len(CLEAN))
    gate.broker.cancel(ALICE, job_id(1), 0)
    gate.advance(STARVED_S + 1)
    assert gate.outcomes(job_id(1)) == {"cancelled"}
    assert list(gate.pool.running) == [2]


def test_a_dead_workers_work_is_tried_again(gate: Gate) -> None:
    """What a worker left is run again, in its order and before everything else."""
    for number in range(1, 4):
        start(gate, number)
    assert gate.pool.lose() == [1, 2]
    done: list[int] = []
    while gate.pool.running:
        (first, *_) = gate.pool.running
        done.append(first)
        gate.complete(first, CLEAN)
    assert done == [1, 2, 3]
    assert gate.sent(JobEnded) == []


def test_work_that_kills_workers_is_given_up(gate: Gate) -> None:
    """An execution that was alone each time its worker died ends with an error that says so."""
    start(gate, 1)
    for _ in range(DEATHS_MAX):
        assert list(gate.pool.running) == [1]
        gate.pool.lose()
    assert (ended(gate, 1).outcome, ended(gate, 1).code) == ("error", "quarantined")
    assert gate.pool.running == {}
    assert gate.store.promised_bytes == 0
    start(gate, 2)
    assert list(gate.pool.running) == [2]


def test_innocent_work_survives_a_killer(gate: Gate) -> None:
    """A job that shared a worker with one that kills it gets its result all the same."""
    start(gate, 1)
    start(gate, 2)
    for _ in range(10):
        if not gate.pool.running:
            break
        if 1 in gate.pool.running:
            gate.pool.lose()
        else:
            gate.complete(next(iter(gate.pool.running)), CLEAN)
    assert ended(gate, 1).code == "quarantined"
    assert len(gate.sent(JobReady, job_id(2))) == 1


def test_a_cancelled_execution_is_not_tried_again(gate: Gate) -> None:
    """A worker that dies with cancelled work leaves nothing to repeat."""
    start(gate, 1)
    gate.broker.cancel(ALICE, job_id(1), 0)
    gate.pool.lose()
    assert gate.table.executions == {}
    assert gate.store.promised_bytes == 0


def test_memory_asked_for_cancelled_work_is_refused(gate: Gate) -> None:
    """A worker that has not heard of the cancel yet is told to drop the work."""
    start(gate, 1)
    gate.broker.cancel(ALICE, job_id(1), 0)
    assert not gate.pool.ask_room(1, len(CLEAN))
    assert gate.pool.running == {}
    assert gate.table.executions == {}


def test_late_words_about_closed_work_are_ignored(gate: Gate) -> None:
    """Progress and failures of an execution that is gone change nothing."""
    gate.dispatcher.progress(99, "infer", 1, 2)
    gate.dispatcher.failed(99, StorageError("Late."), {})
    gate.dispatcher.lost(0, [99], "signal 9")
    assert gate.outbox.sent == []


def test_equal_outputs_are_kept_once(gate: Gate) -> None:
    """Two executions with the same output share one blob; the second segment goes back."""
    start(gate, 1)
    start(gate, 2)
    gate.complete(1, CLEAN)
    gate.complete(2, CLEAN)
    assert len(gate.pool.released) == 1
    digests = {ready.outputs[0].digest for ready in gate.sent(JobReady)}
    assert len(digests) == 1
    assert gate.store.used_bytes == 3 * CAPACITY


def test_an_output_equal_to_the_input_is_kept_once(gate: Gate) -> None:
    """A model that changes nothing answers with the blob that was uploaded."""
    start(gate, 1)
    gate.complete(1, PLATES[1])
    (ready,) = gate.sent(JobReady)
    assert ready.outputs[0].digest == digest_bytes(PLATES[1])
    assert len(gate.store) == 1


def test_outputs_come_back_when_they_are_evicted(gate: Gate) -> None:
    """A worker's segment is free again once nobody needs the result."""
    start(gate, 1)
    gate.complete(1, CLEAN)
    assert gate.store.purge("film") == 1
    gate.broker.acknowledge(ALICE, job_id(1), 0)
    assert gate.store.purge("film") == 1
    assert gate.pool.output_bytes[0] == 0


def test_workers_that_come_later_get_what_waits(tmp_path: Path) -> None:
    """Work that waited for a worker starts when one is ready."""
    gate = Gate(tmp_path, slots=0)
    start(gate, 1)
    gate.pool.slots = 1
    gate.dispatcher.ready(0, INFO)
    assert list(gate.pool.running) == [1]
    assert gate.dispatcher.restarts == {0: 1}


def test_two_artists_take_turns(tmp_path: Path) -> None:
    """Each has had one frame before either has a second."""
    gate = Gate(tmp_path, slots=1)
    for number in range(1, 5):
        owner = ALICE if number % 2 else BOB
        gate.submit(owner, job_id(number), PLATES[number])
        gate.put(owner, PLATES[number])
    order: list[int] = []
    while gate.pool.running:
        (execution,) = gate.pool.running
        order.append(execution)
        gate.complete(execution, CLEAN)
    assert (set(order[:2]), set(order[2:])) == ({1, 2}, {3, 4})


def held_bytes(gate: Gate) -> int:
    """Return the shared memory that exists, in use or idle."""
    return gate.store.input_bytes + gate.store.idle_bytes + sum(gate.pool.output_bytes)


def test_shared_memory_stays_within_the_budget(tmp_path: Path) -> None:
    """Idle outputs make way for uploads, and idle inputs for outputs."""
    gate = Gate(tmp_path, budget_bytes=6 * CAPACITY)
    for number in range(3):
        start(gate, number)
        gate.complete(number + 1, content(100 + number))
        gate.broker.acknowledge(ALICE, job_id(number), 0)
    gate.store.purge("film")
    assert held_bytes(gate) == 6 * CAPACITY
    large = content(9, 4 * len(CLEAN))
    gate.submit(ALICE, job_id(9), large)
    gate.put(ALICE, large)
    gate.advance(0.1)
    assert held_bytes(gate) <= 6 * CAPACITY
