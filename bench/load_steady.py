"""Many artists at once, and artists beside a farm: are all served alike?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from bench.load_audit import Latencies, audit, by_artist, jain, latencies
from bench.load_fleet import Fleet
from bench.load_models import PAUSE
from bench.load_server import LoadServer
from bench.load_truth import Truth
from bench.table import Target, milliseconds, table
from filmgate.client import Client
from filmgate.job import Job, Options
from filmgate.wire.messages import StatusPage

SPREAD = 3.0
SLOWDOWN = 2.0
BATCH_FLOOR = 0.1
JAIN_MIN = 0.9
ARTISTS = 8
FARM = "farm"
FARM_FRAME_BYTES = 4096
TILES = 4
"""Of each frame beside the farm: short enough for a screen, long enough to be measured."""
_TURN_S = 0.1
HEADS = ("", "results", "p50 ms", "p95 ms", "p99 ms", "results/s")


@dataclass(frozen=True)
class Phase:
    """Artists at work for a while.

    Attributes:
        latencies: of each artist.
        seconds: how long.
        device_ms: what each artist, and the farm, has used of the device.
    """

    latencies: dict[int, Latencies]
    seconds: float
    device_ms: dict[str, int]

    @property
    def p95_s(self) -> float:
        """The p95 of the artist who waits longest."""
        return max(each.percentile_s(0.95) for each in self.latencies.values())

    @property
    def artists_ms(self) -> list[int]:
        """The device time of each artist."""
        return [used for user, used in self.device_ms.items() if user != FARM]

    def row(self, name: str) -> list[str]:
        """Return this as a line of a table."""
        everybody = Latencies(tuple(s for each in self.latencies.values() for s in each.seconds))
        rate = len(everybody.seconds) / self.seconds
        return [name, str(len(everybody.seconds)), *everybody.cells(), f"{rate:.1f}"]


def measure_steady(clients: int, frames: int, size_bytes: int) -> tuple[list[Target], str]:
    """Let *clients* send *frames* frames each, and look at every pixel that comes back."""
    with LoadServer("--workers", "2", "--threads", "1") as server:
        orders = {"frames": frames, "size_bytes": size_bytes}
        start_s = time.monotonic()
        with Fleet(server, clients, orders=orders) as fleet:
            ends = fleet.wait()
        seconds = time.monotonic() - start_s
        found = audit(ends, server.journalled())
    phase = Phase(by_artist(ends), seconds, {})
    everybody = latencies(ends)
    p99_s = everybody.percentile_s(0.99)
    name = f"{clients} clients x {frames} frames of {size_bytes / 1e6:.0f} MB"
    fairness = jain([1 / each.p50_s for each in phase.latencies.values() if each.p50_s])
    targets = [
        Target(name, "0 violations", str(found), found.clean and found.jobs == clients * frames),
        Target(
            f"{name}: the slowest",
            f"p99 within {SPREAD:.0f} x p50",
            f"p99 {milliseconds(p99_s)} ms = {p99_s / (everybody.p50_s or 1):.2f} x "
            f"{milliseconds(everybody.p50_s)} ms; Jain index over artists {fairness:.3f}",
            p99_s <= SPREAD * everybody.p50_s,
        ),
    ]
    return targets, table(HEADS, [phase.row(name)])


def measure_fairness(seconds: float, farm_jobs: int) -> tuple[list[Target], str]:
    """Let artists work alone and then beside a farm that has sent *farm_jobs* jobs."""
    jobs_max = str(farm_jobs + 1000)
    with LoadServer(
        "--workers", "1", "--threads", "1", "--artist-jobs-max", jobs_max, "--max-jobs", jobs_max
    ) as server:
        alone = run_artists(server, seconds, first=1)
        with ExitStack() as stack:
            farm = stack.enter_context(server.client(FARM))
            jobs = send_farm(farm, farm_jobs)
            beside = run_artists(server, seconds, first=1 + ARTISTS)
            left = sum(not job.done() for job in jobs)
            for job in jobs:
                job.cancel()
    return fairness_targets(alone, beside, farm_jobs, left), table(
        HEADS,
        [
            alone.row(f"{ARTISTS} artists alone"),
            beside.row(f"the same beside {farm_jobs} batch jobs"),
        ],
    )


def run_artists(server: LoadServer, seconds: float, first: int) -> Phase:
    """Let the artists work for *seconds*; count what the device does for whom meanwhile."""
    orders = {"size_bytes": FARM_FRAME_BYTES, "model": PAUSE, "params": {"tiles": TILES}}
    fleet = Fleet(server, ARTISTS, orders=orders, first=first)
    with server.client("watcher") as watcher, fleet:
        time.sleep(min(2.0, seconds))  # everybody is in the queue
        begin_s, before = time.monotonic(), device_ms(watcher.status())
        time.sleep(seconds)
        end_s, after = time.monotonic(), device_ms(watcher.status())
        ends = [end for end in fleet.stop() if begin_s <= end.ended_s <= end_s]
    used = {user: after[user] - before.get(user, 0) for user in after}
    return Phase(by_artist(ends), end_s - begin_s, {user: ms for user, ms in used.items() if ms})


def device_ms(page: StatusPage) -> dict[str, int]:
    """Return what each user has used of the devices so far."""
    return {user.user: user.device_ms for user in page.users}


def send_farm(farm: Client, count: int) -> list[Job]:
    """Submit *count* batch jobs on one frame, and wait until the server has taken them all."""
    truth = Truth(0, FARM_FRAME_BYTES, PAUSE)
    options = Options(priority="batch")
    jobs = [farm.submit(truth.work(0, tiles=TILES, seed=n), options) for n in range(count)]
    while any(job.progress.stage in ("sending", "waiting") for job in jobs):
        time.sleep(_TURN_S)
    return jobs


def fairness_targets(alone: Phase, beside: Phase, farm_jobs: int, left: int) -> list[Target]:
    """Judge what the farm did to the artists, and they to it."""
    ratio = beside.p95_s / alone.p95_s if alone.p95_s else 0.0
    shares: Sequence[int] = beside.artists_ms
    farm_share = beside.device_ms.get(FARM, 0) / max(1, sum(beside.device_ms.values()))
    index = jain(shares)
    return [
        Target(
            f"{ARTISTS} artists beside a client with {farm_jobs} batch jobs",
            f"an artist's p95 within {SLOWDOWN:.0f} x of that without it",
            f"{milliseconds(beside.p95_s)} ms = {ratio:.2f} x {milliseconds(alone.p95_s)} ms",
            0 < ratio <= SLOWDOWN,
        ),
        Target(
            "the batch client meanwhile",
            f"at least {100 * BATCH_FLOOR:.0f} % of the device's time",
            f"{100 * farm_share:.1f} %; {left} of its jobs left at the end",
            farm_share >= BATCH_FLOOR and left > 0,
        ),
        Target(
            "the artists among each other",
            f"Jain index of device time at least {JAIN_MIN}",
            f"{index:.3f}",
            index >= JAIN_MIN and len(shares) == ARTISTS,
        ),
    ]
