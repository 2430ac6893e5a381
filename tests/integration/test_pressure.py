"""Too little of everything: memory, disk, descriptors. Jobs end rightly or with a typed error."""

from __future__ import annotations

import resource
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from fakes.ledger import Ledger
from fakes.peer import Peer
from fakes.plates import negate_exr, negate_tensor
from fakes.service import MIB, Service, counters, wait_idle
from fakes.waiting import wait_until
from filmgate.digest import CHUNK_BYTES
from filmgate.errors import BusyError, ImageTooLargeError, StorageError
from filmgate.wire.messages import JobAccepted, JobRefused

FRAME = (800, 800, 3)
"""A tensor of 7.3 MiB; with its result it takes two segments of 7.5 MiB."""


def test_half_uploaded_frames_never_lock_a_full_store(make_service, ledger: Ledger):
    """Of eight who each upload half of a frame and stop, some are refused; an honest one passes."""
    service = make_service(store_bytes=16 * MIB, upload_stall_s=1.0, job_lease_s=1.0)
    with ExitStack() as stack:
        for seed in range(8):
            peer = stack.enter_context(Peer(service.port, show=f"show {seed}"))
            work, _ = negate_tensor(seed, FRAME)
            peer.submit(work)
            answer = peer.expect(JobAccepted, JobRefused)
            if isinstance(answer, JobRefused):
                assert (answer.code, bool(answer.retry_after_ms)) == ("busy", True)
            else:
                peer.put(bytes(work.inputs[0].data), 0, 3 * CHUNK_BYTES)
        with service.client() as client:
            ledger.submit(client, *negate_tensor(9, FRAME))
            ledger.all_end("result")
            assert wait_idle(client)["store_used_bytes"] <= 16 * MIB
    ledger.audit(service)


def test_eight_clients_share_room_for_one_frame(make_service, ledger: Ledger):
    """With memory for one frame at a time, eight clients at once all get their results."""
    service = make_service(store_bytes=16 * MIB)
    with ExitStack() as stack:
        clients = [stack.enter_context(service.client(show=f"show {n}")) for n in range(8)]
        for seed, client in enumerate(clients):
            for frame in range(2):
                ledger.submit(client, *negate_tensor(10 * seed + frame, FRAME))
        ledger.all_end("result")
    ledger.audit(service)


def test_job_larger_than_the_store_is_refused(make_service, ledger: Ledger):
    """What can never fit is refused at once and for good."""
    service = make_service(store_bytes=16 * MIB)
    with service.client() as client:
        entry = ledger.submit(client, *negate_tensor(1, (1300, 1300, 3)))
        ledger.settle()
        assert isinstance(entry.error, ImageTooLargeError)
        assert counters(client)["uploaded_bytes"] == 0
        ledger.submit(client, *negate_tensor(2, FRAME))
        assert ledger.settle() == {"result": 1, "error": 1}
    ledger.audit(service)


def test_store_stays_within_its_budget(make_service, ledger: Ledger):
    """Hundreds of frames pass through a small store; old ones are evicted, none is spoilt."""
    service = make_service(store_bytes=16 * MIB)
    with service.client() as client:
        for seed in range(150):
            ledger.submit(client, *negate_tensor(seed, (200, 200, 3)))
        ledger.all_end("result")
        page = wait_idle(client)
        assert page["store_used_bytes"] <= 16 * MIB
        assert page["store_evictions"] > 0
    ledger.audit(service)


@pytest.mark.parametrize("process", ["gateway", "worker"])
def test_no_memory_for_a_segment_is_a_typed_error(make_service, ledger: Ledger, process: str):
    """Where the system gives no shared memory for a frame, its job says so; small ones go on."""
    service = make_service()
    with service.client() as client:
        client.wait_connected()
        pid = service.process.pid if process == "gateway" else service.workers[0].pid
        # The kernel refuses to grow a memfd beyond this, as it does when memory is exhausted.
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4 * MIB, 4 * MIB))
        large = ledger.submit(client, *negate_tensor(1, FRAME), patience_s=1.0)
        ledger.submit(client, *negate_tensor(2))
        assert ledger.settle() == {"result": 1, "error": 1}
        assert isinstance(large.error, StorageError)
        wait_idle(client)  # so that its cancel has arrived before it leaves
    ledger.audit(service)


def test_low_limit_on_open_files_does_not_limit_frames(make_service, ledger: Ledger):
    """Where a shell lets processes open few files, the server helps itself to what it may have."""
    few = 'ulimit -Sn 128 && exec "$@"'
    service = make_service(launcher=["sh", "-c", few, "sh"])
    with service.client() as client:
        for seed in range(400):
            ledger.submit(client, *negate_tensor(seed))
        ledger.all_end("result")
    ledger.audit(service)


@pytest.fixture
def small_disk(tmp_path: Path) -> list[str]:
    """Return the command that gives a server a folder of 8 MB that only it sees."""
    disk = tmp_path / "disk"
    disk.mkdir()
    unshare = shutil.which("unshare") or "unshare"
    if subprocess.run([unshare, "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let us mount a small disk (unshare --mount)")
    mount = f'mount -t tmpfs -o size=8m none "{disk}" && exec "$@"'
    return [unshare, "--mount", "sh", "-c", mount, "sh"]


def test_full_disk_under_the_journal_refuses_jobs(
    make_service, ledger: Ledger, small_disk: list[str], tmp_path: Path
):
    """With no room for the journal jobs are refused with an error that says so."""
    disk = tmp_path / "disk"
    service = make_service(launcher=small_disk, journal=str(disk / "journal.sqlite3"))
    inside = Path(f"/proc/{service.process.pid}/root") / str(disk).lstrip("/")
    with service.client() as client:
        ledger.submit(client, *negate_exr(1))
        ledger.all_end("result")
        filler = inside / "filler"
        _fill(filler)
        refused: list[StorageError] = []
        for seed in range(2, 60):
            entry = ledger.submit(client, *negate_exr(seed), patience_s=0.0)
            entry.job.future.exception(30)
            if isinstance(entry.error, StorageError):
                refused.append(entry.error)
                break
        assert refused
        assert client.status().state == "running"
        filler.unlink()
        last = ledger.submit(client, *negate_exr(100))
        assert last.job.result(30).outputs
        wait_idle(client)
    ledger.settle()
    ledger.audit(service, _copied(inside, tmp_path))


def test_full_disk_under_the_audit_log_stops_nobody(make_service, ledger: Ledger):
    """Where the audit log cannot be written, frames pass, and the server's log complains."""
    service = make_service(audit_log="/dev/full")
    with service.client() as client:
        for seed in range(20):
            ledger.submit(client, *negate_exr(seed))
        ledger.all_end("result")
    ledger.audit(service)
    assert "audit log" in service.log


def test_disk_that_fills_while_jobs_run_loses_no_end(
    make_service, ledger: Ledger, small_disk: list[str], tmp_path: Path
):
    """An end that cannot be written is written once there is room, and told only then."""
    disk = tmp_path / "disk"
    service = make_service(launcher=small_disk, journal=str(disk / "journal.sqlite3"))
    inside = Path(f"/proc/{service.process.pid}/root") / str(disk).lstrip("/")
    filler = inside / "filler"
    with service.client() as client:
        for seed in range(60):
            ledger.submit(client, *negate_exr(seed))
        wait_until(lambda: any(entry.ends for entry in ledger.entries), "the first end")
        _fill(filler)
        assert client.status().state == "running"
        ledger.submit(client, *negate_exr(61))
        filler.unlink()
        ledger.all_end("result")
        wait_idle(client)
    ledger.audit(service, _copied(inside, tmp_path))


def _copied(disk: Path, folder: Path) -> Path:
    """Copy the journal from where only the server sees it by its name."""
    for path in disk.glob("journal.sqlite3*"):
        shutil.copy(path, folder)
    return folder / "journal.sqlite3"


def _fill(path: Path) -> None:
    """Write until the disk is full, down to its last bytes."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def test_journal_that_cannot_be_opened_ends_the_start(tmp_path: Path):
    """A server whose journal cannot exist does not pretend to run."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    (tmp_path / "service").mkdir()
    service = Service(tmp_path / "service", journal=str(blocked / "journal.sqlite3"))
    with pytest.raises(StorageError, match="cannot be opened"):
        service.__enter__()


@pytest.mark.parametrize("chunk_bytes", [64 << 10, 100_000, MIB])
def test_every_size_of_pieces_works_both_ways(make_service, ledger: Ledger, chunk_bytes: int):
    """Whatever size of pieces a server is set to, frames pass and can be fetched."""
    service = make_service(chunk_bytes=chunk_bytes)
    with service.client() as client:
        ledger.submit(client, *negate_tensor(1, (700, 701, 3)))
        ledger.submit(client, *negate_exr(2, (300, 300)))
        ledger.all_end("result")
    ledger.audit(service)


def test_too_many_jobs_are_refused_for_now(make_service, ledger: Ledger):
    """Beyond the largest number of open jobs clients wait their turn, and all are served."""
    service = make_service(max_jobs=4)
    with service.client() as client:
        for seed in range(12):
            ledger.submit(client, *negate_exr(seed))
        ledger.all_end("result")
    ledger.audit(service)


def test_impatient_client_is_told_that_the_server_is_busy(make_service, ledger: Ledger):
    """Without patience a refusal for now is the end, with an error worth trying again."""
    service = make_service(max_jobs=1)
    with Peer(service.port) as peer, service.client() as client:
        peer.submit(negate_tensor(1)[0])
        peer.expect(JobAccepted)
        entry = ledger.submit(client, *negate_exr(2), patience_s=0.0)
        ledger.settle()
        assert isinstance(entry.error, BusyError)
        assert entry.error.retryable
