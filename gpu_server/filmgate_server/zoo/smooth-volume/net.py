"""Take the noise out of a volume and leave its edges: the bilateral filter.

C. Tomasi, R. Manduchi: Bilateral filtering for gray and color images, ICCV 1998, in three
dimensions::

    v_p := sum_q w_pq v_q / sum_q w_pq
    w_pq = exp(-|q - p|^2 / (2 s^2)) exp(-|v_q - v_p|^2 / (2 edge^2)),  s = radius / 2

over the voxels q of the ball of *radius* around p. The layers of a vector field are one value: they
are averaged together, by the length of their difference. At the volume's sides its last voxels are
repeated.
"""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional


class SmoothVolume(nn.Module):
    """The whole model."""

    def forward(
        self, density: Tensor, radius: int, edge: float, strength: float, iterations: int
    ) -> Tensor:
        """Smooth a volume.

        Args:
            density: (N, C, D, H, W), any range.
            radius: of the ball, in voxels.
            edge: above 0: how much values differ across an edge, in their own unit.
            strength: how much of the result is taken, 0 to 1.
            iterations: how often.

        Returns:
            (N, C, D, H, W).
        """
        smooth = density
        for _ in range(iterations if strength else 0):
            smooth = bilateral(smooth, radius, edge)
        return torch.lerp(density, smooth, strength)


def bilateral(volume: Tensor, radius: int, edge: float) -> Tensor:
    """Filter (N, C, D, H, W) once; see the module."""
    wide = functional.pad(volume, [radius] * 6, mode="replicate")
    # What is added to each voxel: so a constant volume stays what it is, bit for bit.
    change, total = torch.zeros_like(volume), torch.ones_like(volume[:, :1])
    for offset in ball(radius):
        apart = _moved(wide, offset, radius, volume) - volume
        near = sum(step * step for step in offset) / (2 * (radius / 2) ** 2)
        weight = torch.exp(-(apart.square().sum(1, keepdim=True) / (2 * edge**2)) - near)
        change += weight * apart
        total += weight
    return volume + change / total


def ball(radius: int) -> list[tuple[int, int, int]]:
    """Return the steps to every voxel within *radius* but the one in the middle."""
    span = range(-radius, radius + 1)
    inside = [(z, y, x) for z, y, x in product(span, span, span)]
    return [each for each in inside if 0 < sum(step * step for step in each) <= radius**2]


def _moved(wide: Tensor, offset: tuple[int, int, int], radius: int, volume: Tensor) -> Tensor:
    """Return for each voxel of *volume* the one that lies *offset* from it."""
    for axis, step in zip((2, 3, 4), offset, strict=True):
        wide = wide.narrow(axis, radius + step, volume.shape[axis])
    return wide
