"""Frames for the load: no two alike, and what must come back is known to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmgate.job import Payload, Result, Work
from filmgate.tensor import TENSOR_MEDIA, TensorSpec, parse_tensor_blob, tensor_header

INPUT = "color"
CHANNELS = 4
"""Half floats, so that a square of *side* pixels takes 8 bytes times its area."""

_BYTES_PER_PIXEL = 2 * CHANNELS


class Truth:
    """The frames of one artist.

    Args:
        artist: a number that no other artist of the run has.
        size_bytes: of each frame, about.
        model: what negates it.
    """

    def __init__(self, artist: int, size_bytes: int, model: str) -> None:
        side = max(1, round((size_bytes / _BYTES_PER_PIXEL) ** 0.5))
        chance = np.random.default_rng(artist)
        self._pixels = chance.normal(0.5, 2.0, (side, side, CHANNELS)).astype(np.float16)
        self._stamp = self._pixels.reshape(-1)[:CHANNELS]
        self._artist = artist
        self._header = tensor_header({INPUT: TensorSpec("F16", (side, side, CHANNELS), _AXES)})
        self._model = model

    def work(self, number: int, **params: Any) -> Work:
        """Return the work of negating frame *number*."""
        blob = self._header + self.frame(number).tobytes()
        return Work(self._model, (Payload(INPUT, blob, TENSOR_MEDIA),), params)

    def frame(self, number: int) -> NDArray[np.float16]:
        """Return frame *number*, (H, W, 4); the next call changes it."""
        digits = [1 + (number >> shift & 0x1F) / 32 for shift in (0, 5, 10)]
        self._stamp[:] = (*digits, 1 + self._artist % 512 / 512)
        return self._pixels

    def is_right(self, number: int, result: Result) -> bool:
        """Return whether every pixel of *result* is that of frame *number*, negated."""
        (tensor,) = parse_tensor_blob(result.outputs[0].data).values()
        found = np.frombuffer(tensor.data, np.float16)
        expected = -self.frame(number)
        if len(found) != expected.size:
            return False
        return bool(np.array_equal(found.view(np.uint16), expected.reshape(-1).view(np.uint16)))


_AXES = ("y", "x", "c")
