"""Tensors as numpy arrays, and how far two of them are apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from filmgate.tensor import Tensor

NUMPY_TYPES = {
    "BOOL": "?",
    "U8": "u1",
    "I8": "i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "BF16": "<u2",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "I64": "<i8",
    "F64": "<f8",
}
"""numpy has no bfloat16: its bits are shown as uint16."""


def to_array(tensor: Tensor) -> NDArray[Any]:
    """Return the tensor's numbers, in its shape and without a copy; read-only if its view is."""
    flat = np.frombuffer(tensor.data, dtype=NUMPY_TYPES[tensor.spec.dtype])
    return flat.reshape(tensor.spec.shape)


@dataclass(frozen=True)
class Distance:
    """How far numbers are from what they should be.

    Attributes:
        identical: whether type, axes and every bit agree.
        max_error: the largest absolute difference.
        rms: the root of the mean square of the differences.
        psnr_db: of the reference's range (largest less smallest) to *rms*.
        unmatched: how many are NaN or infinite in one of both alone.
    """

    identical: bool
    max_error: float
    rms: float
    psnr_db: float
    unmatched: int


def tensor_distance(name: str, tensor: Tensor, reference: Tensor) -> Distance:
    """Compare a tensor with what it should be.

    Raises:
        InputError: their sizes differ, or their numbers cannot be compared.
    """
    found, wanted = tensor.spec, reference.spec
    if found.shape != wanted.shape:
        raise InputError(f"{name} has the sizes {found.shape}, the reference {wanted.shape}.")
    if "BF16" in (found.dtype, wanted.dtype):
        raise InputError(f"{name} is of BF16, which is not compared.", "Use F32.")
    identical = found.dtype == wanted.dtype and tensor.data == reference.data
    return numbers_distance(to_array(tensor), to_array(reference), identical=identical)


def numbers_distance(
    values: NDArray[Any], truth: NDArray[Any], *, identical: bool = False
) -> Distance:
    """Compare numbers of one shape; what is equal, NaN and infinity too, has no error."""
    values, truth = values.astype(np.float64), truth.astype(np.float64)
    finite = np.isfinite(values) & np.isfinite(truth)
    same = (values == truth) | (np.isnan(values) & np.isnan(truth))
    unmatched = int(np.count_nonzero(~finite & ~same))
    errors, known = np.abs(values[finite] - truth[finite]), truth[finite]
    rms = math.sqrt(float(np.square(errors).mean())) if errors.size else 0.0
    peak = float(np.ptp(known)) if known.size else 0.0
    # A reference of one value has no range: its own size stands for it.
    peak = peak or float(np.abs(known).max(initial=0.0)) or 1.0
    psnr_db = math.inf if rms == 0 else 20 * math.log10(peak / rms)
    return Distance(identical, float(errors.max(initial=0.0)), rms, psnr_db, unmatched)
