"""HDR-FLIP: how different two images look when one is flipped to the other on a screen.

P. Andersson, J. Nilsson, P. Shirley, T. Akenine-Möller: Visualizing Errors in Rendered High Dynamic
Range Images, Eurographics 2021.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmgate.errors import InputError, UnsupportedError

PIXELS_PER_DEGREE = 67.0
"""A 4K screen of 0.7 m seen from 0.7 m: the value that the method's authors publish figures for."""
LARGEST = float(np.finfo(np.float16).max)
_DARKEST = float(np.finfo(np.float16).tiny)
"""Luminance below which a pixel says nothing about how an artist would expose the picture."""
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


class FlipError(NamedTuple):
    """How different two images look.

    Attributes:
        mean: 0 (identical) to 1.
        map: (H, W) float32, the same for each pixel.
    """

    mean: float
    map: NDArray[np.float32]


def flip(image: NDArray[np.float32], reference: NDArray[np.float32]) -> float:
    """Return the mean HDR-FLIP error; see `flip_error`."""
    return flip_error(image, reference).mean


def flip_error(image: NDArray[np.float32], reference: NDArray[np.float32]) -> FlipError:
    """Compare *image* with *reference* at every exposure at which the reference shows something.

    The exposures run from the one that keeps the reference's brightest pixel below white to the one
    that does so for its median, one stop apart; black pixels are left out of the median, for no
    exposure shows them. At each both go through the ACES tone curve, and each pixel counts where it
    differs most.

    Args:
        image: (H, W, 3) scene-linear with Rec.709 primaries. A screen shows nothing below black:
            negative values count as 0, NaN too; values above 65504 and infinity as 65504.
        reference: the same shape; what *image* should be.

    Returns:
        The mean, and the map.

    Raises:
        InputError: the shapes differ, or are no colour images.
        UnsupportedError: flip-evaluator is not installed.
    """
    if image.shape != reference.shape or image.ndim != 3 or image.shape[2] != 3:
        text = f"FLIP compares colour images of one size, not {image.shape} and {reference.shape}."
        raise InputError(text, "Compare images of one size that have red, green and blue.")
    shown, truth = _displayable(image), _displayable(reference)
    # The library ends the whole process where it finds no exposures itself, as for a black frame.
    error, mean = _evaluate(truth, shown, _exposures(truth))
    return FlipError(mean, error)


def _displayable(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    finite = np.nan_to_num(pixels, nan=0.0, posinf=LARGEST, neginf=0.0)
    return np.ascontiguousarray(np.clip(finite, 0.0, LARGEST), np.float32)


def _exposures(reference: NDArray[np.float32]) -> dict[str, float]:
    luminance = reference @ _LUMINANCE
    lit = luminance[luminance > _DARKEST]
    if not lit.size:
        return {"startExposure": 0.0, "stopExposure": 0.0}
    start = _white_stop() - float(np.log2(lit.max()))
    stop = _white_stop() - float(np.log2(np.median(lit)))
    return {"startExposure": start, "stopExposure": max(start, stop)}


@lru_cache(maxsize=1)
def _white_stop() -> float:
    """Return the exposure that the library gives to a picture whose luminance is 1."""
    grey = np.ones((1, 1, 3), np.float32)
    return float(_call(grey, grey, {})[2]["startExposure"])


def _evaluate(
    reference: NDArray[np.float32], image: NDArray[np.float32], exposures: dict[str, float]
) -> tuple[NDArray[np.float32], float]:
    error, mean, _ = _call(reference, image, exposures)
    return error[..., 0], float(mean)


def _call(
    reference: NDArray[np.float32], image: NDArray[np.float32], parameters: dict[str, float]
) -> tuple[Any, float, dict[str, Any]]:
    settings = {"ppd": PIXELS_PER_DEGREE, **parameters}
    return _library().evaluate(reference, image, "HDR", applyMagma=False, parameters=settings)


def _library() -> Any:
    try:
        import flip_evaluator  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs] - an extra
    except ImportError:
        raise UnsupportedError(
            "FLIP needs the package flip-evaluator.", "pip install 'filmgate[cli]'"
        ) from None
    return flip_evaluator
