"""The model that changes the sign of every value, bit for bit, in any floating-point type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.errors import InputError
from filmgate_server.runtime.tensors import to_array

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from filmgate.tensor import Tensor, TensorSpec
    from filmgate_server.runtime.port import Pixels, Step

_BITS = {
    "F16": np.dtype(np.uint16),
    "BF16": np.dtype(np.uint16),
    "F32": np.dtype(np.uint32),
    "F64": np.dtype(np.uint64),
}
_RGBA = 4


class Negate:
    """Negates ``color``; a tensor's alpha only if ``alpha`` says so."""

    def infer(
        self,
        inputs: Mapping[str, Pixels],
        params: Mapping[str, Any],
        step: Step,
    ) -> dict[str, Pixels]:
        """Negate an image; it comes without alpha."""
        step(0, 1)
        result = -inputs["color"]
        step(1, 1)
        return {"color": result}

    def infer_tensors(
        self,
        inputs: Mapping[str, Tensor],
        outputs: Mapping[str, Tensor],
        params: Mapping[str, Any],
        step: Step,
    ) -> None:
        """Negate a tensor by its sign bits, at the speed of a copy."""
        step(0, 1)
        spec = inputs["color"].spec
        if spec.dtype not in _BITS:
            raise InputError(f"negate works on floating-point numbers, not on {spec.dtype}.")
        mask = _sign_bits(spec, bool(params["alpha"]))
        source, target = (_rows(place["color"], mask) for place in (inputs, outputs))
        np.bitwise_xor(source, mask, out=target)
        step(1, 1)


def _sign_bits(spec: TensorSpec, alpha: bool) -> NDArray[Any]:
    """Return the bits to flip along one row of an RGBA tensor, or in one value of any other."""
    bits = _BITS[spec.dtype]
    sign = np.array([1 << (8 * bits.itemsize - 1)], dtype=bits)
    if alpha or len(spec.shape) < 2 or spec.axes[-1] != "c" or spec.shape[-1] != _RGBA:
        return sign
    # A whole row at once: an inner loop of four values would not be vectorised.
    return np.tile(sign * np.array([1, 1, 1, 0], dtype=bits), spec.shape[-2])


def _rows(tensor: Tensor, mask: NDArray[Any]) -> NDArray[Any]:
    flat = to_array(tensor).reshape(-1).view(mask.dtype)
    return flat.reshape(-1, mask.size) if mask.size > 1 else flat
