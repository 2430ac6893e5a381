"""What a server's processes hold: memory, descriptors, threads; and whether it comes back."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from fakes.waiting import wait_until

GATEWAY, WORKER = "filmgate_server.service", "filmgate_server.worker.process"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - looked at, not written

ENGINE_THREADS = 1
"""What a worker's engine may start at its first frame and keep: tests give it one thread."""

_SEGMENT = "/memfd:"
"""Descriptors of blobs in memory are counted by the store's budget, in bytes."""

ENGINES_BYTES = 1 << 30
"""What engines and models may take of a worker besides: denoising one frame of a megapixel keeps
700 MiB, whoever runs it."""


@dataclass(frozen=True)
class Account:
    """What one process holds.

    Attributes:
        rss_bytes: its resident memory, shared segments included.
        descriptors: how many it has open, those of segments left out.
        threads: how many it runs.
    """

    rss_bytes: int
    descriptors: int
    threads: int


@dataclass(frozen=True)
class Accounts:
    """What a server's processes hold, how many there are, and all names in shared memory."""

    gateway: Account
    workers: Mapping[int, Account]
    processes: int
    names: frozenset[str]


def family(pid: int) -> list[psutil.Process]:
    """Return the process *pid* and all that it has started."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    return []


def running(module: str, pid: int) -> list[psutil.Process]:
    """Return the processes of *pid*'s family that run *module*."""
    return [process for process in family(pid) if module in command_of(process)]


def command_of(process: psutil.Process) -> list[str]:
    """Return a process's command line; empty once it has gone."""
    with suppress(psutil.Error):
        return process.cmdline()
    return []


def gone(*processes: psutil.Process) -> bool:
    """Return whether every process has ended."""
    return all(_has_ended(process) for process in processes)


def take_accounts(pid: int) -> Accounts:
    """Look at the gateway *pid* and its workers."""
    workers = {worker.pid: _account(worker.pid) for worker in running(WORKER, pid)}
    names = frozenset(path.name for path in SHARED_MEMORY.iterdir())
    return Accounts(_account(pid), workers, len(family(pid)), names)


def audit_accounts(pid: int, base: Accounts, budget_bytes: int, models_bytes: int) -> None:
    """Assert that a server holds no more than at its start, but for memory within its budget.

    Args:
        pid: the gateway's.
        base: what it held when it was ready and idle.
        budget_bytes: what it may hold of clients' pixels; a tenth more is forgiven.
        models_bytes: what a worker's models may take beside that, which no client asks for.
    """
    wait_until(lambda: not _leaks(pid, base), lambda: _leaks(pid, base))
    now = take_accounts(pid)
    allowed = budget_bytes * 11 // 10
    grown = now.gateway.rss_bytes - base.gateway.rss_bytes
    assert grown <= allowed, f"the gateway has grown by {grown >> 20} MiB"
    base_worker = max(worker.rss_bytes for worker in base.workers.values())
    for worker in now.workers.values():
        grown = worker.rss_bytes - base_worker
        assert grown <= allowed + models_bytes, f"a worker has grown by {grown >> 20} MiB"


def _leaks(pid: int, base: Accounts) -> str:
    """Say what is open that was not at the start; empty where there is nothing."""
    try:
        now = take_accounts(pid)
    except (psutil.Error, OSError) as error:
        return f"a process has gone while we looked: {error}"
    found = [
        _excess("workers", len(now.workers), len(base.workers)),
        _excess("processes", now.processes, base.processes),
        _excess("names in shared memory", len(now.names - base.names), 0),
        _excess("descriptors of the gateway", now.gateway.descriptors, base.gateway.descriptors),
        _excess("threads of the gateway", now.gateway.threads, base.gateway.threads),
    ]
    descriptors = max(worker.descriptors for worker in base.workers.values())
    threads = max(worker.threads for worker in base.workers.values()) + ENGINE_THREADS
    for worker in now.workers.values():
        found.append(_excess("descriptors of a worker", worker.descriptors, descriptors))
        found.append(_excess("threads of a worker", worker.threads, threads))
    return ", ".join(filter(None, found))


def _excess(what: str, now: int, allowed: int) -> str:
    return f"{now} {what} instead of {allowed}" if now > allowed else ""


def _account(pid: int) -> Account:
    process = psutil.Process(pid)
    return Account(process.memory_info().rss, _descriptors(pid), process.num_threads())


def _descriptors(pid: int) -> int:
    folder = Path(f"/proc/{pid}/fd")
    return sum(not _target(entry).startswith(_SEGMENT) for entry in folder.iterdir())


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except FileNotFoundError:
        return _SEGMENT  # it was closed while we looked


def _has_ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
