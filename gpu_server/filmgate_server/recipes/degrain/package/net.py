"""FFDNet for colour: noise of a given strength is taken out of an image of any brightness.

K. Zhang, W. Zuo, L. Zhang: FFDNet: Toward a Fast and Flexible Solution for CNN based Image
Denoising, IEEE Transactions on Image Processing 27(9), 2018. The net was trained on clean values
from 0 to 1 and bends everything else into that range. So the image is shown to it twice: as it is,
and with so little contrast that highlights and negative values lie within 0 to 1, together with a
noise level that is as much smaller. The second way does nearly as well and gives the values beyond.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from filmgate_server.runtime.transfer import SrgbLog, decoded, encoded

COLOURS = 3
SHRINK = 2
"""The net works on every second pixel; its neighbours become planes."""
WIDTH = 96
DEPTH = 12

CODE_VALUES = 255.0

LOWEST, HIGHEST = -2.0, 6.0
"""The code values that are 0 and 1 to the net: linear light from about -10 to 87,000."""
FADE = 0.05
"""How far around 0 and 1 one way of looking fades into the other."""
MARGIN_SIGMAS = 3.0
"""How much noise may stand out beyond 0 and 1 where the net sees the image as it is."""


class Degrain(nn.Module):
    """The whole net."""

    def __init__(self) -> None:
        super().__init__()
        planes = COLOURS * SHRINK**2
        widths = (planes + 1, *(WIDTH for _ in range(DEPTH - 1)), planes)
        convolutions = [nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths)]
        self.layers = nn.Sequential(*(part for each in convolutions for part in (each, nn.ReLU())))
        del self.layers[-1]

    def forward(self, color: Tensor, sigma: float, keep_grain: float) -> Tensor:
        """Take noise out.

        Args:
            color: (N, 3, H, W) code values, 0 to 1 and beyond; height and width are even.
            sigma: the noise's standard deviation, in code values from 0 to 255.
            keep_grain: how much of what is removed comes back in linear light, 0 to 1.

        Returns:
            (N, 3, H, W) likewise; without noise, or with all of it kept, *color* bit for bit.
        """
        if sigma == 0 or keep_grain == 1:
            return color
        clean = self.cleaned(color, sigma / CODE_VALUES)
        return _mixed(clean, color, keep_grain) if keep_grain else clean

    def cleaned(self, noisy: Tensor, sigma: float) -> Tensor:
        """Return *noisy* (N, 3, H, W) without its noise of *sigma*, where 255 code values are 1."""
        wide = self._cleaned_wide(noisy, sigma)
        margin = MARGIN_SIGMAS * sigma
        near = self.in_range(noisy.clamp(-margin, 1 + margin), sigma)
        beyond = ((wide - 0.5).abs() - (0.5 - FADE)) / (2 * FADE)
        return torch.lerp(near, wide, beyond.clamp(0, 1))

    def _cleaned_wide(self, noisy: Tensor, sigma: float) -> Tensor:
        """Clean values of any size; what lies even beyond the span stays as it is."""
        span = HIGHEST - LOWEST
        within = noisy.clamp(LOWEST, HIGHEST)
        clean = self.in_range((within - LOWEST) / span, sigma / span) * span + LOWEST
        return clean + (noisy - within)

    def in_range(self, noisy: Tensor, sigma: float) -> Tensor:
        """Run the net on an image whose clean values are from 0 to 1; *sigma* is in that unit."""
        small = functional.pixel_unshuffle(noisy, SHRINK)
        strength = torch.full_like(small[:, :1], sigma)
        return functional.pixel_shuffle(self.layers(torch.cat((small, strength), 1)), SHRINK)


def _mixed(clean: Tensor, noisy: Tensor, share: float) -> Tensor:
    """Mix both as light, not as code values: as compositing the result with the plate would do."""
    curve = SrgbLog()
    return encoded(curve, torch.lerp(decoded(curve, clean), decoded(curve, noisy), share))
