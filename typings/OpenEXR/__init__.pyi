"""The part of OpenEXR's binding that we call; it is a compiled module without types."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

from numpy.typing import NDArray

class Compression(IntEnum): ...
class LineOrder(IntEnum): ...
class Storage(IntEnum): ...

scanlineimage: Storage
tiledimage: Storage

class TileDescription:
    xSize: int
    ySize: int

class Channel:
    pixels: NDArray[Any]
    def __init__(
        self, pixels: NDArray[Any], xSampling: int, ySampling: int, pLinear: bool = ...
    ) -> None: ...

class Part:
    header: dict[str, Any]
    channels: dict[str, Channel]
    def __init__(
        self, header: Mapping[str, Any], channels: Mapping[str, Channel], name: str = ...
    ) -> None: ...

class File:
    parts: list[Part]
    def __init__(
        self,
        source: str | Sequence[Part],
        separate_channels: bool = ...,
        header_only: bool = ...,
        num_threads: int = ...,
    ) -> None: ...
    def write(self, filename: str) -> None: ...

def set_global_thread_count(count: int) -> None: ...
