"""Tensors as blobs."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.errors import InputError
from filmgate.tensor import (
    AXES_MAX,
    DTYPE_BYTES,
    HEADER_BYTES_MAX,
    TENSORS_MAX,
    TensorSpec,
    parse_tensor_blob,
    tensor_header,
    to_tensor_blob,
)

HALVES = TensorSpec("F16", (1, 2, 1), ("y", "x", "c"))


def test_blob_is_golden(repository: Path) -> None:
    """A known tensor has the golden bytes, and they are read back."""
    golden = json.loads((repository / "tests/golden/tensor.json").read_text(encoding="utf-8"))
    data = bytes.fromhex(golden["tensors"]["color"]["data"])
    blob = to_tensor_blob({"color": (HALVES, data)})
    assert blob.hex() == golden["blob"]
    (tensor,) = parse_tensor_blob(blob).values()
    assert (tensor.spec, bytes(tensor.data)) == (HALVES, data)


specs = st.builds(
    lambda dtype, shape: TensorSpec(dtype, tuple(shape), tuple(f"a{n}" for n in range(len(shape)))),
    st.sampled_from(sorted(DTYPE_BYTES)),
    st.lists(st.integers(0, 5), min_size=1, max_size=3),
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=4), specs, max_size=4))
def test_tensors_survive(tensors: dict[str, TensorSpec]) -> None:
    """Any tensors come back with their spec and bytes, and the numbers start at a 64-byte bound."""
    content = {
        name: (spec, (name.encode() * spec.size_bytes)[: spec.size_bytes])
        for name, spec in tensors.items()
    }
    blob = to_tensor_blob(content)
    parsed = parse_tensor_blob(blob)
    assert {name: (tensor.spec, bytes(tensor.data)) for name, tensor in parsed.items()} == content
    assert len(tensor_header(tensors)) % 64 == 0


def test_parsing_copies_nothing() -> None:
    """A tensor's data is a view into the blob."""
    blob = bytearray(to_tensor_blob({"color": (HALVES, b"abcd")}))
    (tensor,) = parse_tensor_blob(blob).values()
    blob[-1:] = b"!"
    assert bytes(tensor.data) == b"abc!"


def with_header(document: Any, body: bytes = b"\0" * 8) -> bytes:
    """Return a blob with any JSON as its header."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return struct.pack("<Q", len(text)) + text + body


def entry(**changes: Any) -> dict[str, Any]:
    """Return a header of one tensor of two halves, with changes."""
    return {"t": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}}


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\0" * 7,
        struct.pack("<Q", 1 << 63),
        struct.pack("<Q", 100) + b"{}",
        struct.pack("<Q", HEADER_BYTES_MAX + 1) + b" " * (HEADER_BYTES_MAX + 1),
        with_header(b"[" * 60000),
        with_header(b"\xff\xfe"),
        with_header([]),
        with_header({"__metadata__": 3}),
        with_header({"t": 3}),
        with_header(entry(dtype="F8")),
        with_header(entry(dtype=["F32"])),
        with_header(entry(shape=[-2])),
        with_header(entry(shape=[2.5])),
        with_header(entry(shape="2")),
        with_header(entry(shape=[True, 2])),
        with_header(b'{"t":{"dtype":"F32","shape":[Infinity],"data_offsets":[0,8]}}'),
        with_header(entry(shape=[1 << 41, 0], data_offsets=[0, 0])),
        with_header(entry(shape=[2, 1, 1, 1, 1, 1, 1, 1, 1])),
        with_header(entry(data_offsets=[0, 9])),
        with_header(entry(data_offsets=[4, 12])),
        with_header(entry(data_offsets=[-8, 0])),
        with_header(entry(data_offsets=[8, 0])),
        with_header(entry(data_offsets=[0])),
        with_header({"__metadata__": {"t": "y x"}, **entry()}),
        with_header({str(n): entry()["t"] for n in range(TENSORS_MAX + 1)}),
        with_header(entry(shape=[0, 1 << 40, 1 << 40], data_offsets=[0, 0])),
        with_header({"\x1b[31m": entry()["t"]}),
        with_header({"\ud800": entry()["t"]}),
        with_header({"__metadata__": {"t": "\x1b[31m"}, **entry()}),
        with_header(
            b'{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
            b'"t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}'
        ),
    ],
    ids=range(31),
)
def test_unsound_blobs_are_refused(blob: bytes) -> None:
    """A blob that promises what it does not hold is a typed error."""
    with pytest.raises(InputError):
        parse_tensor_blob(blob)


def test_axes_have_names_even_if_none_are_given() -> None:
    """A blob of another writer, without axes, is read."""
    (tensor,) = parse_tensor_blob(with_header(entry())).values()
    assert tensor.spec == TensorSpec("F32", (2,), ("axis0",))
    assert len(tensor.spec.shape) <= AXES_MAX


@given(st.binary(max_size=80), st.integers(0, 200), st.integers(0, 255))
def test_parsing_is_total(noise: bytes, place: int, value: int) -> None:
    """Random and mutated bytes give tensors within the blob, or a typed error."""
    mutated = bytearray(to_tensor_blob({"color": (HALVES, b"abcd")}))
    mutated[place % len(mutated)] = value
    for blob in (noise, struct.pack("<Q", len(noise)) + noise, bytes(mutated)):
        try:
            parsed = parse_tensor_blob(blob)
        except InputError:
            continue
        assert all(len(tensor.data) == tensor.spec.size_bytes for tensor in parsed.values())
