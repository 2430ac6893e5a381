"""Processes that die: no accepted job is lost, answered twice or answered wrongly."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import psutil
import pytest

from fakes.accounts import SHARED_MEMORY, gone
from fakes.ledger import Ledger
from fakes.loads import load
from fakes.models import DEADLY, GATED, write_model
from fakes.peer import Peer, spec_of
from fakes.plates import negate_exr, negate_tensor, random_tensor, tensor_payload
from fakes.service import Service, restarts
from fakes.stages import Reached
from fakes.waiting import wait_until
from filmgate.client import Client
from filmgate.errors import ModelError
from filmgate.job import Work
from filmgate.local_server import LocalServer
from filmgate.wire.messages import Error, JobAccepted, JobCancel, JobEnded, JobSubmit

JOBS_PER_KILL = 10


def kill(*processes: psutil.Process) -> None:
    """Send SIGKILL to all at once."""
    for process in processes:
        process.send_signal(signal.SIGKILL)


def is_free(port: int) -> bool:
    """Return whether nobody listens on *port*."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@load("kills", usual=4, nightly=20)
def test_server_killed_again_and_again(make_service, ledger: Ledger, kills: int):
    """Killed and started again amid its work, the server ends each job once and rightly."""
    service = make_service()
    with service.client() as client:
        for seed in range(JOBS_PER_KILL * kills):
            work = negate_exr(seed) if seed % 2 else negate_tensor(seed, (300, 300, 3))
            ledger.submit(client, *work)
        for turn in range(kills):
            share = JOBS_PER_KILL * turn + 2
            wait_until(
                lambda share=share: sum(bool(entry.ends) for entry in ledger.entries) >= share,
                f"{share} results",
            )
            service.restart()
        ledger.all_end("result")
    ledger.audit(service)


def test_server_killed_amid_an_upload_and_a_download(make_service, ledger: Ledger):
    """Frames of many pieces survive kills while they are sent and while they are fetched."""
    service = make_service()
    with service.client() as client:
        for stages in (("sending",), ("queued", "decode", "infer"), ("ready",)):
            reached = Reached(*stages)
            ledger.submit(client, *negate_tensor(len(stages[0]), (1500, 1500, 3)), reached)
            reached.wait()
            service.restart()
        ledger.all_end("result")
    ledger.audit(service)


def test_client_waits_for_a_server_that_is_down(make_service, ledger: Ledger):
    """What is submitted while the server is down is done once it is up."""
    service = make_service()
    with service.client() as client:
        client.wait_connected()
        service.stop()
        for seed in range(5):
            ledger.submit(client, *negate_exr(seed))
        service.start()
        ledger.all_end("result")
    ledger.audit(service)


def test_job_can_be_cancelled_before_it_is_submitted_again(make_service, ledger: Ledger):
    """After a restart a job that its client only wants to cancel ends so, here and there."""
    service = make_service()
    with Peer(service.port) as peer:
        job = peer.submit(negate_tensor(1)[0])
        peer.expect(JobAccepted)
        service.restart()
    with Peer(service.port, user="thief") as thief:
        thief.send(JobCancel(job.id))
        assert thief.expect(Error).code == "denied"
    with Peer(service.port) as peer:
        peer.send(JobCancel(job.id))
        assert peer.expect(JobEnded).outcome == "cancelled"
        peer.send(JobSubmit(job.id, spec_of(job)))
        assert peer.expect(JobEnded).outcome == "cancelled"
    ledger.audit(service)


def test_jobs_of_clients_that_never_return_expire(make_service, ledger: Ledger, tmp_path: Path):
    """After a restart the server ends what nobody asks for any more."""
    models = tmp_path / "models"
    write_model(models, "gated", GATED, gate=tmp_path / "gate")
    service = make_service(models=[str(models)], job_lease_s=1.0, restart_lease_s=1.0)
    reached = Reached("infer")
    with service.client() as client:
        work = Work("gated", (tensor_payload(random_tensor(1)),))
        client.submit(work, on_progress=reached)
        reached.wait()
        service.stop()
    service.start()
    wait_until(lambda: not _open_rows(service, ledger), "the forgotten job to expire")


def _open_rows(service: Service, ledger: Ledger) -> bool:
    try:
        ledger.audit_journal(service.journal)
    except AssertionError:
        return True
    return False


@load("kills", usual=4, nightly=200)
def test_worker_killed_in_the_middle_of_frames(
    make_service, ledger: Ledger, tmp_path: Path, kills: int
):
    """The frames of a killed worker are done again by the next one, and what waits comes after."""
    gate, models = tmp_path / "gate", tmp_path / "models"
    write_model(models, "gated", GATED, gate=gate)
    service = make_service(models=[str(models)])
    with service.client() as client:
        for turn in range(kills):
            reached = Reached("infer")
            for seed in range(3):
                ledger.submit(client, *negate_tensor(3 * turn + seed, model="gated"), reached)
            reached.wait()
            (worker,) = service.workers
            kill(worker)
            wait_until(lambda worker=worker: gone(worker), "the worker to end")
            gate.touch()
            ledger.retire()
            gate.unlink()
        ledger.all_end("result")
        assert restarts(client.status()) == kills
    ledger.audit(service)


def test_every_worker_killed_in_turn(make_service, ledger: Ledger, tmp_path: Path):
    """Of two workers one is killed amid its frames and then the other: every frame is done."""
    gate, models = tmp_path / "gate", tmp_path / "models"
    write_model(models, "gated", GATED, gate=gate)
    service = make_service(models=[str(models)], workers=2)
    with service.client() as client:
        reached = Reached("infer")
        for seed in range(10):
            ledger.submit(client, *negate_tensor(seed, model="gated"), reached)
        for _ in range(2):
            reached.wait()
        for place, victim in enumerate(service.workers):
            kill(victim)
            wait_until(lambda n=place + 1: restarts(client.status()) == n, "the next worker")
        gate.touch()
        ledger.all_end("result")
    ledger.audit(service)


def test_frame_that_kills_workers_is_given_up_alone(make_service, ledger: Ledger, tmp_path: Path):
    """A frame that kills each worker that tries it ends with an error; those beside it do not."""
    models = tmp_path / "models"
    write_model(models, "deadly", DEADLY)
    service = make_service(models=[str(models)])
    with service.client() as client:
        for seed in range(8):
            if seed == 2:
                poison = random_tensor(seed)
                poison[0, 0, 0] = 666.0
                bad = ledger.submit(client, Work("deadly", (tensor_payload(poison),)))
            else:
                ledger.submit(client, *negate_tensor(seed, model="deadly"))
        assert ledger.settle() == {"result": 7, "error": 1}
        assert isinstance(bad.error, ModelError)
    ledger.audit(service)


@load("stops", usual=1, nightly=20)
def test_stopped_worker_is_replaced(make_service, ledger: Ledger, tmp_path: Path, stops: int):
    """A worker that stands still amid a frame is killed; another does the frame, once."""
    gate, models = tmp_path / "gate", tmp_path / "models"
    write_model(models, "gated", GATED, gate=gate)
    service = make_service(models=[str(models)])
    with service.client() as client:
        for stop in range(stops):
            reached = Reached("infer")
            ledger.submit(client, *negate_tensor(stop, model="gated"), reached)
            reached.wait()
            (worker,) = service.workers
            worker.send_signal(signal.SIGSTOP)
            gate.touch()
            ledger.retire()
            assert gone(worker)
            gate.unlink()
        ledger.all_end("result")
        assert restarts(client.status()) == stops
    ledger.audit(service)


@pytest.mark.parametrize("victim", ["supervisor", "gateway", "librarian", "workers", "all"])
def test_nothing_remains_of_a_killed_server(victim: str):
    """Whoever is killed, no process, port or name in shared memory is left behind."""
    before = set(SHARED_MEMORY.iterdir())
    server = LocalServer(options=("--workers", "2", "--log-level", "error"))
    with server as endpoint:
        supervisor = psutil.Process(endpoint.pid)
        family = [supervisor, *supervisor.children(recursive=True)]
        assert len(family) == 5, "supervisor, gateway, librarian and two workers"
        with Client(endpoint.server, token=endpoint.token) as client:
            client.run(negate_exr(1)[0])
            client.run(negate_tensor(2, (800, 800, 3))[0])
        victims = {
            "supervisor": family[:1],
            "gateway": [each for each in family if "filmgate_server.service" in each.cmdline()],
            "workers": [
                each for each in family if "filmgate_server.worker.process" in each.cmdline()
            ],
            "librarian": [
                each for each in family if "filmgate_server.registry.librarian" in each.cmdline()
            ],
            "all": family,
        }[victim]
        assert victims
        kill(*victims)
        if victim not in ("workers", "librarian"):
            wait_until(lambda: gone(*family), "every process to end")
    wait_until(lambda: gone(*family), "every process to end")
    wait_until(lambda: is_free(endpoint.port), "the port to be free")
    assert set(SHARED_MEMORY.iterdir()) <= before


def test_sigterm_lets_accepted_work_finish(make_service, ledger: Ledger, tmp_path: Path):
    """Told to stop, the server finishes what it has accepted, refuses more, and leaves with 0."""
    gate, models = tmp_path / "gate", tmp_path / "models"
    write_model(models, "gated", GATED, gate=gate)
    service = make_service(models=[str(models)])
    with service.client() as client:
        reached = Reached("infer")
        ledger.submit(client, *negate_tensor(1, model="gated"), reached)
        reached.wait()
        service.drain()
        wait_until(lambda: client.status().state == "draining", "the server to drain")
        late = ledger.submit(client, *negate_tensor(2), patience_s=0.0)
        late.job.future.exception(30)
        assert late.error is not None
        assert (late.error.code, late.error.retryable) == ("busy", True)
        gate.touch()
        assert ledger.settle() == {"result": 1, "error": 1}
        assert service.wait_exit() == 0
    ledger.audit(service)
