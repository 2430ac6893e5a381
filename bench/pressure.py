"""A server whose memory is full: does its process stay within bounds, does everybody finish?"""

from __future__ import annotations

from collections import Counter, deque
from contextlib import ExitStack
from pathlib import Path

from bench.filmgate import ANSWER_TIMEOUT_S, RunningServer, negation, store_option
from bench.frames import FrameSource
from bench.relay import HoldingRelay
from bench.table import Target
from filmgate.errors import FilmgateError
from filmgate.job import Job

FRAMES_HELD = 6
"""Frames that fill the small store, with their results."""
ALLOWANCE = 1.10
CLIENTS = 8
IN_FLIGHT = 4
QUIET_S = 2.0
"""When no further upload has come half-way for so long, the server takes no more."""
MIB = 1 << 20


def measure_memory(source: FrameSource, frames: int) -> Target:
    """Send more *frames* through a server than its store holds; judge what its process takes."""
    with RunningServer() as server:
        base_bytes = peak_bytes(server)
        flood(server, source, frames)
        grown_bytes = peak_bytes(server) - base_bytes
        budget_bytes = server.counters()["store_budget_bytes"]
    return Target(
        f"the gateway's memory while {frames} frames pass",
        f"{base_bytes / MIB:.0f} MiB at the start + {budget_bytes / MIB:.0f} MiB budget + 10 %",
        f"{base_bytes / MIB:.0f} + {grown_bytes / MIB:.0f} MiB at its peak",
        grown_bytes <= ALLOWANCE * budget_bytes,
    )


def measure_deadlock(source: FrameSource) -> Target:
    """Block a store that is too small for all clients with half-uploaded frames."""
    with RunningServer(store_option(FRAMES_HELD, source.size_bytes)) as server:
        held, outcomes = half_upload(server, source)
    ends = ", ".join(f"{count} x {outcome}" for outcome, count in sorted(outcomes.items()))
    return Target(
        f"{CLIENTS} clients that stop half-way through an upload, the store too small for all",
        "all finish or are refused",
        f"{held} held half-way; {ends}",
        set(outcomes) <= {"result", "busy"},
    )


def peak_bytes(server: RunningServer) -> int:
    """Return the most memory that the gateway's process has had resident (Linux: VmHWM)."""
    lines = Path(f"/proc/{server.gateway.pid}/status").read_text("ascii").splitlines()
    kibibytes = next(line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(kibibytes) << 10


def flood(server: RunningServer, source: FrameSource, frames: int) -> None:
    """Send *frames* frames, a few at a time."""
    waiting: deque[Job] = deque()
    for _ in range(frames):
        if len(waiting) >= IN_FLIGHT:
            waiting.popleft().result(ANSWER_TIMEOUT_S)
        waiting.append(server.client.submit(negation(source, bytes(source.advance()))))
    for job in waiting:
        job.result(ANSWER_TIMEOUT_S)


def half_upload(server: RunningServer, source: FrameSource) -> tuple[int, Counter[str]]:
    """Let clients send half a frame each, hold them all, release them; count how they end.

    Returns:
        How many were held half-way (the others were told to wait), and how many ended how.
    """
    with ExitStack() as running:
        half_bytes = source.size_bytes // 2
        relay = running.enter_context(HoldingRelay(server.port, half_bytes, CLIENTS))
        jobs: list[Job] = []
        for _ in range(CLIENTS):
            client = server.connect(relay.port)
            running.callback(client.close)
            jobs.append(client.submit(negation(source, bytes(source.advance()))))
        held = relay.count_held(QUIET_S)
        relay.release()
        return held, Counter(_outcome(job) for job in jobs)


def _outcome(job: Job) -> str:
    try:
        job.result(ANSWER_TIMEOUT_S)
    except FilmgateError as error:
        return error.code
    return "result"
