"""The models that the contract is tested with, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from filmgate.digest import canonical_digest
from filmgate.host.receipt import EXR_MAGIC
from filmgate.wire.records import BlobRef

MODEL = "echo"
WINDOW_MODEL = "echo-window"
PARAMETER = "strength"
DEFAULT = 1.0


def _document(name: str, **sections: Any) -> Mapping[str, Any]:
    return {
        "model": {
            "name": name,
            "version": "1.0.0",
            "task": "test",
            "summary": "Answers with bytes that tell what it was given.",
        },
        "licence": {"code": "Apache-2.0", "weights": "none"},
        "inputs": [{"name": "color", "role": "color", "channels": ["R", "G", "B"]}],
        "outputs": [{"name": "color", "channels": ["R", "G", "B"], "replaces": "color"}],
        "runtime": {"engine": "array", "entry": "model.py:Model"},
        "params": [
            {
                "name": PARAMETER,
                "type": "float",
                "default": DEFAULT,
                "low": 0,
                "high": 10,
                "animatable": True,
            }
        ],
        **sections,
    }


CONTRACT_MODELS = (
    _document(MODEL),
    _document(WINDOW_MODEL, temporal={"kind": "window", "before": 1, "after": 1}),
)
"""Manifests: of one frame, and of a frame with one neighbour on each side."""


def echo_of(params: Mapping[str, Any], inputs: Sequence[BlobRef], main: bytes) -> bytes:
    """Return what a contract model answers: a digest of all that it was told, then the main input.

    It begins as an EXR file does, and is none.

    Args:
        params: every parameter.
        inputs: as they are named on the wire.
        main: the content of the main input, which comes back in reverse.
    """
    told = [[ref.name, ref.digest, float(ref.time), ref.view] for ref in inputs]
    return EXR_MAGIC + canonical_digest([params, told]).hex().encode() + b"\n" + main[::-1]
