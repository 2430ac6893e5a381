"""The life of a job, driven by hand: clients, worker and clock do what each test says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fakes.gate import ALICE, BOB, EVE, MIB, TERMS, Gate, content, job_id
from filmgate.digest import digest_blob
from filmgate.errors import (
    BusyError,
    DeniedError,
    ModelError,
    UnknownBlobError,
    UnknownJobError,
)
from filmgate.wire.codec import decode, encode
from filmgate.wire.messages import (
    BlobDone,
    JobAccepted,
    JobEnded,
    JobProgress,
    JobReady,
    JobRefused,
)
from filmgate.wire.records import BlobRef
from filmgate_server.jobs.answers import MISSING_MAX
from filmgate_server.jobs.expiry import ENDS_MAX
from filmgate_server.jobs.table import Owner
from filmgate_server.scheduling.estimates import GUESS_S
from filmgate_server.store.segments import capacity_for

PLATE, OTHER, CLEAN = content(1), content(2), content(3)
JOB, SECOND = job_id(1), job_id(2)
CAPACITY = capacity_for(len(PLATE))
RETRY_MS = round(GUESS_S * 1000)
"""One worker, one artist, nothing measured yet."""


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Return a server with one worker and plenty of memory."""
    return Gate(tmp_path)


def run(gate: Gate, owner: Owner = ALICE, name: bytes = JOB, data: bytes = PLATE) -> None:
    """Take a job up to ready."""
    gate.submit(owner, name, data)
    gate.put(owner, data)
    gate.complete(max(gate.pool.running), CLEAN)


def at_rest(gate: Gate) -> None:
    """Check that nothing is open, promised or pinned."""
    assert not gate.table.jobs
    assert not gate.table.executions
    assert len(gate.broker.uploads) == 0
    assert gate.store.promised_bytes == 0
    assert all(not blob.pins for blob in gate.store._blobs.values())


def test_a_job_from_end_to_end(gate: Gate) -> None:
    """Accepted with what is missing, done, ready with the outputs, acknowledged, ended once."""
    answer = gate.submit(ALICE, JOB, PLATE, re=3)
    assert isinstance(answer, JobAccepted)
    assert [(m.digest, m.offset) for m in answer.missing] == [(digest_blob(PLATE).digest, 0)]
    gate.put(ALICE, PLATE)
    assert gate.sent(BlobDone)[0].digest == digest_blob(PLATE).digest
    gate.complete(1, CLEAN)
    (ready,) = gate.sent(JobReady)
    assert ready.outputs[0].digest == digest_blob(CLEAN).digest
    assert (ready.outputs[0].time, ready.timings_ms) == (1001.0, {"infer": 2})
    assert gate.journal.open_jobs()
    gate.broker.acknowledge(ALICE, JOB, 7)
    assert gate.outbox.sent[-1].message == JobEnded(JOB, "result")
    assert gate.outbox.sent[-1].re == 7
    assert gate.journal.counts() == {"result": 1}
    at_rest(gate)


def test_the_journal_knows_before_the_client(gate: Gate) -> None:
    """A job is recorded when its acceptance leaves, and its end when that leaves."""
    states: list[dict[str, int]] = []
    send = gate.outbox.send

    def watched(session: bytes, message: object, re: int | None = None) -> None:
        if isinstance(message, (JobAccepted, JobEnded)):
            states.append(gate.journal.counts())
        send(session, message, re)  # type: ignore[arg-type]

    gate.outbox.send = watched  # type: ignore[method-assign]
    run(gate)
    gate.broker.acknowledge(ALICE, JOB, 0)
    assert states == [{"open": 1}, {"result": 1}]


def test_the_same_name_again_is_the_same_job(gate: Gate) -> None:
    """Submitted again, a job is told where it stands: missing, ready, ended."""
    gate.submit(ALICE, JOB, PLATE)
    again = gate.submit(ALICE, JOB, PLATE, re=5)
    assert isinstance(again, JobAccepted)
    assert len(again.missing) == 1
    gate.put(ALICE, PLATE)
    assert gate.submit(ALICE, JOB, PLATE).missing == ()  # type: ignore[attr-defined]
    gate.complete(1, CLEAN)
    assert isinstance(gate.submit(ALICE, JOB, PLATE), JobReady)
    gate.broker.acknowledge(ALICE, JOB, 0)
    for _ in range(2):
        assert gate.submit(ALICE, JOB, PLATE) == JobEnded(JOB, "result")
    assert gate.dispatcher.started == 1
    assert gate.journal.counts() == {"result": 1}
    at_rest(gate)


def test_acknowledged_twice_ends_once(gate: Gate) -> None:
    """A late ack gets the same end."""
    run(gate)
    for number in (7, 8):
        gate.broker.acknowledge(ALICE, JOB, number)
        assert gate.outbox.sent[-1].message == JobEnded(JOB, "result")
        assert gate.outbox.sent[-1].re == number
    assert gate.journal.counts() == {"result": 1}


def test_an_ack_before_ready_ends_nothing(gate: Gate) -> None:
    """A client that acknowledges what does not exist is told where the job stands."""
    gate.submit(ALICE, JOB, PLATE)
    gate.broker.acknowledge(ALICE, JOB, 7)
    assert isinstance(gate.outbox.sent[-1].message, JobAccepted)
    assert gate.journal.counts() == {"open": 1}


def test_repeated_work_needs_no_worker(gate: Gate) -> None:
    """The same work for another artist of the show is ready at once, without an upload."""
    run(gate)
    gate.submit(BOB, SECOND, PLATE)
    accepted, ready = gate.outbox.sent[-2].message, gate.outbox.sent[-1].message
    assert isinstance(accepted, JobAccepted)
    assert accepted.missing == ()
    first = gate.sent(JobReady)[0]
    assert ready == replace(first, job_id=SECOND)
    assert (ready.timings_ms, ready.numerics) == ({"infer": 2}, accepted.numerics)
    assert gate.dispatcher.started == 1


def test_another_parameter_needs_no_upload(gate: Gate) -> None:
    """Tuning a model sends the pixels once."""
    run(gate)
    answer = gate.submit(ALICE, SECOND, PLATE, params={"gain": 2.0})
    assert answer.missing == ()  # type: ignore[attr-defined]
    assert gate.pool.running[2].params == {"gain": 2.0}


def test_work_of_another_show_is_not_known(gate: Gate) -> None:
    """Neither inputs nor results of one show help another, nor tell it anything."""
    run(gate)
    answer = gate.submit(EVE, SECOND, PLATE)
    assert len(answer.missing) == 1  # type: ignore[attr-defined]
    with pytest.raises(UnknownBlobError):
        gate.broker.blob(EVE, digest_blob(CLEAN).digest)
    assert gate.broker.blob(BOB, digest_blob(CLEAN).digest).content == CLEAN


def test_two_jobs_share_one_execution(gate: Gate) -> None:
    """Work that is under way is joined; both jobs get the result and each its own end."""
    gate.submit(ALICE, JOB, PLATE)
    assert len(gate.submit(BOB, SECOND, PLATE).missing) == 1  # type: ignore[attr-defined]
    gate.put(BOB, PLATE)
    assert {sent.session for sent in gate.outbox.sent if isinstance(sent.message, BlobDone)} == {
        ALICE.session,
        BOB.session,
    }
    gate.complete(1, CLEAN)
    assert {ready.job_id for ready in gate.sent(JobReady)} == {JOB, SECOND}
    gate.broker.acknowledge(ALICE, JOB, 0)
    gate.broker.cancel(BOB, SECOND, 0)
    assert gate.journal.counts() == {"result": 1, "cancelled": 1}
    assert gate.dispatcher.started == 1
    at_rest(gate)


def test_cancel_by_one_leaves_the_other(gate: Gate) -> None:
    """The execution goes on until no job is left, and then stops."""
    gate.submit(ALICE, JOB, PLATE)
    gate.put(ALICE, PLATE)
    gate.submit(BOB, SECOND, PLATE)
    gate.broker.cancel(ALICE, JOB, 0)
    assert gate.pool.cancelled == []
    gate.broker.cancel(BOB, SECOND, 0)
    assert gate.pool.cancelled == [1]
    gate.pool.stop_cancelled()
    assert gate.outcomes(JOB) == gate.outcomes(SECOND) == {"cancelled"}
    at_rest(gate)


def test_an_upload_for_two_jobs_outlives_one(gate: Gate) -> None:
    """Cancelling one of a session's jobs does not close the upload that the other needs."""
    gate.submit(ALICE, JOB, PLATE)
    gate.submit(ALICE, SECOND, PLATE, params={"gain": 2.0})
    gate.broker.cancel(ALICE, JOB, 0)
    gate.put(ALICE, PLATE)
    assert [assignment.params for assignment in gate.pool.running.values()] == [{"gain": 2.0}]


@pytest.mark.parametrize("when", ["missing", "half uploaded", "queued", "running", "granted"])
def test_cancel_at_any_time_leaves_nothing(tmp_path: Path, when: str) -> None:
    """Whenever it comes, the job ends as cancelled and every promise is given back."""
    gate = Gate(tmp_path, slots=0 if when == "queued" else 3)
    large = content(1, 3 * MIB)
    gate.submit(ALICE, JOB, large)
    if when == "half uploaded":
        gate.put(ALICE, large, end=2 * MIB)
    elif when != "missing":
        gate.put(ALICE, large)
    if when == "granted":
        gate.pool.ask_room(1, 3 * MIB)
    gate.broker.cancel(ALICE, JOB, 7)
    assert gate.outbox.sent[-1].re == 7
    gate.pool.stop_cancelled()
    assert gate.outcomes(JOB) == {"cancelled"}
    at_rest(gate)


def test_cancel_after_ready_and_ready_after_cancel(gate: Gate) -> None:
    """Whichever is first counts, for a job that is ready and for one that is not."""
    run(gate)
    gate.broker.cancel(ALICE, JOB, 0)
    gate.broker.acknowledge(ALICE, JOB, 0)
    assert gate.outcomes(JOB) == {"cancelled"}
    gate.submit(ALICE, SECOND, OTHER)
    gate.put(ALICE, OTHER)
    (execution,) = gate.pool.running
    assert gate.pool.ask_room(execution, len(CLEAN))
    gate.broker.cancel(ALICE, SECOND, 0)
    gate.pool.finish(execution, CLEAN)
    assert gate.outcomes(SECOND) == {"cancelled"}
    assert gate.sent(JobReady, SECOND) == []
    at_rest(gate)


def test_work_that_was_finished_after_a_cancel_is_kept(gate: Gate) -> None:
    """What the worker finished all the same answers the next job."""
    gate.submit(ALICE, JOB, PLATE)
    gate.put(ALICE, PLATE)
    gate.pool.ask_room(1, len(CLEAN))
    gate.broker.cancel(ALICE, JOB, 0)
    gate.pool.finish(1, CLEAN)
    gate.submit(ALICE, SECOND, PLATE)
    assert len(gate.sent(JobReady, SECOND)) == 1


def test_cancelled_work_can_be_started_anew(gate: Gate) -> None:
    """A job for work that is just being cancelled gets an execution of its own."""
    gate.submit(ALICE, JOB, PLATE)
    gate.put(ALICE, PLATE)
    gate.broker.cancel(ALICE, JOB, 0)
    gate.submit(ALICE, SECOND, PLATE)
    gate.pool.stop_cancelled()
    gate.complete(2, CLEAN)
    assert len(gate.sent(JobReady, SECOND)) == 1


def test_a_failure_ends_every_job(gate: Gate) -> None:
    """The model's error reaches each job, once, and is not remembered as a result."""
    gate.submit(ALICE, JOB, PLATE)
    gate.put(ALICE, PLATE)
    gate.submit(BOB, SECOND, PLATE)
    gate.pool.fail(1, ModelError("It failed.", "", {"tile": 3}))
    ends = gate.sent(JobEnded)
    assert {(end.job_id, end.outcome, end.code) for end in ends} == {
        (JOB, "error", "model"),
        (SECOND, "error", "model"),
    }
    assert ends[0].detail == {"tile": 3}
    at_rest(gate)
    gate.submit(ALICE, job_id(3), PLATE)
    assert list(gate.pool.running) == [2]


def test_long_texts_can_be_read_by_the_client(gate: Gate) -> None:
    """An error that quotes a long name is cut to what a message holds."""
    refused = gate.submit(ALICE, JOB, PLATE, model="m" * 4096)
    assert isinstance(refused, JobRefused)
    assert decode(encode(refused)).message == refused
    gate.submit(ALICE, SECOND, PLATE)
    gate.put(ALICE, PLATE)
    gate.pool.fail(1, ModelError("\N{CLAPPER BOARD}" * 5000))
    (ended,) = gate.sent(JobEnded)
    assert decode(encode(ended)).message == ended
    assert gate.submit(ALICE, SECOND, PLATE) == ended


def test_many_warnings_fit_into_a_message(gate: Gate) -> None:
    """However much a worker complains, the client hears that the job is ready."""
    gate.submit(ALICE, JOB, PLATE)
    gate.put(ALICE, PLATE)
    gate.pool.ask_room(1, len(CLEAN))
    gate.pool.finish(1, CLEAN, ("\N{CLAPPER BOARD}" * 1000,) * 250)
    (ready,) = gate.sent(JobReady)
    assert decode(encode(ready)).message == ready


def test_jobs_belong_to_their_artist(gate: Gate) -> None:
    """Somebody else can neither see, cancel, acknowledge nor submit a job, open or ended."""
    mallory = Owner(b"mallory's session"[:16], "mallory", "film")
    for _ in ("open", "ended"):
        gate.submit(ALICE, JOB, PLATE)
        for call in (gate.broker.query, gate.broker.cancel, gate.broker.acknowledge):
            with pytest.raises(DeniedError):
                call(mallory, JOB, 0)
        refused = gate.submit(mallory, JOB, PLATE)
        assert isinstance(refused, JobRefused)
        assert (refused.code, refused.retry_after_ms) == ("denied", 0)
        gate.broker.cancel(ALICE, JOB, 0)


def test_unknown_jobs_are_told(gate: Gate) -> None:
    """A name that was never accepted is an error for each question."""
    for call in (gate.broker.query, gate.broker.cancel, gate.broker.acknowledge):
        with pytest.raises(UnknownJobError):
            call(ALICE, JOB, 0)


def test_wrong_requests_are_refused_for_good(gate: Gate) -> None:
    """A refusal that trying again does not mend says so, and nothing is recorded."""
    refused = gate.submit(ALICE, JOB, PLATE, params={"gain": 99.0}, re=4)
    assert isinstance(refused, JobRefused)
    assert (refused.code, refused.retry_after_ms) == ("parameter", 0)
    assert gate.outbox.sent[-1].re == 4
    assert gate.journal.counts() == {}
    assert isinstance(gate.submit(ALICE, JOB, PLATE), JobAccepted)


def test_without_memory_a_job_is_refused_for_now(tmp_path: Path) -> None:
    """Nothing is promised twice: what does not fit is refused with a time, and fits later."""
    gate = Gate(tmp_path, budget_bytes=3 * CAPACITY)
    gate.submit(ALICE, JOB, PLATE)
    refused = gate.submit(ALICE, SECOND, OTHER)
    assert isinstance(refused, JobRefused)
    assert (refused.code, refused.retry_after_ms) == ("busy", RETRY_MS)
    assert gate.journal.counts() == {"open": 1}
    assert gate.store.promised_bytes == 2 * CAPACITY
    gate.broker.cancel(ALICE, JOB, 0)
    assert isinstance(gate.submit(ALICE, SECOND, OTHER), JobAccepted)


def test_a_refused_job_leaves_what_it_found(tmp_path: Path) -> None:
    """A refusal does not keep the inputs that were there pinned."""
    gate = Gate(tmp_path, budget_bytes=3 * CAPACITY)
    run(gate)
    gate.broker.acknowledge(ALICE, JOB, 0)
    assert isinstance(gate.submit(ALICE, SECOND, PLATE, content(9, 2 * len(PLATE))), JobRefused)
    at_rest(gate)


def test_half_uploaded_jobs_all_finish_or_are_refused(tmp_path: Path) -> None:
    """Eight clients against a budget for two: whoever was accepted gets through."""
    large = [content(n, 2 * MIB) for n in range(8)]
    gate = Gate(tmp_path, budget_bytes=9 * MIB)
    owners = [Owner(bytes([n]) * 16, f"artist{n}", "film") for n in range(8)]
    waiting = list(range(8))
    while waiting:
        taken = [
            number
            for number in waiting
            if isinstance(gate.submit(owners[number], job_id(number), large[number]), JobAccepted)
        ]
        assert taken
        for number in taken:
            gate.put(owners[number], large[number])
        for execution in list(gate.pool.running):
            gate.complete(execution, content(100 + execution, 2 * MIB))
        for number in taken:
            gate.broker.acknowledge(owners[number], job_id(number), 0)
            waiting.remove(number)
    assert gate.journal.counts() == {"result": 8}
    at_rest(gate)


def test_too_many_jobs_are_refused(tmp_path: Path) -> None:
    """The number of open jobs is bounded."""
    gate = Gate(tmp_path, terms=replace(TERMS, jobs_max=1))
    gate.submit(ALICE, JOB, PLATE)
    assert gate.submit(ALICE, SECOND, PLATE).code == "busy"  # type: ignore[attr-defined]
    assert isinstance(gate.submit(ALICE, JOB, PLATE), JobAccepted)


def test_a_draining_server_takes_nothing_new(gate: Gate) -> None:
    """New work is refused for now; accepted work goes on to its end."""
    gate.submit(ALICE, JOB, PLATE)
    gate.broker.draining = True
    refused = gate.submit(ALICE, SECOND, PLATE)
    assert (refused.code, refused.retry_after_ms) == ("busy", RETRY_MS)  # type: ignore[attr-defined]
    gate.put(ALICE, PLATE)
    gate.complete(1, CLEAN)
    gate.broker.acknowledge(ALICE, JOB, 0)
    assert gate.outcomes(JOB) == {"result"}


def test_many_jobs_end_a_few_at_a_time(gate: Gate) -> None:
    """A client that leaves with many jobs does not hold up the loop; all end in a few turns."""
    count = 2 * ENDS_MAX + 5
    for number in range(count):
        gate.submit(ALICE, job_id(number), PLATE, params={"gain": 1.0 + number / 1000})
    gate.clock.now_s += 3600.0
    ended: list[int] = []
    while gate.broker.tick():
        ended.append(len(gate.sent(JobEnded)))
        assert len(gate.broker.uploads) == 1
    assert ended == [ENDS_MAX, 2 * ENDS_MAX]
    assert len(gate.sent(JobEnded)) == count
    at_rest(gate)


def test_a_deadline_ends_a_job(gate: Gate) -> None:
    """However far it has come, a job ends at its deadline."""
    gate.submit(ALICE, JOB, PLATE, deadline_ms=5000)
    gate.put(ALICE, PLATE)
    gate.advance(4.9)
    assert gate.sent(JobEnded) == []
    gate.advance(0.2)
    gate.pool.stop_cancelled()
    assert [end.code for end in gate.sent(JobEnded)] == ["expired"]
    at_rest(gate)


def test_a_lease_ends_the_jobs_of_a_lost_client(gate: Gate) -> None:
    """Each job has its own patience with a client that is away; one who is back keeps all."""
    gate.submit(ALICE, JOB, PLATE, lease_ms=5000)
    gate.submit(ALICE, SECOND, PLATE)
    gate.put(ALICE, PLATE)
    gate.broker.session_away(ALICE.session)
    gate.advance(6.0)
    assert (gate.outcomes(JOB), gate.outcomes(SECOND)) == ({"expired"}, set())
    gate.broker.session_back(ALICE.session)
    gate.advance(500.0)
    assert gate.outcomes(SECOND) == set()
    gate.broker.session_away(ALICE.session)
    gate.advance(61.0)
    assert gate.outcomes(SECOND) == {"expired"}


def test_an_upload_that_stands_still_ends_its_jobs(gate: Gate) -> None:
    """Memory that is promised to a client that sends nothing comes back."""
    gate.submit(ALICE, JOB, PLATE)
    gate.submit(BOB, SECOND, OTHER)
    gate.advance(20.0)
    gate.put(BOB, OTHER)
    gate.advance(20.0)
    assert (gate.outcomes(JOB), gate.outcomes(SECOND)) == ({"expired"}, set())
    assert gate.store.promised_bytes == CAPACITY


def test_one_that_stands_still_does_not_end_anothers_job(gate: Gate) -> None:
    """Of two sessions that upload the same input, the one that sends goes on."""
    large = content(5, 2 * MIB)
    gate.submit(ALICE, JOB, large)
    gate.submit(BOB, SECOND, large)
    gate.advance(20.0)
    gate.put(BOB, large, end=MIB)
    gate.advance(20.0)
    assert (gate.outcomes(JOB), gate.outcomes(SECOND)) == ({"expired"}, set())


def test_a_job_moves_to_the_session_that_asks(gate: Gate) -> None:
    """After a lost session the same artist goes on in a new one, upload included."""
    gate.submit(ALICE, JOB, PLATE)
    gate.broker.session_away(ALICE.session)
    fresh = Owner(b"alice is back now"[:16], "alice", "film")
    moved = gate.submit(fresh, JOB, PLATE)
    assert len(moved.missing) == 1  # type: ignore[attr-defined]
    gate.advance(61.0)
    assert gate.outcomes(JOB) == {"expired"}
    at_rest(gate)
    gate.submit(ALICE, SECOND, PLATE)
    gate.broker.session_away(ALICE.session)
    gate.submit(fresh, SECOND, PLATE)
    gate.put(fresh, PLATE)
    gate.advance(61.0)
    gate.complete(max(gate.pool.running), CLEAN)
    assert gate.outbox.sent[-1].session == fresh.session
    assert len(gate.sent(JobReady, SECOND)) == 1


def test_a_ready_job_that_moves_wants_no_upload(gate: Gate) -> None:
    """Even if its inputs have been evicted since, nothing is promised for them."""
    run(gate)
    gate.store.purge("film")
    fresh = Owner(b"alice is back now"[:16], "alice", "film")
    assert isinstance(gate.submit(fresh, JOB, PLATE), JobReady)
    assert gate.store.promised_bytes == 0


def test_resumed_uploads_go_on(gate: Gate) -> None:
    """A client that comes back is told how much of its input has arrived."""
    large = content(5, 3 * MIB)
    gate.submit(ALICE, JOB, large)
    gate.put(ALICE, large, end=2 * MIB)
    gate.broker.session_away(ALICE.session)
    gate.broker.session_back(ALICE.session)
    again = gate.submit(ALICE, JOB, large)
    assert again.missing[0].offset == 2 * MIB  # type: ignore[attr-defined]
    gate.put(ALICE, large, start=2 * MIB)
    assert list(gate.pool.running) == [1]


def test_more_is_missing_than_one_message_lists(gate: Gate) -> None:
    """A job with many inputs is told of the rest when the first are here."""
    contents = [content(n, 200) for n in range(MISSING_MAX + 30)]
    inputs = tuple(
        BlobRef("color" if n == 0 else "albedo", digest_blob(data).digest, 200, view=str(n))
        for n, data in enumerate(contents)
    )
    answer = gate.submit(ALICE, JOB, inputs=inputs)
    told: set[bytes] = set()
    by_digest = {digest_blob(data).digest: data for data in contents}
    while not gate.pool.running:
        latest = gate.sent(JobAccepted)[-1]
        fresh = [missing.digest for missing in latest.missing if missing.digest not in told]
        assert fresh, "the server lacks inputs and does not say which"
        for digest in fresh:
            told.add(digest)
            gate.put(ALICE, by_digest[digest])
    assert len(answer.missing) == MISSING_MAX  # type: ignore[attr-defined]
    assert len(told) == len(contents)


def test_lost_outputs_are_done_again(gate: Gate) -> None:
    """If the bytes are gone before the ack, the job goes back to accepted and ends well."""
    run(gate)
    _lose_outputs(gate)
    assert isinstance(gate.where(ALICE, JOB), JobAccepted)
    assert list(gate.pool.running) == [2]
    gate.complete(2, CLEAN)
    gate.broker.acknowledge(ALICE, JOB, 0)
    assert gate.outcomes(JOB) == {"result"}
    at_rest(gate)


def _lose_outputs(gate: Gate) -> None:
    """Take the outputs of every ready job away, as a failing machine might."""
    for job in gate.table.jobs.values():
        for blob in job.pins:
            gate.store.unpin(blob)
            gate.store._evict(blob)
        job.pins.clear()


def test_lost_outputs_without_memory_are_asked_for_again(tmp_path: Path) -> None:
    """A server that cannot do lost work again just now says so, and does it later."""
    gate = Gate(tmp_path, budget_bytes=4 * CAPACITY)
    run(gate)
    _lose_outputs(gate)
    gate.store.purge("film")
    gate.store.promise(3 * CAPACITY)
    with pytest.raises(BusyError):
        gate.broker.query(ALICE, JOB, 0)
    gate.store.cancel_promise(3 * CAPACITY)
    again = gate.where(ALICE, JOB)
    assert isinstance(again, JobAccepted)
    assert len(again.missing) == 1
    gate.put(ALICE, PLATE)
    gate.complete(2, CLEAN)
    gate.broker.acknowledge(ALICE, JOB, 0)
    assert gate.outcomes(JOB) == {"result"}


def test_a_killed_server_knows_its_open_jobs(tmp_path: Path) -> None:
    """After a restart the same job is taken up, without a second entry in the journal."""
    first = Gate(tmp_path)
    first.submit(ALICE, JOB, PLATE)
    run(first, name=SECOND, data=OTHER)
    first.broker.acknowledge(ALICE, SECOND, 0)
    first.journal.close()
    again = Gate(tmp_path)
    again.clock.now_s = 2000.0
    assert len(again.submit(ALICE, JOB, PLATE).missing) == 1  # type: ignore[attr-defined]
    assert again.submit(ALICE, SECOND, OTHER) == JobEnded(SECOND, "result")
    again.put(ALICE, PLATE)
    again.complete(1, CLEAN)
    again.broker.acknowledge(ALICE, JOB, 0)
    assert again.journal.counts() == {"result": 2}


def test_jobs_whose_client_never_returns_expire(tmp_path: Path) -> None:
    """An open job of a former life ends after its lease; somebody who comes later is told."""
    first = Gate(tmp_path)
    first.submit(ALICE, JOB, PLATE, lease_ms=100_000)
    first.submit(ALICE, SECOND, PLATE)
    first.journal.close()
    again = Gate(tmp_path)
    again.advance(61.0)
    assert again.journal.counts() == {"open": 1, "expired": 1}
    again.advance(40.0)
    assert again.journal.counts() == {"expired": 2}
    late = again.submit(ALICE, JOB, PLATE)
    assert isinstance(late, JobEnded)
    assert late.outcome == "expired"


def test_a_refused_job_of_a_former_life_stays_open(tmp_path: Path) -> None:
    """Refused for now after a restart, the job is not lost and can be taken up later."""
    first = Gate(tmp_path)
    first.submit(ALICE, JOB, PLATE)
    first.journal.close()
    again = Gate(tmp_path, budget_bytes=2 * CAPACITY)
    again.store.promise(CAPACITY)
    assert again.submit(ALICE, JOB, PLATE).code == "busy"  # type: ignore[attr-defined]
    again.store.cancel_promise(CAPACITY)
    assert isinstance(again.submit(ALICE, JOB, PLATE), JobAccepted)
    assert again.journal.counts() == {"open": 1}


def fill(gate: Gate) -> None:
    """Make the journal refuse every write."""
    gate.journal._base.execute("PRAGMA query_only=1")


def test_a_full_journal_takes_no_job(gate: Gate) -> None:
    """What cannot be recorded is refused for now and leaves nothing behind."""
    fill(gate)
    refused = gate.submit(ALICE, JOB, PLATE)
    assert isinstance(refused, JobRefused)
    assert (refused.code, refused.retry_after_ms) == ("storage", RETRY_MS)
    at_rest(gate)
    gate.journal._base.execute("PRAGMA query_only=0")
    assert isinstance(gate.submit(ALICE, JOB, PLATE), JobAccepted)


@pytest.mark.parametrize("how", ["ack", "cancel", "failure", "deadline"])
def test_ends_wait_for_a_full_journal(gate: Gate, how: str) -> None:
    """An outcome that cannot be recorded is told once it can, and it is the first that counts."""
    gate.submit(ALICE, JOB, PLATE, deadline_ms=50_000)
    gate.put(ALICE, PLATE)
    if how == "ack":
        gate.complete(1, CLEAN)
    fill(gate)
    if how == "ack":
        gate.broker.acknowledge(ALICE, JOB, 0)
    elif how == "failure":
        gate.pool.fail(1, ModelError("It failed."))
    elif how == "deadline":
        gate.advance(51.0)
    else:
        gate.broker.cancel(ALICE, JOB, 0)
    gate.broker.cancel(ALICE, JOB, 0)
    gate.advance(1.0)
    assert gate.sent(JobEnded) == []
    gate.journal._base.execute("PRAGMA query_only=0")
    gate.advance(1.0)
    gate.pool.stop_cancelled()
    wanted = {"ack": "result", "cancel": "cancelled", "failure": "error", "deadline": "expired"}
    assert gate.outcomes(JOB) == {wanted[how]}
    assert gate.journal.counts() == {wanted[how]: 1}
    at_rest(gate)


def test_progress_reaches_every_job(gate: Gate) -> None:
    """Each job on the same work hears how far it is, each of its own name."""
    gate.submit(ALICE, JOB, PLATE)
    gate.put(ALICE, PLATE)
    gate.submit(BOB, SECOND, PLATE)
    gate.dispatcher.progress(1, "infer", 3, 8)
    told = [message for message in gate.sent(JobProgress) if message.stage == "infer"]
    assert {(m.job_id, m.done, m.total) for m in told} == {(JOB, 3, 8), (SECOND, 3, 8)}
