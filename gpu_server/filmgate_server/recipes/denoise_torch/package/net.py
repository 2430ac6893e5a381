"""The nets of Open Image Denoise in torch: a U-Net for each set of guides.

Each level halves the image and takes its own reduction up again beside what comes from below
(Ronneberger et al. 2015); the first skip connection is the input itself.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

BORDER_PX = 16
"""Mirrored around a tile, as the model `denoise` does around the frame: natively the net sees black
there. Inside the frame the tile's halo keeps it away from every pixel that counts."""

GRID_PX = 16
"""The net halves its input four times. What it lacks on the right and below is black, natively."""

Level = tuple[tuple[str, int], ...]
"""The convolutions of one level: name and how many channels come out."""

ENCODER: tuple[Level, ...] = (
    (("enc_conv0", 32), ("enc_conv1", 32)),
    (("enc_conv2", 48),),
    (("enc_conv3", 64),),
    (("enc_conv4", 80),),
    (("enc_conv5a", 96), ("enc_conv5b", 96)),
)
DECODER: tuple[Level, ...] = (
    (("dec_conv4a", 112), ("dec_conv4b", 112)),
    (("dec_conv3a", 96), ("dec_conv3b", 96)),
    (("dec_conv2a", 64), ("dec_conv2b", 64)),
    (("dec_conv1a", 64), ("dec_conv1b", 32), ("dec_conv0", 3)),
)
LARGE_ENCODER: tuple[Level, ...] = (
    (("enc_conv1a", 64), ("enc_conv1b", 64)),
    (("enc_conv2a", 96), ("enc_conv2b", 96)),
    (("enc_conv3a", 128), ("enc_conv3b", 128)),
    (("enc_conv4a", 192), ("enc_conv4b", 192)),
    (("enc_conv5a", 256), ("enc_conv5b", 256)),
)
LARGE_DECODER: tuple[Level, ...] = (
    (("dec_conv4a", 192), ("dec_conv4b", 192)),
    (("dec_conv3a", 128), ("dec_conv3b", 128)),
    (("dec_conv2a", 96), ("dec_conv2b", 96)),
    (("dec_conv1a", 64), ("dec_conv1b", 64), ("dec_conv1c", 3)),
)


class UNet(nn.ModuleDict):
    """One net: 3 × 3 convolutions by name, each followed by a ReLU.

    Args:
        channels: of the input.
        encoder: its levels, from the finest to the bottom.
        decoder: its levels, from the second coarsest to the finest.
    """

    def __init__(
        self,
        channels: int,
        encoder: tuple[Level, ...] = ENCODER,
        decoder: tuple[Level, ...] = DECODER,
    ) -> None:
        super().__init__()
        self._encoder, self._decoder = encoder, decoder
        skips = [channels, *(level[-1][1] for level in encoder[:-2])]
        width = channels
        for level in encoder:
            width = self._add(level, width)
        for level, skip in zip(decoder, reversed(skips), strict=True):
            width = self._add(level, width + skip)

    def forward(self, image: Tensor) -> Tensor:
        """Return (N, 3, H, W) of (N, C, H, W); both sides are multiples of 16."""
        skips = [image]
        for level in self._encoder[:-1]:
            skips.append(functional.max_pool2d(self._run(level, skips[-1]), 2))
        image = self._run(self._encoder[-1], skips.pop())
        for level in self._decoder:
            finer = functional.interpolate(image, scale_factor=2, mode="nearest")
            image = self._run(level, torch.cat((finer, skips.pop()), 1))
        return image

    def _add(self, level: Level, width: int) -> int:
        for (name, wider), narrow in zip(level, (width, *(out for _, out in level)), strict=False):
            self[name] = nn.Conv2d(narrow, wider, 3, padding=1)
        return level[-1][1]

    def _run(self, level: Level, image: Tensor) -> Tensor:
        for name, _ in level:
            image = functional.relu(self[name](image))
        return image


class Denoiser(nn.Module):
    """Chooses the net that fits what is given."""

    def __init__(self) -> None:
        super().__init__()
        self.hdr = UNet(3)
        self.hdr_alb = UNet(6)
        self.hdr_alb_nrm = UNet(9)
        self.hdr_calb_cnrm_large = UNet(9, LARGE_ENCODER, LARGE_DECODER)

    def forward(
        self,
        color: Tensor,
        albedo: Tensor | None = None,
        normal: Tensor | None = None,
        clean_aux: bool = False,
    ) -> Tensor:
        """Return the denoised colour.

        Args:
            color: (N, 3, H, W) of any size, in the encoding the nets were trained with, 0 to 1.
            albedo: the same shape, 0 to 1; what lies outside is held there.
            normal: the same shape, -1 to 1; used only together with *albedo*.
            clean_aux: whether albedo and normal are free of noise.
        """
        net, guides = self.hdr, [color]
        if albedo is not None:
            net, guides = self.hdr_alb, [*guides, albedo.clamp(0, 1)]
            if normal is not None:
                net = self.hdr_calb_cnrm_large if clean_aux else self.hdr_alb_nrm
                guides.append(normal.clamp(-1, 1) * 0.5 + 0.5)
        height, width = color.shape[-2:]
        result = net(_on_grid(_framed(torch.cat(guides, 1))))
        return result[..., BORDER_PX : BORDER_PX + height, BORDER_PX : BORDER_PX + width]


def _framed(image: Tensor) -> Tensor:
    """Return (N, C, H, W) with the border mirrored around it, time and again around small ones."""
    for axis in (-2, -1):
        last = image.shape[axis] - 1
        places = torch.arange(-BORDER_PX, last + 1 + BORDER_PX, device=image.device)
        around = places % max(2 * last, 1)
        image = image.index_select(axis, torch.minimum(around, 2 * last - around))
    return image


def _on_grid(image: Tensor) -> Tensor:
    """Return (N, C, H, W), its sides multiples of the grid."""
    height, width = image.shape[-2:]
    return functional.pad(image, (0, -width % GRID_PX, 0, -height % GRID_PX))
