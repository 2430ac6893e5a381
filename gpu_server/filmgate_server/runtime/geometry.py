"""Models of geometry: heightfields and volumes in tiles, attributes whole.

Nothing is converted or scrubbed on this way. A volume is cut along y and x, never along z; what is
no volume is shown to every tile as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.errors import InputError, ModelError
from filmgate.image.half import to_half
from filmgate.image.numbers import NUMPY_TYPES, to_array
from filmgate.tensor import TensorSpec, specs_from
from filmgate_server.runtime.mosaic import Mosaic, render_tiles
from filmgate_server.runtime.source import named_outputs
from filmgate_server.runtime.tiles import plan_tiles, tiling_at
from filmgate_server.runtime.windows import cut, deepened

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from filmgate.manifest import Manifest
    from filmgate.tensor import Tensor
    from filmgate_server.runtime.port import Step
    from filmgate_server.runtime.tiles import Tile

    Numbers = NDArray[Any]
    """In the axes of the manifest."""

    Compute = Callable[[Mapping[str, Numbers], Step], object]
    """Runs the package's code on what a tile sees, or on attributes, and returns arrays by the
    outputs' names."""

_VOLUME_AXES = 4


def to_numbers(tensor: Tensor) -> Numbers:
    """Return what a package gets: halves as float32, everything else in its own type."""
    numbers = to_array(tensor)
    if tensor.spec.dtype == "F16":
        return numbers.astype(np.float32)
    return np.require(numbers, requirements=["C", "A"])


def write_numbers(numbers: Numbers, target: Numbers) -> None:
    """Copy a result into the caller's memory; finite values beyond a half's stay finite."""
    np.copyto(target, to_half(numbers).values if target.dtype == np.float16 else numbers)


def render_geometry(
    manifest: Manifest,
    inputs: Mapping[str, Numbers],
    max_tile_px: int | None,
    compute: Compute,
    step: Step,
) -> dict[str, Numbers]:
    """Run a package on volumes or attributes and return its results.

    Args:
        manifest: of the package.
        inputs: by name, of fitting sizes; see `filmgate.tensor.check_tensors`.
        max_tile_px: the longest side of a tile; None means the manifest's.
        compute: runs the package's code.
        step: called before each tile and after the last.

    Raises:
        InputError: the main input is missing.
        ModelError: the package returned something else than it declares.
        CancelledError: from *step*.
    """
    main = manifest.main_input
    if main.name not in inputs:
        raise InputError(f"{manifest.name} needs the input {main.name!r}.")
    if main.kind == "volume":
        return _render_volume(manifest, inputs, max_tile_px, compute, step)
    step(0, 1)
    results = _checked(manifest, inputs, compute(inputs, step))
    step(1, 1)
    return results


def _render_volume(
    manifest: Manifest,
    inputs: Mapping[str, Numbers],
    max_tile_px: int | None,
    compute: Compute,
    step: Step,
) -> dict[str, Numbers]:
    geometry, main = manifest.geometry, inputs[manifest.main_input.name]
    height, width = main.shape[-3:-1]
    tiling = tiling_at(manifest.tiling, max_tile_px)
    grid = plan_tiles(height, width, tiling, geometry.multiple_of)
    shapes = {name: spec.shape for name, spec in _specs(manifest, main).items()}
    mosaic = Mosaic(shapes, geometry.scale)

    def render(tile: Tile, within: Step) -> list[dict[str, Numbers]]:
        seen = {name: _seen(manifest, name, inputs[name], tile) for name in inputs}
        return [_checked(manifest, seen, compute(seen, within))]

    render_tiles(grid, render, [mosaic], step)
    return dict(mosaic.results)


def _seen(manifest: Manifest, name: str, numbers: Numbers, tile: Tile) -> Numbers:
    """Return what *tile* sees of an input."""
    if manifest.input(name).kind != "volume":
        return numbers
    geometry = manifest.geometry
    window = cut(numbers, tile, geometry.multiple_of, geometry.min_px)
    if window.ndim == _VOLUME_AXES:
        window = deepened(window, geometry.multiple_of, geometry.min_px)
    return np.ascontiguousarray(window)


def _specs(manifest: Manifest, main: Numbers) -> dict[str, TensorSpec]:
    entry = manifest.main_input
    return specs_from(manifest, TensorSpec(entry.dtype, main.shape, entry.axes))


def _checked(
    manifest: Manifest, inputs: Mapping[str, Numbers], returned: object
) -> dict[str, Numbers]:
    """Return the declared outputs in the types that they are computed in.

    Raises:
        ModelError: an output is missing, or of another shape or type.
    """
    outputs = named_outputs(manifest, returned)
    checked: dict[str, Numbers] = {}
    for name, spec in _specs(manifest, inputs[manifest.main_input.name]).items():
        found = outputs.get(name)
        if getattr(found, "shape", None) != spec.shape:
            raise _wrong(manifest, name, _sizes(found), f"the sizes {spec.shape}")
        kind = np.dtype(np.float32 if spec.dtype == "F16" else NUMPY_TYPES[spec.dtype])
        numbers = np.asarray(found)
        if not np.can_cast(numbers.dtype, kind, "same_kind"):
            raise _wrong(manifest, name, f"numbers of {numbers.dtype}", str(kind))
        checked[name] = numbers.astype(kind, copy=False)
    return checked


def _sizes(found: object) -> str:
    shape = getattr(found, "shape", None)
    return "nothing with sizes" if shape is None else f"the sizes {tuple(shape)}"


def _wrong(manifest: Manifest, name: str, found: str, wanted: str) -> ModelError:
    return ModelError(f"{manifest.name} returned {found} for {name!r}, not {wanted}.")
