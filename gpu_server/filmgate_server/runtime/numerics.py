"""What determines a result's pixels besides the package, the parameters and the inputs."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from filmgate.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from filmgate.manifest import Manifest

DISTRIBUTIONS = {"oidn": "pyoidn", "torch": "torch", "array": "numpy"}
"""The installed distribution whose version stands for each engine."""

_COMPANIONS = {"torch": "safetensors"}
"""What an engine cannot be used without."""

BATCH = 1
"""Frames per call; another batch size would pick other kernels and change last bits."""


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


def numerics_id(manifest: Manifest, device_class: str, engines: Mapping[str, str]) -> str:
    """Name everything else that determines the pixels; part of the work key and the provenance.

    Args:
        manifest: of the package.
        device_class: of the worker, for example ``cpu`` or ``cuda-sm90``.
        engines: of the worker: each engine's version.

    Returns:
        For example ``oidn-2.5.1.0/float32/cpu/tile-2048+96/batch-1``.

    Raises:
        ModelError: the engine is not installed there.
    """
    engine, tiling = manifest.runtime.engine, manifest.tiling
    if engine not in engines:
        raise missing_engine(engine)
    tile = f"tile-{tiling.max_tile_px}+{tiling.halo_px}" if tiling.max_tile_px else "whole"
    precision = manifest.runtime.precision
    return f"{engine}-{engines[engine]}/{precision}/{device_class}/{tile}/batch-{BATCH}"


def missing_engine(engine: str) -> ModelError:
    """Return the error that says how to install *engine*."""
    return ModelError(
        f"The engine {engine!r} is not installed where the model should run.",
        f"Install it there and restart the server: in a clone with "
        f".venv/bin/python -m pip install -e '.[{engine}]', "
        f"else with pip install 'filmgate[{engine}]'.",
    )
