"""How long a device goes on with what nobody wants any more."""

from __future__ import annotations

import statistics
import threading
import time

from bench.load_models import PAUSE, TILE_S
from bench.load_server import LoadServer
from bench.load_truth import Truth
from bench.table import Target, milliseconds
from filmgate.client import Client
from filmgate.job import Job

BOUND_S = 0.1
FRAME_BYTES = 16 << 10
TILES = 2000
_PATIENCE_S = 30.0


def measure_cancel(rounds: int) -> Target:
    """Cancel a frame amid its tiles, again and again, and wait until the device is idle."""
    truth = Truth(1, FRAME_BYTES, PAUSE)
    with (
        LoadServer("--workers", "1", "--threads", "1") as server,
        server.client("artist") as client,
    ):
        client.submit(truth.work(0, tiles=1)).result(_PATIENCE_S)  # loads the model
        seconds = [cancel_once(client, truth, number + 1) for number in range(rounds)]
    middle_s = statistics.median(seconds)
    return Target(
        f"from a cancel to an idle device, tiles of {milliseconds(TILE_S)} ms",
        f"median below {milliseconds(BOUND_S)} ms",
        f"{milliseconds(middle_s)} ms, at most {milliseconds(max(seconds))} ms in {rounds} rounds",
        middle_s < BOUND_S,
    )


def cancel_once(client: Client, truth: Truth, number: int) -> float:
    """Start a long frame, cancel it, and return the seconds until its worker is idle."""
    reached = threading.Event()

    def look(job: Job) -> None:
        if job.progress.stage == "infer" and job.progress.done:
            reached.set()

    job = client.submit(truth.work(number, tiles=TILES), on_progress=look)
    if not reached.wait(_PATIENCE_S):
        raise RuntimeError("the frame to cancel never began")
    start_s = time.perf_counter()
    job.cancel()
    while any(worker.running for worker in client.status().workers):
        if time.perf_counter() - start_s > _PATIENCE_S:
            raise RuntimeError("the worker never became idle")
    return time.perf_counter() - start_s
