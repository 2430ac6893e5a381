"""Run Open Image Denoise natively, tile by tile, with one exposure for the whole frame."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.errors import InputError
from filmgate.image.half import HALF_MAX
from filmgate_server.runtime.colour import AS_IS, Colour
from filmgate_server.runtime.denoiser import CHANNELS, QUALITIES, Device, TileFilter
from filmgate_server.runtime.exposure import auto_exposure
from filmgate_server.runtime.mosaic import Mosaic, render_tiles
from filmgate_server.runtime.tensors import ImageRuntime
from filmgate_server.runtime.tiles import Tile, plan_tiles, tiling_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from filmgate.manifest import Manifest
    from filmgate_server.runtime.port import Images, Pixels, Step
    from filmgate_server.worker.memory import DeviceMemory

GRID_PX = 16
"""The net halves its input four times: tiles on this grid see what the whole frame would."""

BORDER_PX = 16
"""Mirrored around the frame, which would otherwise end in black for the net: on the Cycles plates
that gains 3 dB along the edges, and a frame of a few pixels keeps its light at all."""


class OidnRuntime(ImageRuntime):
    """Open Image Denoise behind `filmgate_server.runtime.port.Runtime`.

    The package's inputs are called ``color``, ``albedo`` and ``normal``, its parameters ``quality``
    and ``clean_aux``. The net takes no negative light: the negative part of the colour, where there
    is one, is denoised by itself with its sign turned, and subtracted.
    """

    def __init__(self, manifest: Manifest, device: str, threads: int, memory: DeviceMemory) -> None:
        super().__init__(manifest, memory)
        self._device = Device(device, threads)
        self.owned.callback(self._device.close)

    def infer(
        self,
        inputs: Images,
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None = None,
        colour: Colour = AS_IS,
    ) -> dict[str, Pixels]:
        """Denoise an image; all tiles share the exposure of the whole frame."""
        _check(inputs)
        framed = {
            name: _framed(_mixed(pixels, colour.matrices.get(name)))
            for name, pixels in _used(inputs).items()
        }
        shape = framed["color"].shape
        tiling = tiling_at(self._manifest.tiling, max_tile_px)
        mosaic = Mosaic({"color": shape})
        with ExitStack() as held:
            passes = _Passes(held, self._device, framed, params)

            def render(tile: Tile, within: Step) -> list[dict[str, Pixels]]:
                del within  # the native call counts no steps
                with self._memory.lend(self._tile_bytes(tile)):
                    return [{"color": passes.render(tile)}]

            render_tiles(plan_tiles(shape[0], shape[1], tiling, GRID_PX), render, [mosaic], step)
        matrix = colour.matrices.get("color")
        back = None if matrix is None else np.linalg.inv(np.array(matrix)).tolist()
        return {"color": _mixed(np.ascontiguousarray(_unframed(mosaic.results["color"])), back)}

    def remarks(self, inputs: Mapping[str, Pixels], params: Mapping[str, Any]) -> list[str]:
        """Say what is too large for the net, and what cannot be used."""
        found: list[str] = []
        count = int(np.count_nonzero(np.abs(inputs["color"]) > HALF_MAX))
        if count:
            found.append(f"{count} values beyond ±65504 were held there before denoising.")
        if "normal" in inputs and "albedo" not in inputs:
            found.append("The normals were not used: the net takes them only together with albedo.")
        return found


class _Passes:
    """The filters of one frame: of its light and, if there is any, of its negative part."""

    def __init__(
        self,
        held: ExitStack,
        device: Device,
        framed: Mapping[str, Pixels],
        params: Mapping[str, Any],
    ) -> None:
        quality, light = QUALITIES[params["quality"]], _held(framed["color"])
        scale = auto_exposure(_unframed(light))
        images = {**framed, "color": light}
        self._light = TileFilter(held, device, images, quality, params["clean_aux"], scale)
        self._is_dark = np.any(framed["color"] < 0, axis=2)
        self._dark: TileFilter | None = None
        if self._is_dark.any():
            # No guides here: with them the net finds a trace of light in what is wholly black.
            images = {"color": _held(-framed["color"])}
            self._dark = TileFilter(held, device, images, quality, False, scale)

    def render(self, tile: Tile) -> Pixels:
        """Denoise one tile; the second pass runs only where something is negative."""
        result = self._light.render(tile)
        if self._dark and self._is_dark[tile.y.outer, tile.x.outer].any():
            result -= self._dark.render(tile)
        return result


def _check(inputs: Mapping[str, Pixels]) -> None:
    """Refuse what would let native code read beyond an image."""
    shape = inputs["color"].shape
    if len(shape) != 3 or shape[2] != CHANNELS or 0 in shape:
        raise InputError(f"denoise needs an R, G, B image, not one of shape {shape}.")
    for name, pixels in inputs.items():
        if pixels.shape != shape:
            raise InputError(f"{name!r} is of shape {pixels.shape}, the colour of {shape}.")


def _mixed(pixels: Pixels, matrix: Sequence[Sequence[float]] | None) -> Pixels:
    """Return (H, W, 3) in another colour space; None changes nothing."""
    if matrix is None:
        return pixels
    return pixels @ np.array(matrix, np.float32).T


def _used(inputs: Mapping[str, Pixels]) -> dict[str, Pixels]:
    """Leave out normals without albedo: the net knows no such combination."""
    return {
        name: pixels for name, pixels in inputs.items() if name != "normal" or "albedo" in inputs
    }


def _framed(pixels: Pixels) -> Pixels:
    """Return a contiguous copy with the border mirrored around it."""
    border = (BORDER_PX, BORDER_PX)
    return np.pad(pixels.astype(np.float32, copy=False), (border, border, (0, 0)), mode="reflect")


def _unframed(framed: Pixels) -> Pixels:
    """Return a view without the border."""
    return framed[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]


def _held(color: Pixels) -> Pixels:
    """Return a copy between 0 and 65504; NaN becomes 0."""
    return np.fmin(np.fmax(color, np.float32(0)), np.float32(HALF_MAX))
