"""``python -m bench``: measure, print the tables, and put them into docs/performance.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from bench.curve import measure_curve
from bench.exr import coding_table, measure_codings
from bench.filmgate import (
    Moving,
    RunningServer,
    check_negation,
    fill_store,
    round_trip_s,
    store_option,
)
from bench.frames import (
    EXR_MEDIA,
    ROOT,
    SIZES,
    TINY,
    FrameSource,
    Size,
    load_rendering,
    to_exr,
    to_tensor,
)
from bench.load import LOAD_FULL, LOAD_QUICK, MEMORY_PLOT, measure_load
from bench.measure import Case, Timings, interleave
from bench.nuke_node import measure_nuke_node
from bench.peers.triton import Triton, TritonMissingError
from bench.pressure import measure_deadlock, measure_memory
from bench.promises import handoff_targets, path_target, repeat_targets, triton_target
from bench.registry import measure_registry
from bench.report import Report
from bench.runtimes import engine_table, measure_engines, measure_stage, stage_table
from bench.scheduler import measure_scheduler
from bench.sequence import (
    load_plates,
    make_noisy_frames,
    measure_sequence,
    sequence_table,
    sequence_target,
)
from bench.table import write_report
from bench.tiles import measure_tiles, tile_table
from bench.transport import (
    FILMGATE_EXR,
    FILMGATE_HANDOFF,
    FILMGATE_TENSOR,
    HANDOFF_ALONE,
    STORE_FORWARD,
    transport_cases,
    transport_table,
)

STORE_FRAMES = 7
"""Frames, with their results, that fill the server's store: it is full when the clock starts."""
FRAMES, LOAD, HOSTS = "frames", "load", "hosts"
HEADINGS = {
    FRAMES: "Targets of single frames",
    LOAD: "Targets of a shared server",
    HOSTS: "Targets inside a host",
}
PAGE = ROOT / "docs" / "performance.md"


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        sizes: of the frames, the largest first.
        rounds: how often each case counts.
        coding_rounds: the same for EXR codings.
        alone: how many frames of a sequence run alone, before and after it, to time the stages.
        plates: frames of the sequence of plates, those included.
        synthetic: frames of the synthetic sequence, likewise.
        pressure_frames: how many of the largest frames fill the store and more.
        tiles: height and width of a frame and the largest side of its tiles, in px.
        tile_rounds: how often each way of cutting it counts, and each way of a package.
        net: height and width of a frame for the engines, in px.
        package_bytes: of the model that is published.
    """

    sizes: tuple[Size, ...]
    rounds: int
    coding_rounds: int
    alone: int
    plates: int
    synthetic: int
    pressure_frames: int
    tiles: tuple[int, int, int]
    tile_rounds: int
    net: tuple[int, int]
    package_bytes: int


FULL = Effort(
    SIZES,
    12,
    10,
    alone=6,
    plates=32,
    synthetic=16,
    pressure_frames=40,
    tiles=(1080, 1920, 512),
    tile_rounds=5,
    net=(540, 960),
    package_bytes=100_000_000,
)
QUICK = Effort(
    (TINY,),
    1,
    1,
    alone=2,
    plates=4,
    synthetic=4,
    pressure_frames=2,
    tiles=(180, 320, 128),
    tile_rounds=1,
    net=(64, 96),
    package_bytes=1_000_000,
)


def measure_frames(effort: Effort, triton_python: str) -> Report:
    """Measure what frames cost on their way through the gate."""
    report = Report()
    with open_triton(triton_python) as (triton, absence):
        for size in effort.sizes:
            measure_size(report, size, effort, triton)
    measure_sequences(report, effort)
    say("a server under pressure")
    report.targets.append(measure_memory(tensors(effort.sizes[0]), effort.pressure_frames))
    report.targets.append(measure_deadlock(tensors(effort.sizes[-1])))
    say("encryption")
    largest = effort.sizes[0]
    encryption, target = measure_curve(tensors(largest), largest, effort.rounds)
    report.promise(target)
    report.add(f"Encryption, {largest.name} tensor", encryption)
    say("tiles")
    height, width, tile_px = effort.tiles
    cuts = measure_tiles(height, width, tile_px, effort.tile_rounds)
    report.add(f"Tiles of at most {tile_px} px", tile_table({f"{width} x {height}": cuts}))
    say("the registry")
    published = measure_registry(effort.package_bytes, effort.tile_rounds)
    report.add(f"A package of {effort.package_bytes / 1e6:.0f} MB", published)
    say("runtimes")
    engines = measure_engines(*effort.net, effort.tile_rounds)
    report.add(f"A small U-Net, {effort.net[1]} x {effort.net[0]}", engine_table(engines))
    staged = measure_stage(largest.height, largest.width, effort.tile_rounds)
    report.add(f"The stage around a net, {largest.name} RGB", stage_table(staged))
    if absence:
        report.sections.append(f"Triton was not measured: {absence}.")
    return report


def measure_size(report: Report, size: Size, effort: Effort, triton: Triton | None) -> None:
    """Measure round trips and codings of frames of *size*."""
    say(f"frames of {size.width} x {size.height}")
    pixels = load_rendering(size)
    tensor = FrameSource(to_tensor(pixels))
    exr = FrameSource(to_exr(pixels), EXR_MEDIA)
    with RunningServer(store_option(STORE_FRAMES, exr.size_bytes)) as server:
        fill_store(server, tensor)
        with transport_cases(tensor, size, triton) as cases:
            cases.update(filmgate_cases(server, tensor, exr))
            moving = Moving()
            cases[FILMGATE_HANDOFF] = lambda: moving.round_trip_s(server.neighbour, tensor)
            timings = interleave(cases, effort.rounds)
            timings[HANDOFF_ALONE] = moving.timings(effort.rounds)
        report.targets += [path_target(size, timings), triton_target(size, timings)]
        report.targets += handoff_targets(size, timings)
        report.targets += repeat_targets(server, tensor, size)
    codings = measure_codings(size, effort.coding_rounds)
    extent = f"{size.name}, {size.width} x {size.height} RGBA half"
    report.add(f"Round trip of one frame, {extent}", transport_table(timings))
    rate = loopback_rate(tensor, timings)
    report.add(f"EXR in memory, {extent}", coding_table(codings, rate))


def filmgate_cases(
    server: RunningServer, tensor: FrameSource, exr: FrameSource
) -> Mapping[str, Case]:
    """Return our own round trips, once their answers have been found right."""
    check_negation(server.client, tensor)
    check_negation(server.client, exr)
    check_negation(server.neighbour, tensor)
    return {
        FILMGATE_TENSOR: lambda: round_trip_s(server.client, tensor),
        FILMGATE_EXR: lambda: round_trip_s(server.client, exr),
    }


def loopback_rate(source: FrameSource, timings: Mapping[str, Timings]) -> float:
    """Return the bytes per second that one direction on this machine was seen to carry."""
    return 2 * source.size_bytes / timings[STORE_FORWARD].median_s


def measure_sequences(report: Report, effort: Effort) -> None:
    """Measure what a sequence does with stages and cores."""
    size = effort.sizes[-1]
    synthetic = list(make_noisy_frames(size, effort.synthetic))
    sequences = {
        "rendered plates, 640 x 360, all layers": load_plates(effort.plates),
        f"synthetic noise, {size.width} x {size.height} RGBA half": synthetic,
    }
    say("sequences")
    runs = [measure_sequence(name, seen, effort.alone) for name, seen in sequences.items()]
    report.targets += [sequence_target(run) for run in runs]
    report.add("Sequences through `denoise`", sequence_table(runs))


def tensors(size: Size) -> FrameSource:
    """Return tensors of *size*."""
    return FrameSource(to_tensor(load_rendering(size)))


def say(what: str) -> None:
    """Tell whoever waits what is measured now."""
    sys.stderr.write(f"measuring {what} ...\n")


@contextmanager
def open_triton(python: str) -> Generator[tuple[Triton | None, str]]:
    """Yield Triton if it runs under *python*, or why it does not."""
    try:
        triton = Triton(python)
    except TritonMissingError as error:
        yield None, str(error)
        return
    try:
        yield triton, ""
    finally:
        triton.close()


def measure_studio(quick: bool) -> Report:
    """Measure what a server does when many want it, and when everything goes wrong."""
    report = measure_load(LOAD_QUICK if quick else LOAD_FULL, None if quick else MEMORY_PLOT)
    say("the scheduler")
    report.promise(*measure_scheduler())
    return report


def measure_hosts(effort: Effort) -> Report:
    """Measure what an artist waits for besides the server."""
    report = Report()
    size = effort.sizes[-1]
    say("a node in Nuke")
    clicks, targets = measure_nuke_node(size, effort.tile_rounds)
    report.promise(*targets)
    report.add(f"Run frame in Nuke's stand-in, {size.width} x {size.height} RGB", clicks)
    return report


def main() -> None:
    """Measure and report; only a full run is written into the documentation."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "part",
        nargs="?",
        choices=("all", FRAMES, LOAD, HOSTS),
        default="all",
        help="single frames and sequences, many artists and faults, or hosts; else all of it",
    )
    parser.add_argument("--quick", action="store_true", help="tiny and once, print only")
    parser.add_argument(
        "--triton-python",
        default=sys.executable,
        metavar="PATH",
        help="an interpreter that has nvidia-pytriton",
    )
    options = parser.parse_args()
    effort = QUICK if options.quick else FULL
    if options.part in ("all", FRAMES):
        publish(measure_frames(effort, options.triton_python), FRAMES, options.quick)
    if options.part in ("all", LOAD):
        publish(measure_studio(options.quick), LOAD, options.quick)
    if options.part in ("all", HOSTS):
        publish(measure_hosts(effort), HOSTS, options.quick)


def publish(report: Report, part: str, quick: bool) -> None:
    """Print what one part has found; a full run is written into the documentation too."""
    text = report.to_markdown(HEADINGS[part])
    sys.stdout.write(text + "\n")
    if not quick:
        write_report(PAGE, text, part)


if __name__ == "__main__":
    main()
