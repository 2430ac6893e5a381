"""``python -m bench``: measure, print the tables, and put them into docs/performance.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.exr import coding_table, measure_codings
from bench.filmgate import RunningServer, check_negation, fill_store, round_trip_s, store_option
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
from bench.machine import describe_machine
from bench.measure import Case, Timings, interleave
from bench.peers.triton import Triton, TritonMissingError
from bench.pressure import measure_deadlock, measure_memory
from bench.promises import path_target, repeat_targets, triton_target
from bench.sequence import (
    load_plates,
    make_noisy_frames,
    measure_sequence,
    sequence_table,
    sequence_target,
)
from bench.table import Target, target_table, write_report
from bench.transport import (
    FILMGATE_EXR,
    FILMGATE_TENSOR,
    STORE_FORWARD,
    transport_cases,
    transport_table,
)

STORE_FRAMES = 7
"""Frames, with their results, that fill the server's store: it is full when the clock starts."""
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
    """

    sizes: tuple[Size, ...]
    rounds: int
    coding_rounds: int
    alone: int
    plates: int
    synthetic: int
    pressure_frames: int


FULL = Effort(SIZES, 12, 10, alone=6, plates=32, synthetic=16, pressure_frames=40)
QUICK = Effort((TINY,), 1, 1, alone=2, plates=4, synthetic=4, pressure_frames=8)


@dataclass
class Report:
    """What was found, in the order in which it is written."""

    targets: list[Target] = field(default_factory=list[Target])
    sections: list[str] = field(default_factory=list[str])

    def add(self, title: str, body: str) -> None:
        """Append a section."""
        self.sections.append(f"### {title}\n\n{body}")

    def to_markdown(self) -> str:
        """Return everything; the promises stand first."""
        promises = f"### Targets\n\n{target_table(self.targets)}"
        return "\n\n".join([describe_machine(), promises, *self.sections])


def measure(effort: Effort, triton_python: str) -> Report:
    """Run everything."""
    report = Report()
    with open_triton(triton_python) as (triton, absence):
        for size in effort.sizes:
            measure_size(report, size, effort, triton)
    measure_sequences(report, effort)
    say("a server under pressure")
    report.targets.append(measure_memory(tensors(effort.sizes[0]), effort.pressure_frames))
    report.targets.append(measure_deadlock(tensors(effort.sizes[-1])))
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
            timings = interleave(cases, effort.rounds)
        report.targets += [path_target(size, timings), triton_target(size, timings)]
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


def main() -> None:
    """Measure and report; only a full run is written into the documentation."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny frames, once, print only")
    parser.add_argument(
        "--triton-python",
        default=sys.executable,
        metavar="PATH",
        help="an interpreter that has nvidia-pytriton",
    )
    options = parser.parse_args()
    report = measure(QUICK if options.quick else FULL, options.triton_python).to_markdown()
    sys.stdout.write(report + "\n")
    if not options.quick:
        write_report(PAGE, report)


if __name__ == "__main__":
    main()
