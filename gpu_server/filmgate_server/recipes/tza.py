"""Tensors that Open Image Denoise carries: symbols of its core library, each a TZA archive.

TZA is its own format, little-endian: magic, version (two bytes), offset of a table; the table has a
count and, for each tensor, name, shape, layout, type and offset. See its ``core/tza.cpp``.
"""

from __future__ import annotations

import io
import math
import struct
from typing import TYPE_CHECKING, Any

import torch
from elftools.elf.elffile import ELFFile

from filmgate.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = 0x41D7
VERSION = 2
NAMESPACE = "_ZN4oidn5blobs7weights"
"""``oidn::blobs::weights``, as the C++ compiler writes it."""

_TYPES = {b"f": torch.float32, b"h": torch.float16}


def parse_weights(library: bytes, name: str) -> dict[str, torch.Tensor]:
    """Return the tensors of one net.

    Args:
        library: the content of ``libOpenImageDenoise_core.so``.
        name: of the net, for example ``rt_hdr_alb``.

    Returns:
        By name; convolutions as (out, in, height, width), in the type in which they are stored.

    Raises:
        IntegrityError: the library has no such net, or it is in another format.
    """
    return parse_tza(_symbol(library, f"{NAMESPACE}{len(name)}{name}E"))


def parse_tza(archive: bytes) -> dict[str, torch.Tensor]:
    """Return the tensors of an archive by name.

    Raises:
        IntegrityError: it is no TZA of version 2.
    """
    try:
        magic, major, _, table = struct.unpack_from("<HBBQ", archive)
        if (magic, major) != (MAGIC, VERSION):
            raise IntegrityError("The weights are in a format that is not known here.")
        return dict(_tensors(archive, table))
    except (struct.error, KeyError, ValueError) as error:
        raise IntegrityError(f"The weights are damaged: {error}.") from error


def _symbol(library: bytes, name: str) -> bytes:
    """Return what the symbol *name* of a shared library stands for."""
    elf: Any = ELFFile(io.BytesIO(library))
    found: Any = elf.get_section_by_name(".dynsym").get_symbol_by_name(name)
    if not found:
        raise IntegrityError(f"The library has no weights {name}.")
    symbol: Any = found[0]
    section: Any = elf.get_section(symbol["st_shndx"])
    start: int = symbol["st_value"] - section["sh_addr"] + section["sh_offset"]
    return library[start : start + symbol["st_size"]]


def _tensors(archive: bytes, table: int) -> Iterator[tuple[str, torch.Tensor]]:
    reader, content = _Reader(archive, table), bytearray(archive)
    for _ in range(reader.number("I")):
        name = reader.take(reader.number("H")).decode("ascii")
        shape = [reader.number("I") for _ in range(reader.number("B"))]
        reader.take(len(shape))  # the layout: x for a vector, oihw for a convolution
        kind, start = _TYPES[reader.take(1)], reader.number("Q")
        values = torch.frombuffer(content, dtype=kind, count=math.prod(shape), offset=start)
        yield name, values.reshape(shape).clone()


class _Reader:
    """Reads one value after the other."""

    def __init__(self, content: bytes, at: int) -> None:
        self._content, self._at = content, at

    def take(self, size: int) -> bytes:
        self._at += size
        return self._content[self._at - size : self._at]

    def number(self, kind: str) -> int:
        size = struct.calcsize(f"<{kind}")
        return struct.unpack(f"<{kind}", self.take(size))[0]
