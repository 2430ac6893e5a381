"""``python -m bench``: measure, print the tables, and put them into docs/performance.md."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

from bench.exr import coding_table, measure_codings
from bench.frames import ROOT, SIZES, TINY, FrameSource, Size, load_rendering, to_tensor
from bench.machine import describe_machine
from bench.measure import Timings, interleave
from bench.peers.triton import Triton, TritonMissingError
from bench.table import Target, target_table, write_report
from bench.transport import STORE_FORWARD, transport_cases, transport_table

PAGE = ROOT / "docs" / "performance.md"


@dataclass(frozen=True)
class Effort:
    """How much is measured: everything, or just enough to see that it runs."""

    sizes: tuple[Size, ...]
    rounds: int


FULL = Effort(SIZES, rounds=12)
QUICK = Effort((TINY,), rounds=1)


def measure(effort: Effort, triton_python: str) -> str:
    """Run everything and return the report as Markdown."""
    parts = [describe_machine()]
    targets: list[Target] = []
    triton, note = start_triton(triton_python)
    try:
        for size in effort.sizes:
            parts += measure_size(size, effort.rounds, triton)
    finally:
        if triton is not None:
            triton.close()
    return "\n\n".join([*parts, note, "### Targets", target_table(targets)])


def measure_size(size: Size, rounds: int, triton: Triton | None) -> list[str]:
    """Return the sections about frames of *size*."""
    source = FrameSource(to_tensor(load_rendering(size)))
    with transport_cases(source, size, triton) as cases:
        timings = interleave(cases, rounds)
    codings = measure_codings(size, rounds)
    extent = f"{size.name}, {size.width} x {size.height}"
    return [
        f"### Round trip of one frame, {extent} RGBA half",
        transport_table(timings),
        f"### EXR in memory, {extent} RGBA half",
        coding_table(codings, loopback_rate(source, timings)),
    ]


def loopback_rate(source: FrameSource, timings: dict[str, Timings]) -> float:
    """Return the bytes per second that one direction on this machine was seen to carry."""
    return 2 * source.size_bytes / timings[STORE_FORWARD].median_s


def start_triton(python: str) -> tuple[Triton | None, str]:
    """Return Triton if it runs under *python*, and a sentence about why not."""
    try:
        return Triton(python), ""
    except TritonMissingError as error:
        return None, f"Triton was not measured: {error}."


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
    report = measure(QUICK if options.quick else FULL, options.triton_python)
    sys.stdout.write(report + "\n")
    if not options.quick:
        write_report(PAGE, report)


if __name__ == "__main__":
    main()
