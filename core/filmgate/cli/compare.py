"""`filmgate compare`: how far two images are apart, in numbers and as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from filmgate.cli.compare_tensors import are_tensors, compare_tensors
from filmgate.cli.options import JsonOption
from filmgate.cli.sides import in_one_light, load_side, named
from filmgate.cli.terminal import results, say, write_json
from filmgate.disk import write_whole
from filmgate.errors import InputError
from filmgate.exits import EXIT_OK
from filmgate.image.compare import ChannelDifference, Comparison, compare
from filmgate.image.flip import FlipError, flip_error
from filmgate.image.frame import Part
from filmgate.image.panels import Panel, side_by_side_png

_NAMES_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class CompareOptions(JsonOption):
    """What `filmgate compare` takes."""

    image: Annotated[Path, typer.Argument(metavar="A", help="The file that is judged.")]
    reference: Annotated[Path, typer.Argument(metavar="B", help="What it should be.")]
    before: Annotated[
        Path | None, typer.Option(help="What A was made from: also say how far that was from B.")
    ] = None
    every: Annotated[bool, typer.Option("--all", help="List every channel.")] = False
    flip: Annotated[
        bool, typer.Option("--flip", help="Also take HDR-FLIP, which needs some seconds.")
    ] = False
    png: Annotated[Path | None, typer.Option(help="Write the images side by side.")] = None


@dataclass(frozen=True)
class Verdict:
    """One part of A against the same part of B.

    Attributes:
        name: the part's.
        after: A against B.
        before: BEFORE against B, where there is one.
        listed: the channels to list: those that differ, from BEFORE if there is one, else from B.
        flip: HDR-FLIP of A against B, where it was asked for and there are colours.
        flip_before: likewise of BEFORE.
    """

    name: str
    after: Comparison
    before: Comparison | None
    listed: frozenset[str]
    flip: FlipError | None = None
    flip_before: FlipError | None = None


def compare_images(options: CompareOptions) -> int:
    """Compare A with B: PSNR, and the largest error of each channel.

    The PSNR in front is taken after x/(1+|x|), which weighs highlights as an eye would; the one in
    linear light stands beside it. Channels are listed where A differs from B, or, with --before,
    where A differs from what it was made from. Ids (Cryptomatte, whole numbers) are identical or
    differ; no figure says how far. Channels that only one of the files has are left out, and named.

    Files are EXR, DPX, TIFF, PNG, JPEG, HDR or TX. Those that state different colour spaces, or one
    that is not linear, are compared as linear Rec.709.

    HDR-FLIP, with --flip, says how different they look when one is flipped to the other on a
    screen: 0 is no difference, 1 the largest. It takes the colours as linear Rec.709.

    Files of tensors, .safetensors or .tensor, are compared tensor by tensor; the PSNR is that of
    the range of B.
    """
    paths = [options.image, options.reference, *([options.before] if options.before else [])]
    if are_tensors(paths):
        return compare_tensors(options)
    sides, notes = in_one_light([load_side(path) for path in paths])
    for note in notes:
        say(note)
    images, references = sides[0].parts, sides[1].parts
    befores = sides[2].parts if options.before else None
    with named(*paths):
        verdicts = _judge(images, references, befores, options.flip)
    if options.as_json:
        write_json([_document(verdict) for verdict in verdicts])
    else:
        for verdict in verdicts:
            _print(verdict, options.every)
    if options.png:
        panels = _panels(options, images, references, befores)
        write_whole(options.png, side_by_side_png([*panels, *_flip_panel(verdicts)]))
        say(f"Wrote {options.png}.")
    return EXIT_OK


def _judge(
    images: Sequence[Part],
    references: Sequence[Part],
    befores: Sequence[Part] | None,
    flipped: bool,
) -> list[Verdict]:
    for others in (references, befores):
        if others is not None and len(others) != len(images):
            raise InputError(f"The files have {len(images)} and {len(others)} parts.")
    pairs = zip(images, references, befores or [None] * len(images), strict=True)
    return [_verdict(image, reference, before, flipped) for image, reference, before in pairs]


def _verdict(image: Part, reference: Part, before: Part | None, flipped: bool) -> Verdict:
    after = _compare(image, reference)
    listed = (
        {channel.name for channel in after.channels if not channel.identical}
        if before is None
        else {name for name in image.channels if not _same(image, before, name)}
    )
    errors = [_flip(each, reference, after.color, flipped) for each in (image, before)]
    return Verdict(image.name, after, _compare(before, reference), frozenset(listed), *errors)


def _flip(
    image: Part | None, reference: Part, color: Sequence[str], flipped: bool
) -> FlipError | None:
    if image is None or not flipped or len(color) != len("RGB"):
        return None
    return flip_error(image.stacked(color), reference.stacked(color))


def _same(image: Part, other: Part, name: str) -> bool:
    plane, theirs = image.channels[name], other.channels.get(name)
    if theirs is None or plane.dtype != theirs.dtype:
        return False
    return plane.tobytes() == theirs.tobytes()


def _compare(image: Part | None, reference: Part) -> Any:
    if image is None:
        return None
    common = [name for name in image.channels if name in reference.channels]
    if not common:
        raise InputError("The images have no channel in common.", "Compare images of one render.")
    lonely = sorted(set(image.channels) ^ set(reference.channels))
    if lonely:
        say(f"Left out, because only one file has them: {_some(lonely)}")
    return compare(image, reference, common)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(names[:_NAMES_SHOWN]) + more


def _print(verdict: Verdict, every: bool) -> None:
    after, before = verdict.after, verdict.before
    part = f"Part {verdict.name}: " if verdict.name else ""
    identical = ", identical in every bit" if after.identical else ""
    psnr = f"{_db(after.psnr_tm_db)} (linear {_db(after.psnr_db)}){identical}"
    results.print(f"{part}PSNR: {psnr}")
    if before is not None:
        gain = after.psnr_tm_db - before.psnr_tm_db
        results.print(f"Before: {_db(before.psnr_tm_db)}; better by {_db(gain)}")
    if verdict.flip is not None:
        was = f" (before: {verdict.flip_before.mean:.4f})" if verdict.flip_before else ""
        results.print(f"HDR-FLIP: {verdict.flip.mean:.4f}{was}")
    listed = [channel for channel in after.channels if every or channel.name in verdict.listed]
    if listed:
        results.print(_table(listed))
    if others := len(after.channels) - len(listed):
        told = "as they were before" if before else "identical"
        results.print(f"{others} channels not listed are {told}; --all lists them.")


def _table(channels: Sequence[ChannelDifference]) -> Table:
    table = Table("Channel", "Max error", "PSNR", "Linear", "NaN/Inf", box=None, pad_edge=False)
    for channel in channels:
        table.add_row(*_row(channel))
    return table


def _row(channel: ChannelDifference) -> tuple[str, ...]:
    unmatched = str(channel.unmatched) if channel.unmatched else ""
    if channel.identical:
        return channel.name, "identical", "", "", unmatched
    if channel.is_id:
        return channel.name, "differs", "", "", ""
    error = f"{channel.max_error:.6g}"
    return channel.name, error, _db(channel.psnr_tm_db), _db(channel.psnr_db), unmatched


def _db(value: float) -> str:
    return "no difference" if math.isinf(value) else f"{value:.2f} dB"


def _document(verdict: Verdict) -> dict[str, Any]:
    after = {**asdict(verdict.after), "flip": _mean(verdict.flip)}
    before = verdict.before and {**asdict(verdict.before), "flip": _mean(verdict.flip_before)}
    return _finite({"part": verdict.name, **after, "before": before})


def _mean(error: FlipError | None) -> float | None:
    return error and error.mean


def _finite(value: Any) -> Any:
    """JSON has no infinity: no difference at all is null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return None if isinstance(value, float) and math.isinf(value) else value


def _panels(
    options: CompareOptions,
    images: Sequence[Part],
    references: Sequence[Part],
    befores: Sequence[Part] | None,
) -> list[Panel]:
    shown = [("before", options.before, befores), ("A", options.image, images)]
    shown.append(("B", options.reference, references))
    return [
        Panel(f"{label}: {path.name}", _rgb(parts[0]))
        for label, path, parts in shown
        if path and parts
    ]


def _flip_panel(verdicts: Sequence[Verdict]) -> list[Panel]:
    """Draw where the first parts look different: the brighter, the more."""
    error = verdicts[0].flip
    if error is None:
        return []
    return [Panel(f"HDR-FLIP: {error.mean:.4f}", np.repeat(error.map[..., None], 3, axis=2))]


def _rgb(part: Part) -> Any:
    names = compare(part, part, None).color
    pixels = part.stacked(names if len(names) == 3 else names[:1])
    return np.broadcast_to(pixels, (*pixels.shape[:2], 3))
