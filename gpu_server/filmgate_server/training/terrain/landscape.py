"""Whole terrains, each from a seed: a ground, its relief and its weather are drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from filmgate_server.training.terrain.erosion import Weather, eroded
from filmgate_server.training.terrain.noise import Fractal, fractal_ground

if TYPE_CHECKING:
    from numpy.random import Generator
    from torch import Tensor

BORDER = 16
"""Samples at each edge that are cut off: drops collect at the walls."""


@dataclass(frozen=True)
class Terrain:
    """A terrain and its smaller self.

    Attributes:
        fine: (2 H, 2 W), heights in samples of the finer grid.
        coarse: (H, W) the means of two by two of them, in the same unit.
    """

    fine: Tensor
    coarse: Tensor


def draw_terrain(seed: int, size: int, showers: int) -> Terrain:
    """Make the terrain of a seed.

    Args:
        seed: the terrain's name: the same one gives the same terrain.
        size: of the finer grid, even.
        showers: of rain at most; each terrain gets a quarter to all of them.
    """
    rng = np.random.default_rng(seed)
    ground = fractal_ground(size + 2 * BORDER, _look(rng), rng)
    ground = ground * (rng.uniform(0.25, 0.9) / _steepness(ground))
    weather = Weather(
        showers=round(showers * rng.uniform(0.25, 1.0)),
        capacity=rng.uniform(2.0, 8.0),
        inertia=rng.uniform(0.05, 0.4),
        talus=rng.uniform(0.6, 1.2),
        creep=rng.uniform(0.01, 0.08),
    )
    return reduced(eroded(ground, weather, rng)[BORDER:-BORDER, BORDER:-BORDER])


def draw_uneroded(seed: int, size: int) -> Terrain:
    """Make a fractal ground that no water has seen: the net never learned from one."""
    rng = np.random.default_rng(seed)
    ground = fractal_ground(size, _look(rng), rng)
    return reduced(ground * (rng.uniform(0.25, 0.9) / _steepness(ground)))


def reduced(fine: Tensor) -> Terrain:
    """Return the terrain of a fine grid (2 H, 2 W)."""
    height, width = fine.shape
    coarse = fine.reshape(height // 2, 2, width // 2, 2).mean((1, 3))
    return Terrain(fine.contiguous(), coarse)


def _look(rng: Generator) -> Fractal:
    return Fractal(
        period=rng.uniform(48, 160),
        roughness=rng.uniform(0.85, 1.15),
        ridged=rng.uniform(0, 1),
        warp=rng.uniform(0, 24),
    )


def _steepness(ground: Tensor) -> float:
    """Return the root of the mean squared slope."""
    rises = torch.diff(ground, dim=0).square().mean() + torch.diff(ground, dim=1).square().mean()
    return float(torch.sqrt(rises))
