"""Where the weights of the selfie segmentation come from."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import tflite  # pyright: ignore[reportMissingTypeStubs] - it ships none
import torch

from filmgate.errors import IntegrityError
from filmgate_server.recipes.wheels import Wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

WHEELS = (
    Wheel(
        name="mediapipe",
        version="0.10.21",
        sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
        filename="mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
    ),
)
MEMBER = "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite"

_TRANSPOSED = b"Convolution2DTransposeBias"
_GATED = frozenset((0, 3, 4, 5, 6, 7))
"""The blocks that weigh their channels."""

_tflite: Any = tflite
"""The binding carries no types."""


def extract(wheels: Mapping[str, Path]) -> dict[str, dict[str, torch.Tensor]]:
    """Return the halves of every convolution under the names of ``net.py``.

    Raises:
        IntegrityError: the net is not the one that ``net.py`` describes.
    """
    with zipfile.ZipFile(wheels["mediapipe"]) as archive:
        content = archive.read(MEMBER)
    names, found = list(_names()), list(_convolutions(content))
    if len(names) != len(found):
        raise IntegrityError(f"The net has {len(found)} convolutions, not {len(names)}.")
    tensors: dict[str, torch.Tensor] = {}
    for name, (weight, bias) in zip(names, found, strict=True):
        tensors |= {f"{name}.weight": weight, f"{name}.bias": bias}
    return {"selfie.safetensors": tensors}


def _names() -> Iterator[str]:
    """Name the convolutions in the order in which they are computed."""
    yield "stem"
    for place in range(8):
        gate = ("gate.squeeze", "gate.excite") if place in _GATED else ()
        yield from (f"blocks.{place}.{part}" for part in ("expand", "depthwise", *gate, "project"))
    yield from ("head.feature", "head.gate")
    parts = ("narrow", "gate.squeeze", "gate.excite", "mix", "depthwise")
    yield from (f"decoders.{place}.{part}" for place in range(3) for part in parts)
    yield "out"


def _convolutions(content: bytes) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Return weight and bias of each convolution, laid out as torch wants them."""
    model = _tflite.Model.GetRootAsModel(content, 0)
    graph = model.Subgraphs(0)
    stored: dict[int, int] = {}
    for place in range(graph.OperatorsLength()):
        operator = graph.Operators(place)
        code = model.OperatorCodes(operator.OpcodeIndex())
        kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        inputs = operator.InputsAsNumpy().tolist()
        if kind == _tflite.BuiltinOperator.DEQUANTIZE:
            stored[int(operator.Outputs(0))] = inputs[0]
        elif order := _order(kind, code.CustomCode()):
            weight, bias = (_tensor(model, graph, stored[each]) for each in inputs[1:])
            yield weight.permute(order).contiguous(), bias


def _order(kind: int, custom: bytes | None) -> tuple[int, ...]:
    """Return where torch's axes are: (out, height, width, in), or (1, height, width, channels)."""
    if kind == _tflite.BuiltinOperator.CONV_2D:
        return 0, 3, 1, 2
    depthwise = kind == _tflite.BuiltinOperator.DEPTHWISE_CONV_2D
    return (3, 0, 1, 2) if depthwise or custom == _TRANSPOSED else ()


def _tensor(model: Any, graph: Any, place: int) -> torch.Tensor:
    tensor = graph.Tensors(place)
    content = bytearray(model.Buffers(tensor.Buffer()).DataAsNumpy().tobytes())
    halves = torch.frombuffer(content, dtype=torch.float16)
    return halves.reshape(tensor.ShapeAsNumpy().tolist())
