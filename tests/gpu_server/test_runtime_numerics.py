"""The name of everything that determines the pixels besides the job itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from filmgate.errors import ModelError
from filmgate.manifest import Batch
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.numerics import engine_versions, numerics_id
from filmgate_server.zoo import ZOO_FOLDER

ENGINES = {"oidn": "2.5.1.0", "array": "2.4.6"}


def test_the_id_names_engine_precision_device_tile_and_batch() -> None:
    """Two workers with the same id give the same pixels."""
    denoise = load_package(ZOO_FOLDER / "denoise").manifest
    negate = load_package(ZOO_FOLDER / "negate").manifest
    found = numerics_id(denoise, "cuda-sm90", ENGINES)
    assert found == "oidn-2.5.1.0/float32/cuda-sm90/tile-2160+96/batch-1"
    assert numerics_id(negate, "cpu", ENGINES) == "array-2.4.6/float32/cpu/whole/batch-1"


def test_a_smaller_tile_is_another_id() -> None:
    """What memory forced is told apart from the manifest's; fades and batches count."""
    denoise = load_package(ZOO_FOLDER / "denoise").manifest
    assert "/tile-512+96/" in numerics_id(denoise, "cpu", ENGINES, tile_px=512)
    assert "/whole/" in numerics_id(denoise, "cpu", ENGINES, tile_px=0)
    same = numerics_id(denoise, "cpu", ENGINES, tile_px=denoise.tiling.max_tile_px)
    assert same == numerics_id(denoise, "cpu", ENGINES)
    faded = replace(denoise, tiling=replace(denoise.tiling, blend_px=32), batch=Batch(4))
    assert numerics_id(faded, "cpu", ENGINES).endswith("/tile-2160+96~32/batch-4")


def test_a_missing_engine_says_how_to_get_it() -> None:
    """A worker without the engine cannot run the package."""
    smooth = load_package(ZOO_FOLDER / "smooth").manifest
    with pytest.raises(ModelError) as caught:
        numerics_id(smooth, "cpu", ENGINES)
    assert "pip install 'filmgate[torch]'" in caught.value.remedy
    assert "pip install -e '.[torch]'" in caught.value.remedy


def test_installed_engines_are_found() -> None:
    """Arrays can always be run: numpy is part of the server."""
    assert engine_versions()["array"].split(".")[0].isdigit()
