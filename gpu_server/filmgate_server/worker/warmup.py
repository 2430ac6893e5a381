"""The frame that a model is warmed with: one tile of zeros."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.params import resolve_parameters
from filmgate_server.devices import CPU

if TYPE_CHECKING:
    from filmgate.manifest import Manifest, ModelInput
    from filmgate_server.runtime.port import Pixels

CPU_TILE_PX = 256
"""On a CPU no kernel is chosen by size: a small tile says all, and the first frame comes soon."""

WHOLE_FRAME_PX = 1024
"""For a model that takes whole frames."""

DEFAULT_CHANNELS = 3


def why_not_warmed(manifest: Manifest, device: str) -> str:
    """Say why no frame can or need be made up for a model; empty when one can."""
    if any(entry.kind != "image" for entry in manifest.inputs):
        return "it does not work on images"
    if manifest.temporal.kind == "clip":
        return "it takes a whole clip"
    if manifest.runtime.engine == "array" and device.partition(":")[0] == CPU:
        return "on a CPU it has nothing to prepare"
    return ""


def make_frame(manifest: Manifest, device: str) -> tuple[dict[str, Pixels], dict[str, Any]]:
    """Return inputs of zeros and the parameters' defaults, for one tile of the largest size.

    The manifest may name another size.

    Args:
        manifest: of a model that `why_not_warmed` has nothing against.
        device: that it is on.
    """
    side_px = manifest.warmup.side_px or _usual_side_px(manifest, device)
    needed = [entry for entry in manifest.inputs if not entry.optional]
    main = manifest.main_input.name
    inputs = {
        entry.name: np.zeros(_shape(manifest, entry, side_px, entry.name == main), np.float32)
        for entry in needed
    }
    return inputs, {**resolve_parameters(manifest.params, {}), **_temporal_parameter(manifest)}


def _usual_side_px(manifest: Manifest, device: str) -> int:
    """Return the side of the largest tile; on a CPU of a small one."""
    side_px = manifest.tiling.max_tile_px or WHOLE_FRAME_PX
    if device.partition(":")[0] == CPU:
        side_px = min(side_px, CPU_TILE_PX)
    return min(side_px, manifest.geometry.max_px or side_px)


def _shape(manifest: Manifest, entry: ModelInput, side_px: int, main: bool) -> tuple[int, ...]:
    frames = _frames(manifest) if main else 1
    shape = (side_px, side_px, len(entry.channels) or DEFAULT_CHANNELS)
    return shape if frames == 1 else (frames, *shape)


def _frames(manifest: Manifest) -> int:
    temporal = manifest.temporal
    if temporal.kind == "window":
        return temporal.before + 1 + temporal.after
    return 2 if temporal.kind == "between" else 1


def _temporal_parameter(manifest: Manifest) -> dict[str, Any]:
    known = {"fraction": 0.5, "center": manifest.temporal.before}
    name = manifest.temporal.parameter
    return {name: known[name]} if name else {}
