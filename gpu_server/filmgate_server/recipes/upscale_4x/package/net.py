"""SPAN for four times the size: blocks whose own result says how much of it counts.

Wan et al. 2024, "Swift Parameter-free Attention Network for Efficient Super-Resolution": instead of
learned attention, each block multiplies its result by how far the sigmoid of it is from one half.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH = 48
BLOCKS = 6
SCALE = 4
WHITE = 255.0
"""The net was trained on code values; only its input is scaled to them."""


def convolution(narrow: int, wide: int) -> nn.Conv2d:
    """Return a 3 × 3 convolution that keeps the size."""
    return nn.Conv2d(narrow, wide, 3, padding=1)


class Block(nn.Module):
    """Three convolutions and their attention without parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.c1_r = convolution(WIDTH, WIDTH)
        self.c2_r = convolution(WIDTH, WIDTH)
        self.c3_r = convolution(WIDTH, WIDTH)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return the block's result, and its first features."""
        first = functional.silu(self.c1_r(image))
        last = self.c3_r(functional.silu(self.c2_r(first)))
        return (last + image) * (torch.sigmoid(last) - 0.5), first


class Upscaler(nn.Module):
    """Takes (N, 3, H, W), encoded to 0 to 1, and returns (N, 3, 4·H, 4·W)."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(3, 1, 1))
        self.conv_1 = convolution(3, WIDTH)
        for place in range(1, BLOCKS + 1):
            self.add_module(f"block_{place}", Block())
        self.conv_2 = convolution(WIDTH, WIDTH)
        self.conv_cat = nn.Conv2d(4 * WIDTH, WIDTH, 1)
        self.upsampler = convolution(WIDTH, 3 * SCALE**2)

    def forward(self, color: Tensor) -> Tensor:
        """Enlarge *color*; each result stays between the darkest and brightest of nine pixels.

        The net overshoots at edges and in noise, which is little in code values and without limit
        in light: an exponential turns them back.
        """
        darkest = -functional.max_pool2d(-color, 3, stride=1, padding=1)
        brightest = functional.max_pool2d(color, 3, stride=1, padding=1)
        limits = [functional.interpolate(each, scale_factor=SCALE) for each in (darkest, brightest)]
        return self.enlarged(color).clamp(*limits)

    def enlarged(self, color: Tensor) -> Tensor:
        """Return what SPAN makes of *color*."""
        entry = self.conv_1((color - self.mean) * WHITE)
        image, early, first = entry, entry, entry
        for place in range(1, BLOCKS + 1):
            image, first = self.get_submodule(f"block_{place}")(image)
            early = image if place == 1 else early
        features = torch.cat((entry, self.conv_2(image), early, first), 1)
        return functional.pixel_shuffle(self.upsampler(self.conv_cat(features)), SCALE)
