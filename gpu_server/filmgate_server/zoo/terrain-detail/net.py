"""Twice the samples of a heightfield, with the ridges and gullies that erosion leaves.

Every sample becomes two by two whose mean is the sample: large forms stay where they are. What the
four differ by comes from Keys's cubic interpolation [1] and, on top of it, from a small net. The
net sees no heights, only how slopes change (metres over metres) and the slopes themselves; what it
says is a slope, which the spacing turns into metres. So neither an offset of the heights nor the
unit matters, and where the ground is a plane there is nothing to see and nothing is added: the net
has no biases [2] but in its gates, which multiply.

[1] R. Keys: Cubic convolution interpolation for digital image processing, IEEE Transactions on
Acoustics, Speech, and Signal Processing 29(6), 1981, with a = −1/2, which keeps planes exactly.
[2] S. Mohan, Z. Kadkhodaie, E. Simoncelli, C. Fernandez-Granda: Robust and interpretable blind
image denoising via bias-free convolutional neural networks, ICLR 2020.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from filmgate.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 24
DILATIONS = (1, 1, 2, 4, 2, 1)
CURVATURES, SLOPES, DETAILS = 3, 2, 3
MARGIN = 2
"""Samples by which the ground is continued, so that interpolation has two on every side."""

NEAREST, FARTHEST = 1e-12, 1e12
"""Spacings, in any unit, outside of which float32 loses slopes."""

CHILD = (-0.0234375, 0.2265625, 0.8671875, -0.0703125)
"""Keys's weights a quarter of a sample before a sample, of two samples before it to one after."""


class TerrainDetail(nn.Module):
    """The whole model."""

    def __init__(self) -> None:
        super().__init__()
        self.entry = nn.Conv2d(CURVATURES, WIDTH, 3, padding=1, bias=False)
        self.slopes = nn.Conv2d(SLOPES, WIDTH, 3, padding=1)
        self.gate = nn.Conv2d(WIDTH, WIDTH, 1)
        self.layers = nn.ModuleList(
            nn.Conv2d(WIDTH, WIDTH, 3, padding=reach, dilation=reach, bias=False)
            for reach in DILATIONS
        )
        self.exit = nn.Conv2d(WIDTH, DETAILS, 3, padding=1, bias=False)
        nn.init.zeros_(self.exit.weight)  # so that training begins at plain interpolation

    def forward(self, height: Tensor, amount: float, spacing: Tensor | None = None) -> Tensor:
        """Add detail.

        Args:
            height: (N, 1, H, W) in the unit of *spacing*, H and W at least 3; row 0 may be the
                lowest or the highest.
            amount: how much of the net's detail is added: 0 is interpolation alone.
            spacing: two or more numbers, from sample to sample along x and along y; 1 without it.

        Returns:
            (N, 1, 2 H, 2 W); the mean of each two by two is the sample that they came from.

        Raises:
            InputError: the spacing is not between `NEAREST` and `FARTHEST`, or there are too few
                numbers.
        """
        steps = _steps(spacing, height)
        ground = continued(height)
        _, details = decomposed(interpolated(ground))
        if amount:
            details = details + amount * self.details(ground, steps)
        return composed(height, details)

    def details(self, ground: Tensor, steps: Tensor) -> Tensor:
        """Return what the net adds.

        Args:
            ground: (N, 1, H + 4, W + 4), see `continued`.
            steps: (2,) the spacing along x and y.

        Returns:
            (N, 3, H, W) in the unit of the heights, see `composed`.
        """
        slopes, curvatures = shape_of(ground, steps)
        gate = torch.sigmoid(self.gate(functional.relu(self.slopes(slopes))))
        seen = self.entry(curvatures) * gate
        for layer in self.layers:
            seen = seen + functional.relu(layer(seen))
        return self.exit(seen * gate) * per_detail(steps)


def _steps(spacing: Tensor | None, height: Tensor) -> Tensor:
    """Return the spacing along x and y, (2,), as the heights are."""
    if spacing is None:
        return height.new_ones(2)
    steps = spacing.reshape(-1)[:2].to(height)
    if len(steps) < 2 or not bool(((steps > NEAREST) & (steps < FARTHEST)).all()):
        text = "The spacing must be two numbers above 0, such as metres per sample along x and y."
        raise InputError(text, "Give the heightfield's own, or leave the input out.")
    return steps


def per_detail(steps: Tensor) -> Tensor:
    """Return (3, 1, 1): the spacing that goes with what changes along x, along y and across."""
    x, y = steps
    return torch.stack((x, y, torch.sqrt(x * y))).reshape(DETAILS, 1, 1)


def continued(height: Tensor) -> Tensor:
    """Continue the ground beyond each edge as it rises before it: turned about the edge's sample.

    Args:
        height: (N, 1, H, W), H and W at least 3.

    Returns:
        (N, 1, H + 4, W + 4).
    """
    wide = _turned(height, -1)
    return _turned(wide, -2)


def _turned(height: Tensor, axis: int) -> Tensor:
    size = height.shape[axis]
    first, last = height.narrow(axis, 0, 1), height.narrow(axis, size - 1, 1)
    before = 2 * first - height.narrow(axis, 1, MARGIN).flip(axis)
    after = 2 * last - height.narrow(axis, size - 1 - MARGIN, MARGIN).flip(axis)
    return torch.cat((before, height, after), axis)


def shape_of(ground: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
    """Return slopes (N, 2, H, W) and how they change from sample to sample (N, 3, H, W).

    Args:
        ground: (N, 1, H + 4, W + 4), see `continued`.
        steps: (2,) the spacing along x and y.
    """
    x, y = steps
    here = ground[..., 2:-2, 2:-2]
    left, right = ground[..., 2:-2, 1:-3], ground[..., 2:-2, 3:-1]
    low, high = ground[..., 1:-3, 2:-2], ground[..., 3:-1, 2:-2]
    same = ground[..., 3:-1, 3:-1] - ground[..., 1:-3, 3:-1]
    other = ground[..., 3:-1, 1:-3] - ground[..., 1:-3, 1:-3]
    slopes = torch.cat(((right - left) / (2 * x), (high - low) / (2 * y)), 1)
    bends = ((right - here) - (here - left)) / x, ((high - here) - (here - low)) / y
    twist = (same - other) / (4 * torch.sqrt(x * y))
    return slopes, torch.cat((*bends, twist), 1)


def interpolated(ground: Tensor) -> Tensor:
    """Interpolate between samples by Keys's kernel: four for each, a quarter off along x and y.

    Args:
        ground: (N, 1, H + 4, W + 4), see `continued`.

    Returns:
        (N, 1, 2 H, 2 W).
    """
    left, right = _children(ground, -1)
    four = torch.cat((*_children(left, -2), *_children(right, -2)), 1)
    return functional.pixel_shuffle(four[:, [0, 2, 1, 3]], 2)


def _children(ground: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Interpolate a quarter of a sample before and after each sample but the outer two."""
    size = ground.shape[axis] - 2 * MARGIN
    views = [ground.narrow(axis, place, size) for place in range(2 * MARGIN + 1)]
    return _weighed(views[:-1]), _weighed(views[:0:-1])


def _weighed(views: Sequence[Tensor]) -> Tensor:
    # As differences, so that heights far from 0 lose nothing.
    return sum(
        (weight * (view - views[2]) for weight, view in zip(CHILD, views, strict=True)), views[2]
    )


def composed(height: Tensor, details: Tensor) -> Tensor:
    """Put two by two samples in the place of each, by Haar's wavelet.

    Args:
        height: (N, 1, H, W), the mean of the four.
        details: (N, 3, H, W): half of what they rise along x, along y, and across both.

    Returns:
        (N, 1, 2 H, 2 W).
    """
    x, y, across = details.chunk(DETAILS, 1)
    four = (height - x - y + across, height + x - y - across)
    four = (*four, height - x + y - across, height + x + y + across)
    return functional.pixel_shuffle(torch.cat(four, 1), 2)


def decomposed(height: Tensor) -> tuple[Tensor, Tensor]:
    """Return the means (N, 1, H, W) and details (N, 3, H, W) of (N, 1, 2 H, 2 W): the way back."""
    four = functional.pixel_unshuffle(height, 2)
    low_left, low_right, high_left, high_right = four.chunk(4, 1)
    x = (low_right - low_left + high_right - high_left) / 4
    y = (high_left - low_left + high_right - low_right) / 4
    across = (high_right - low_right - high_left + low_left) / 4
    return four.mean(1, keepdim=True), torch.cat((x, y, across), 1)
