"""waifu2x's net for twice the size: six 3 × 3 convolutions, and a transposed one that enlarges.

None of them pads: what they take from the edges is put around the image before, its own outermost
pixels repeated. In a tile only the halo is changed by that.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (3, 16, 32, 64, 128, 128, 256)
BORDER_PX = 7
"""One for each convolution, and one that the transposed convolution leaves out on either side."""

SLOPE = 0.1
"""Of the leaky ReLU for what is negative."""


class Upscaler(nn.ModuleDict):
    """Takes (N, 3, H, W), encoded to 0 to 1, and returns (N, 3, 2·H, 2·W)."""

    def __init__(self) -> None:
        super().__init__()
        for place, (narrow, wide) in enumerate(pairwise(WIDTHS), 1):
            self[f"conv{place}"] = nn.Conv2d(narrow, wide, 3)
        self["conv7"] = nn.ConvTranspose2d(WIDTHS[-1], 3, 4, stride=2, padding=3)

    def forward(self, color: Tensor) -> Tensor:
        """Enlarge *color*."""
        image = functional.pad(color, (BORDER_PX,) * 4, mode="replicate")
        for place in range(1, len(WIDTHS)):
            image = functional.leaky_relu(self[f"conv{place}"](image), SLOPE)
        return self["conv7"](image)
