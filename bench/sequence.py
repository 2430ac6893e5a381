"""A sequence through the server: are its stages and processes kept busy?"""

from __future__ import annotations

import io
import os
import statistics
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import OpenEXR
import psutil

from bench.filmgate import ANSWER_TIMEOUT_S, INPUT, RunningServer
from bench.frames import BEAUTY_LAYER, PLATES, Size, load_rendering, to_exr
from bench.table import Target, milliseconds, table
from filmgate.job import Job, Payload, Result, Work
from filmgate.wire.records import Wish

MODEL = "denoise"
NOISY_PLATES = ("noisy_0001.exr", "noisy_0003.exr", "noisy_0005.exr")
NOISE = 0.2
IN_FLIGHT = 4
SHARE = 0.9
STAGES = ("decode", "infer", "encode")


@dataclass(frozen=True)
class Run:
    """What a sequence took.

    Attributes:
        name: which frames.
        frames: how many.
        seconds: from the first submission to the last result.
        cpu_s: processor seconds of all processes together.
        others_s: processor seconds that the rest of the machine used meanwhile.
        stage_s: how long each stage takes for a frame that is alone.
    """

    name: str
    frames: int
    seconds: float
    cpu_s: float
    others_s: float
    stage_s: dict[str, float]

    @property
    def rate(self) -> float:
        """Frames per second."""
        return self.frames / self.seconds

    @property
    def limit(self) -> float:
        """Frames per second that the slowest stage or all cores together could do at best."""
        cores = len(os.sched_getaffinity(0))
        return min(1 / max(self.stage_s.values()), cores * self.frames / self.cpu_s)


def measure_sequence(name: str, frames: Sequence[bytes], alone_count: int) -> Run:
    """Denoise *frames*: a few alone, the sequence, and a few alone again.

    Args:
        name: which frames.
        frames: all of them.
        alone_count: how many run alone, before and after together.
    """
    edge = alone_count // 2
    before, middle, after = frames[:edge], frames[edge:-edge], frames[-edge:]
    with RunningServer() as server:
        run_alone(server, before[:1])  # loads the model
        alone = run_alone(server, before[1:])
        cpu_s, busy_s, start = server.cpu_s(), machine_busy_s(), time.perf_counter()
        run_sequence(server, middle)
        seconds, cpu_s = time.perf_counter() - start, server.cpu_s() - cpu_s
        others_s = machine_busy_s() - busy_s - cpu_s
        alone += run_alone(server, after)
    return Run(name, len(middle), seconds, cpu_s, max(0.0, others_s), stages_alone(alone))


def machine_busy_s() -> float:
    """Return the processor seconds that everything on the machine has used so far."""
    times = psutil.cpu_times()
    return times.user + times.system


def run_alone(server: RunningServer, frames: Sequence[bytes]) -> list[Result]:
    """Denoise *frames* one after the other."""
    return [_start(server, frame, 0).result(ANSWER_TIMEOUT_S) for frame in frames]


def stages_alone(results: Sequence[Result]) -> dict[str, float]:
    """Return the median seconds of each stage."""
    return {
        stage: statistics.median(result.timings_ms[stage] for result in results) / 1e3
        for stage in STAGES
    }


def run_sequence(server: RunningServer, frames: Sequence[bytes]) -> None:
    """Denoise *frames* with a few of them in flight, as the command line does."""
    waiting: deque[Job] = deque()
    for number, frame in enumerate(frames):
        if len(waiting) >= IN_FLIGHT:
            waiting.popleft().result(ANSWER_TIMEOUT_S)
        waiting.append(_start(server, frame, number))
    for job in waiting:
        job.result(ANSWER_TIMEOUT_S)


def _start(server: RunningServer, frame: bytes, number: int) -> Job:
    payload = Payload(INPUT, frame, time=float(number))
    return server.client.submit(Work(MODEL, (payload,), wish=Wish(mode="merged")))


def load_plates(count: int) -> list[bytes]:
    """Return *count* different noisy plates with all their layers: the same few, other gains."""
    return [_brighter(NOISY_PLATES[turn % len(NOISY_PLATES)], turn) for turn in range(count)]


def _brighter(plate: str, turn: int) -> bytes:
    file = OpenEXR.File(str(PLATES / plate), separate_channels=True)
    for name in "RGB":
        channel = file.channels()[f"{BEAUTY_LAYER}.{name}"]
        channel.pixels = (channel.pixels * np.float32(1 + turn / 100)).astype(np.float16)
    stream = io.BytesIO()
    file.write(stream)
    return stream.getvalue()


def make_noisy_frames(size: Size, count: int) -> Iterator[bytes]:
    """Yield *count* frames of the rendered picture, each with noise of its own."""
    clean = load_rendering(size).astype(np.float32)
    random = np.random.default_rng(1)
    for _ in range(count):
        noise = random.lognormal(sigma=NOISE, size=clean.shape[:2]).astype(np.float32)
        noisy = clean * np.dstack([noise, noise, noise, np.ones_like(noise)])
        yield bytes(to_exr(noisy.astype(np.float16), OpenEXR.ZIP_COMPRESSION, threads=2))


def sequence_table(runs: Sequence[Run]) -> str:
    """Return what each sequence took."""
    heads = [
        "",
        "frames",
        "frames/s",
        "CPU s per frame",
        "others' CPU s",
        *(f"{s} ms, alone" for s in STAGES),
    ]
    rows = [
        [
            run.name,
            str(run.frames),
            f"{run.rate:.2f}",
            f"{run.cpu_s / run.frames:.2f}",
            f"{run.others_s:.1f}",
            *(milliseconds(run.stage_s[stage]) for stage in STAGES),
        ]
        for run in runs
    ]
    return table(heads, rows)


def sequence_target(run: Run) -> Target:
    """Return the promise that stages overlap and cores are busy."""
    return Target(
        f"denoise, {run.name}",
        f"at least {SHARE} x min(slowest stage alone, cores / CPU seconds per frame)",
        f"{run.rate:.2f} frames/s = {run.rate / run.limit:.2f} x {run.limit:.2f}",
        run.rate >= SHARE * run.limit,
    )
