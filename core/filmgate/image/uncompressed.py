"""Uncompressed scanlines, which are arrays already.

What a server and a host on one machine exchange is best left uncompressed, and then copying the
rows is six times faster than decoding or encoding them block by block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from filmgate.errors import DamagedImageError
from filmgate.image.container import (
    block_lead_bytes,
    block_leads,
    header_bytes,
    pixel_bytes,
)
from filmgate.image.frame import Part, Plane
from filmgate.image.header import Header

_STRIPE_BYTES = 1 << 20
"""Rows are put together in pieces that stay in the processor's cache."""


def is_uncompressed(header: Header) -> bool:
    """Say whether the part's rows stand in the file as they are, from the top down."""
    plain = header.compression == "none" and header.tile is None
    return plain and header.line_order == "increasing"


def read_uncompressed(
    data: memoryview, offsets: NDArray[np.int64], header: Header, part_count: int
) -> dict[str, Plane] | None:
    """Copy the channels of an uncompressed part out of its file.

    Args:
        data: the file's bytes.
        offsets: where its rows start, each found to lie within *data* with its lead and size.
        header: of the part.
        part_count: of the file.

    Returns:
        Channel name to (H, W) plane; None where the rows do not stand at even distances.

    Raises:
        DamagedImageError: a row has the wrong size.
    """
    lead = block_lead_bytes(header, part_count)
    row_bytes = _row_bytes(header)
    distances = np.diff(offsets)
    step = int(distances[0]) if distances.size else 0
    if (distances != step).any():
        return None
    start = int(offsets[0])
    first = np.frombuffer(data, np.uint8)[start : start + lead + row_bytes]
    if first.size != lead + row_bytes:
        raise DamagedImageError("The file ends inside a row of pixels.")
    shape = (len(offsets), first.size)
    rows = as_strided(first, shape, (step, 1), writeable=False)
    if (np.ascontiguousarray(rows[:, lead - 4 : lead]).view("<i4") != row_bytes).any():
        raise DamagedImageError("A row of pixels has the wrong size.")
    return _split(rows[:, lead:], header)


def uncompressed_pieces(parts: Sequence[Part], headers: Sequence[Header]) -> Iterator[memoryview]:
    """Yield the bytes of a whole file; each piece is valid until the next is asked for.

    Args:
        parts: their channels are written.
        headers: one for each part, complete; all `is_uncompressed`.
    """
    front = header_bytes(headers)
    sizes = [_block_bytes(header, len(headers)) for header in headers]
    heights = [header.data_window.height for header in headers]
    lengths = np.repeat(np.array(sizes, np.int64), heights)
    starts = len(front) + 8 * lengths.size + np.cumsum(lengths) - lengths
    yield memoryview(front)
    yield memoryview(starts.astype("<i8").tobytes())
    for place, (part, header) in enumerate(zip(parts, headers, strict=True)):
        yield from _stripes(part, header, place, len(headers))


def _stripes(part: Part, header: Header, place: int, part_count: int) -> Iterator[memoryview]:
    leads = block_leads(header, place, part_count)
    sizes = np.full((len(leads), 1), _row_bytes(header))
    lead_bytes = np.concatenate([leads, sizes], axis=1).astype("<i4").view(np.uint8)
    block_bytes = _block_bytes(header, part_count)
    rows_each = max(_STRIPE_BYTES // block_bytes, 1)
    stripe = np.empty((rows_each, block_bytes), np.uint8)
    planes = [_octets(part.channels[spec.name]) for spec in header.channels]
    for top in range(0, len(leads), rows_each):
        rows = stripe[: min(rows_each, len(leads) - top)]
        _fill(rows, lead_bytes[top : top + len(rows)], [p[top : top + len(rows)] for p in planes])
        yield rows.reshape(-1).data.cast("B")


def _fill(
    rows: NDArray[np.uint8], leads: NDArray[np.uint8], planes: list[NDArray[np.uint8]]
) -> None:
    place = leads.shape[1]
    rows[:, :place] = leads
    for octets in planes:
        rows[:, place : place + octets.shape[1]] = octets
        place += octets.shape[1]


def _octets(plane: NDArray[Any]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(plane).view(np.uint8)


def _split(rows: NDArray[np.uint8], header: Header) -> dict[str, Plane]:
    planes: dict[str, Plane] = {}
    place = 0
    for spec in header.channels:
        end = place + header.data_window.width * spec.dtype.itemsize
        plane: NDArray[Any] = rows[:, place:end].copy().view(spec.dtype)
        planes[spec.name] = plane
        place = end
    return planes


def _row_bytes(header: Header) -> int:
    return header.data_window.width * pixel_bytes(header.channels)


def _block_bytes(header: Header, part_count: int) -> int:
    return block_lead_bytes(header, part_count) + _row_bytes(header)
