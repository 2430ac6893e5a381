"""Take the noise out of a point cloud: every point moves towards the surface of its neighbours.

1. A normal for each point where none is given: the direction in which its neighbours spread least
   (H. Hoppe et al.: Surface reconstruction from unorganized points, SIGGRAPH 1992, section 3.2).
2. The normals are averaged with those that differ little (T. Jones, F. Durand, M. Desbrun:
   Non-iterative, feature-preserving mesh smoothing, SIGGRAPH 2003: a bilateral filter whose second
   weight asks whether two places belong to one surface)::

       n_i := unit(sum_j w_ij s_ij n_j)

3. Each point moves by its mean distance from its neighbours, as the bilateral filter does (J.
   Digne, C. de Franchis: The bilateral filter for point clouds, Image Processing On Line 7, 2017),
   but along the normal in the middle between both, in which places of one ball or cylinder have
   none (S. Rusinkiewicz: A symmetric objective function for ICP, SIGGRAPH 2019): so curved
   surfaces neither shrink nor swell::

       m_ij = unit(n_i + s_ij n_j)
       p_i := p_i + strength * sum_j w_ij m_ij <m_ij, p_j - p_i> / sum_j w_ij

with w_ij = (1 - |p_j - p_i|^2 / radius^2)^2, 0 beyond the radius (the biweight of F. Mosteller, J.
Tukey: Data analysis and regression, 1977), times exp(-((1 - |n_i.n_j|) / (1 - cos edge))^2), and
s_ij = 1 or -1, so that it does not matter which way normals point. Points move along normals alone:
how densely the surface is sampled stays as it is, and so does the order of the points.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from .neighbours import (  # noqa: TID252 - a package's modules have no other name
    Neighbours,
    usual_distance,
)

ROUNDS = 3
"""How often normals are averaged."""
FEWEST = 4
"""Points that make more than one plane."""


class SmoothPoints(nn.Module):
    """The whole model."""

    def forward(
        self,
        P: Tensor,  # noqa: N803 - what hosts call it
        radius: float,
        strength: float,
        iterations: int,
        edge_angle: float,
        N: Tensor | None = None,  # noqa: N803 - likewise
    ) -> Tensor:
        """Smooth a cloud.

        Args:
            P: (n, 3) places, in any unit.
            radius: how far a point looks, in that unit; 0 finds one, see `usual_distance`.
            strength: the share of the way that each point goes, 0 to 1.
            iterations: how often.
            edge_angle: in degrees, see the module.
            N: (n, 3) normals, of any length; a point whose own is 0 gets one as in step 1.

        Returns:
            (n, 3) in the order of *P*.

        Raises:
            InputError: more points lie within the radius than there is memory for.
        """
        if len(P) < FEWEST:
            return P
        origin = P.sort(0).values[len(P) // 2]  # unlike the mean, it is amid most of the points
        places = P - origin
        radius = radius or usual_distance(places)
        if not radius or not strength:
            return P
        flatness = 1 - math.cos(math.radians(edge_angle))
        return smoothed(places, N, radius, strength, iterations, flatness) + origin


def smoothed(
    places: Tensor,
    given: Tensor | None,
    radius: float,
    strength: float,
    iterations: int,
    flatness: float,
) -> Tensor:
    """Return the places (n, 3) after so many iterations; see the module.

    Args:
        places: (n, 3), around 0.
        given: (n, 3) normals of any length, or None; those of 0 are found.
        radius: above 0.
        strength: 0 to 1.
        iterations: 0 and more.
        flatness: 1 less the cosine of the edge's angle.
    """
    near = Neighbours(places, radius)
    normals = torch.zeros_like(places) if given is None else _units(given)
    missing = (normals == 0).all(1, keepdim=True)
    lacking = bool(missing.any())
    for _ in range(iterations):
        planes = torch.where(missing, _spread_least(places, near), normals) if lacking else normals
        for _ in range(ROUNDS):
            planes = _averaged(places, planes, near, flatness)
        places = places + strength * _to_surface(places, planes, near, flatness)
    return places


def _units(given: Tensor) -> Tensor:
    """Return normals (n, 3) of length 1, or 0 where nothing is given, from any lengths."""
    longest = given.abs().amax(1, keepdim=True)  # else squares of very small or large ones are lost
    return nn.functional.normalize(given / torch.where(longest > 0, longest, 1), dim=1)


def _spread_least(places: Tensor, near: Neighbours) -> Tensor:
    def normals(rows: Tensor, others: Tensor, weights: Tensor) -> Tensor:
        weights = weights / weights.sum(1, keepdim=True)
        apart = places[others] - places[rows][:, None]
        centred = apart - (weights[..., None] * apart).sum(1, keepdim=True)
        spread = (weights[..., None] * centred).transpose(1, 2) @ centred
        _, axes = cast("tuple[Tensor, Tensor]", torch.linalg.eigh(spread))  # pyright: ignore[reportUnknownMemberType] - not typed
        return axes[..., 0]

    return near.each(places, normals)


def _averaged(places: Tensor, planes: Tensor, near: Neighbours, flatness: float) -> Tensor:
    def average(rows: Tensor, others: Tensor, weights: Tensor) -> Tensor:
        alike = (planes[rows][:, None] * planes[others]).sum(2)
        weights = weights * _same_surface(alike, flatness) * torch.sign(alike)
        return nn.functional.normalize((weights[..., None] * planes[others]).sum(1), dim=1)

    return near.each(places, average)


def _to_surface(places: Tensor, planes: Tensor, near: Neighbours, flatness: float) -> Tensor:
    def way(rows: Tensor, others: Tensor, weights: Tensor) -> Tensor:
        own, theirs = planes[rows][:, None], planes[others]
        alike = (own * theirs).sum(2, keepdim=True)
        middle = nn.functional.normalize(own + torch.sign(alike) * theirs, dim=2)
        weights = weights * _same_surface(alike[..., 0], flatness)
        apart = ((places[others] - places[rows][:, None]) * middle).sum(2)
        moved = ((weights * apart)[..., None] * middle).sum(1)
        return moved / weights.sum(1, keepdim=True)

    return near.each(places, way)


def _same_surface(alike: Tensor, flatness: float) -> Tensor:
    """Return from 1, where normals are parallel, to 0; *alike* is their cosine."""
    return torch.exp(-(((1 - alike.abs()) / flatness) ** 2))
