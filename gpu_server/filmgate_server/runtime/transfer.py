"""How an input's values come to the net, and a result's values back: curves for light beyond 1.

Every curve is given for values from 0 on; negative ones take its mirror image, so that they come
back as what they were. All of this is float32, or float64 where a value would not fit: half
precision begins inside the net.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

if TYPE_CHECKING:
    from filmgate.manifest import ModelInput

LOG_GAIN = 16.0
"""``log1p(16 x)`` bends where film would: 1/16 is the end of its almost straight part."""

SRGB_SLOPE_AT_1 = 1.055 / 2.4
"""Of the curve of IEC 61966-2-1: its logarithmic continuation goes on from there."""

PU_TOP = 65504.0
"""The brightest light that Open Image Denoise knows: the largest half."""

_FLOAT64_FROM = 1e36
"""From here on `LOG_GAIN` times a value leaves what a float32 holds."""


class Curve(Protocol):
    """Light to code values and back; both from 0 on, without an upper bound."""

    def forward(self, light: torch.Tensor) -> torch.Tensor:
        """Return the code values of *light*."""
        ...

    def inverse(self, code: torch.Tensor) -> torch.Tensor:
        """Return the light of *code*."""
        ...


@dataclass(frozen=True)
class Straight:
    """Code values are light."""

    def forward(self, light: torch.Tensor) -> torch.Tensor:
        """Return *light*."""
        return light

    def inverse(self, code: torch.Tensor) -> torch.Tensor:
        """Return *code*."""
        return code


@dataclass(frozen=True)
class Srgb:
    """The curve of IEC 61966-2-1, continued beyond 1 by its own power."""

    def forward(self, light: torch.Tensor) -> torch.Tensor:
        """Encode."""
        power = (light ** (1 / 2.4)).mul_(1.055).sub_(0.055)
        return torch.where(light <= 0.0031308, light * 12.92, power)

    def inverse(self, code: torch.Tensor) -> torch.Tensor:
        """Decode."""
        power = (code + 0.055).div_(1.055).pow_(2.4)
        return torch.where(code <= 0.04045, code / 12.92, power)


@dataclass(frozen=True)
class SrgbLog:
    """The curve of IEC 61966-2-1 up to 1, then a logarithm of the same slope.

    It is not normalised: a difference in code values means the same in every frame.
    """

    def forward(self, light: torch.Tensor) -> torch.Tensor:
        """Encode."""
        code = Srgb().forward(light)
        if light.numel() == 0 or light.max() <= 1:
            return code
        above = 1 + SRGB_SLOPE_AT_1 * torch.log(light.clamp(min=1))
        return torch.where(light <= 1, code, above)

    def inverse(self, code: torch.Tensor) -> torch.Tensor:
        """Decode."""
        light = Srgb().inverse(code.clamp(max=1))
        if code.numel() == 0 or code.max() <= 1:
            return light
        above = torch.exp((code.clamp(min=1) - 1) / SRGB_SLOPE_AT_1)
        return torch.where(code <= 1, light, above)


@dataclass(frozen=True)
class Log:
    """``log1p(16 x)``, normalised so that *largest* becomes 1."""

    largest: float

    @property
    def _top(self) -> float:
        return math.log1p(LOG_GAIN * (self.largest or 1.0))

    def forward(self, light: torch.Tensor) -> torch.Tensor:
        """Encode."""
        return (self._roomy(light) * LOG_GAIN).log1p_().div_(self._top).float()

    def inverse(self, code: torch.Tensor) -> torch.Tensor:
        """Decode."""
        return (self._roomy(code) * self._top).expm1_().div_(LOG_GAIN).float()

    def _roomy(self, values: torch.Tensor) -> torch.Tensor:
        return values.double() if self.largest > _FLOAT64_FROM else values


@dataclass(frozen=True)
class Pu:
    """The perceptually uniform curve of Open Image Denoise 2, 65504 at 1, after an exposure.

    What is brighter than 65504 before the exposure is held there, as the model `denoise` does.

    Args:
        exposure: what light is multiplied by; see `filmgate_server.runtime.exposure`.
    """

    exposure: float

    def forward(self, light: torch.Tensor) -> torch.Tensor:
        """Encode."""
        exposed = light.clamp(max=PU_TOP) * self.exposure
        dark = exposed * _PU_A
        middle = _PU_B * exposed**_PU_C + _PU_D
        bright = _PU_E * torch.log(exposed + _PU_F) + _PU_G
        rest = torch.where(exposed <= _PU_Y1, middle, bright)
        return torch.where(exposed <= _PU_Y0, dark, rest) / _PU_NORM

    def inverse(self, code: torch.Tensor) -> torch.Tensor:
        """Decode."""
        whole = code * _PU_NORM
        dark = whole / _PU_A
        middle = ((whole - _PU_D) / _PU_B) ** (1 / _PU_C)
        bright = torch.exp((whole - _PU_G) / _PU_E) - _PU_F
        rest = torch.where(whole <= _PU_X1, middle, bright)
        return torch.where(whole <= _PU_X0, dark, rest) / self.exposure


# Of TransferFunction in Open Image Denoise's color.h: linear, then a power, then a logarithm.
_PU_A, _PU_B, _PU_C, _PU_D = 1.41283765e03, 1.64593172e00, 4.31384981e-01, -2.94139609e-03
_PU_E, _PU_F, _PU_G = 1.92653254e-01, 6.26026094e-03, 9.98620152e-01
_PU_Y0, _PU_Y1 = 1.57945760e-06, 3.22087631e-02
_PU_X0, _PU_X1 = 2.23151711e-03, 3.70974749e-01
_PU_NORM = _PU_E * math.log(PU_TOP + _PU_F) + _PU_G


def new_curve(entry: ModelInput, largest: float, exposure: float) -> Curve:
    """Return the curve that an input asks for.

    Args:
        entry: of the manifest.
        largest: absolute value in the whole frame, for ``log``.
        exposure: of the whole frame, for ``pu``.
    """
    if entry.hdr == "pu":
        return Pu(exposure)
    if entry.hdr == "log":
        return Log(largest) if entry.encoding == "linear" else SrgbLog()
    return Straight() if entry.encoding == "linear" else Srgb()


def encoded(curve: Curve, light: torch.Tensor) -> torch.Tensor:
    """Return code values of light of both signs."""
    if isinstance(curve, Straight):
        return light
    return torch.copysign(curve.forward(light.abs()), light)


def decoded(curve: Curve, code: torch.Tensor) -> torch.Tensor:
    """Return light of code values of both signs."""
    if isinstance(curve, Straight):
        return code
    return torch.copysign(curve.inverse(code.abs()), code)
