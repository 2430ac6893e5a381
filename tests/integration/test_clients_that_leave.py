"""Clients that vanish or do not read; others go on as if alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import zmq

from fakes.ledger import Ledger
from fakes.loads import load
from fakes.peer import Peer
from fakes.plates import negate_exr, negate_tensor
from fakes.service import MIB, counters, wait_idle
from fakes.stages import Reached
from fakes.waiting import wait_until
from filmgate.client import Client
from filmgate.digest import CHUNK_BYTES
from filmgate.wire.messages import BlobDone, BlobGet, JobAccepted, JobEnded, JobReady

TESTS = Path(__file__).parents[1]
FRAME = (800, 800, 3)


def start_vanishing(where: str, port: int, seed: int) -> subprocess.Popen[str]:
    """Start a client that waits half way through an *upload* or *download*."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fakes.vanishing", where, str(port), str(seed)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "half way\n"
    return process


@pytest.mark.parametrize("where", ["upload", "download"])
def test_killed_client_leaves_its_memory(make_service, ledger: Ledger, where: str):
    """A client killed half way loses its job when the lease ends, and its memory is free again."""
    service = make_service(job_lease_s=0.5)
    with service.client() as client:
        process = start_vanishing(where, service.port, 1)
        try:
            assert counters(client)["jobs_open"] == 1
        finally:
            process.kill()
            process.communicate()
        ledger.submit(client, *negate_exr(1))
        ledger.all_end("result")
        wait_idle(client)
        page = counters(client)
        assert page["store_promised_bytes"] == 0
        ledger.submit(client, *negate_tensor(1, FRAME))  # what it had started is done for others
        ledger.all_end("result")
    ledger.audit(service)


@load("readers", usual=4, nightly=8)
def test_slow_readers_cost_only_their_credit(make_service, ledger: Ledger, readers: int):
    """Peers that grant credit and never read hold that much memory; an honest client goes on."""
    service = make_service(job_lease_s=0.5)
    credit = 8 * MIB
    work, check = negate_tensor(2, (1500, 1500, 3))
    with service.client() as client:
        ledger.submit(client, work, check)
        ledger.all_end("result")
        output = ledger.entries[0].job.result().output("color")
        before = service.private_bytes
        peers = [
            Peer(
                service.port,
                options={zmq.RCVHWM: 1, zmq.RCVBUF: 4096, zmq.MAXMSGSIZE: -1},
                show="default",
            )
            for _ in range(readers)
        ]
        try:
            for peer in peers:
                job = peer.submit(work)
                ready = peer.expect(JobReady)
                assert ready.job_id == job.id
                peer.grant(credit)
                peer.send(BlobGet(ready.outputs[0].digest))
            assert len(output.data) > credit
            for seed in range(3, 13):
                ledger.submit(client, *negate_exr(seed))
            ledger.all_end("result")
            assert service.private_bytes < before + readers * credit + 32 * MIB
        finally:
            for peer in peers:
                peer.__exit__()
    ledger.audit(service)


@load("visits", usual=18, nightly=200)
@pytest.mark.parametrize("handoff", [False, True], ids=["wire", "handoff"])
def test_clients_that_come_and_go_leave_nothing(
    make_service, ledger: Ledger, handoff: bool, visits: int
):
    """Clients that leave at any stage of a frame cost neither memory nor descriptors afterwards."""
    service = make_service(job_lease_s=0.5, batch_lease_s=0.5, upload_stall_s=1.0)
    stages = ("sending", "queued", "infer", "encode", "ready", "result")
    with service.client() as staying:
        for visit in range(visits):
            stage = stages[visit % len(stages)]
            with service.client(user=f"visitor {visit}", handoff=handoff) as client:
                reached = Reached(stage, "ready")
                entry = ledger.submit(client, *negate_tensor(visit, FRAME), reached)
                reached.wait() if stage != "result" else entry.wait(40)
            ledger.submit(staying, *negate_exr(visit))
            ledger.retire(keep=10)
        ledger.settle()
    ledger.audit(service)


def test_session_that_stalls_in_one_upload_loses_only_its_jobs(make_service, ledger: Ledger):
    """A peer that stays connected and stops sending is given up after a while; others are not."""
    service = make_service(upload_stall_s=0.5)
    work, check = negate_tensor(40, FRAME)
    with Peer(service.port) as peer, service.client(show=peer.welcome.show) as client:
        peer.submit(work)
        peer.expect(JobAccepted)
        peer.put(bytes(work.inputs[0].data), 0, CHUNK_BYTES)
        ledger.submit(client, work, check)
        ledger.all_end("result")
        peer.expect(BlobDone, JobReady)
    with Peer(service.port) as peer, service.client() as client:
        other, _ = negate_tensor(41, FRAME)
        peer.submit(other)
        peer.expect(JobAccepted)
        peer.put(bytes(other.inputs[0].data), 0, CHUNK_BYTES)
        assert peer.expect(JobEnded).outcome == "expired"
        assert counters(client)["store_promised_bytes"] == 0


def test_long_queue_of_uploads_does_not_stall(make_service, ledger: Ledger):
    """An upload that waits its turn behind others of the same client is not given up."""
    service = make_service(upload_stall_s=0.3)
    works = [negate_tensor(seed, (600, 600, 3))[0] for seed in range(50, 58)]
    with Peer(service.port) as peer, service.client() as client:
        for work in works:
            peer.submit(work)
            peer.expect(JobAccepted)
        for work in works:
            content = bytes(work.inputs[0].data)
            peer.put(content, 0, CHUNK_BYTES)
            _pass_time(client, 200)
            peer.put(content, CHUNK_BYTES)
            assert isinstance(peer.expect(JobReady, JobEnded), JobReady)


def _pass_time(client: Client, duration_ms: int) -> None:
    """Wait until the server's own clock has moved on."""
    until_ms = counters(client)["uptime_ms"] + duration_ms
    wait_until(lambda: counters(client)["uptime_ms"] > until_ms, "some time to pass")
