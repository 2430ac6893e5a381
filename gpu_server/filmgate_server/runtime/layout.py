"""How volumes and attributes lie in a net's tensors.

A volume gets an axis of 1 in front, for the batch, and its channels come before its rows:
(1, C, H, W) of a heightfield, (1, C, D, H, W) of voxels. Attributes stay as they are, (n, c).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from filmgate.manifest import ModelOutput
    from filmgate_server.runtime.geometry import Numbers

_IMAGE_AXES = 4


def to_net(
    numbers: Numbers, kind: str, device: torch.device, precision: torch.dtype
) -> torch.Tensor:
    """Return an input as a net gets it: a copy, which the net may write to.

    Args:
        numbers: in the axes of the manifest.
        kind: of the input.
        device: where the net is.
        precision: of its arithmetic; float32 alone is converted to it.
    """
    owned = torch.tensor(np.ascontiguousarray(numbers), device=device)
    if owned.dtype == torch.float32:
        owned = owned.to(precision)
    if kind != "volume":
        return owned
    laid = owned.movedim(-1, 0).unsqueeze(0)
    if laid.ndim == _IMAGE_AXES:  # the layout that images have, and convolutions like
        return laid.contiguous(memory_format=torch.channels_last)
    return laid.contiguous()


def from_net(returned: Any, output: ModelOutput) -> Any:
    """Return an output in the axes of the manifest; what is no such tensor is judged by others."""
    if not isinstance(returned, torch.Tensor):
        return returned
    values = returned.float() if returned.dtype in (torch.float16, torch.bfloat16) else returned
    if output.kind == "volume" and values.ndim == len(output.axes) + 1 and len(values) == 1:
        values = values[0].movedim(0, -1)
    return values.cpu().numpy()
