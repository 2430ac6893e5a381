"""The one place that calls OpenEXR: pixels from and to a file at a path."""

from __future__ import annotations

from typing import Any

import numpy as np
import OpenEXR

from filmgate.errors import DamagedImageError, StorageError
from filmgate.image.frame import Part, Plane
from filmgate.image.header import COMPRESSIONS, LINE_ORDERS, Header
from filmgate.image.window import Window

_openexr: Any = OpenEXR
"""The binding carries no types."""

_DECODER_ERRORS = (RuntimeError, ValueError, TypeError, OverflowError)
"""What the binding raises for content that it cannot use."""


def set_codec_threads(count: int) -> None:
    """Let OpenEXR use *count* threads from now on; its pool is one for the whole process."""
    _openexr.set_global_thread_count(count)


def decode(path: str) -> list[dict[str, Plane]]:
    """Decode the file at *path*.

    Returns:
        For each part that could be decoded: channel name to (H, W) array, not to be changed.

    Raises:
        DamagedImageError: the content is broken.
        StorageError: the memory is full.
    """
    try:
        parts = _openexr.File(path, separate_channels=True).parts
    except MemoryError:
        raise StorageError("The memory is full: the image was not decoded.") from None
    except _DECODER_ERRORS as error:
        raise DamagedImageError(f"The file cannot be decoded ({error}).") from error
    return [{name: channel.pixels for name, channel in part.channels.items()} for part in parts]


def encode(parts: tuple[Part, ...], headers: tuple[Header, ...], path: str) -> None:
    """Write *parts* to *path*, with those entries of *headers* that decide the pixels' layout.

    Raises:
        StorageError: the memory is full.
    """
    shown = headers[0].data_window
    coded = [
        _openexr.Part(_codec_header(header, shown), _codec_channels(header, part), f"p{place}")
        for place, (header, part) in enumerate(zip(headers, parts, strict=True))
    ]
    try:
        _openexr.File(coded).write(path)
    except MemoryError:
        raise StorageError("The memory is full: the image was not encoded.") from None
    except RuntimeError as error:
        raise StorageError(f"The image could not be encoded ({error}).") from error


def _codec_header(header: Header, shown: Window) -> dict[str, Any]:
    entries: dict[str, Any] = {
        "compression": _openexr.Compression(COMPRESSIONS.index(header.compression)),
        "type": _openexr.tiledimage if header.tile else _openexr.scanlineimage,
        "lineOrder": _openexr.LineOrder(LINE_ORDERS.index(header.line_order)),
        "dataWindow": _corners(header.data_window),
        "displayWindow": _corners(shown),
    }
    if header.tile:
        entries["tiles"] = _openexr.TileDescription()
        entries["tiles"].xSize, entries["tiles"].ySize = header.tile[:2]
    return entries


def _corners(window: Window) -> tuple[tuple[int, int], tuple[int, int]]:
    return (window.x0, window.y0), (window.x1, window.y1)


def _codec_channels(header: Header, part: Part) -> dict[str, Any]:
    return {
        spec.name: _openexr.Channel(
            np.ascontiguousarray(part.channels[spec.name]), 1, 1, spec.p_linear
        )
        for spec in header.channels
    }
