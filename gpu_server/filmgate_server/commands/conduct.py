"""Try whether a model behaves: finite results, the same each time, whatever may be left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.errors import FilmgateError
from filmgate_server.commands.finding import Finding, holds, refused
from filmgate_server.commands.frames import legal, noise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from filmgate_server.commands.bearer import Bearer
    from filmgate_server.runtime.port import Pixels

CHANNEL_COUNTS = (1, 3, 4)
"""What files have, for an input that takes every channel."""


def check_finite(bearer: Bearer, settings: list[dict[str, Any]], side_px: int) -> Iterator[Finding]:
    """Run everything that a frame may legally hold; NaN or infinity must not come back."""
    wrong = 0
    frames = legal(bearer.manifest, side_px, side_px)
    for what, inputs in frames.items():
        for params in settings:
            words = _not_finite(bearer.run(inputs, params))
            if words:
                wrong += 1
                text = f"{words} for {what}{_told(params, settings[0])}."
                remedy = (
                    "Guard divisions, roots and logarithms, and choose an hdr policy that fits."
                )
                yield refused("finite", text, remedy, input=what)
                break
    if not wrong:
        tried = ", ".join(frames)
        yield holds("finite", f"Every result is finite: {tried}.")


def _not_finite(result: Mapping[str, Pixels]) -> str:
    for name, pixels in result.items():
        count = int(np.count_nonzero(~np.isfinite(pixels)))
        if count:
            return f"{name!r} has {count} values of NaN or infinity"
    return ""


def _told(params: dict[str, Any], plain: dict[str, Any]) -> str:
    changed = {name: value for name, value in params.items() if plain[name] != value}
    words = ", ".join(f"{name} = {value}" for name, value in changed.items())
    return f" with {words}" if words else ""


def check_repeats(bearer: Bearer, params: Mapping[str, Any], side_px: int) -> Finding:
    """Run one frame twice: results are cached, so they must be the same bit for bit."""
    frames = noise(bearer.manifest, side_px, side_px)
    first, second = bearer.run(frames, params), bearer.run(frames, params)
    if _same(first, second):
        return holds("repeats", "The same frame gives the same bits twice.")
    text = "The same frame gives another result the second time."
    remedy = "Draw random numbers from a generator with a fixed seed, made anew for each frame."
    return refused("repeats", text, remedy)


def check_batch(bearer: Bearer, params: Mapping[str, Any], side_px: int) -> Finding | None:
    """Run frames together and alone, if the manifest allows batches."""
    count = min(bearer.manifest.batch.max, 4)
    if count == 1:
        return None
    frames = [noise(bearer.manifest, side_px, side_px, seed) for seed in range(count)]
    together = bearer.run_batch(frames, params)
    alone = [bearer.run(each, params) for each in frames]
    if all(_same(one, other) for one, other in zip(together, alone, strict=True)):
        return holds("batch", f"{count} frames at once give the same bits as one by one.")
    text = f"{count} frames at once give other bits than one by one."
    return refused("batch", text, "Leave out batch.max: results must not depend on load.")


def check_optional(bearer: Bearer, params: Mapping[str, Any], side_px: int) -> Iterator[Finding]:
    """Leave each optional input out, then all of them; try every count of channels."""
    optional = [entry.name for entry in bearer.manifest.inputs if entry.optional]
    choices = [{name} for name in optional]
    choices += [set(optional)] if len(optional) > 1 else []
    frames = noise(bearer.manifest, side_px, side_px)
    for absent in choices:
        given = {name: pixels for name, pixels in frames.items() if name not in absent}
        yield _tried(bearer, given, params, f"without {' and '.join(sorted(absent))}")
    if not bearer.manifest.main_input.channels:
        for channels in CHANNEL_COUNTS:
            given = noise(bearer.manifest, side_px, side_px, channels=channels)
            yield _tried(bearer, given, params, f"with {channels} channels")


def _tried(
    bearer: Bearer, frames: Mapping[str, Pixels], params: Mapping[str, Any], how: str
) -> Finding:
    try:
        result = bearer.run(frames, params)
    except FilmgateError as error:
        remedy = "Correct the code, or what [[inputs]] says is optional and which channels."
        return refused("inputs", f"It fails {how}: {error.text}", remedy)
    words = _not_finite(result)
    if words:
        return refused("inputs", f"{words} {how}.", "Correct the code.")
    return holds("inputs", f"It runs {how}.")


def _same(one: Mapping[str, Pixels], other: Mapping[str, Pixels]) -> bool:
    return all(one[name].tobytes() == other[name].tobytes() for name in one)
