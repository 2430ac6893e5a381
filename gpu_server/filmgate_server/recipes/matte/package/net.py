"""A person's matte: a small net finds the person, closed-form matting finds the edge.

The net has the shape of MediaPipe's selfie segmentation: inverted bottlenecks (A. Howard et al.:
Searching for MobileNetV3, ICCV 2019) and a decoder that weighs each skip by what both levels hold.
A. Levin, D. Lischinski, Y. Weiss: A Closed-Form Solution to Natural Image Matting, TPAMI 30(2),
2008, is what is solved around the edge.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

NET_PX = 256
"""The side of the square that the net was trained on."""
REFINE_PX = 512
"""The longest side of the picture that the edge is refined in: time grows faster than pixels."""
INSIDE, OUTSIDE = 0.9, 0.1
"""Where the net is sure enough."""
COLOURS = 3
UNKNOWN = 0.5
"""In a trimap."""
WINDOW_PX = 3
SMOOTHNESS = 1e-7
"""Levin's epsilon, as for values from 0 to 1."""
TRUST = 100.0
"""How much more a known pixel weighs than one window."""
STEPS_MAX, TOLERANCE = 100, 1e-3


class Convolution(nn.Conv2d):
    """A convolution that pads as TensorFlow's SAME does: what is uneven goes to the end."""

    def __init__(self, a: int, b: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__(a, b, kernel, stride, groups=groups)  # pyright: ignore[reportUnknownMemberType]
        missing = kernel - stride
        self.before, self.after = missing // 2, missing - missing // 2

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own name
        """Pad and convolve."""
        if self.after > 0:
            input = functional.pad(input, (self.before, self.after) * 2)  # noqa: A001
        return super().forward(input)


class Gate(nn.Module):
    """Squeeze and excitation: how much of each channel counts, from its mean."""

    def __init__(self, width: int, narrow: int) -> None:
        super().__init__()
        self.squeeze = Convolution(width, narrow)
        self.excite = Convolution(narrow, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return a factor for each channel, (N, C, 1, 1)."""
        mean = x.mean((2, 3), keepdim=True)
        return self.excite(functional.relu(self.squeeze(mean))).sigmoid()


class Block(nn.Module):
    """An inverted bottleneck."""

    def __init__(
        self, widths: tuple[int, int, int], kernel: int, stride: int, gate: int, hard: bool
    ) -> None:
        super().__init__()
        a, middle, b = widths
        self.expand = Convolution(a, middle)
        self.depthwise = Convolution(middle, middle, kernel, stride, middle)
        self.gate = Gate(middle, gate) if gate else None
        self.project = Convolution(middle, b)
        self.activation = nn.Hardswish() if hard else nn.ReLU()
        self.adds = a == b and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        """Widen, filter, weigh, narrow."""
        y = self.activation(self.depthwise(self.activation(self.expand(x))))
        y = y * self.gate(y) if self.gate is not None else y
        y = self.project(y)
        return x + y if self.adds else y


class Head(nn.Module):
    """The deepest features, weighed by the whole picture's."""

    def __init__(self) -> None:
        super().__init__()
        self.feature = Convolution(32, 128)
        self.gate = Convolution(32, 128)

    def forward(self, x: Tensor) -> Tensor:
        """Return 128 channels."""
        weight = self.gate(x.mean((2, 3), keepdim=True)).sigmoid()
        return functional.relu(self.feature(x)) * weight


class Decoder(nn.Module):
    """One level up: twice the size, joined with what the encoder had there."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.narrow = Convolution(a, b)
        self.gate = Gate(b, b)
        self.mix = Convolution(b, b)
        self.depthwise = Convolution(b, b, 3, 1, b)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Join *x* with *skip*, which is twice as large."""
        wide = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        up = self.narrow(wide)
        mixed = functional.relu(self.mix(skip * self.gate(skip + up) + up))
        return mixed + functional.relu(self.depthwise(mixed))


class Matte(nn.Module):
    """The whole model."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(COLOURS, 16, 3, 2)
        self.blocks = nn.ModuleList(
            (
                Block((16, 16, 16), 3, 2, 8, hard=False),
                Block((16, 72, 24), 3, 2, 0, hard=False),
                Block((24, 88, 24), 3, 1, 0, hard=False),
                Block((24, 96, 32), 5, 2, 24, hard=True),
                Block((32, 128, 32), 5, 1, 32, hard=True),
                Block((32, 128, 32), 5, 1, 32, hard=True),
                Block((32, 96, 32), 5, 1, 24, hard=True),
                Block((32, 96, 32), 5, 1, 24, hard=True),
            )
        )
        self.head = Head()
        self.decoders = nn.ModuleList((Decoder(128, 24), Decoder(24, 16), Decoder(16, 16)))
        self.out = nn.ConvTranspose2d(16, 1, 2, 2)

    def forward(self, color: Tensor, refine: bool, edge_px: int) -> Tensor:
        """Return the matte.

        Args:
            color: (N, 3, H, W) sRGB code values, 0 to 1.
            refine: whether the edge is solved for; else it is as soft as the net leaves it.
            edge_px: how wide the unknown edge is on each side, in px of a picture whose longest
                side is `REFINE_PX`.

        Returns:
            (N, 1, H, W) from 0, nobody, to 1.
        """
        small = _resized(color, (NET_PX, NET_PX))
        found = self.segment(small).to(color.dtype)
        if refine:
            found = torch.cat([_refined(*each, edge_px) for each in zip(color, found, strict=True)])
        return _resized(found, color.shape[2:]).clamp(0, 1)

    def segment(self, small: Tensor) -> Tensor:
        """Return the net's own matte, (N, 1, 256, 256), of (N, 3, 256, 256)."""
        first = functional.hardswish(self.stem(small))
        levels = [first]
        for block in self.blocks:
            levels.append(block(levels[-1]))
        x = self.head(levels[-1])
        for decoder, skip in zip(self.decoders, (levels[3], levels[1], levels[0]), strict=True):
            x = decoder(x, skip)
        return self.out(x).sigmoid()


def _resized(x: Tensor, shape: Any) -> Tensor:
    size = tuple(shape)
    if x.shape[2:] == size:
        return x
    shrinks = size[0] < x.shape[2] or size[1] < x.shape[3]
    return functional.interpolate(
        x, size=size, mode="bilinear", align_corners=False, antialias=shrinks
    )


def _refined(color: Tensor, found: Tensor, edge_px: int) -> Tensor:
    """Solve for the edge of one picture, (3, H, W), by its matte (1, 256, 256).

    Returns:
        (1, 1, H', W'), the longest side at most `REFINE_PX`; *found* where there is no edge.
    """
    height, width = color.shape[1:]
    share = min(1.0, REFINE_PX / max(height, width))
    size = (max(round(height * share), 1), max(round(width * share), 1))
    picture, matte = _resized(color[None], size), _resized(found[None], size)
    trimap = _trimap(matte, edge_px)
    if min(size) < WINDOW_PX or not ((trimap == 1).any() and (trimap == 0).any()):
        return matte
    return solved(picture[0].double(), trimap[0].double(), matte[0].double()).to(matte)[None]


def _trimap(matte: Tensor, edge_px: int) -> Tensor:
    """Return 1 for surely inside, 0 for surely outside, 0.5 between, *edge_px* wider each way."""
    side = 2 * edge_px + 1
    inside = -functional.max_pool2d(-(matte > INSIDE).to(matte), side, 1, edge_px)
    maybe = functional.max_pool2d((matte > OUTSIDE).to(matte), side, 1, edge_px)
    return (inside + maybe) / 2


class Laplacian:
    """The matting Laplacian of a picture, applied without being stored, by means over 3 x 3 px.

    K. He, J. Sun, X. Tang: Fast Matting Using Large Kernel Matting Laplacian Matrices, CVPR 2010.

    Args:
        picture: (3, H, W), at least 3 px high and wide.
    """

    def __init__(self, picture: Tensor) -> None:
        self._picture, self._mean = picture, _means(picture)
        products = picture[:, None] * picture[None]
        spread = (_means(products) - self._mean[:, None] * self._mean[None]).permute(2, 3, 0, 1)
        calm = torch.eye(COLOURS).to(picture) * (SMOOTHNESS / WINDOW_PX**2)
        inverse = cast("Tensor", torch.linalg.inv(spread + calm))  # pyright: ignore[reportUnknownMemberType]
        self._inverse = inverse.permute(2, 3, 0, 1).contiguous()
        self.windows = _sums(torch.ones_like(self._mean[:1]))

    def __call__(self, alpha: Tensor) -> Tensor:
        """Return how far *alpha* (1, H, W) is from linear in colour around each pixel."""
        mean = _means(alpha)
        shared = _means(self._picture * alpha) - self._mean * mean
        slope = (self._inverse * shared).sum(1)
        offset = mean - (slope * self._mean).sum(0, keepdim=True)
        fitted = (_sums(slope) * self._picture).sum(0, keepdim=True) + _sums(offset)
        return self.windows * alpha - fitted


def _means(planes: Tensor) -> Tensor:
    """Return the mean of each whole window of (…, H, W): (…, H - 2, W - 2)."""
    rows = planes[..., :-2, :] + planes[..., 1:-1, :] + planes[..., 2:, :]
    return (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / WINDOW_PX**2


def _sums(planes: Tensor) -> Tensor:
    """Return, for each pixel, the sum over the windows that it is in."""
    return _means(functional.pad(planes, (WINDOW_PX - 1,) * 4)) * WINDOW_PX**2


def solved(picture: Tensor, trimap: Tensor, first: Tensor) -> Tensor:
    """Find the matte that is linear in colour and keeps what the trimap knows.

    By conjugate gradients from *first*, with the diagonal as preconditioner.

    Args:
        picture: (3, H, W).
        trimap: (1, H, W) of 0, 0.5 (unknown) and 1.
        first: (1, H, W), a guess.

    Returns:
        (1, H, W) from 0 to 1.
    """
    known = TRUST * (trimap != UNKNOWN).to(picture)
    laplacian = Laplacian(picture)
    alpha = torch.where(known > 0, trimap, first)
    rest = known * trimap - (laplacian(alpha) + known * alpha)
    diagonal = laplacian.windows + known
    step = rest / diagonal
    product = (rest * step).sum()
    enough = product * TOLERANCE**2
    for _ in range(STEPS_MAX):
        if product <= enough:
            break
        moved = laplacian(step) + known * step
        length = product / (step * moved).sum()
        alpha, rest = alpha + length * step, rest - length * moved
        scaled = rest / diagonal
        before, product = product, (rest * scaled).sum()
        step = scaled + (product / before) * step
    return alpha.clamp(0, 1)
