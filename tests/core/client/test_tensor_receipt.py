"""A result of geometry is looked at before a host sets buffers from it."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from filmgate.errors import ModelError
from filmgate.host.receipt import check_result
from filmgate.host.results import Request
from filmgate.job import Output
from filmgate.manifest import parse_manifest
from filmgate.tensor import TENSOR_MEDIA, TensorSpec, to_tensor_blob
from filmgate.wire.records import BlobRef, ColourSpec, Wish

FIELD = {"name": "height", "kind": "volume", "axes": ["y", "x", "c"]}
MANIFEST = parse_manifest(
    {
        "model": {"name": "toy", "version": "1.0.0", "task": "t", "summary": "s"},
        "licence": {"code": "Apache-2.0", "weights": "none"},
        "inputs": [FIELD],
        "outputs": [FIELD],
        "runtime": {"engine": "array", "entry": "model.py:Model"},
    }
)
HEIGHT = BlobRef("height", bytes(32), 8, TENSOR_MEDIA, 7.0, "")
REQUEST = Request(bytes(32), {}, {}, (HEIGHT,), Wish(), ColourSpec())
SPEC = TensorSpec("F32", (1, 2, 1), ("y", "x", "c"))
NUMBERS = struct.pack("<2f", 1, 2)


def check(content: bytes, **changes: Any) -> None:
    """Receive a result."""
    given: dict[str, Any] = {"media": TENSOR_MEDIA, "time": 7.0, **changes}
    check_result(MANIFEST, REQUEST, [Output("height", memoryview(content), **given)])


def test_a_tensor_as_declared_is_taken() -> None:
    """Name, axes and type are the manifest's."""
    check(to_tensor_blob({"height": (SPEC, NUMBERS)}))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no tensor"),
        (b"\x76\x2f\x31\x01" * 8, "no tensor"),
        (to_tensor_blob({"mask": (SPEC, NUMBERS)}), "without height"),
        (
            to_tensor_blob({"height": (TensorSpec("F32", (1, 2, 1), ("x", "y", "c")), NUMBERS)}),
            "F32 of x y c",
        ),
        (
            to_tensor_blob({"height": (TensorSpec("F64", (1, 1, 1), ("y", "x", "c")), NUMBERS)}),
            "F64 of y x c",
        ),
    ],
)
def test_anything_else_is_refused(content: bytes, words: str) -> None:
    """It is neither kept nor shown."""
    with pytest.raises(ModelError, match=words):
        check(content)
