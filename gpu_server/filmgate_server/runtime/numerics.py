"""What determines a result's pixels besides the package, the parameters and the inputs."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from filmgate.errors import ModelError
from filmgate_server.runtime.tiles import tiling_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from filmgate.manifest import Manifest, Tiling

DISTRIBUTIONS = {
    "oidn": "pyoidn",
    "torch": "torch",
    "export": "torch",
    "onnx": "onnxruntime",
    "array": "numpy",
}
"""The installed distribution whose version stands for each engine."""

_EXTRAS = {"export": "torch"}
"""The extra that brings an engine, where it has another name."""

_COMPANIONS = {"torch": "safetensors", "onnx": "torch"}
"""What an engine cannot be used without."""


def engine_versions() -> dict[str, str]:
    """Return the version of each engine that is installed here, without importing any."""
    found: dict[str, str] = {}
    for engine, distribution in DISTRIBUTIONS.items():
        try:
            metadata.version(_COMPANIONS.get(engine, distribution))
            found[engine] = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return found


def numerics_id(
    manifest: Manifest,
    device_class: str,
    engines: Mapping[str, str],
    tile_px: int | None = None,
) -> str:
    """Name everything else that determines the pixels; part of the work key and the provenance.

    Args:
        manifest: of the package.
        device_class: of the worker, for example ``cpu`` or ``cuda-sm90``.
        engines: of the worker: each engine's version.
        tile_px: the longest side of a tile where it is not the manifest's; 0 is the whole frame.

    Returns:
        For example ``oidn-2.5.1.0/float32/cpu/tile-2048+96/batch-1``: tiles of at most 2048 px with
        a halo of 96 px. ``+96~32`` has fades of 32 px as well. The batch is the largest one that
        the manifest says to leave every pixel as it is.

    Raises:
        ModelError: the engine is not installed there.
    """
    engine = manifest.runtime.engine
    precision = real_precision(engine, manifest.runtime.precision, device_class)
    if engine not in engines:
        raise missing_engine(engine)
    tile = _tile_text(tiling_at(manifest.tiling, tile_px))
    return (
        f"{engine}-{engines[engine]}/{precision}/{device_class}/{tile}/batch-{manifest.batch.max}"
    )


def real_precision(engine: str, precision: str, device: str) -> str:
    """Return the precision that a net's arithmetic really has.

    A torch module on a CPU computes in float32 whatever it declares: that is never less precise,
    and without instructions of their own float16 and bfloat16 take many times longer. A file of
    `export` or `onnx` holds its types in itself.

    Args:
        engine: of the manifest.
        precision: of the manifest.
        device: a device or its class; only its kind counts.
    """
    on_cpu = not device.startswith("cuda")
    return "float32" if engine == "torch" and on_cpu else precision


def _tile_text(tiling: Tiling) -> str:
    if not tiling.max_tile_px:
        return "whole"
    fade = f"~{tiling.blend_px}" if tiling.blend_px else ""
    return f"tile-{tiling.max_tile_px}+{tiling.halo_px}{fade}"


def missing_engine(engine: str) -> ModelError:
    """Return the error that says how to install *engine*."""
    extra = _EXTRAS.get(engine, engine)
    return ModelError(
        f"The engine {engine!r} is not installed where the model should run.",
        f"Install it there and restart the server: in a clone with "
        f".venv/bin/python -m pip install -e '.[{extra}]', "
        f"else with pip install 'filmgate[{extra}]'.",
    )
