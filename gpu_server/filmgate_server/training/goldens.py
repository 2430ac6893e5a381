"""Make the golden tests of the models of geometry: ``python -m filmgate_server.training.goldens``.

Each gets a small input and what it makes of it on the CPU: ``tests/`` in the package, which its
``[[tests]]`` name. Look at what changed before you keep it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.params import resolve_parameters
from filmgate.tensor import TensorSpec, to_tensor_blob
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.port import load_runtime
from filmgate_server.training.terrain.__main__ import HELD_OUT_SEED
from filmgate_server.training.terrain.landscape import draw_terrain
from filmgate_server.worker.memory import CpuMemory
from filmgate_server.zoo import ZOO_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from filmgate.manifest import ModelInput, ModelOutput

SPACING_M = 10.0
FILES = ("inputs.safetensors", "golden.safetensors")


def main() -> None:
    """Write the inputs and the goldens of every model."""
    for name, inputs in _inputs().items():
        manifest = load_package(ZOO_FOLDER / name).manifest
        runtime = load_runtime(ZOO_FOLDER / name, manifest, "cpu", 1, CpuMemory())
        given: dict[str, Any] = {key: each.astype(np.float32) for key, each in inputs.items()}
        params = resolve_parameters(manifest.params, {})
        made = runtime.infer(given, params, _ignore)
        folder = ZOO_FOLDER / name / "tests"
        folder.mkdir(exist_ok=True)
        (folder / FILES[0]).write_bytes(_blob(manifest.inputs, given))
        (folder / FILES[1]).write_bytes(_blob(manifest.outputs, made))


def _ignore(done: int, total: int) -> None:
    """Stand for a job that nobody cancels."""


def _inputs() -> dict[str, dict[str, Any]]:
    rng = np.random.default_rng(0)
    heights = draw_terrain(HELD_OUT_SEED, 64, 4).coarse.numpy() * (SPACING_M / 2)
    x, y = rng.uniform(-1, 1, (2, 400))
    roof = np.stack((x, y, -np.abs(x)), 1) + 0.01 * rng.standard_normal((400, 3))
    step = np.zeros((8, 12, 16, 1))
    step[:, :, 8:] = 1
    return {
        "terrain-detail": {"height": heights[..., None], "spacing": np.full(2, SPACING_M)},
        "smooth-points": {"P": roof},
        "smooth-volume": {"density": step + 0.07 * rng.standard_normal(step.shape)},
    }


def _blob(
    entries: Iterable[ModelInput | ModelOutput], numbers: dict[str, NDArray[np.float32]]
) -> bytes:
    return to_tensor_blob(
        {
            each.name: (
                TensorSpec("F32", numbers[each.name].shape, each.axes),
                numbers[each.name].tobytes(),
            )
            for each in entries
            if each.name in numbers
        }
    )


if __name__ == "__main__":
    main()
