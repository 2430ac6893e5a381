"""The way of one colour input of one frame into the net, and of the results that follow it back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from filmgate.errors import InputError, ManifestError
from filmgate.image.alpha import has_body
from filmgate.image.half import HALF_MAX
from filmgate_server.runtime.colour import alpha_place
from filmgate_server.runtime.exposure import LUMINANCE, exposure_of
from filmgate_server.runtime.transfer import decoded, encoded, new_curve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from filmgate.manifest import ModelInput, ModelOutput
    from filmgate_server.runtime.colour import Matrix
    from filmgate_server.runtime.port import Pixels

RGB = 3

_LIGHT_MAX = 1e37
"""Beyond it products with a matrix, or of a division by alpha, would leave what a float32 holds."""

_BAND_PX = 1 << 20
"""So many pixels of the whole frame are looked at together: the device may hold no more."""


class Passage:
    """What is done to the colours of one input, with what is known of the whole frame.

    Args:
        entry: of the manifest.
        frame: the whole frame, (H, W, C) or (T, H, W, C); every time shares one normalisation.
        matrix: to the model's colour space; None leaves the colours in theirs.
        to_device: brings a part of it to the device as (…, C, H, W).

    Attributes:
        has_negative: whether the frame holds negative light, for a net that sees it by itself.

    Raises:
        InputError: there is a matrix, but the input has not three colour channels.
    """

    def __init__(
        self,
        entry: ModelInput,
        frame: Pixels,
        matrix: Matrix | None,
        to_device: Callable[[Pixels], torch.Tensor],
    ) -> None:
        self._entry = entry
        self._alpha = alpha_place(entry.channels)
        self._matrix, self._inverse = _matrices(matrix, to_device(frame[..., :1, :1, :]))
        if matrix is not None and frame.shape[-1] - (self._alpha is not None) != RGB:
            raise InputError(
                f"Input {entry.name!r} has not three colour channels: it has no colour space.",
                "Give R, G and B, or say that the input is in the model's own space.",
            )
        seen = self._seen(to_device(band) for band in _bands(frame))
        exposure = _mean_exposure(seen.luminance, frame.shape) if seen.luminance else 1.0
        self._curve = new_curve(entry, self._largest(seen), exposure)
        self.has_negative = self.splits and seen.least < 0

    @property
    def splits(self) -> bool:
        """Whether negative light goes through the net by itself."""
        return self._entry.negatives == "split"

    def _seen(self, bands: Iterable[torch.Tensor]) -> _Seen:
        """Return what has to be known of the frame, and nothing if nothing has to be."""
        pu = self._entry.hdr == "pu"
        log = self._entry.hdr == "log" and self._entry.encoding == "linear"
        seen = _Seen()
        if not (pu or log or self.splits):
            return seen
        for band in map(self.prepared, bands):
            least, most = torch.aminmax(self._colours(band))
            seen.least, seen.most = min(seen.least, float(least)), max(seen.most, float(most))
            if pu:
                seen.luminance.append(self._luminance(band))
        return seen

    def prepared(self, values: torch.Tensor) -> torch.Tensor:
        """Return (…, C, H, W) in the model's colour space, straight if the net wants that."""
        if self._matrix is not None:
            values = _with_colours(values, self._alpha, _mixed(self._colours(values), self._matrix))
        if self._entry.alpha == "straight" and self._alpha is not None:
            divisor = _divisor(_plane(values, self._alpha))
            colours = (self._colours(values) / divisor).clamp_(-_LIGHT_MAX, _LIGHT_MAX)
            values = _with_colours(values, self._alpha, colours)
        return values

    def encoded(self, values: torch.Tensor) -> torch.Tensor:
        """Return what the net gets of *values*, as from `prepared`."""
        colours = self._colours(values)
        if self._entry.negatives != "keep":
            colours = colours.clamp(min=0)
        return _with_colours(values, self._alpha, self._encoded(colours))

    def encoded_negative(self, values: torch.Tensor) -> torch.Tensor:
        """Return what the net gets of the negative light of *values*, its sign turned."""
        return _with_colours(
            values, self._alpha, self._encoded((-self._colours(values)).clamp(min=0))
        )

    def alpha_of(self, output: ModelOutput, channels: int) -> int | None:
        """Return the place of alpha among an output's channels; None where it has none."""
        return alpha_place(output.channels or self._entry.channels[:channels])

    def decoded(self, result: torch.Tensor, seen: torch.Tensor, alpha: int | None) -> torch.Tensor:
        """Return the light of what the net returned.

        Args:
            result: (C, H, W).
            seen: the light that the net was to see, (C, H, W); the result's size for a ratio.
            alpha: its place in the result, which stays as it is.
        """
        low, high = self._entry.range
        code = _without(result, alpha)
        if (low, high) != (0.0, 1.0):
            code = (code - low) / (high - low)
        light = decoded(self._curve, code)
        if self._entry.hdr == "ratio":
            light = self._times_ratio(light, self._colours(seen))
        return _with_colours(result, alpha, light)

    def less(self, light: torch.Tensor, negative: torch.Tensor, alpha: int | None) -> torch.Tensor:
        """Return light without its negative part; alpha stays that of *light*."""
        return _with_colours(light, alpha, _without(light, alpha) - _without(negative, alpha))

    def undone(self, light: torch.Tensor, seen: torch.Tensor, alpha: int | None) -> torch.Tensor:
        """Return light in the source's space, premultiplied as the source is."""
        if self._entry.alpha == "straight" and self._alpha is not None:
            light = _with_colours(
                light, alpha, _without(light, alpha) * self._multiplier(light, seen, alpha)
            )
        if self._inverse is not None:
            light = _with_colours(light, alpha, _mixed(_without(light, alpha), self._inverse))
        return light

    def _encoded(self, colours: torch.Tensor) -> torch.Tensor:
        if self._entry.hdr in ("clip", "ratio"):
            colours = colours.clamp(0, 1)
        code = encoded(self._curve, colours)
        low, high = self._entry.range
        return code if (low, high) == (0.0, 1.0) else code * (high - low) + low

    def _times_ratio(self, light: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """Return in × net(clipped in) / clipped in.

        That is the net's own light up to 1, and so many times more above; what the net did not get
        to see below 0 is added again, without a step.
        """
        if seen.shape != light.shape:
            raise ManifestError(
                f"Input {self._entry.name!r}: a ratio needs results with the input's channels."
            )
        result = light * seen.clamp(min=1)
        return result + seen.clamp(max=0) if self._entry.negatives == "keep" else result

    def _multiplier(
        self, light: torch.Tensor, seen: torch.Tensor, alpha: int | None
    ) -> torch.Tensor:
        """Return what premultiplies a result: its own alpha, or else the input's, enlarged.

        Whether light was divided is a matter of its own pixel: an alpha enlarged smoothly would
        take some from light that has none.
        """
        given = _plane(seen, self._alpha or 0)
        body = has_body(_enlarged(given, light, "nearest-exact"))
        if alpha is None:
            return torch.where(body, _enlarged(given, light, "bilinear"), 1.0)
        own = _plane(light, alpha)
        return torch.where(body | has_body(own), own, 1.0)

    def _largest(self, seen: _Seen) -> float:
        return seen.most if self._entry.negatives == "clip" else max(seen.most, -seen.least)

    def _luminance(self, band: torch.Tensor) -> Pixels:
        """Return (…, H, W) of light as Open Image Denoise takes it: 0 to 65504."""
        colours = self._colours(band).clamp(0, HALF_MAX).movedim(-3, -1)
        if colours.shape[-1] != RGB:
            return colours.mean(-1).cpu().numpy()
        weights = torch.as_tensor(LUMINANCE, device=colours.device)
        return (colours @ weights).cpu().numpy()

    def _colours(self, values: torch.Tensor) -> torch.Tensor:
        return _without(values, self._alpha)


@dataclass
class _Seen:
    """What is known of a whole frame.

    Attributes:
        least: value of its colours, at most 0.
        most: the largest, at least 0.
        luminance: of each band, for an exposure.
    """

    least: float = 0.0
    most: float = 0.0
    luminance: list[Pixels] = field(default_factory=list["Pixels"])


def _matrices(
    matrix: Matrix | None, sample: torch.Tensor
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """Return a matrix and its inverse, each transposed, where *sample* is."""
    if matrix is None:
        return None, None
    there = np.array(matrix, np.float64)
    return _transposed(there, sample), _transposed(np.linalg.inv(there), sample)


def _transposed(matrix: NDArray[Any], sample: torch.Tensor) -> torch.Tensor:
    return torch.tensor(matrix.T.tolist(), dtype=sample.dtype, device=sample.device)


def _bands(frame: Pixels) -> Iterator[Pixels]:
    """Yield the frame in bands of rows."""
    times = frame.shape[0] if frame.ndim > RGB else 1
    rows = max(1, _BAND_PX // (frame.shape[-2] * times))
    for start in range(0, frame.shape[-3], rows):
        yield frame[..., start : start + rows, :, :]


def _mean_exposure(bands: Sequence[Pixels], shape: tuple[int, ...]) -> float:
    """Return the exposure of a frame, or the geometric mean of those of a clip."""
    luminance = np.concatenate(bands, axis=-2).reshape(-1, shape[-3], shape[-2])
    return float(np.exp(np.mean([np.log(exposure_of(frame)) for frame in luminance])))


def _mixed(colours: torch.Tensor, transposed: torch.Tensor) -> torch.Tensor:
    held = colours.clamp(-_LIGHT_MAX, _LIGHT_MAX)
    return (held.movedim(-3, -1) @ transposed).movedim(-1, -3)


def _plane(values: torch.Tensor, place: int) -> torch.Tensor:
    return values[..., place : place + 1, :, :]


def _divisor(alpha: torch.Tensor) -> torch.Tensor:
    """Return alpha, and 1 where it has no body; see `filmgate.image.alpha`."""
    return torch.where(has_body(alpha), alpha, 1.0)


def _enlarged(plane: torch.Tensor, like: torch.Tensor, mode: str) -> torch.Tensor:
    """Return (1, H, W) in the size of *like*."""
    size = like.shape[-2:]
    if plane.shape[-2:] == size:
        return plane
    return torch.nn.functional.interpolate(plane[None], size, mode=mode)[0]


def _without(values: torch.Tensor, place: int | None) -> torch.Tensor:
    """Return (…, C, H, W) without the channel at *place*."""
    if place is None:
        return values
    return torch.cat([values[..., :place, :, :], values[..., place + 1 :, :, :]], -3)


def _with_colours(values: torch.Tensor, place: int | None, colours: torch.Tensor) -> torch.Tensor:
    """Return *colours* with the channel at *place* of *values* in its place."""
    if place is None:
        return colours
    parts = [colours[..., :place, :, :], _plane(values, place), colours[..., place:, :, :]]
    return torch.cat(parts, -3)
