"""The chunks of a PNG that say what its numbers mean.

Format: https://www.w3.org/TR/png-3/. OpenImageIO reads the pixels; it does not tell all of these.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from filmgate.disk import storage_errors
from filmgate.errors import DamagedImageError

COLOUR_CHUNKS = (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM")
PROFILE_BYTES_MAX = 16 << 20

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LAST = b"IEND"
_HEAD, _SUM = struct.Struct(">I4s"), struct.Struct(">I")


def load_colour_chunks(path: Path) -> dict[bytes, bytes]:
    """Return the `COLOUR_CHUNKS` of a PNG by their types.

    Every chunk's checksum is compared, so that a file that is cut off or damaged is refused here:
    libpng would write of it to the terminal.

    Raises:
        StorageError: the file cannot be read.
        DamagedImageError: it is no PNG, is cut off or has a wrong checksum.
    """
    found: dict[bytes, bytes] = {}
    with storage_errors(path), path.open("rb") as file:
        if file.read(len(_SIGNATURE)) != _SIGNATURE:
            raise DamagedImageError(f"{path.name} is no PNG, as its name says.")
        left_bytes = path.stat().st_size - len(_SIGNATURE)
        kind = b""
        while kind != _LAST:
            kind, content = _read_chunk(file, left_bytes, path)
            left_bytes -= _HEAD.size + len(content) + _SUM.size
            if kind in COLOUR_CHUNKS:
                found[kind] = content
    return found


def _read_chunk(file: BinaryIO, left_bytes: int, path: Path) -> tuple[bytes, bytes]:
    if left_bytes < _HEAD.size + _SUM.size:
        raise DamagedImageError(f"{path.name} is cut off.")
    size_bytes, kind = _HEAD.unpack(file.read(_HEAD.size))
    if size_bytes > left_bytes - _HEAD.size - _SUM.size:
        raise DamagedImageError(f"{path.name} is cut off.")
    content = file.read(size_bytes)
    (expected,) = _SUM.unpack(file.read(_SUM.size))
    if zlib.crc32(content, zlib.crc32(kind)) != expected:
        raise DamagedImageError(f"{path.name} is damaged: a checksum in it is wrong.")
    return kind, content


def parse_profile(chunk: bytes) -> bytes:
    """Return the ICC profile in an iCCP chunk; empty where there is none that can be read."""
    _, _, rest = chunk.partition(b"\0")
    try:
        return zlib.decompressobj().decompress(rest[1:], PROFILE_BYTES_MAX)
    except zlib.error:
        return b""
