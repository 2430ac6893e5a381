"""RIFE 4.0: a frame at any time between two, and where each of its pixels comes from.

Z. Huang, T. Zhang, W. Heng, B. Shi, S. Zhou: Real-Time Intermediate Flow Estimation for Video Frame
Interpolation, ECCV 2022; in the form of its version 4.0, which has four levels, takes the time as a
plane of its own and blends the two warped frames without a further net.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

LEVEL_WIDTHS = (192, 128, 96, 64)
"""Feature planes of each level, the coarsest first."""
LEVEL_SCALES = (8, 4, 2, 1)
"""How many times smaller than the frame each level looks at it."""

FIRST_PLANES = 7
"""Of the coarsest level: both frames and the time."""
LATER_PLANES = 12
"""Of the others: both frames as warped so far, the time, the blend and two motions."""
MOTION_PLANES = 4
"""Motion to the frame before (u, v) and to the one after (u, v)."""
BODY_DEPTH = 8

LARGE_MOTION_PX = 32.0
"""Corrections beyond it, to both frames, at the second level: all levels look again from further
away."""


class Level(nn.Module):
    """Estimates motion and blend at one resolution.

    Args:
        planes: how many it is given.
        width: how many feature planes it works with.
    """

    def __init__(self, planes: int, width: int) -> None:
        super().__init__()
        half = width // 2
        self.reduce = nn.Sequential(*_layer(planes, half, stride=2), *_layer(half, width, stride=2))
        self.body = nn.Sequential(
            *(module for _ in range(BODY_DEPTH) for module in _layer(width, width, stride=1))
        )
        self.expand = nn.ConvTranspose2d(width, MOTION_PLANES + 1, 4, stride=2, padding=1)

    def forward(self, seen: Tensor, motion: Tensor | None, scale: int) -> tuple[Tensor, Tensor]:
        """Return what to add to the motion and to the blend.

        Args:
            seen: (N, planes, H, W) without the motion.
            motion: (N, 4, H, W) in px, as known so far; None at the first level.
            scale: how many times smaller the level looks at the frame.

        Returns:
            (N, 4, H, W) in px of the frame, and (N, 1, H, W) before the sigmoid.
        """
        small = _resize(seen, 1 / scale)
        if motion is not None:
            small = torch.cat((small, _resize(motion, 1 / scale) / scale), 1)
        features = self.reduce(small)
        found = _resize(self.expand(self.body(features) + features), 2 * scale)
        return found[:, :MOTION_PLANES] * (2 * scale), found[:, MOTION_PLANES:]


class Retime(nn.Module):
    """The whole net."""

    def __init__(self) -> None:
        super().__init__()
        planes = (FIRST_PLANES, *(LATER_PLANES for _ in LEVEL_WIDTHS[1:]))
        self.levels = nn.ModuleList(map(Level, planes, LEVEL_WIDTHS))

    def forward(self, color: Tensor, fraction: float) -> dict[str, Tensor]:
        """Make the frame at *fraction* of the way.

        Args:
            color: (N, 2, 3, H, W), the frame before and the one after, encoded; height and width
                are multiples of 64.
            fraction: 0 is the time of the first, 1 that of the second.

        Returns:
            ``color`` (N, 3, H, W), encoded likewise; at fraction 0 and 1 the frame itself.
            ``forward`` and ``backward`` (N, 2, H, W): how far, in px, what is seen at a pixel moves
            until the frame after, and where it was in the frame before: u to the right, v downwards
            as the rows are stored. At a pixel p, ``color(p)`` is about ``before(p + backward(p))``
            and ``after(p + forward(p))``.
        """
        before, after = color.unbind(1)
        if torch.equal(before, after):
            still = torch.zeros_like(before[:, :2])
            return {"color": before, "forward": still, "backward": still}
        motion, blend = self._estimate(before, after, fraction)
        kept = {0.0: before, 1.0: after}.get(fraction)
        made = _blended(before, after, motion, blend) if kept is None else kept
        return {"color": made, "forward": motion[:, 2:], "backward": motion[:, :2]}

    def _estimate(self, before: Tensor, after: Tensor, fraction: float) -> tuple[Tensor, Tensor]:
        """Return the motion in px, (N, 4, H, W), and the blend before its sigmoid."""
        time = torch.full_like(before[:, :1], fraction)
        scales = LEVEL_SCALES
        motion, blend, added = self._begin(before, after, time, scales)
        if _is_large(added):
            scales = tuple(2 * scale for scale in scales)
            motion, blend, added = self._begin(before, after, time, scales)
        for level, scale in list(zip(self.levels, scales, strict=True))[2:]:
            added = _refine(level, before, after, time, (motion, blend), scale)
            motion, blend = motion + added[0], blend + added[1]
        return motion, blend

    def _begin(
        self, before: Tensor, after: Tensor, time: Tensor, scales: tuple[int, ...]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return motion and blend of the two coarsest levels, and what the second added."""
        seen = torch.cat((before, after, time), 1)
        motion, blend = self.levels[0](seen, None, scales[0])
        added = _refine(self.levels[1], before, after, time, (motion, blend), scales[1])
        return motion + added[0], blend + added[1], added[0]


def _refine(
    level: nn.Module,
    before: Tensor,
    after: Tensor,
    time: Tensor,
    known: tuple[Tensor, Tensor],
    scale: int,
) -> tuple[Tensor, Tensor]:
    """Return what *level* adds to the motion and the blend that are *known*."""
    motion, blend = known
    seen = torch.cat((*_warped(before, after, motion), time, blend), 1)
    return level(seen, motion, scale)


def _is_large(added: Tensor) -> bool:
    both = (added[:, :2], added[:, 2:])
    return all(float(motion.abs().max()) > LARGE_MOTION_PX for motion in both)


def _blended(before: Tensor, after: Tensor, motion: Tensor, blend: Tensor) -> Tensor:
    first, second = _warped(before, after, motion)
    share = torch.sigmoid(blend)
    return first * share + second * (1 - share)


def _warped(before: Tensor, after: Tensor, motion: Tensor) -> tuple[Tensor, Tensor]:
    return _fetch(before, motion[:, :2]), _fetch(after, motion[:, 2:])


def _fetch(frame: Tensor, motion: Tensor) -> Tensor:
    """Return *frame* (N, C, H, W) as seen from each pixel plus *motion* (N, 2, H, W) in px.

    Linear between pixels; beyond the frame its border counts.
    """
    height, width = frame.shape[-2:]
    axes = (_positions(width, frame), _positions(height, frame)[:, None])
    sizes = (width, height)
    grid = [
        axis + motion[:, place] * (2 / (size - 1))
        for place, (axis, size) in enumerate(zip(axes, sizes, strict=True))
    ]
    return functional.grid_sample(
        frame, torch.stack(grid, -1), padding_mode="border", align_corners=True
    )


def _positions(length: int, like: Tensor) -> Tensor:
    return torch.linspace(-1, 1, length, device=like.device, dtype=like.dtype)


def _resize(planes: Tensor, factor: float) -> Tensor:
    return functional.interpolate(
        planes, scale_factor=factor, mode="bilinear", recompute_scale_factor=False
    )


def _layer(planes: int, width: int, stride: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(planes, width, 3, stride=stride, padding=1), nn.PReLU(width)
