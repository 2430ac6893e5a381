"""Run a package's golden tests: a result that it must come close to, wherever it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.errors import FilmgateError, ManifestError
from filmgate.image.compare import compare
from filmgate.image.exr import load_exr
from filmgate.image.flip import flip
from filmgate.image.frame import Part
from filmgate.image.header import new_header
from filmgate.image.reframe import fitted
from filmgate.image.window import Window
from filmgate.params import resolve_parameters
from filmgate.temporal import plan_given
from filmgate_server.commands.finding import Finding, author_remedy, holds, note, refused
from filmgate_server.commands.golden_tensors import measure_tensors
from filmgate_server.registry.content import locate
from filmgate_server.worker.binding import bind_own_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from filmgate.manifest import GoldenTest, Manifest
    from filmgate_server.commands.bearer import Bearer
    from filmgate_server.runtime.port import Pixels

ERRORS = ("max_error", "flip")
"""Metrics of which less is better."""


def check_goldens(folder: Path, bearer: Bearer) -> Iterator[Finding]:
    """Yield the result of each golden test."""
    if not bearer.manifest.tests:
        remedy = "Add a [[tests]]: a server on another machine can then tell whether it is right."
        yield note("tests", "The package has no golden test.", remedy)
    for number, test in enumerate(bearer.manifest.tests, 1):
        yield _run_test(folder, bearer, test, number)


def _run_test(folder: Path, bearer: Bearer, test: GoldenTest, number: int) -> Finding:
    try:
        value = measure_test(folder, bearer, test)
    except FilmgateError as error:
        return refused("tests", f"Test {number} fails: {error.text}", author_remedy(error))
    passed = value <= test.threshold if test.metric in ERRORS else value >= test.threshold
    text = f"Test {number}: {test.metric} is {value:.4g}, the threshold {test.threshold:g}."
    if passed:
        return holds("tests", text, value=value)
    return refused("tests", text, "Find out what has changed, or make the golden file anew.")


def measure_test(folder: Path, bearer: Bearer, test: GoldenTest) -> float:
    """Return what the test's metric says of the model's result.

    Raises:
        FilmgateError: a file cannot be used, or the model fails.
    """
    manifest = bearer.manifest
    if manifest.takes_tensors:
        return measure_tensors(folder, bearer, test)
    name = test.output or manifest.outputs[0].name
    inputs, params, window = _load_inputs(folder, manifest, test)
    result = bearer.run(inputs, params)[name]
    golden = load_exr(locate(folder, test.golden)).parts[0]
    channels = output_channels(manifest, name, golden)
    part = as_part(result, channels, window, manifest.geometry.scale)
    reference = Part(part.header, {each: golden.channels[each] for each in channels})
    return _metric(part, reference, test.metric)


def output_channels(manifest: Manifest, name: str, golden: Part) -> tuple[str, ...]:
    """Return the channels of an output as its golden file has them."""
    output = next(each for each in manifest.outputs if each.name == name)
    return output.channels or manifest.source_of(output).channels or tuple(golden.channels)


def as_part(result: Pixels, channels: tuple[str, ...], window: Window, scale: int = 1) -> Part:
    """Return a result as an image of the data window *window*, *scale* times as large."""
    height, width = result.shape[:2]
    left, top = window.x0 * scale, window.y0 * scale
    grown = Window(left, top, left + width - 1, top + height - 1)
    planes = {name: np.ascontiguousarray(result[..., place]) for place, name in enumerate(channels)}
    return Part(new_header(grown, grown), planes)


def _load_inputs(
    folder: Path, manifest: Manifest, test: GoldenTest
) -> tuple[dict[str, Pixels], dict[str, Any], Window]:
    params = resolve_parameters(manifest.params, test.params)
    frames: list[str | None] = [None]
    if manifest.temporal.kind != "frame":
        plan = _plan(folder, manifest, test)
        params.update(plan[1])
        frames = [f"{frame:d}" for frame in plan[0]]
    main_file = test.inputs[manifest.main_input.name]
    main = load_exr(locate(folder, frame_file(main_file, frames[0]))).parts[0]
    inputs: dict[str, Pixels] = {}
    for name, pattern in test.inputs.items():
        entry = manifest.input(name)
        times = frames if "%" in pattern else [None]
        stack: list[Pixels] = []
        for frame in times:
            plate = load_exr(locate(folder, frame_file(pattern, frame)))
            bound = bind_own_file(entry, plate, "", None)
            stack.append(fitted(main, plate.parts[bound.place], bound.channels, name))
        inputs[name] = np.stack(stack) if "%" in pattern else stack[0]
    return inputs, params, main.data_window


def _plan(
    folder: Path, manifest: Manifest, test: GoldenTest
) -> tuple[tuple[int, ...], dict[str, Any]]:
    """Return the frames that a result of several needs, and what the model is told of them."""
    pattern = test.inputs[manifest.main_input.name]
    before, _, after = pattern.rpartition("/")[2].partition("%")
    width = after.partition("d")[2]
    present = sorted(
        int(path.name[len(before) : len(path.name) - len(width)])
        for path in (folder / pattern).parent.glob(f"{before}*{width}")
        if path.name[len(before) : len(path.name) - len(width)].isdigit()
    )
    time = present[0] if test.time is None else test.time
    plan = plan_given(manifest.temporal, time, present)
    return tuple(plan.frames), dict(plan.params)


def frame_file(pattern: str, frame: str | None) -> str:
    """Return the file of a frame.

    Raises:
        ManifestError: the pattern takes no number.
    """
    if frame is None or "%" not in pattern:
        return pattern
    try:
        return pattern % int(frame)
    except (TypeError, ValueError) as error:
        text = f"{pattern!r} is no pattern of a frame's number: {error}."
        raise ManifestError(text, "Write the number as %04d, once.") from error


def _metric(part: Part, reference: Part, metric: str) -> float:
    if metric == "flip":
        names = tuple(reference.channels)
        return flip(part.stacked(names), reference.stacked(names))
    found = compare(part, reference, tuple(reference.channels))
    known = {"psnr": found.psnr_db, "psnr_tm": found.psnr_tm_db, "max_error": found.max_error}
    return known[metric]
