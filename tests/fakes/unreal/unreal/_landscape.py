"""Landscapes: 16-bit heights that only render targets carry in and out.

As two bytes the high one is red and the low one green; as a float red is the number itself, which
halves round to steps of 32. Nobody checks sizes. A landscape is never made by Python.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from typing import Any, Optional

from unreal import _rendering
from unreal._enums import TextureRenderTargetFormat as Format
from unreal._objects import Object
from unreal._session import current
from unreal._structs import Vector
from unreal._textures import TextureRenderTarget2D

_FORMATS = (Format.RTF_RGBA8, Format.RTF_RGBA16F, Format.RTF_RGBA32F)


class Actor(Object):
    _place = Vector.__new__(Vector)
    _extent = Vector.__new__(Vector)
    _scale = Vector.__new__(Vector)

    def get_actor_label(self, create_if_none: bool = True) -> str:
        self._check_alive()
        return self._name

    def get_actor_scale3d(self) -> Vector:
        return self._scale

    def get_actor_location(self) -> Vector:
        return self._place

    def get_actor_bounds(
        self, only_colliding_components: bool, include_from_child_actors: bool = False
    ) -> tuple[Vector, Vector]:
        """Return the middle and half the size, in centimetres."""
        place, extent = self._place, self._extent
        return Vector(place.x + extent.x, place.y + extent.y, place.z), extent


class PartitionActor(Actor):
    pass


class LandscapeProxy(PartitionActor):
    _heights: Any = None
    _columns = 0
    _locked = False
    """Whether its edit layer is locked: nothing is imported then."""
    _whole: Optional[Landscape] = None

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "_heights": self._heights}

    def _restore(self, state: Mapping[str, Any]) -> None:
        super()._restore(state)

    def get_landscape_actor(self) -> Optional[Landscape]:
        return self._whole

    def landscape_export_heightmap_to_render_target(
        self,
        render_target: TextureRenderTarget2D,
        export_height_into_rg_channel: bool = False,
        export_landscape_proxies: bool = True,
    ) -> bool:
        if not self._can_exchange("Export", render_target, export_height_into_rg_channel):
            return False
        numbers = array("d", bytes(8 * render_target.size_x * render_target.size_y))
        for place, at in self._shared(render_target):
            numbers[at] = self._heights[place]
        if export_height_into_rg_channel:
            high = array("d", (int(number) >> 8 for number in numbers))
            low = array("d", (int(number) & 255 for number in numbers))
            planes = {"R": high, "G": low, "B": array("d", bytes(8 * len(numbers)))}
        else:
            planes = {"R": numbers, "G": numbers}
        _rendering.put(render_target, planes)
        return True

    def landscape_import_heightmap_from_render_target(
        self, render_target: TextureRenderTarget2D, import_height_from_rg_channel: bool = False
    ) -> bool:
        """Overwrite what the target covers: of a smaller one a corner, without a word."""
        image = render_target._pixels
        wanted = import_height_from_rg_channel
        if not self._can_exchange("Import", render_target, wanted) or image is None:
            return False
        if self._locked:
            current().write("Error", "LandscapeImport: the edit layer is locked")
            return False
        red, green = image.planes["R"], image.planes["G"]
        codes = 255.0 if image.is_float else 1.0
        heights = array("H", self._heights)
        for place, at in self._shared(render_target):
            if wanted:
                heights[place] = _code(red[at] * codes) << 8 | _code(green[at] * codes)
            else:
                heights[place] = int(min(max(red[at], 0), 65535))  # cut off, not rounded
        self._heights = heights
        return True

    def _shared(self, target: TextureRenderTarget2D) -> Iterator[tuple[int, int]]:
        """Yield where each sample that a target covers lies, in the landscape and there."""
        rows = len(self._heights) // self._columns
        for row in range(min(rows, target.size_y)):
            for column in range(min(self._columns, target.size_x)):
                yield row * self._columns + column, row * target.size_x + column

    def _can_exchange(self, what: str, target: TextureRenderTarget2D, as_bytes: bool) -> bool:
        kind, reason = target.render_target_format, ""
        if not current().renders:
            reason = "no graphics device (-nullrhi)"
        elif kind not in _FORMATS:
            reason = "the render target must be RTF_RGBA8, RTF_RGBA16f or RTF_RGBA32f"
        elif kind is Format.RTF_RGBA8 and not as_bytes:
            reason = "8 bits hold no height"
        if reason:
            current().write("Error", f"Landscape{what}Heightmap: {reason}")
        return not reason


def _code(value: float) -> int:
    return int(min(max(value, 0.0), 255.0))


class Landscape(LandscapeProxy):
    pass


def make_landscape(
    numbers: Any, columns: int, scale: tuple[float, float, float] = (100.0, 100.0, 100.0)
) -> Landscape:
    """Put a landscape into the level: 16-bit numbers row by row, the scale in centimetres."""
    made = Landscape()
    made._heights, made._columns, made._whole = array("H", numbers), columns, made
    rows = len(made._heights) // columns
    made._scale, made._place = Vector(*scale), Vector(0.0, 0.0, 0.0)
    made._extent = Vector((columns - 1) * scale[0] / 2, (rows - 1) * scale[1] / 2, 256.0 * scale[2])
    current().actors.append(made)
    return made
