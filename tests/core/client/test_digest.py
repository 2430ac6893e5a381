"""Digests, prefix sums and the canonical encoding."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.digest import (
    CHUNK_BYTES,
    PrefixHasher,
    canonical,
    canonical_digest,
    digest_blob,
    digest_bytes,
    digest_text,
    parse_digest,
)
from filmgate.errors import RequestError

EMPTY = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
ABC = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"


def test_digest_is_blake3() -> None:
    """The digests of nothing and of abc are those that the BLAKE3 authors publish."""
    assert digest_bytes(b"").hex() == EMPTY
    assert digest_bytes(b"abc").hex() == ABC


def test_digest_text_survives() -> None:
    """What people read is read back."""
    digest = bytes(range(32))
    assert digest_text(digest) == "blake3:" + digest.hex()
    assert parse_digest(digest_text(digest)) == digest


@pytest.mark.parametrize("text", ["", "blake3:", "sha256:" + "0" * 64, "blake3:" + "g" * 64])
def test_other_texts_are_no_digests(text: str) -> None:
    """A text of another form is refused."""
    with pytest.raises(RequestError):
        parse_digest(text)


def test_prefix_sums_are_golden(repository: Path) -> None:
    """The sums of a known content are those in the golden file."""
    golden = json.loads((repository / "tests/golden/prefix_sums.json").read_text(encoding="utf-8"))
    content = (bytes(range(251)) * (golden["size"] // 251 + 1))[: golden["size"]]
    blob = digest_blob(content, golden["chunk_bytes"])
    assert blob.digest.hex() == golden["digest"]
    assert [sum_.hex() for sum_ in blob.sums] == golden["sums"]
    assert blob.size_bytes == golden["size"]


@given(st.binary(max_size=3000), st.integers(1, 700))
def test_prefix_sums_are_digests_of_prefixes(content: bytes, chunk_bytes: int) -> None:
    """Each sum is the start of the digest of everything up to its piece's end."""
    blob = digest_blob(content, chunk_bytes)
    ends = [
        min(end, len(content))
        for end in range(chunk_bytes, len(content) + chunk_bytes, chunk_bytes)
    ]
    assert list(blob.sums) == [digest_bytes(content[:end])[:16] for end in ends]
    assert blob.digest == digest_bytes(content)


def test_empty_content_has_no_pieces() -> None:
    """Nothing has a digest and no sums."""
    assert digest_blob(b"") == (bytes.fromhex(EMPTY), 0, ())


def test_any_buffer_is_digested() -> None:
    """Bytes, bytearrays and views of numbers with the same memory have the same digest."""
    numbers = struct.pack("<4f", 0.0, 1.0, -2.0, math.pi)
    assert digest_blob(memoryview(bytearray(numbers)).cast("f")) == digest_blob(numbers)


def test_hasher_counts() -> None:
    """The hasher's size is the next byte that a transfer expects."""
    hasher = PrefixHasher()
    hasher.update(bytes(CHUNK_BYTES))
    hasher.update(b"abc")
    assert hasher.size_bytes == CHUNK_BYTES + 3
    assert hasher.digest() == digest_bytes(bytes(CHUNK_BYTES) + b"abc")


def revived(value: Any) -> Any:
    """Return what a golden file says, with its bytes as bytes."""
    if isinstance(value, dict):
        if set(value) == {"hex"}:
            return bytes.fromhex(value["hex"])
        return {key: revived(item) for key, item in value.items()}
    return [revived(item) for item in value] if isinstance(value, list) else value


def test_work_key_is_golden(repository: Path) -> None:
    """The canonical bytes of a work, and their digest, never change."""
    golden = json.loads((repository / "tests/golden/work_key.json").read_text(encoding="utf-8"))
    work = revived(golden["work"])
    assert canonical(work).hex() == golden["canonical"]
    assert canonical_digest(work).hex() == golden["key"]


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.binary(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def _shuffled(value: Any) -> Any:
    """Return the same meaning with every map's keys in another order and tuples for lists."""
    if isinstance(value, dict):
        return {key: _shuffled(value[key]) for key in reversed(list(value))}
    return tuple(_shuffled(item) for item in value) if isinstance(value, list) else value


@given(plain)
def test_order_of_keys_means_nothing(value: Any) -> None:
    """Maps in another order, and tuples for lists, have the same bytes."""
    assert canonical(_shuffled(value)) == canonical(value)


def test_minus_zero_is_zero() -> None:
    """-0 and 0 are the same number, at any depth."""
    assert canonical({"a": [-0.0]}) == canonical({"a": [0.0]}) == b"\x81\xa1a\x91\xcb" + bytes(8)


def test_floats_are_float64() -> None:
    """A float is written with 64 bits even if fewer would do."""
    assert canonical(1.5) == b"\xcb" + struct.pack(">d", 1.5)


def test_whole_and_real_differ() -> None:
    """1 and 1.0 are told apart: bringing them to the declared type is the parameter's affair."""
    assert canonical(1) == b"\x01"
    assert canonical(1.0) != canonical(1)


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        {1: 2},
        {"a": {b"b": 1}},
        {1, 2},
        pytest.param(object(), id="object"),
        2**64,
        "\ud800",
    ],
    ids=repr,
)
def test_what_has_no_encoding_is_refused(value: Any) -> None:
    """NaN, infinity, foreign types and keys, huge integers and half characters are refused."""
    with pytest.raises(RequestError):
        canonical({"params": [value]})
