"""What an EXR file holds once it is decoded: parts with their channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from filmgate.errors import InputError, LayerError
from filmgate.image.header import Attribute, Header
from filmgate.image.window import Window

Plane = NDArray[np.float16] | NDArray[np.float32] | NDArray[np.uint32]
"""One channel, (H, W), row 0 at the top; the values are exactly the file's."""


@dataclass(frozen=True, eq=False)
class Part:
    """One image of a file: its header as the source had it, and its channels.

    Attributes:
        header: the attributes; `header.channels` may lag behind *channels* until it is written.
        channels: full channel name to (H, W) plane; H and W are the data window's.
    """

    header: Header
    channels: Mapping[str, Plane]

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", MappingProxyType(dict(self.channels)))
        shape = self.header.data_window.shape
        for name, plane in self.channels.items():
            if plane.shape != shape:
                raise InputError(
                    f"{name} is {plane.shape}, its data window {shape} (rows, columns)."
                )

    @property
    def name(self) -> str:
        """The part's name in a multipart file, else empty."""
        return self.header.text("name")

    @property
    def view(self) -> str:
        """``left`` or ``right`` in stereo, else empty."""
        return self.header.text("view")

    @property
    def data_window(self) -> Window:
        """Where there are pixels."""
        return self.header.data_window

    @property
    def display_window(self) -> Window:
        """The format."""
        return self.header.display_window

    @property
    def pixel_aspect(self) -> float:
        """Width of a pixel over its height."""
        return self.header.pixel_aspect

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        """The header's entries, raw."""
        return self.header.attributes

    def stacked(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Return the channels *names* as one new (H, W, C) float32 array, in that order.

        Raises:
            LayerError: the part has no channel of that name.
        """
        missing = [name for name in names if name not in self.channels]
        if missing:
            raise LayerError(f"There is no channel {', '.join(missing)} in the file.")
        pixels = np.empty((*self.data_window.shape, len(names)), np.float32)
        for place, name in enumerate(names):
            pixels[..., place] = self.channels[name]
        return pixels


@dataclass(frozen=True, eq=False)
class Plate:
    """A file: one part, or several (stereo, layers that are stored apart)."""

    parts: tuple[Part, ...]

    def with_part(self, place: int, part: Part) -> Plate:
        """Return a copy with the part at *place* replaced."""
        parts = list(self.parts)
        parts[place] = part
        return Plate(tuple(parts))
