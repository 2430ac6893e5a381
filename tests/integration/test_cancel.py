"""Jobs that are cancelled, shared, submitted twice or out of time have one outcome each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from fakes.ledger import Ledger
from fakes.models import GATED, write_model
from fakes.peer import Peer, spec_of
from fakes.plates import negate_exr, negate_tensor
from fakes.service import Service, counters, wait_idle
from fakes.stages import Reached
from filmgate.client import Client
from filmgate.errors import CancelledError, ExpiredError
from filmgate.wire.messages import (
    BlobGet,
    JobAccepted,
    JobAck,
    JobCancel,
    JobEnded,
    JobQuery,
    JobReady,
    JobSubmit,
)


@pytest.fixture(scope="module")
def gated_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of this file's server."""
    return tmp_path_factory.mktemp("gated")


@pytest.fixture(scope="module")
def gated_service(gated_folder: Path) -> Iterator[Service]:
    """Run a server with the model ``gated`` for this file."""
    models = gated_folder / "models"
    write_model(models, "gated", GATED, gate=gated_folder / "gate")
    with Service(gated_folder, models=[str(models)], job_lease_s=1.0) as service:
        yield service


@pytest.fixture
def gate(gated_folder: Path) -> Path:
    """Return the file that lets the model ``gated`` go on; it is not there."""
    gate = gated_folder / "gate"
    gate.unlink(missing_ok=True)
    return gate


@pytest.fixture
def gated(gated_service: Service, gate: Path, ledger: Ledger) -> Iterator[Service]:
    """Return the server; at the end it is idle, and the ledger is held against its journal."""
    yield gated_service
    ledger.audit(gated_service)


def test_cancels_just_before_the_client_is_closed(gated: Service, gate: Path, ledger: Ledger):
    """Cancels that were asked for reach the server, though their client is closed at once."""
    with gated.client() as client:
        reached = Reached("infer")
        for seed in range(100):
            work = negate_tensor(seed, model="gated")
            ledger.submit(client, *work, reached, priority="batch")
        reached.wait()
        for entry in ledger.entries:
            entry.job.cancel()
    with gated.client() as client:
        wait_idle(client)
    gate.touch()


def test_cancel_races_with_every_stage(client: Client, ledger: Ledger):
    """Cancelled at any moment, a job ends once: cancelled or with the right result."""
    chance = Random(3)  # noqa: S311 - the same race each time
    stages = ("sending", "queued", "decode", "infer", "encode", "ready")
    for seed in range(300):
        at = chance.choice(stages)
        work = negate_exr(400 + seed) if seed % 3 else negate_tensor(seed, (500, 500, 3))
        ledger.submit(
            client, *work, lambda job, at=at: job.cancel() if job.progress.stage == at else None
        )
    outcomes = ledger.settle()
    assert set(outcomes) <= {"result", "cancelled"}
    assert outcomes["cancelled"] > 0


def test_cancel_races_with_the_acknowledgement(client: Client, ledger: Ledger):
    """A cancel sent while the ack is on its way changes nothing, or everything, for both."""
    for seed in range(100):
        entry = ledger.submit(client, *negate_tensor(1000 + seed))
        for _ in range(seed % 7):
            counters(client)
        entry.job.cancel()
    assert set(ledger.settle()) <= {"result", "cancelled"}


def test_cancel_of_one_leaves_the_other_its_result(gated: Service, gate: Path, ledger: Ledger):
    """Two jobs wait for the same work; one is cancelled, the other gets what it asked for."""
    with gated.client() as client, gated.client() as other:
        reached = Reached("infer")
        before = counters(client)["executions_run"]
        work = negate_tensor(1, model="gated")
        first = ledger.submit(client, *work, reached)
        second = ledger.submit(other, *work, reached)
        reached.wait()
        first.job.cancel()
        with pytest.raises(CancelledError):
            first.job.result(30)
        assert not second.job.done()
        gate.touch()
        assert second.job.result(30).outputs
        assert counters(client)["executions_run"] == before + 1


def test_cancel_while_one_of_two_uploads(gated: Service, gate: Path, ledger: Ledger):
    """When the one that was uploading cancels, the other uploads and gets its result."""
    gate.touch()
    work, check = negate_tensor(2, (900, 900, 3), model="gated")
    with Peer(gated.port) as peer, gated.client(show=peer.welcome.show) as client:
        job = peer.submit(work)
        peer.expect(JobAccepted)
        peer.put(bytes(work.inputs[0].data), 0, 1 << 20)
        ledger.submit(client, work, check)
        peer.send(JobCancel(job.id))
        assert peer.expect(JobEnded).outcome == "cancelled"
        ledger.all_end("result")


def test_cancelled_work_stops(gated: Service, gate: Path, ledger: Ledger):
    """Work that nobody wants leaves the worker at its next step, and the next work runs."""
    with gated.client() as client:
        reached = Reached("infer")
        entries = [
            ledger.submit(client, *negate_tensor(n, model="gated"), reached) for n in range(10, 15)
        ]
        reached.wait()
        for entry in entries:
            entry.job.cancel()
        assert ledger.settle() == {"cancelled": 5}
        wait_idle(client)
        ledger.submit(client, *negate_tensor(9))
        assert ledger.settle() == {"cancelled": 5, "result": 1}
        assert not gate.exists()


def test_work_that_was_cancelled_can_be_asked_for_again(gated: Service, gate: Path, ledger: Ledger):
    """A cancel is not remembered: the same work, submitted at once, gives its result."""
    with gated.client() as client:
        reached = Reached("infer")
        work = negate_tensor(3, model="gated")
        entry = ledger.submit(client, *work, reached)
        reached.wait()
        entry.job.cancel()
        ledger.submit(client, *work)
        gate.touch()
        assert ledger.settle() == {"cancelled": 1, "result": 1}


def test_scrubbed_jobs_cost_almost_nothing(gated: Service, gate: Path, ledger: Ledger):
    """Of two hundred jobs, most cancelled before their turn, only those that remain are run."""
    with gated.client() as client:
        reached = Reached("infer")
        before = counters(client)["executions_run"]
        for seed in range(1000, 1200):
            ledger.submit(client, *negate_tensor(seed, model="gated"), reached)
        reached.wait()
        for entry in ledger.entries[5:195]:
            entry.job.cancel()
        for entry in ledger.entries[5:195]:
            entry.job.future.exception(30)
        gate.touch()
        assert ledger.settle() == {"cancelled": 190, "result": 10}
        assert counters(client)["executions_run"] <= before + 14


def test_same_job_twice_is_one_job(server: Service, ledger: Ledger):
    """Submitted again with the same name, at any time, a job is the same job."""
    work, _ = negate_tensor(500)
    with Peer(server.port, show="twice") as peer:
        job = peer.submit(work)
        first = peer.expect(JobAccepted)
        peer.send(JobSubmit(job.id, spec_of(job)))
        assert peer.expect(JobAccepted).work_key == first.work_key
        peer.put(bytes(work.inputs[0].data))
        ready = peer.expect(JobReady)
        peer.send(JobSubmit(job.id, spec_of(job)))
        assert peer.expect(JobReady).outputs == ready.outputs
        peer.send(JobAck(job.id))
        assert peer.expect(JobEnded).outcome == "result"
        for message in (
            JobSubmit(job.id, spec_of(job)),
            JobCancel(job.id),
            JobAck(job.id),
            JobQuery(job.id),
        ):
            peer.send(message)
            assert peer.expect(JobEnded).outcome == "result"


def test_first_outcome_counts(server: Service, ledger: Ledger):
    """After a cancel an ack, and after an ack a cancel, is answered with what came first."""
    for first, outcome in ((JobCancel, "cancelled"), (JobAck, "result")):
        work, _ = negate_tensor(501)
        with Peer(server.port, show=outcome) as peer:
            job = peer.submit(work)
            peer.expect(JobAccepted)
            peer.put(bytes(work.inputs[0].data))
            peer.expect(JobReady)
            for message in (first(job.id), JobCancel(job.id), JobAck(job.id)):
                peer.send(message)
            assert {peer.expect(JobEnded).outcome for _ in range(3)} == {outcome}


def test_ack_before_the_end_of_work_does_not_end_it(gated: Service, gate: Path, ledger: Ledger):
    """Acknowledging what is not there yet is answered with where the job stands."""
    work, _ = negate_tensor(4, model="gated")
    with Peer(gated.port) as peer:
        job = peer.submit(work)
        peer.expect(JobAccepted)
        peer.send(JobAck(job.id))
        assert peer.expect(JobAccepted, JobEnded).kind == "job.accepted"
        peer.put(bytes(work.inputs[0].data))
        gate.touch()
        assert peer.expect(JobReady).job_id == job.id
        peer.send(JobCancel(job.id))
        peer.expect(JobEnded)


def test_job_past_its_deadline_expires(gated: Service, gate: Path, ledger: Ledger):
    """A job with a deadline ends when that has passed, wherever it is."""
    with gated.client() as client:
        entry = ledger.submit(client, *negate_tensor(5, model="gated"), deadline_s=0.2)
        with pytest.raises(ExpiredError):
            entry.job.result(30)
        gate.touch()
        ledger.submit(client, *negate_tensor(6, model="gated"), deadline_s=60.0)
        assert ledger.settle() == {"expired": 1, "result": 1}


def test_client_that_closes_leaves_its_jobs_to_expire(gated: Service, gate: Path, ledger: Ledger):
    """Jobs of a client that was closed end by their lease."""
    with gated.client() as client:
        reached = Reached("infer")
        client.submit(negate_tensor(7, model="gated")[0], on_progress=reached)
        reached.wait()
    with gated.client() as client:
        assert wait_idle(client)["jobs_open"] == 0


def test_newest_session_takes_a_job_over(server: Service, ledger: Ledger):
    """A client that was started again and knows the job's name gets its result."""
    work, _ = negate_tensor(502)
    with Peer(server.port, show="over") as old, Peer(server.port, show="over") as new:
        job = old.submit(work)
        old.expect(JobAccepted)
        new.send(JobSubmit(job.id, spec_of(job)))
        assert new.expect(JobAccepted).missing
        new.put(bytes(work.inputs[0].data))
        ready = new.expect(JobReady)
        new.grant(1 << 20)
        new.send(BlobGet(ready.outputs[0].digest))
        new.send(JobAck(job.id))
        assert new.expect(JobEnded).outcome == "result"
