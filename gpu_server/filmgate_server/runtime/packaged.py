"""What the runtimes have in common that run a package's own code: it gets the frame in tiles."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from filmgate.errors import InputError
from filmgate.image.numbers import to_array
from filmgate.tensor import result_specs
from filmgate_server.runtime.colour import AS_IS, Colour
from filmgate_server.runtime.geometry import render_geometry, to_numbers, write_numbers
from filmgate_server.runtime.mosaic import Mosaic, render_tiles
from filmgate_server.runtime.source import output_shapes
from filmgate_server.runtime.tensors import MEGAPIXEL, MIB, ImageRuntime
from filmgate_server.runtime.tiles import plan_tiles, tiling_at
from filmgate_server.runtime.windows import cut, frame_size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from filmgate.tensor import Tensor, TensorSpec
    from filmgate_server.runtime.geometry import Numbers
    from filmgate_server.runtime.port import Images, Pixels, Step
    from filmgate_server.runtime.stage import FrameStage
    from filmgate_server.runtime.tiles import Grid, Tile


class PackagedRuntime(ImageRuntime):
    """Cuts, pads and puts together; a subclass computes the tiles.

    See `filmgate_server.runtime.port.Runtime` for the methods.
    """

    @abstractmethod
    def stage(self, frame: Images, params: Mapping[str, Any], colour: Colour) -> FrameStage | None:
        """Return the way of one frame's tiles into the net and back; None to give them as they are.

        Raises:
            InputError: the colours cannot be brought to the model's space.
        """

    @abstractmethod
    def compute(
        self,
        windows: Sequence[Images],
        stages: Sequence[FrameStage | None],
        params: Mapping[str, Any],
        step: Step,
    ) -> list[dict[str, Pixels]]:
        """Run the package's code on one tile of one or more frames.

        Args:
            windows: the inputs of each frame; every size is a multiple of the manifest's.
            stages: from `stage`, for each frame.
            params: as for `infer`.
            step: for code that counts steps of its own.

        Returns:
            The declared outputs of each frame, (H, W, C).

        Raises:
            ModelError: the code failed, or returned something else.
        """

    @abstractmethod
    def compute_geometry(
        self, inputs: Mapping[str, Numbers], params: Mapping[str, Any], step: Step
    ) -> object:
        """Run the package's code on one tile of volumes, or on attributes.

        Args:
            inputs: by name, in the axes of the manifest; volumes have the net's multiples.
            params: as for `infer`.
            step: for code that counts steps of its own.

        Returns:
            Arrays by the outputs' names, in the axes of the manifest; not judged yet.
        """

    def infer(
        self,
        inputs: Images,
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None = None,
        colour: Colour = AS_IS,
    ) -> dict[str, Pixels]:
        """Run the model on each tile of an image, or of what the manifest declares instead."""
        if self._manifest.takes_tensors:
            return self._infer_geometry(inputs, params, step, max_tile_px)
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

    def output_specs(
        self, inputs: Mapping[str, TensorSpec], params: Mapping[str, Any]
    ) -> dict[str, TensorSpec]:
        """Return what `infer_tensors` will write."""
        if self._manifest.takes_tensors:
            return result_specs(self._manifest, inputs)
        return super().output_specs(inputs, params)

    def infer_tensors(
        self,
        inputs: Mapping[str, Tensor],
        outputs: Mapping[str, Tensor],
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None = None,
    ) -> None:
        """Run the model on tensors: as they are, or as images where the manifest says so."""
        if not self._manifest.takes_tensors:
            super().infer_tensors(inputs, outputs, params, step, max_tile_px)
            return
        given = {name: to_numbers(tensor) for name, tensor in inputs.items()}
        for name, numbers in self._infer_geometry(given, params, step, max_tile_px).items():
            write_numbers(numbers, to_array(outputs[name]))

    def _infer_geometry(
        self,
        inputs: Mapping[str, Numbers],
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None,
    ) -> dict[str, Numbers]:
        def compute(seen: Mapping[str, Numbers], within: Step) -> object:
            main = seen[self._manifest.main_input.name]
            with self._memory.lend(self._samples_bytes(main.size // main.shape[-1])):
                return self.compute_geometry(seen, params, within)

        return render_geometry(self._manifest, inputs, max_tile_px, compute, step)

    def _samples_bytes(self, samples: int) -> int:
        """Return the device memory that the manifest says so many samples or points to take."""
        return self._manifest.runtime.mib_per_megapixel * MIB * samples // MEGAPIXEL

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
        stages = [self.stage(frame, params, colour) for frame in frames]

        def render(tile: Tile, within: Step) -> list[dict[str, Pixels]]:
            with self._memory.lend(self._tile_bytes(tile) * len(frames)):
                return self.compute(self._windows(tile, frames), stages, params, within)

        render_tiles(grid, render, mosaics, step)
        return [mosaic.results for mosaic in mosaics]

    def _grid(self, inputs: Images, max_tile_px: int | None) -> Grid:
        height, width = frame_size(inputs, self._manifest.main_input.name)
        most_px = self._manifest.geometry.max_px
        if most_px and max(height, width) > most_px:
            raise InputError(
                f"{self._manifest.name} takes frames of at most {most_px} px a side, "
                f"not {width} x {height}."
            )
        tiling = tiling_at(self._manifest.tiling, max_tile_px)
        return plan_tiles(height, width, tiling, self._manifest.geometry.multiple_of)

    def _windows(self, tile: Tile, frames: Sequence[Images]) -> list[Images]:
        geometry = self._manifest.geometry
        return [
            {
                name: cut(pixels, tile, geometry.multiple_of, geometry.min_px)
                for name, pixels in frame.items()
            }
            for frame in frames
        ]

    def _check_batch(self, frames: Sequence[Images]) -> None:
        most = self._manifest.batch.max
        if not 0 < len(frames) <= most:
            raise InputError(f"{self._manifest.name} takes 1 to {most} frames at once.")
        shapes = [{name: pixels.shape for name, pixels in frame.items()} for frame in frames]
        if any(shape != shapes[0] for shape in shapes):
            raise InputError("Frames that are computed at once must have the same shapes.")
