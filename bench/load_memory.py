"""What a server's processes take of the memory while clients read slowly, come and go."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Self

import psutil

from bench.load_audit import audit
from bench.load_fleet import NEGATE_ALL, Fleet
from bench.load_server import LoadServer
from bench.load_truth import Truth
from bench.plot import Curve
from bench.relay import SlowRelay
from bench.table import Target
from filmgate.errors import FilmgateError

MIB = 1 << 20
ALLOWANCE = 1.10
SLOW_READERS = 8
SLOW_BYTES_PER_S = 1 * MIB
SLOW_FRAME_BYTES = 8 * MIB
CHURN_FRAME_BYTES = 4 * MIB
CHURN_AT_A_TIME = 4
ARTISTS = 4
ARTIST_FRAME_BYTES = 2 * MIB
SAMPLE_S = 0.25
WARM_UPS = 4
_HALF_WAY_S = 0.15
_ANSWER_S = 60.0


@dataclass
class Memory:
    """A server's memory over time, taken by a thread of its own.

    Attributes:
        whole: seconds and MiB of all its processes; pages that they share count once.
        gateway: the same of the gateway alone.
    """

    server: LoadServer
    whole: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    gateway: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])

    def __enter__(self) -> Self:
        """Take the first sample, then one every moment."""
        self._stopped = threading.Event()
        self._started_s = time.monotonic()
        self.sample()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop taking samples."""
        self._stopped.set()
        self._thread.join()

    def sample(self) -> None:
        """Take one sample."""
        at_s = time.monotonic() - self._started_s
        gateway = self.server.gateway
        sizes = {process.pid: proportional_bytes(process) for process in self.server.family}
        self.whole.append((at_s, sum(sizes.values()) / MIB))
        self.gateway.append((at_s, sizes.get(gateway.pid, 0) / MIB))

    def _run(self) -> None:
        while not self._stopped.wait(SAMPLE_S):
            self.sample()


def proportional_bytes(process: psutil.Process) -> int:
    """Return a process's memory; a page that several share counts for each in part (Linux: PSS)."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0  # it has just gone


def measure_pressure(
    clients: int, slow_frames: int, store_bytes: int
) -> tuple[list[Target], dict[str, Curve], tuple[str, float]]:
    """Let slow readers read, *clients* come and go half-way, and artists work beside them.

    Returns:
        What was promised; the memory over time in MiB; the line that it may not cross.
    """
    with LoadServer("--workers", "1", "--threads", "1", f"--store-bytes={store_bytes}") as server:
        kept_mib = warm_up(server)
        with Memory(server) as memory, ExitStack() as stack:
            relay = stack.enter_context(SlowRelay(server.port, SLOW_BYTES_PER_S))
            orders = {"size_bytes": ARTIST_FRAME_BYTES}
            fleet = stack.enter_context(Fleet(server, ARTISTS, 1, orders))
            readers = stack.enter_context(ThreadPoolExecutor(SLOW_READERS))
            slow = [
                readers.submit(read_slowly, server, relay.port, number, slow_frames)
                for number in range(SLOW_READERS)
            ]
            churn(server, clients)
            slow_right = sum(reader.result() for reader in slow)
            ends = fleet.stop()
        found = audit(ends, server.journalled())
    budget_mib = store_bytes / MIB
    base_mib = memory.whole[0][1] - kept_mib
    peak_mib = max(size for _, size in memory.whole)
    bound_mib = base_mib + ALLOWANCE * budget_mib
    targets = [
        Target(
            f"memory with {SLOW_READERS} readers at 1 MB/s and {clients} clients that vanish",
            f"{base_mib:.0f} MiB at the start + {budget_mib:.0f} MiB store + 10 % of it",
            f"{peak_mib:.0f} MiB at the peak",
            peak_mib <= bound_mib,
        ),
        Target(
            "the artists and the slow readers meanwhile",
            "0 violations",
            f"{found}; {slow_right} of {SLOW_READERS * slow_frames} slow results right",
            found.clean and slow_right == SLOW_READERS * slow_frames,
        ),
    ]
    curves: dict[str, Curve] = {"all processes": memory.whole, "gateway alone": memory.gateway}
    return targets, curves, ("budget + 10 %", bound_mib)


def warm_up(server: LoadServer) -> float:
    """Let each part of the server touch what it needs for the largest frame.

    Returns:
        What its store holds afterwards, in MiB.
    """
    truth = Truth(1, SLOW_FRAME_BYTES, "negate")
    with server.client("first") as client:
        for number in range(WARM_UPS):
            client.submit(truth.work(number, **NEGATE_ALL)).result(_ANSWER_S)
        return client.status().counters["store_used_bytes"] / MIB


def read_slowly(server: LoadServer, port: int, number: int, frames: int) -> int:
    """Have frames negated over a slow line; return how many came back right."""
    truth = Truth(1000 + number, SLOW_FRAME_BYTES, "negate")
    right = 0
    with server.client(f"slow{number}", port) as client:
        for frame in range(frames):
            job = client.submit(truth.work(frame, **NEGATE_ALL))
            with contextlib.suppress(FilmgateError):
                right += truth.is_right(frame, job.result(_ANSWER_S * SLOW_READERS))
    return right


def churn(server: LoadServer, clients: int) -> None:
    """Let clients connect, send a frame and vanish, a few at a time."""
    with ThreadPoolExecutor(CHURN_AT_A_TIME) as pool:
        list(pool.map(_vanisher(server), range(clients)))


def _vanisher(server: LoadServer) -> Callable[[int], None]:
    def vanish(number: int) -> None:
        truth = Truth(2000 + number, CHURN_FRAME_BYTES, "negate")
        with server.client(f"churn{number}") as client, contextlib.suppress(FilmgateError):
            client.submit(truth.work(0, **NEGATE_ALL)).result(_HALF_WAY_S)

    return vanish
