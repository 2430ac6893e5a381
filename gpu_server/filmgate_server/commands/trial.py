"""The process that a package is tried in: its code never runs in the command's own.

`filmgate_server.commands.apart` starts it, on what stdin says should be tried. It writes one JSON
object per line to the descriptor that it is given: ``{"began": …}`` before each trial,
``{"finding": …}`` and ``{"figure": …}`` after it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filmgate.errors import FilmgateError
from filmgate_server.commands.bearer import Bearer
from filmgate_server.commands.conduct import (
    check_batch,
    check_finite,
    check_optional,
    check_repeats,
)
from filmgate_server.commands.draft import complete_draft
from filmgate_server.commands.figures import measure
from filmgate_server.commands.finding import (
    Finding,
    author_remedy,
    holds,
    note,
    refused,
)
from filmgate_server.commands.frames import defaults, extremes
from filmgate_server.commands.geometry import (
    SIDE_PX,
    check_halo,
    check_multiple,
    check_scale,
    find_reach,
    span_of,
)
from filmgate_server.commands.goldens import check_goldens
from filmgate_server.registry.local import load_manifest
from filmgate_server.worker.memory import MEBIBYTE, open_memory

if TYPE_CHECKING:
    from filmgate_server.commands.figures import Figure

CHECK = "check"
BENCH = "bench"
DRAFT = "draft"


class Report:
    """Writes what happens to the process that started this one."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def began(self, what: str) -> None:
        """Say what is tried now: if this process dies or hangs, it was that."""
        self._write({"began": what})

    def found(self, *findings: Finding | None) -> bool:
        """Tell findings; return whether none of them refuses the package."""
        told = [each for each in findings if each is not None]
        for each in told:
            self._write({"finding": asdict(each)})
        return not any(each.verdict == "refused" for each in told)

    def measured(self, figure: Figure) -> None:
        """Tell what a frame costs."""
        self._write({"figure": figure.to_row()})

    def _write(self, line: dict[str, Any]) -> None:
        os.write(self._descriptor, json.dumps(line).encode() + b"\n")


def try_package(settings: Mapping[str, Any], remarks: Sequence[str]) -> None:
    """Do what the settings say.

    Args:
        settings: see `filmgate_server.commands.trials`.
        remarks: what could not be taken from this process.
    """
    report = Report(settings["report_fd"])
    folder = Path(settings["folder"])
    for remark in remarks:
        report.found(note("run", f"The model ran with the network or privileges: {remark}."))
    memory = open_memory(settings["device"], None)
    report.began("loading the model")
    try:
        if settings["task"] == DRAFT:
            place = (settings["device"], settings["threads"], memory)
            report.found(*complete_draft(folder, *place))
            return
        manifest = load_manifest(folder)
        bearer = Bearer(folder, manifest, settings["device"], settings["threads"], memory)
        before = memory.used_bytes()
        bearer.under()
        loaded_mib = max(0, memory.used_bytes() - before) // MEBIBYTE
        if settings["task"] == CHECK:
            _check(report, folder, bearer)
        _measure(report, bearer, loaded_mib)
    except FilmgateError as error:
        report.found(refused("run", error.text, author_remedy(error)))


def _check(report: Report, folder: Path, bearer: Bearer) -> None:
    """Try everything that the manifest declares."""
    manifest = bearer.manifest
    params = defaults(manifest)
    side_px = span_of(bearer).fit(SIDE_PX)
    report.began("size and channels of the result")
    if not report.found(check_scale(bearer, params)):
        return
    if manifest.main_input.kind != "attribute":
        _check_cuts(report, bearer, params)
    report.began("values that a scene may hold")
    report.found(*check_finite(bearer, [params, *extremes(manifest)], side_px))
    report.began("the same frame twice")
    report.found(check_repeats(bearer, params, side_px))
    report.began("frames at once")
    report.found(check_batch(bearer, params, side_px))
    report.began("inputs that may be left out")
    report.found(*check_optional(bearer, params, side_px))
    report.began("golden tests")
    report.found(*check_goldens(folder, bearer))


def _check_cuts(report: Report, bearer: Bearer, params: Mapping[str, Any]) -> None:
    """Try what the manifest says of sizes and tiles."""
    manifest = bearer.manifest
    report.began("how far a pixel depends on its neighbours")
    reaches = [find_reach(bearer, each) for each in (params, *extremes(manifest)[1:])]
    known = [each for each in reaches if each is not None]
    reach = max(known) if len(known) == len(reaches) else None
    report.began("multiple_of")
    report.found(check_multiple(bearer, params, reach))
    report.began("halo and tiles")
    report.found(*check_halo(bearer, params, reach))


def _measure(report: Report, bearer: Bearer, loaded_mib: int) -> None:
    """Measure speed and memory, and propose what the manifest should say of it."""
    report.began("speed and memory")
    figures: list[Figure] = []
    for figure in measure(bearer, defaults(bearer.manifest)):
        figures.append(figure)
        report.measured(figure)
    report.found(_proposal(bearer, figures, loaded_mib))


def _proposal(bearer: Bearer, figures: Iterable[Figure], loaded_mib: int) -> Finding:
    runtime = bearer.manifest.runtime
    worst = max((each.peak_mib / each.megapixels for each in figures), default=0.0)
    per_megapixel = int(worst + 1)
    text = (
        f"On {bearer.device} the model takes {loaded_mib} MiB and a tile {per_megapixel} MiB per "
        "million pixels."
    )
    values = {"model_mib": loaded_mib, "mib_per_megapixel": per_megapixel}
    if runtime.model_mib and runtime.mib_per_megapixel:
        return holds("memory", text, **values)
    remedy = f"Write model_mib = {loaded_mib} and mib_per_megapixel = {per_megapixel}."
    return note("memory", text, remedy, **values)
