"""A server that a whole studio shares: many artists, a farm, and everything that goes wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.frames import ROOT
from bench.load_cancel import measure_cancel
from bench.load_faults import measure_restart, measure_server_kills, measure_worker_kills
from bench.load_hostile import measure_hostile
from bench.load_memory import measure_pressure
from bench.load_steady import measure_fairness, measure_steady
from bench.plot import draw_plot
from bench.report import Report

MEMORY_PLOT = ROOT / "docs" / "images" / "memory.svg"
MEMORY_TITLE = "Memory of the server while clients read slowly, come and go"


@dataclass(frozen=True)
class LoadEffort:
    """How much is done to the server.

    Attributes:
        clients: artists at once.
        frames: that each of them sends.
        frame_bytes: the size of each.
        phase_s: how long artists work without, and with, a farm beside them.
        farm_jobs: what the farm has sent before they begin.
        worker_kills: how often a worker is killed.
        server_kills: how often the whole server is.
        restarts: how often it is restarted in good order.
        vanishing: clients that go away in the middle.
        slow_frames: what each slow reader fetches.
        store_bytes: the store's budget while they do.
        hostile: messages that break the protocol.
        cancels: frames that are cancelled.
    """

    clients: int
    frames: int
    frame_bytes: int
    phase_s: float
    farm_jobs: int
    worker_kills: int
    server_kills: int
    restarts: int
    vanishing: int
    slow_frames: int
    store_bytes: int
    hostile: int
    cancels: int


LOAD_FULL = LoadEffort(
    clients=32,
    frames=200,
    frame_bytes=2 << 20,
    phase_s=30.0,
    farm_jobs=5000,
    worker_kills=200,
    server_kills=20,
    restarts=3,
    vanishing=200,
    slow_frames=4,
    store_bytes=2 << 30,
    hostile=100_000,
    cancels=40,
)
LOAD_QUICK = LoadEffort(
    clients=4,
    frames=3,
    frame_bytes=64 << 10,
    phase_s=0.3,
    farm_jobs=30,
    worker_kills=1,
    server_kills=1,
    restarts=1,
    vanishing=4,
    slow_frames=1,
    store_bytes=256 << 20,
    hostile=800,
    cancels=1,
)


def measure_load(effort: LoadEffort, plot: Path | None) -> Report:
    """Do all of it, and draw the memory over time into *plot* if that is given."""
    report = Report()
    for name, scene in _SCENES.items():
        sys.stderr.write(f"loading: {name} ...\n")
        scene(report, effort)
    sys.stderr.write("loading: slow readers and clients that vanish ...\n")
    _pressure(report, effort, plot)
    return report


def _steady(report: Report, effort: LoadEffort) -> None:
    targets, rows = measure_steady(effort.clients, effort.frames, effort.frame_bytes)
    report.promise(*targets)
    report.add("Many artists at once", rows)


def _fairness(report: Report, effort: LoadEffort) -> None:
    targets, rows = measure_fairness(effort.phase_s, effort.farm_jobs)
    report.promise(*targets)
    report.add("Artists beside a farm", rows)


def _pressure(report: Report, effort: LoadEffort, plot: Path | None) -> None:
    targets, curves, bound = measure_pressure(
        effort.vanishing, effort.slow_frames, effort.store_bytes
    )
    report.promise(*targets)
    if plot is not None:
        picture = draw_plot(MEMORY_TITLE, ("seconds", "MiB"), curves, bound)
        plot.write_text(picture, encoding="utf-8", newline="\n")


_SCENES: dict[str, Callable[[Report, LoadEffort], None]] = {
    "many artists": _steady,
    "artists beside a farm": _fairness,
    "cancelled frames": lambda report, effort: report.promise(measure_cancel(effort.cancels)),
    "killed workers": lambda report, effort: report.promise(
        measure_worker_kills(effort.worker_kills)
    ),
    "killed servers": lambda report, effort: report.promise(
        *measure_server_kills(effort.server_kills)
    ),
    "restarts": lambda report, effort: report.promise(measure_restart(effort.restarts)),
    "hostile peers": lambda report, effort: report.promise(measure_hostile(effort.hostile)),
}
