"""Fractal ground before any water has run over it.

All heights here and in the modules beside it are in samples: a slope of 1 is one sample up for one
sample along.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.random import Generator
    from torch import Tensor

LACUNARITY = 2.03
"""Not 2, so that the lattices of the octaves do not fall together."""
RIDGE_OFFSET = 1.0
RIDGE_GAIN = 2.0
SHORTEST_PERIOD = 2.2
"""An octave below it would only be noise of the grid."""


@dataclass(frozen=True)
class Fractal:
    """What a fractal ground looks like.

    Attributes:
        period: of the largest forms, in samples.
        roughness: H of the fractal: by how much finer octaves are lower. 1 is smooth.
        ridged: 0 rolls like hills, 1 rises to ridges.
        warp: by how many samples the largest forms are bent.
    """

    period: float
    roughness: float
    ridged: float
    warp: float


def fractal_ground(size: int, look: Fractal, rng: Generator) -> Tensor:
    """Return (size, size): F. K. Musgrave's ridged multifractal, blended with fractional noise.

    See D. Ebert, F. K. Musgrave, D. Peachey, K. Perlin, S. Worley: Texturing and Modeling, 3rd
    edition 2003, chapter 16 (``RidgedMultifractal`` and ``fBm``).
    """
    y, x = _bent(size, look, rng)
    ground, weight = torch.zeros(size, size), torch.ones(size, size)
    period, amplitude = look.period, 1.0
    while period > SHORTEST_PERIOD:
        noise = gradient_noise(y / period, x / period, rng)
        signal = (RIDGE_OFFSET - 2 * noise.abs()) ** 2 * weight
        weight = (signal * RIDGE_GAIN).clamp(0, 1)
        ground += amplitude * torch.lerp(noise, signal, look.ridged)
        period /= LACUNARITY
        amplitude *= LACUNARITY**-look.roughness
    return ground - ground.mean()


def _bent(size: int, look: Fractal, rng: Generator) -> tuple[Tensor, Tensor]:
    axis = torch.arange(size, dtype=torch.float32)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    period = look.period / 2
    bends = [gradient_noise(y / period, x / period, rng) for _ in range(2)]
    return y + look.warp * bends[0], x + look.warp * bends[1]


def gradient_noise(y: Tensor, x: Tensor, rng: Generator) -> Tensor:
    """Return K. Perlin's noise (Improving Noise, SIGGRAPH 2002), about −0.7 to 0.7.

    Args:
        y: (H, W) places in units of the lattice, any range.
        x: likewise.
        rng: draws the gradients, and where the lattice begins.
    """
    y, x = y - y.min() + rng.random(), x - x.min() + rng.random()
    rows, columns = int(y.max()) + 2, int(x.max()) + 2
    turns = torch.tensor(rng.uniform(0, 2 * np.pi, (rows, columns)).astype(np.float32))
    row, column = y.long(), x.long()
    dy, dx = y - row, x - column
    low_left, low_right, high_left, high_right = (
        torch.cos(turns[row + a, column + b]) * (dx - b)
        + torch.sin(turns[row + a, column + b]) * (dy - a)
        for a in (0, 1)
        for b in (0, 1)
    )
    across = _ease(dx)
    low, high = torch.lerp(low_left, low_right, across), torch.lerp(high_left, high_right, across)
    return torch.lerp(low, high, _ease(dy))


def _ease(share: Tensor) -> Tensor:
    return share**3 * (share * (share * 6 - 15) + 10)
