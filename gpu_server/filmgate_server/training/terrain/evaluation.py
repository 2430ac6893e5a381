"""How near the net comes to terrains that it has not seen, beside interpolation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from filmgate_server.training.terrain.package import CODE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from filmgate_server.training.terrain.landscape import Terrain

FINE_SPACING_M = 5.0
"""The figures are of terrains with a sample every 5 m, made from one every 10 m."""


@dataclass(frozen=True)
class Figures:
    """Means over terrains.

    Attributes:
        height_rmse_m: root mean squared error of the heights, in metres.
        psnr_db: of the heights, each terrain's range of heights being the peak.
        slope_rmse: root mean squared error of the slope from sample to sample.
        relief: the root of the squared detail between a sample's four, as a share of the truth's.
        better: on what share of the terrains the heights are nearer to the truth than bicubic.
    """

    height_rmse_m: float
    psnr_db: float
    slope_rmse: float
    relief: float
    better: float


def upscaled(net: Any, coarse: Tensor, spacing_m: float) -> dict[str, Tensor]:
    """Return heights (1, 1, 2 H, 2 W) by the name of what made them, from (1, 1, H, W) in metres.

    ``bicubic`` is torch's, with a = −3/4, which came nearer to the truth than Keys's a = −1/2;
    ``means kept`` is what the model makes with no detail.
    """
    with torch.inference_mode():
        steps = torch.tensor([spacing_m, spacing_m])
        return {
            "nearest": functional.interpolate(coarse, scale_factor=2),
            "Keys": CODE.interpolated(CODE.continued(coarse)),
            "bicubic": functional.interpolate(coarse, scale_factor=2, mode="bicubic"),
            "means kept": net(coarse, 0.0, steps),
            "terrain-detail": net(coarse, 1.0, steps),
        }


def evaluate(net: Any, terrains: Sequence[Terrain]) -> dict[str, Figures]:
    """Measure every way on every terrain."""
    rows: dict[str, list[tuple[float, ...]]] = {}
    for terrain in terrains:
        fine, coarse = (
            grid[None, None] * FINE_SPACING_M for grid in (terrain.fine, terrain.coarse)
        )
        ways = upscaled(net, coarse, 2 * FINE_SPACING_M)
        bicubic = _rms(ways["bicubic"] - fine)
        for name, heights in ways.items():
            rows.setdefault(name, []).append((*_measured(heights, fine), bicubic))
    return {name: _mean(measured) for name, measured in rows.items()}


def to_table(figures: Mapping[str, Figures]) -> str:
    """Return a table in Markdown."""
    head = "| | height RMSE | PSNR | slope RMSE | relief between neighbours | nearer than bicubic |"
    lines = [head, "|---|---|---|---|---|---|"]
    lines += [
        f"| {name} | {row.height_rmse_m:.3f} m | {row.psnr_db:.2f} dB | {row.slope_rmse:.4f}"
        f" | {row.relief:.0%} | {row.better:.0%} |"
        for name, row in figures.items()
    ]
    return "\n".join(lines)


def _measured(heights: Tensor, fine: Tensor) -> tuple[float, float, float, float]:
    error = _rms(heights - fine)
    slopes = [torch.diff(heights - fine, dim=axis) / FINE_SPACING_M for axis in (-1, -2)]
    slope = math.hypot(*map(_rms, slopes))
    relief = _rms(CODE.decomposed(heights)[1]) / _rms(CODE.decomposed(fine)[1])
    return error, 20 * math.log10(float(fine.max() - fine.min()) / error), slope, relief


def _mean(rows: Sequence[tuple[float, ...]]) -> Figures:
    error, psnr, slope, relief, _ = (sum(column) / len(rows) for column in zip(*rows, strict=True))
    better = sum(row[0] < row[-1] for row in rows) / len(rows)
    return Figures(error, psnr, slope, relief, better)


def _rms(values: Tensor) -> float:
    return float(values.square().mean().sqrt())
