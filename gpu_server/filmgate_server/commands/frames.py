"""Frames to try a model with: every one of them is legal, for scenes hold such values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.image.numbers import NUMPY_TYPES
from filmgate.params import resolve_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from filmgate.manifest import Manifest, ModelInput
    from filmgate_server.runtime.port import Pixels

HDR = 1e4
"""A sun or a lamp in a scene-linear render."""

HALF_MAX = 65504.0
DENORMAL = 1e-40
CLIP_FRAMES = 5
ANY_CHANNELS = 3
DEPTH = 5
"""Of volumes, where nothing else is asked for: they are never cut along z."""

POINTS_SHARE = 16
"""So many times fewer points are tried than a frame has pixels: each has many neighbours."""
_IMAGE_AXES = 3
_DATA_RANGE = {"normal": (-1.0, 1.0), "depth": (0.0, 100.0), "motion": (-8.0, 8.0)}


def defaults(manifest: Manifest) -> dict[str, Any]:
    """Return every parameter at its default, and what the server tells a model of its kind."""
    told = {"fraction": 0.5, "center": _times(manifest) // 2}
    own = manifest.temporal.parameter
    resolved = resolve_parameters(manifest.params, {})
    return {**resolved, own: told[own]} if own else resolved


def extremes(manifest: Manifest) -> list[dict[str, Any]]:
    """Return the parameters with each number at its lowest, and at its highest."""
    plain = defaults(manifest)
    found: list[dict[str, Any]] = []
    for end in ("low", "high"):
        bounds = {each.name: getattr(each, end) for each in manifest.params}
        moved = {
            each.name: each.convert(bounds[each.name])
            for each in manifest.params
            if bounds[each.name] is not None and each.type in ("float", "int")
        }
        if moved:
            found.append({**plain, **moved})
    return found


def noise(
    manifest: Manifest,
    height: int,
    width: int,
    seed: int = 0,
    channels: int = ANY_CHANNELS,
    depth: int = DEPTH,
) -> dict[str, Pixels]:
    """Return all inputs, filled with noise from 0 to 1, or what is usual for their role.

    Args:
        manifest: of the model.
        height: of the frames in px; a model of points gets the fewer, the smaller the frame.
        width: of the frames in px.
        seed: the same one gives the same frames, and larger frames begin with other values.
        channels: of inputs that take any number.
        depth: of volumes.
    """
    source = np.random.default_rng(seed)
    frames: dict[str, Pixels] = {}
    for entry in manifest.inputs:
        low, high = (1.0, 2.0) if entry.name == SPACING else _DATA_RANGE.get(entry.role, (0.0, 1.0))
        shape = _shape(manifest, entry, height, width, channels, depth)
        # Of 257 steps both ends occur: what is normalised by the extremes stays the same.
        steps = source.integers(0, 257, shape).astype(np.float32) / np.float32(256)
        frames[entry.name] = _typed(entry, (low + steps * (high - low)).astype(np.float32))
    return frames


SPACING = "spacing"
"""Metres between samples, which are never 0."""


def _typed(entry: ModelInput, values: Pixels) -> Pixels:
    """Return values from 0 to 1 as what an attribute holds; whole numbers are 0 to 100."""
    if entry.dtype in ("", "F16", "F32"):
        return values
    kind = np.dtype(NUMPY_TYPES[entry.dtype])
    return (values if kind.kind == "f" else values * 100).astype(kind)


def legal(manifest: Manifest, height: int, width: int) -> dict[str, dict[str, Pixels]]:
    """Return frames by what they are called in a report."""
    base = noise(manifest, height, width)
    hot = _lit(manifest, base, 0.5)
    main = manifest.main_input.name
    hot[main][_middle(hot[main])] = HALF_MAX
    lowest, ones = ("zeros", "ones") if manifest.takes_tensors else ("black", "white")
    return {
        lowest: _lit(manifest, base, 0.0) if manifest.takes_tensors else _dark(base),
        ones: _lit(manifest, base, 0.0, 1.0),
        "noise": base,
        f"values up to {HDR:g}": _lit(manifest, base, HDR),
        "negative values": _lit(manifest, base, 1.0, -0.5),
        "denormal values": _lit(manifest, base, DENORMAL),
        f"one pixel of {HALF_MAX:g}": hot,
    }


def _dark(frames: Mapping[str, Pixels]) -> dict[str, Pixels]:
    return {name: np.zeros_like(pixels) for name, pixels in frames.items()}


def _middle(pixels: Pixels) -> tuple[Any, ...]:
    """Return the place of one pixel, voxel or point, with all that it holds."""
    if pixels.ndim < _IMAGE_AXES:
        return (len(pixels) // 2,)
    return (..., pixels.shape[-3] // 2, pixels.shape[-2] // 2, slice(None))


def _lit(
    manifest: Manifest, frames: Mapping[str, Pixels], gain: float, offset: float = 0.0
) -> dict[str, Pixels]:
    """Return *frames* in another light; data stays as it is."""
    light = {
        entry.name: entry.is_colour or (entry.role == "any" and entry.name != SPACING)
        for entry in manifest.inputs
        if entry.dtype in ("", "F16", "F32", "F64")
    }
    return {
        name: np.float32(gain) * pixels + np.float32(offset) if light.get(name) else pixels
        for name, pixels in frames.items()
    }


def _shape(
    manifest: Manifest, entry: ModelInput, height: int, width: int, channels: int, depth: int
) -> tuple[int, ...]:
    sizes = {"y": height, "x": width, "z": depth, "c": len(entry.channels) or channels}
    sizes["n"] = max(1, height * width // POINTS_SHARE)
    facts = 2 if "z" not in manifest.main_input.axes and manifest.main_input.kind == "volume" else 3
    shape = tuple(sizes.get(axis, facts) for axis in entry.axes)
    times = _times(manifest)
    alone = manifest.temporal.kind == "frame" or entry is not manifest.main_input
    return shape if alone else (times, *shape)


def _times(manifest: Manifest) -> int:
    temporal = manifest.temporal
    known = {"window": temporal.before + 1 + temporal.after, "between": 2, "clip": CLIP_FRAMES}
    return known.get(temporal.kind, 1)
