"""Three depthwise-separable convolutions whose kernels keep the light: a soft blur."""

from __future__ import annotations

import torch
from torch import nn

LAYERS = 3
CHANNELS = 3
BRANCHES = 4
KERNEL_PX = 5


class Separable(nn.Module):
    """Four kernels for each colour, then their weighted sum; edges are repeated."""

    def __init__(self) -> None:
        super().__init__()
        wide = CHANNELS * BRANCHES
        self.depthwise = nn.Conv2d(
            CHANNELS,
            wide,
            KERNEL_PX,
            padding=KERNEL_PX // 2,
            padding_mode="replicate",
            groups=CHANNELS,
            bias=False,
        )
        self.pointwise = nn.Conv2d(wide, CHANNELS, 1, groups=CHANNELS, bias=False)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Blur (N, 3, H, W); the size stays."""
        return self.pointwise(self.depthwise(image))


class Smooth(nn.Module):
    """The layers one after the other, mixed with the input by ``amount``."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(Separable() for _ in range(LAYERS)))

    def forward(self, color: torch.Tensor, amount: float) -> torch.Tensor:
        """Blur (N, 3, H, W), scene-linear, any range; negatives stay negative."""
        return torch.lerp(color, self.layers(color), amount)
