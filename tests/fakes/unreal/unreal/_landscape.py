"""Landscapes: 16-bit heights that only render targets carry in and out.

As two bytes the high one is red and the low one green; as a float red is the number itself, which
halves round to steps of 32. Nobody checks sizes: of a target that is too large the rest stays 0. An
actor's bounds are those of all its components, grass and splines too, along the world's axes. A
landscape is never made by Python.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Optional

from unreal import _rendering
from unreal._enums import TextureRenderTargetFormat as Format
from unreal._objects import Class, Object
from unreal._session import current
from unreal._structs import Rotator, Vector
from unreal._textures import TextureRenderTarget2D
from unreal._values import Array

_FORMATS = (Format.RTF_RGBA8, Format.RTF_RGBA16F, Format.RTF_RGBA32F)


class ActorComponent(Object):
    pass


class SceneComponent(ActorComponent):
    _actor: Any = None
    _box = (0.0, 0.0, 0.0, 0.0)
    """Where it begins and ends in x and y, in its actor's samples."""


class PrimitiveComponent(SceneComponent):
    pass


class LandscapeComponent(PrimitiveComponent):
    pass


class Actor(Object):
    _place = Vector.__new__(Vector)
    _scale = Vector.__new__(Vector)
    _turn = Rotator.__new__(Rotator)

    def _post_init(self) -> None:
        self._components: list[SceneComponent] = []

    def _add(self, component: SceneComponent, box: tuple[float, float, float, float]) -> None:
        component._actor, component._box = self, box
        self._components.append(component)

    def get_actor_label(self, create_if_none: bool = True) -> str:
        self._check_alive()
        return self._name

    def get_actor_scale3d(self) -> Vector:
        self._check_alive()
        return self._scale

    def get_actor_location(self) -> Vector:
        return self._place

    def get_actor_rotation(self) -> Rotator:
        return self._turn

    def get_actor_bounds(
        self, only_colliding_components: bool, include_from_child_actors: bool = False
    ) -> tuple[Vector, Vector]:
        """Return the middle and half the size, in centimetres."""
        return bounds(self._components)

    def get_components_by_class(
        self, component_class: Optional[Class] = None
    ) -> Array[ActorComponent]:
        kind = component_class._held if component_class else ActorComponent
        found = [each for each in self._components if isinstance(each, kind)]
        return Array._of(ActorComponent, found)


def bounds(components: Iterable[SceneComponent]) -> tuple[Vector, Vector]:
    """Return the middle and half the size of what components reach, in centimetres."""
    corners = [corner for each in components for corner in _corners(each)]
    spans = [(min(values), max(values)) for values in zip(*corners)]
    middle, half = (
        Vector(*((high + sign * low) / 2 for low, high in spans), 0.0) for sign in (1, -1)
    )
    return middle, half


def _corners(component: SceneComponent) -> Iterator[tuple[float, float]]:
    actor, (left, top, right, bottom) = component._actor, component._box
    yaw = math.radians(actor._turn.yaw)
    for x, y in ((left, top), (right, top), (left, bottom), (right, bottom)):
        along, across = x * actor._scale.x, y * actor._scale.y
        yield (
            actor._place.x + along * math.cos(yaw) - across * math.sin(yaw),
            actor._place.y + along * math.sin(yaw) + across * math.cos(yaw),
        )


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
    made._turn = Rotator(0.0, 0.0, 0.0)
    made._add(LandscapeComponent(), (0.0, 0.0, columns - 1.0, rows - 1.0))
    current().actors.append(made)
    return made
