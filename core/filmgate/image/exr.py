"""EXR in and out of memory, bit for bit.

OpenEXR only ever decodes and encodes pixels. The header stays raw bytes on our side: the decoder is
shown a bare one, and the source's own is put back in front of what the encoder wrote. Hence no
attribute can be lost, renamed or rounded, whatever its type.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from filmgate.digest import Buffer
from filmgate.disk import storage_error
from filmgate.errors import DamagedImageError, StorageError
from filmgate.image.codec import decode, encode
from filmgate.image.container import (
    Container,
    Limits,
    block_count,
    block_lead_bytes,
    decoded_bytes,
    header_bytes,
    read_offsets,
    scan_headers,
    with_block_count,
)
from filmgate.image.frame import Part, Plane, Plate
from filmgate.image.header import (
    ChannelSpec,
    Header,
    channels_attribute,
    new_header,
    text_attribute,
)
from filmgate.image.scratch import Scratch
from filmgate.image.uncompressed import (
    is_uncompressed,
    read_uncompressed,
    uncompressed_pieces,
)

_UNBOUNDED = Limits(*(1 << 62,) * 4)
_DEFAULT_LIMITS = Limits()


class Sink(Protocol):
    """Takes bytes in order: an open file, or a `BufferWriter`."""

    def write(self, data: memoryview, /) -> int:
        """Take all of *data* before returning; the memory is used again."""
        ...


class BufferWriter:
    """Writes into memory that somebody else owns, for example a shared arena.

    Attributes:
        size_bytes: how much has been written.
    """

    def __init__(self, target: memoryview) -> None:
        self._target = target.cast("B")
        self.size_bytes = 0

    def write(self, data: memoryview, /) -> int:
        """Take all of *data*.

        Raises:
            StorageError: it does not fit; nothing of it was written.
        """
        end = self.size_bytes + len(data)
        if end > len(self._target):
            raise StorageError(
                f"The result needs more than the {len(self._target)} bytes reserved for it.",
                detail={"reserved_bytes": len(self._target)},
            )
        self._target[self.size_bytes : end] = data
        self.size_bytes = end
        return len(data)


def parse_headers(data: Buffer, limits: Limits = _DEFAULT_LIMITS) -> tuple[Header, ...]:
    """Read only the headers, one for each part.

    Raises:
        ImageError: as for `parse_exr`.
    """
    return scan_headers(_view(data), limits).headers


def parse_exr(data: Buffer, limits: Limits = _DEFAULT_LIMITS) -> Plate:
    """Decode a whole EXR file from memory.

    Args:
        data: the file's bytes; only read, and not kept.
        limits: checked against the headers before any memory for pixels is taken.

    Returns:
        Every part with every channel, in the types that the file has.

    Raises:
        DamagedImageError: cut off or broken.
        UnsupportedImageError: deep, mip-mapped, subsampled or of an unknown kind.
        ImageTooLargeError: more than *limits* allow.
        StorageError: the memory is full.
    """
    view = _view(data)
    container = scan_headers(view, limits)
    offsets = read_offsets(view, container)
    planes = _copied(view, container, offsets) or _decoded(view, container, offsets)
    parts = zip(container.headers, planes, strict=True)
    return Plate(tuple(Part(header, channels) for header, channels in parts))


def load_exr(path: Path, limits: Limits = _DEFAULT_LIMITS) -> Plate:
    """Read the EXR file at *path*; see `parse_exr`.

    Raises:
        StorageError: the file cannot be read.
        ImageError: its content cannot be used.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise storage_error(path, error) from error
    return parse_exr(content, limits)


def write_exr(plate: Plate, out: Sink) -> int:
    """Encode *plate*, each part with the compression that its header says, and write it to *out*.

    Args:
        plate: at least one part; attributes go out exactly as they are.
        out: takes the bytes in order.

    Returns:
        How many bytes were written.

    Raises:
        StorageError: the memory, or *out*, is full.
    """
    headers = _final_headers(plate)
    if all(map(is_uncompressed, headers)):
        return _write_all(uncompressed_pieces(plate.parts, headers), out)
    with Scratch() as scratch:
        encode(plate.parts, headers, scratch.path)
        with scratch.map() as written, memoryview(written) as view:
            return _join(headers, view, out)


def encode_exr(plate: Plate) -> bytes:
    """Return *plate* as the bytes of a file; see `write_exr`."""
    out = io.BytesIO()
    write_exr(plate, out)
    return out.getvalue()


def max_encoded_bytes(plate: Plate) -> int:
    """Return a size that the encoded *plate* cannot exceed: what does not shrink is kept raw."""
    headers = _final_headers(plate)
    blocks = sum(
        block_count(header) * (8 + block_lead_bytes(header, len(headers))) + decoded_bytes(header)
        for header in headers
    )
    return len(header_bytes(headers)) + blocks


def _view(data: Buffer) -> memoryview:
    return memoryview(data).cast("B").toreadonly()


def _bare_headers(headers: tuple[Header, ...]) -> tuple[Header, ...]:
    """Return what the decoder needs to know and nothing else, consistent over the parts."""
    shown = headers[0].data_window
    bare = [
        new_header(header.data_window, shown, header.compression).with_attributes(
            {name: header.attributes.get(name) for name in ("channels", "lineOrder", "tiles")}
        )
        for header in headers
    ]
    if len(bare) == 1:
        return tuple(bare)
    return tuple(
        with_block_count(
            header.with_attributes(
                {"name": text_attribute(f"p{place}"), "type": text_attribute(_storage(header))}
            )
        )
        for place, header in enumerate(bare)
    )


def _storage(header: Header) -> str:
    return "tiledimage" if header.tile else "scanlineimage"


def _copied(
    view: memoryview, container: Container, offsets: list[NDArray[np.int64]]
) -> list[dict[str, Plane]]:
    """Return the channels of each part of an uncompressed file; empty if it is not one."""
    headers = container.headers
    if not all(map(is_uncompressed, headers)):
        return []
    copied = [
        read_uncompressed(view, starts, header, len(headers))
        for header, starts in zip(headers, offsets, strict=True)
    ]
    planes = [channels for channels in copied if channels is not None]
    return planes if len(planes) == len(headers) else []


def _decoded(
    view: memoryview, container: Container, offsets: list[NDArray[np.int64]]
) -> list[dict[str, Plane]]:
    table = np.concatenate(offsets)
    body_start = container.table_start + table.nbytes
    bare = header_bytes(_bare_headers(container.headers))
    moved = table + (len(bare) - container.table_start)
    with Scratch() as scratch:
        scratch.write((bare, moved.tobytes(), view[body_start:]))
        decoded = decode(scratch.path)
    if len(decoded) != len(container.headers):
        raise DamagedImageError("The file's pixels are broken: a part could not be decoded.")
    return decoded


def _final_headers(plate: Plate) -> tuple[Header, ...]:
    headers = [
        part.header.with_attributes({"channels": channels_attribute(_specs(part))})
        for part in plate.parts
    ]
    if len(headers) > 1 or "chunkCount" in headers[0].attributes:
        headers = [with_block_count(header) for header in headers]
    return tuple(headers)


def _specs(part: Part) -> tuple[ChannelSpec, ...]:
    linear = {spec.name: spec.p_linear for spec in part.header.channels}
    return tuple(
        ChannelSpec(name, plane.dtype, linear.get(name, False))
        for name, plane in part.channels.items()
    )


def _join(headers: tuple[Header, ...], written: memoryview, out: Sink) -> int:
    codec = scan_headers(written, _UNBOUNDED)
    blocks = sum(block_count(header) for header in codec.headers)
    body_start = codec.table_start + 8 * blocks
    offsets = np.frombuffer(bytes(written[codec.table_start : body_start]), "<i8")
    front = header_bytes(headers)
    moved = offsets + (len(front) - codec.table_start)
    with written[body_start:] as body:
        return _write_all((memoryview(front), memoryview(moved.tobytes()), body), out)


def _write_all(pieces: Iterable[memoryview], out: Sink) -> int:
    size_bytes = 0
    for piece in pieces:
        out.write(piece)
        size_bytes += len(piece)
    return size_bytes
