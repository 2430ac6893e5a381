"""Teach the net what erosion leaves between the samples of a coarser terrain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from filmgate_server.training.terrain.landscape import reduced
from filmgate_server.training.terrain.package import CODE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.random import Generator
    from torch import Tensor, nn

    from filmgate_server.training.terrain.landscape import Terrain

BATCH = 8
CROP = 48
"""Samples of the coarse grid along each side; smaller terrains are shown whole."""
RATE = 3e-3
STEEPER = (0.6, 1.6)
"""By how much a crop is stretched upwards: slopes that were not drawn are met as well."""
FAINT = 1e-5
"""Squared detail, as slope, below which a crop counts as having none to learn from."""
REPORT_STEPS = 100


def train(
    terrains: Sequence[Terrain], steps: int, seed: int, say: Callable[[str], None]
) -> nn.Module:
    """Train a new net.

    Args:
        terrains: to learn from; each one's coarse grid is learned from, too, as the fine grid of
            one that is coarser still.
        steps: of the optimiser.
        seed: of the first weights and of the crops.
        say: is told of the loss now and then.

    Returns:
        The net; on one machine, with one number of threads, always the same.
    """
    torch.manual_seed(seed)  # pyright: ignore[reportUnknownMemberType] - not typed
    rng = np.random.default_rng(seed)
    both = [*terrains, *(_coarser(terrain) for terrain in terrains)]
    net = CODE.TerrainDetail()
    optimiser = torch.optim.Adam(net.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    losses: list[float] = []
    for step in range(1, steps + 1):
        losses.append(_learn(net, optimiser, _batch(both, rng)))
        schedule.step()
        if step % REPORT_STEPS == 0 or step == steps:
            say(f"step {step} of {steps}: {np.mean(losses[-REPORT_STEPS:]):.4f}")
    return net.eval().requires_grad_(False)


def _coarser(terrain: Terrain) -> Terrain:
    """Return the next coarser terrain; its heights stay in samples of its own fine grid."""
    return reduced(terrain.coarse / 2)


def _learn(net: Any, optimiser: torch.optim.Optimizer, fine: Tensor) -> float:
    """Take one step; the loss is the share of the squared detail that the net has not explained."""
    coarse, wanted = CODE.decomposed(fine)
    ground = CODE.continued(coarse)
    _, known = CODE.decomposed(CODE.interpolated(ground))
    missed = wanted - known - net.details(ground, torch.ones(2))
    share = missed.square().mean((1, 2, 3)) / ((wanted - known).square().mean((1, 2, 3)) + FAINT)
    optimiser.zero_grad()
    loss = share.mean()
    loss.backward()
    optimiser.step()
    return float(loss.detach())


def _batch(terrains: Sequence[Terrain], rng: Generator) -> Tensor:
    """Return (N, 1, 2 H, 2 W), heights in samples of the coarse grid."""
    side = min(CROP, *(min(terrain.coarse.shape) for terrain in terrains))
    picks = [int(pick) for pick in rng.integers(len(terrains), size=BATCH)]
    return torch.stack([_crop(terrains[pick].fine, 2 * side, rng) for pick in picks])[:, None] / 2


def _crop(fine: Tensor, side: int, rng: Generator) -> Tensor:
    """Return (side, side), turned and mirrored at random, on the grid of two by two."""
    row, column = (2 * int(rng.integers((size - side) // 2 + 1)) for size in fine.shape)
    crop = fine[row : row + side, column : column + side] * rng.uniform(*STEEPER)
    crop = crop.rot90(int(rng.integers(4)))
    return crop.T if rng.integers(2) else crop
