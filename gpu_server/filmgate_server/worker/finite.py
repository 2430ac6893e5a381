"""NaN and infinity in geometry: refused or replaced before a model sees them, as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from filmgate.errors import InputError
from filmgate.image.numbers import NUMPY_TYPES, to_array
from filmgate.image.scrub import ScrubReport, scrub
from filmgate.tensor import Tensor

if TYPE_CHECKING:
    from filmgate.manifest import ModelInput

_FLOATS = ("F16", "F32", "F64")
_SLICE_AXES = 3


def count_not_finite(tensor: Tensor) -> int:
    """Return how many of a tensor's numbers are NaN or infinite."""
    if tensor.spec.dtype not in _FLOATS:
        return 0
    return int(np.count_nonzero(~np.isfinite(to_array(tensor))))


def finite(tensor: Tensor, entry: ModelInput) -> tuple[Tensor, str]:
    """Return a tensor without NaN and infinity, and what to tell the artist.

    Args:
        tensor: of the input; not changed.
        entry: the input: ``refuse`` or ``scrub``, which works as on images, slice by slice.

    Raises:
        InputError: there is NaN or infinity and they are to be refused; says how many.
    """
    count = count_not_finite(tensor)
    if not count:
        return tensor, ""
    if entry.nonfinite == "refuse":
        raise InputError(
            f"Input {entry.name!r} holds {count} values of NaN or infinity, which the model does "
            "not take.",
            "Find where they come from, or replace them.",
            {"input": entry.name, "count": count},
        )
    clean, report = _scrubbed(tensor)
    return clean, f"{entry.name}: {report.text}"


def _scrubbed(tensor: Tensor) -> tuple[Tensor, ScrubReport]:
    numbers = to_array(tensor).astype(np.float32)
    report = ScrubReport()
    for plane in numbers.reshape(-1, *numbers.shape[-_SLICE_AXES:]):
        plane[...], found = scrub(plane)
        report += found
    kept = np.ascontiguousarray(numbers, NUMPY_TYPES[tensor.spec.dtype])
    return Tensor(tensor.spec, memoryview(kept.tobytes())), report
