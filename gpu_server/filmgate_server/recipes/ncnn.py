"""Weights as ncnn stores them: layers in a text, their numbers one after the other in a file.

Each line of the ``.param`` text is a layer: type, name, how many blobs it takes and gives, the
blobs' names, and ``key=value`` pairs whose meaning depends on the type. The ``.bin`` file holds the
layers' numbers in the same order; a tag of four bytes before weights says their type.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from filmgate.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAGIC = "7767517"
HALF = 0x01306B47
SINGLE = 0

_WITHOUT_WEIGHTS = frozenset(
    ("Input", "Split", "BinaryOp", "Swish", "Sigmoid", "Concat", "PixelShuffle")
)


@dataclass(frozen=True)
class Layer:
    """One layer: its type, its name, and the plain numbers among its settings."""

    kind: str
    name: str
    settings: Mapping[int, str]

    def number(self, key: int, otherwise: int = 0) -> int:
        """Return a setting."""
        return int(self.settings.get(key, otherwise))


def parse_ncnn(param: str, weights: bytes) -> dict[str, torch.Tensor]:
    """Return every tensor of a net.

    Args:
        param: the text of the ``.param`` file.
        weights: the content of the ``.bin`` file.

    Returns:
        ``<layer>.weight`` and ``<layer>.bias``, in the types in which they are stored: of a
        convolution (out, in, height, width), of a transposed one (in, out, height, width), of a
        constant as it is.

    Raises:
        IntegrityError: the files do not fit each other, or a layer is of an unknown type.
    """
    numbers = _Numbers(weights)
    try:
        tensors = {
            f"{layer.name}.{part}": tensor
            for layer in parse_layers(param)
            for part, tensor in _read(layer, numbers)
        }
    except (struct.error, ValueError) as error:
        raise IntegrityError(f"The weights are damaged: {error}.") from error
    if numbers.left:
        raise IntegrityError(f"The weights hold {numbers.left} bytes that no layer asks for.")
    return tensors


def parse_layers(param: str) -> list[Layer]:
    """Return the layers of a ``.param`` text.

    Raises:
        IntegrityError: it is no such text.
    """
    lines = [line.split() for line in param.splitlines() if line.strip()]
    if len(lines) < 2 or lines[0] != [MAGIC]:
        raise IntegrityError("The net is in a format that is not known here.")
    return [_parse_layer(words) for words in lines[2:]]


def _parse_layer(words: list[str]) -> Layer:
    blobs = int(words[2]) + int(words[3])
    pairs = (word.partition("=") for word in words[4 + blobs :])
    return Layer(words[0], words[1], {int(key): value for key, _, value in pairs})


def _read(layer: Layer, numbers: _Numbers) -> Iterator[tuple[str, torch.Tensor]]:
    if layer.kind in ("Convolution", "Deconvolution"):
        yield from _read_convolution(layer, numbers)
    elif layer.kind == "MemoryData":
        sides = [layer.number(key) for key in (2, 1, 0)]
        yield "weight", numbers.take(torch.float32, [side for side in sides if side])
    elif layer.kind not in _WITHOUT_WEIGHTS:
        raise IntegrityError(f"{layer.name}: layers of the type {layer.kind} are not known here.")


def _read_convolution(layer: Layer, numbers: _Numbers) -> Iterator[tuple[str, torch.Tensor]]:
    out, width, count = layer.number(0), layer.number(1), layer.number(6)
    height = layer.number(11, width)
    kernel = numbers.take_tagged([out, count // (out * height * width), height, width])
    yield "weight", kernel if layer.kind == "Convolution" else kernel.transpose(0, 1).clone()
    if layer.number(5):
        yield "bias", numbers.take(torch.float32, [out])


class _Numbers:
    """Gives out the content of a ``.bin`` file from its beginning to its end."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = bytearray(content), 0

    @property
    def left(self) -> int:
        """How many bytes were not given out yet."""
        return len(self._content) - self._at

    def take(self, kind: torch.dtype, shape: list[int]) -> torch.Tensor:
        count = math.prod(shape)
        values = torch.frombuffer(self._content, dtype=kind, count=count, offset=self._at)
        self._at += -(-count * kind.itemsize // 4) * 4  # the next one begins at a multiple of 4
        return values.reshape(shape).clone()

    def take_tagged(self, shape: list[int]) -> torch.Tensor:
        (tag,) = struct.unpack_from("<I", self._content, self._at)
        self._at += 4
        if tag not in (HALF, SINGLE):
            raise IntegrityError(f"Weights with the tag {tag:#x} are not known here.")
        return self.take(torch.float16 if tag == HALF else torch.float32, shape)
