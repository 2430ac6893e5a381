"""Content digests, the prefix sums that guard a transfer, and the canonical encoding of work."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any, NamedTuple, Union

import blake3
import msgpack

from filmgate.errors import RequestError

Buffer = Union[bytes, bytearray, memoryview]

DIGEST_BYTES = 32
SUM_BYTES = 16
CHUNK_BYTES = 1 << 20
"""Blobs are hashed and sent in pieces of this size: larger messages would starve heartbeats."""

SHARED_BYTES_MIN = 4 << 20
"""Smaller blobs are hashed by one thread: starting others would take as long."""

THREADS_MAX = 4
"""More of them are no faster on pieces of a mebibyte, and a host has other work for its cores."""


class BlobDigest(NamedTuple):
    """What identifies a blob and what guards each piece of it on the way.

    Attributes:
        digest: 32 bytes, the blake3 of the whole content.
        size_bytes: the content's length.
        sums: for each chunk the first 16 bytes of the blake3 of everything up to its end; a damaged
            chunk is thus found as it arrives, without hashing anything twice.
    """

    digest: bytes
    size_bytes: int
    sums: tuple[bytes, ...]


class PrefixHasher:
    """Hash a blob piece by piece; each piece yields the sum that travels beside it.

    Args:
        threads: how many threads share the work on each piece.
    """

    def __init__(self, threads: int = 1) -> None:
        self._hasher = blake3.blake3(max_threads=threads)
        self.size_bytes = 0

    @classmethod
    def for_blob(cls, size_bytes: int, busy: int = 0) -> PrefixHasher:
        """Return a hasher that shares the work among cores, where the blob is worth it.

        Args:
            size_bytes: the blob's length.
            busy: how many cores have other work on it meanwhile.
        """
        if size_bytes < SHARED_BYTES_MIN:
            return cls()
        return cls(max(1, min(THREADS_MAX, (os.cpu_count() or 1) - busy)))

    def update(self, piece: Buffer) -> bytes:
        """Add *piece* and return the 16-byte sum of everything so far."""
        self._hasher.update(piece)
        self.size_bytes += len(piece)
        return self._hasher.digest(SUM_BYTES)

    def digest(self) -> bytes:
        """Return the 32-byte digest of everything so far."""
        return self._hasher.digest()


def digest_blob(content: Buffer, chunk_bytes: int = CHUNK_BYTES) -> BlobDigest:
    """Digest *content* in one pass, with the sum of each chunk of *chunk_bytes*."""
    view = memoryview(content).cast("B")
    hasher = PrefixHasher.for_blob(len(view))
    sums: list[bytes] = [
        hasher.update(view[start : start + chunk_bytes])
        for start in range(0, len(view), chunk_bytes)
    ]
    return BlobDigest(hasher.digest(), len(view), tuple(sums))


def digest_bytes(content: Buffer) -> bytes:
    """Return the 32-byte blake3 of *content*."""
    return blake3.blake3(content).digest()


def digest_text(digest: bytes) -> str:
    """Return *digest* as people and files write it: ``blake3:`` and 64 hexadecimal digits."""
    return "blake3:" + digest.hex()


def parse_digest(text: str) -> bytes:
    """Read what `digest_text` wrote.

    Raises:
        RequestError: *text* is not of that form.
    """
    prefix, _, digits = text.partition(":")
    if prefix != "blake3" or len(digits) != 2 * DIGEST_BYTES:
        raise RequestError(f"{text!r} is not a digest of the form blake3:<64 hexadecimal digits>.")
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise RequestError(f"{text!r} is not a digest: it holds more than digits.") from None


def canonical(value: Any) -> bytes:
    """Encode *value* so that equal meaning gives equal bytes.

    Maps are sorted by key, floats are float64 with -0 written as 0, tuples and lists agree. Whether
    a number is whole or real is for the caller to declare: convert by the parameter's type first.

    Raises:
        RequestError: a float is NaN or infinite, an integer has more than 64 bits, a key is not
            text, a text is not Unicode, or a type has no encoding.
    """
    try:
        return bytes(msgpack.packb(_plain(value), use_bin_type=True))
    except (OverflowError, UnicodeEncodeError) as error:
        raise RequestError(f"A value cannot be part of a job ({error}).") from error


def canonical_digest(value: Any) -> bytes:
    """Return the digest of `canonical(value)`: a work key, a package digest."""
    return digest_bytes(canonical(value))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str, bytes)):
        return value
    if isinstance(value, float):
        return _plain_float(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, Mapping):
        return _plain_map(value)  # pyright: ignore[reportUnknownArgumentType]
    raise RequestError(f"A {type(value).__name__} cannot be part of a job.")


def _plain_float(value: float) -> float:
    if not math.isfinite(value):
        raise RequestError(f"{value} cannot be part of a job: numbers must be finite.")
    return value + 0.0  # -0.0 + 0.0 is 0.0


def _plain_map(value: Mapping[Any, Any]) -> dict[str, Any]:
    for key in value:
        if not isinstance(key, str):
            raise RequestError(f"{key!r} cannot be a name in a job: names are text.")
    return {key: _plain(value[key]) for key in sorted(value)}
