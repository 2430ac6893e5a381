"""What a worker has measured of each model: its memory, and a tile's memory and time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from filmgate_server.worker.recent import Recent

if TYPE_CHECKING:
    from filmgate.manifest import Manifest

MEBIBYTE = 1 << 20
MEGAPIXEL = 1_000_000
HANG_FACTOR = 10.0
"""So many times longer than its measured time a tile may take before the model counts as hung."""

TILE_SIZES_MAX = 64
"""So many sizes of a model's tiles are remembered."""


@dataclass
class Measured:
    """What is known of one model on this device.

    Attributes:
        model_bytes: what it takes when loaded; None until it was.
        tile_bytes: the most that a tile of so many pixels has taken beside it, lately.
        seconds_per_px: the longest that a tile has taken, for each pixel; None until warmed.
    """

    model_bytes: int | None = None
    tile_bytes: Recent[int, int] = field(default_factory=lambda: Recent[int, int](TILE_SIZES_MAX))
    seconds_per_px: float | None = None


class Measurements:
    """What was measured, by package digest; it outlives the models' stay on the device."""

    def __init__(self) -> None:
        self._of: dict[bytes, Measured] = {}

    def of(self, digest: bytes) -> Measured:
        """Return what is known of a package."""
        return self._of.setdefault(digest, Measured())

    def model_bytes(self, digest: bytes, manifest: Manifest) -> int:
        """Return what the loaded model takes: as measured, else as its manifest says."""
        measured = self.of(digest).model_bytes
        return manifest.runtime.model_mib * MEBIBYTE if measured is None else measured

    def tile_bytes(self, digest: bytes, manifest: Manifest, area_px: int) -> int:
        """Return what a tile takes: from the nearest size measured, else as the manifest says."""
        known = self.of(digest).tile_bytes
        if not known:
            return manifest.runtime.mib_per_megapixel * MEBIBYTE * area_px // MEGAPIXEL
        nearest = min(known, key=lambda area: abs(area - area_px))
        known.move_to_end(nearest)
        return known[nearest] * area_px // nearest

    def note_model(self, digest: bytes, size_bytes: int) -> int:
        """Take note of what a loaded model took, and return the most that it ever has.

        On a CPU memory that is used again does not show as growth.
        """
        known = self.of(digest)
        known.model_bytes = max(known.model_bytes or 0, size_bytes)
        return known.model_bytes

    def note_tile(self, digest: bytes, area_px: int, size_bytes: int) -> None:
        """Take note of what a tile took."""
        known = self.of(digest).tile_bytes
        known[area_px] = max(known.get(area_px, 0), size_bytes)

    def note_seconds(self, digest: bytes, area_px: int, seconds: float) -> None:
        """Take note of how long a tile took."""
        known = self.of(digest)
        known.seconds_per_px = max(known.seconds_per_px or 0.0, seconds / area_px)

    def note_slower(self, digest: bytes, area_px: int, seconds: float) -> None:
        """Take note of a frame's tiles that took longer than those the model was warmed with."""
        if self.of(digest).seconds_per_px is not None:
            self.note_seconds(digest, area_px, seconds)

    def allowed_s(self, digest: bytes, area_px: int, floor_s: float) -> float | None:
        """Return how long a tile may take, *floor_s* at least; None until one was measured."""
        seconds_per_px = self.of(digest).seconds_per_px
        if seconds_per_px is None:
            return None
        return max(floor_s, HANG_FACTOR * seconds_per_px * area_px)
