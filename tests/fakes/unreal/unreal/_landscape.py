"""Landscapes: 16-bit heights that only render targets carry in and out.

In a target of 8-bit channels the high byte is red and the low one green; in one of floats red is
the height itself. A landscape is read and overwritten at its own size, and never made by Python.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
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
        if not self._fits("Export", render_target, export_height_into_rg_channel):
            return False
        numbers = self._heights
        if export_height_into_rg_channel:
            planes = {
                "R": array("d", (number >> 8 for number in numbers)),
                "G": array("d", (number & 255 for number in numbers)),
                "B": array("d", bytes(8 * len(numbers))),
            }
        else:
            planes = {"R": array("d", numbers)}
        _rendering.put(render_target, planes)
        return True

    def landscape_import_heightmap_from_render_target(
        self, render_target: TextureRenderTarget2D, import_height_from_rg_channel: bool = False
    ) -> bool:
        image = render_target._pixels
        if not self._fits("Import", render_target, import_height_from_rg_channel) or image is None:
            return False
        if self._locked:
            current().write("Error", "LandscapeImport: the edit layer is locked")
            return False
        red, green = image.planes["R"], image.planes["G"]
        if import_height_from_rg_channel:
            found = (int(high) << 8 | int(low) for high, low in zip(red, green))
        else:
            found = (min(max(round(height), 0), 65535) for height in red)
        self._heights = array("H", found)
        return True

    def _fits(self, what: str, target: TextureRenderTarget2D, bytes_wanted: bool) -> bool:
        rows = len(self._heights) // self._columns
        reason = ""
        if not current().renders:
            reason = "no graphics device (-nullrhi)"
        elif target.render_target_format not in _FORMATS:
            reason = "the render target must be RTF_RGBA8, RTF_RGBA16f or RTF_RGBA32f"
        elif bytes_wanted and target.render_target_format is not Format.RTF_RGBA8:
            reason = "the red and green channels must be of 8 bits"
        elif (target.size_x, target.size_y) != (self._columns, rows):
            reason = f"the render target must be {self._columns} x {rows}"
        if reason:
            current().write("Error", f"Landscape{what}Heightmap: {reason}")
        return not reason


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
