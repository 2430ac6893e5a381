"""The digest of what a net has learned, whatever kind of file holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import blake3

from filmgate.digest import canonical_digest, digest_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch


def digest_tensors(tensors: Mapping[str, torch.Tensor]) -> str:
    """Return ``blake3:…`` over names, shapes, types and values, in the order of the names."""
    rows = [(name, *_describe(tensor)) for name, tensor in sorted(tensors.items())]
    return digest_text(canonical_digest(rows))


def _describe(tensor: torch.Tensor) -> tuple[str, tuple[int, ...], bytes]:
    content = tensor.detach().cpu().contiguous().numpy().tobytes()
    kind = str(tensor.dtype).removeprefix("torch.")
    return kind, tuple(tensor.shape), blake3.blake3(content).digest()
