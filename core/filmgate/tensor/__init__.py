"""Tensors: how they travel (`filmgate.tensor.blob`), and which of them a model takes."""

from __future__ import annotations

from filmgate.tensor.blob import (
    AXES_MAX,
    DTYPE_BYTES,
    HEADER_BYTES_MAX,
    TENSOR_MEDIA,
    TENSORS_MAX,
    Tensor,
    TensorSpec,
    parse_tensor_blob,
    tensor_header,
    to_tensor_blob,
)
from filmgate.tensor.fitting import check_tensors, result_specs, specs_from

__all__ = [
    "AXES_MAX",
    "DTYPE_BYTES",
    "HEADER_BYTES_MAX",
    "TENSORS_MAX",
    "TENSOR_MEDIA",
    "Tensor",
    "TensorSpec",
    "check_tensors",
    "parse_tensor_blob",
    "result_specs",
    "specs_from",
    "tensor_header",
    "to_tensor_blob",
]
