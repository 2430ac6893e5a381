"""What the runtimes have in common that run a package's own code: it gets the frame in tiles."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from filmgate.errors import InputError
from filmgate_server.runtime.colour import AS_IS, Colour
from filmgate_server.runtime.mosaic import Mosaic, render_tiles
from filmgate_server.runtime.source import checked_outputs, output_shapes
from filmgate_server.runtime.tensors import ImageRuntime
from filmgate_server.runtime.tiles import plan_tiles, tiling_at
from filmgate_server.runtime.windows import cut, frame_size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from filmgate_server.runtime.port import Images, Pixels, Step
    from filmgate_server.runtime.tiles import Grid, Tile


class PackagedRuntime(ImageRuntime):
    """Cuts, pads and puts together; a subclass computes the tiles.

    See `filmgate_server.runtime.port.Runtime` for the methods.
    """

    @abstractmethod
    def compute(self, windows: Sequence[Images], params: Mapping[str, Any], step: Step) -> Any:
        """Run the package's code on one tile of one or more frames.

        Args:
            windows: the inputs of each frame; every size is a multiple of the manifest's.
            params: as for `infer`.
            step: for code that counts steps of its own.

        Returns:
            What the code returned for each frame: arrays by the outputs' names.
        """

    def infer(
        self,
        inputs: Images,
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None = None,
        colour: Colour = AS_IS,
    ) -> dict[str, Pixels]:
        """Run the model on each tile of an image."""
        return self._render([inputs], params, step, max_tile_px, colour)[0]

    def infer_batch(
        self,
        frames: Sequence[Images],
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None = None,
        colour: Colour = AS_IS,
    ) -> list[dict[str, Pixels]]:
        """Run the model on each tile of several images at once."""
        self._check_batch(frames)
        return self._render(frames, params, step, max_tile_px, colour)

    def _render(
        self,
        frames: Sequence[Images],
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None,
        colour: Colour,
    ) -> list[dict[str, Pixels]]:
        grid = self._grid(frames[0], max_tile_px)
        shapes = output_shapes(self._manifest, frames[0][self._manifest.main_input.name].shape)
        mosaics = [Mosaic(shapes, self._manifest.geometry.scale) for _ in frames]

        def render(tile: Tile, within: Step) -> list[dict[str, Pixels]]:
            return self._tile(tile, frames, params, within)

        render_tiles(grid, render, mosaics, step)
        return [mosaic.results for mosaic in mosaics]

    def _grid(self, inputs: Images, max_tile_px: int | None) -> Grid:
        height, width = frame_size(inputs, self._manifest.main_input.name)
        tiling = tiling_at(self._manifest.tiling, max_tile_px)
        return plan_tiles(height, width, tiling, self._manifest.geometry.multiple_of)

    def _tile(
        self, tile: Tile, frames: Sequence[Images], params: Mapping[str, Any], step: Step
    ) -> list[dict[str, Pixels]]:
        multiple_of = self._manifest.geometry.multiple_of
        windows = [
            {name: cut(pixels, tile, multiple_of) for name, pixels in frame.items()}
            for frame in frames
        ]
        with self._memory.lend(self._tile_bytes(tile) * len(frames)):
            returned = self.compute(windows, params, step)
        pairs = zip(windows, returned, strict=True)
        return [checked_outputs(self._manifest, window, outputs) for window, outputs in pairs]

    def _check_batch(self, frames: Sequence[Images]) -> None:
        most = self._manifest.batch.max
        if not 0 < len(frames) <= most:
            raise InputError(f"{self._manifest.name} takes 1 to {most} frames at once.")
        shapes = [{name: pixels.shape for name, pixels in frame.items()} for frame in frames]
        if any(shape != shapes[0] for shape in shapes):
            raise InputError("Frames that are computed at once must have the same shapes.")
