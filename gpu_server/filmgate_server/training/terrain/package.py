"""The package whose weights are trained here, and its code as an importable module."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from safetensors.torch import load_file  # pyright: ignore[reportUnknownVariableType] - PathLike

from filmgate_server.zoo import ZOO_FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

PACKAGE = ZOO_FOLDER / "terrain-detail"
WEIGHTS = "terrain_detail.safetensors"

CODE: Any = import_module("filmgate_server.zoo.terrain-detail.net")
"""``net.py`` of the package."""


def load_net(weights: Path = PACKAGE / WEIGHTS) -> nn.Module:
    """Return the model with weights from a file."""
    net = CODE.TerrainDetail()
    net.load_state_dict(load_file(weights))
    return net.eval().requires_grad_(False)
