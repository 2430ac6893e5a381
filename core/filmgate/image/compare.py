"""How far two images are apart, in numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmgate.errors import InputError, LayerError
from filmgate.image.frame import Part, Plane
from filmgate.manifest import ModelInput
from filmgate.manifest.layers import bind_layers

_COLOR = ModelInput("color", "color", ("R", "G", "B"))


@dataclass(frozen=True)
class ChannelDifference:
    """One channel against the reference's.

    Attributes:
        name: the full channel name.
        identical: type and every bit agree.
        max_error: the largest absolute difference, linear.
        psnr_db: 20·log10(peak) - 10·log10(MSE), linear; the peak is the reference's largest finite
            magnitude. Infinite where nothing differs.
        psnr_tm_db: the same with peak 1 after x/(1+|x|), which weighs highlights as an eye would.
        unmatched: samples that are NaN or infinite in one image and not the same in the other; they
            are left out of the other figures.
        is_id: it holds ids (whole numbers, Cryptomatte): only *identical* means something.
    """

    name: str
    identical: bool
    max_error: float
    psnr_db: float
    psnr_tm_db: float
    unmatched: int
    is_id: bool


@dataclass(frozen=True)
class Comparison:
    """Two images compared.

    Attributes:
        channels: the difference in each channel.
        color: the channels that the headline is taken over: the colour layer, or, where the image
            has none, all channels but ids.
        psnr_tm_db: the headline, over all samples of *color* together.
        psnr_db: linear, over the same samples; peak as for a channel.
    """

    channels: tuple[ChannelDifference, ...]
    color: tuple[str, ...]
    psnr_tm_db: float
    psnr_db: float

    @property
    def identical(self) -> bool:
        """Whether every channel agrees in type and every bit."""
        return all(channel.identical for channel in self.channels)

    @property
    def max_error(self) -> float:
        """The largest absolute difference in *color*, linear."""
        return max(channel.max_error for channel in self.channels if channel.name in self.color)

    @property
    def unmatched(self) -> int:
        """Samples of *color* that only one image has as NaN or infinite."""
        return sum(channel.unmatched for channel in self.channels if channel.name in self.color)


def compare(image: Part, reference: Part, channels: Sequence[str] | None = None) -> Comparison:
    """Compare *image* with *reference*, channel by channel.

    Args:
        image: what is judged.
        reference: what it should be.
        channels: full names to compare; None means all, and both must have the same.

    Returns:
        The differences.

    Raises:
        InputError: the data windows or the channels differ; the text names them.
        LayerError: one of the images lacks a channel of *channels*.
    """
    names = _common_channels(image, reference, channels)
    if image.data_window != reference.data_window:
        raise InputError(
            f"The images cover {tuple(image.data_window)} and {tuple(reference.data_window)}; "
            "only equal data windows can be compared."
        )
    pairs = {name: _Pair(image.channels[name], reference.channels[name]) for name in names}
    color = _color_channels(image, names)
    headline = [pairs[name] for name in color]
    return Comparison(
        tuple(pair.difference(name) for name, pair in pairs.items()),
        color,
        _psnr([pair.error_tm for pair in headline], 1.0),
        _psnr([pair.error for pair in headline], max(pair.peak for pair in headline)),
    )


class _Pair:
    """One channel of both images; samples that are equal or unmatched have no error."""

    def __init__(self, plane: Plane, reference: Plane) -> None:
        values, truth = plane.astype(np.float64), reference.astype(np.float64)
        finite = np.isfinite(values) & np.isfinite(truth)
        same = (values == truth) | (np.isnan(values) & np.isnan(truth))
        self.dtype: np.dtype[Any] = plane.dtype
        self.unmatched = int((~finite & ~same).sum())
        values, truth = values[finite], truth[finite]
        self.identical = plane.dtype == reference.dtype and plane.tobytes() == reference.tobytes()
        self.peak = float(np.abs(truth).max(initial=0.0)) or 1.0
        self.error = values - truth
        self.error_tm = _tone_mapped(values) - _tone_mapped(truth)

    def difference(self, name: str) -> ChannelDifference:
        return ChannelDifference(
            name,
            self.identical,
            float(np.abs(self.error).max(initial=0.0)),
            _psnr([self.error], self.peak),
            _psnr([self.error_tm], 1.0),
            self.unmatched,
            is_id(name, self.dtype),
        )


def is_id(name: str, dtype: np.dtype[Any]) -> bool:
    """Say whether a channel holds ids: whole numbers, or Cryptomatte's, which look like floats.

    Args:
        name: the full channel name; renderers put "crypto" into the layer's.
        dtype: of its samples.
    """
    return dtype == np.uint32 or "crypto" in name.rpartition(".")[0].lower()


def _tone_mapped(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values / (1 + np.abs(values))


def _psnr(errors: Sequence[NDArray[np.float64]], peak: float) -> float:
    count = sum(error.size for error in errors)
    squares = sum(float(np.square(error).sum()) for error in errors)
    if squares == 0:
        return math.inf
    return 20 * math.log10(peak) - 10 * math.log10(squares / count)


def _common_channels(image: Part, reference: Part, wanted: Sequence[str] | None) -> tuple[str, ...]:
    if wanted is None:
        if lonely := sorted(set(image.channels) ^ set(reference.channels)):
            raise InputError(f"Only one of the images has {', '.join(lonely)}.")
        return tuple(image.channels)
    missing = [n for n in wanted if n not in image.channels or n not in reference.channels]
    if missing or not wanted:
        raise LayerError(
            f"The images do not both have {', '.join(missing) or 'any channel'}.",
            "Choose channels that both have.",
        )
    return tuple(wanted)


def _color_channels(image: Part, names: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return bind_layers((_COLOR,), names)["color"]
    except LayerError:
        return tuple(n for n in names if not is_id(n, image.channels[n].dtype)) or names
