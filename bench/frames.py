"""The frames that are sent: a rendered picture at full size, other bytes every time."""

from __future__ import annotations

import io
import secrets
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from filmgate.tensor import TENSOR_MEDIA, TensorSpec, tensor_header

ROOT = Path(__file__).resolve().parent.parent
PLATES = ROOT / "examples" / "plates"
REFERENCE_PLATE = PLATES / "reference_0001.exr"
EXR_MEDIA = "image/x-exr"
BEAUTY_LAYER = "ViewLayer.Combined"
CHANNELS = "RGBA"
GAIN_STEP = 1.037
HALF_ONE = 0x3C00
STAMP = struct.Struct("<4H")


@dataclass(frozen=True)
class Size:
    """A frame's name and its extent in pixels."""

    name: str
    width: int
    height: int


SIZES = (Size("4K", 4096, 2160), Size("1080p", 1920, 1080))
TINY = Size("tiny", 320, 180)


def load_rendering(size: Size) -> NDArray[np.float16]:
    """Fill a frame with copies of the rendered plate, each a little brighter than the last.

    Equal copies would let a compressor find the first again in the second; a gain changes
    the mantissas and keeps the picture's structure and noise.

    Args:
        size: the extent to fill.

    Returns:
        (H, W, 4) R G B A, scene-linear in the plate's primaries.
    """
    channels = OpenEXR.File(str(REFERENCE_PLATE), separate_channels=True).channels()
    planes = [channels[f"{BEAUTY_LAYER}.{name}"].pixels for name in CHANNELS]
    plate = np.stack(planes, axis=-1).astype(np.float32)
    frame = np.empty((size.height, size.width, len(CHANNELS)), np.float16)
    step_y, step_x = plate.shape[:2]
    gain = 1.0
    for top in range(0, size.height, step_y):
        for left in range(0, size.width, step_x):
            room = frame[top : top + step_y, left : left + step_x]
            room[...] = plate[: room.shape[0], : room.shape[1]] * gain
            gain *= GAIN_STEP
    return frame


def to_tensor(pixels: NDArray[np.float16]) -> bytearray:
    """Return *pixels*, (H, W, C), as one ``application/x-tensor`` blob that can be changed."""
    spec = TensorSpec("F16", pixels.shape, ("y", "x", "c"))
    return bytearray(tensor_header({"color": spec}) + pixels.tobytes())


def to_exr(
    pixels: NDArray[np.float16],
    compression: OpenEXR.Compression = OpenEXR.NO_COMPRESSION,
    threads: int = 1,
) -> bytearray:
    """Return *pixels*, (H, W, 4), as an EXR file in memory that can be changed."""
    planes = {name: np.ascontiguousarray(pixels[..., i]) for i, name in enumerate(CHANNELS)}
    header = {"compression": compression, "type": OpenEXR.scanlineimage}
    stream = io.BytesIO()
    OpenEXR.File(header, planes, num_threads=threads).write(stream)
    return bytearray(stream.getbuffer())


def decode_planes(content: bytes, threads: int) -> dict[str, NDArray[np.float16]]:
    """Read the planes of an EXR in memory."""
    file = OpenEXR.File(io.BytesIO(content), separate_channels=True, num_threads=threads)
    return {name: channel.pixels for name, channel in file.channels().items()}


class FrameSource:
    """One frame's blob whose last pixel counts: no cache on the way can know its digest.

    Both layouts end in pixels: a tensor in the four halves of the last pixel, an uncompressed
    EXR in the last four pixels of the red plane. The numbers written there lie in 1 to 1.25.

    Args:
        blob: a tensor or an uncompressed EXR.
        media: its media type.
    """

    def __init__(self, blob: bytearray, media: str = TENSOR_MEDIA) -> None:
        self.blob = blob
        self.media = media
        self._count = secrets.randbits(31)

    @property
    def size_bytes(self) -> int:
        """The blob's length."""
        return len(self.blob)

    def advance(self) -> memoryview:
        """Change the frame and return a view of its bytes, which the next call changes again."""
        self._count = (self._count + 1) & 0xFFFFFFFF
        digits = [HALF_ONE | (self._count >> shift & 0xFF) for shift in (0, 8, 16, 24)]
        STAMP.pack_into(self.blob, len(self.blob) - STAMP.size, *digits)
        return memoryview(self.blob)
