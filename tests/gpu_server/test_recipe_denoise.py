"""`denoise-torch`: the same picture as native Open Image Denoise, on frames and in tiles."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.zoo import installed
from filmgate.image.exr import load_exr
from filmgate_server.recipes.install import recipes
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.port import Runtime, load_runtime
from filmgate_server.worker.memory import CpuMemory
from filmgate_server.zoo import ZOO_FOLDER

if find_spec("pyoidn") is None:
    pytest.skip("Open Image Denoise is not installed: the extra [oidn]", allow_module_level=True)
pytest.importorskip("torch", reason="torch is not installed: the extra [torch]")
safetensors = pytest.importorskip("safetensors.torch")
lineage = pytest.importorskip("filmgate_server.recipes.lineage")

Pixels = NDArray[np.float32]

LAYERS = {
    "color": ("ViewLayer.Combined", "RGB"),
    "albedo": ("ViewLayer.Denoising Albedo", "RGB"),
    "normal": ("ViewLayer.Denoising Normal", "XYZ"),
}
GUIDES = ((), ("albedo",), ("albedo", "normal"))
AGREEMENT_DB = 100
SATURATE = np.array([[2.7, -1.4, -0.3], [-0.6, 2.0, -0.4], [-0.5, -0.9, 2.4]], np.float32)
"""Makes colours negative, as a small gamut does with those of a large one."""


def _ignore(done: int, total: int) -> None:
    """Stand for a job that nobody cancels."""


def _load(path: Path) -> Runtime:
    package = load_package(path)
    return load_runtime(package.path, package.manifest, "cpu", 2, CpuMemory())


@pytest.fixture(scope="module")
def twin() -> Iterator[Runtime]:
    """Return `denoise-torch` as a worker loads it."""
    runtime = _load(installed("denoise-torch"))
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def native() -> Iterator[Runtime]:
    """Return `denoise` as a worker loads it."""
    runtime = _load(ZOO_FOLDER / "denoise")
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def plate(examples: Path) -> dict[str, Pixels]:
    """Return a Cycles frame at 4 samples, 640 × 360 px."""
    part = load_exr(examples / "noisy_0001.exr").parts[0]
    return {
        name: part.stacked([f"{layer}.{letter}" for letter in letters])
        for name, (layer, letters) in LAYERS.items()
    }


@pytest.fixture(scope="module")
def crop(plate: dict[str, Pixels]) -> dict[str, Pixels]:
    """Return 192 × 224 px around the frame's brightest highlight."""
    return _cut(plate, slice(80, 272), slice(40, 264))


def _cut(images: dict[str, Pixels], rows: slice, columns: slice) -> dict[str, Pixels]:
    return {name: np.ascontiguousarray(each[rows, columns]) for name, each in images.items()}


def _psnr_tm(image: Pixels, truth: Pixels) -> float:
    mapped, wanted = (pixels / (1 + np.abs(pixels)) for pixels in (image, truth))
    return float(-10 * np.log10(np.mean(np.square(mapped - wanted, dtype=np.float64))))


def _psnr(image: Pixels, truth: Pixels) -> float:
    mse = np.mean(np.square(image - truth, dtype=np.float64))
    return float(20 * np.log10(np.abs(truth).max()) - 10 * np.log10(mse))


def _both(
    native: Runtime, twin: Runtime, inputs: dict[str, Pixels], clean_aux: bool = False
) -> tuple[Pixels, Pixels]:
    settings = {"quality": "high", "clean_aux": clean_aux}
    wanted = native.infer(inputs, settings, _ignore)["color"]
    return twin.infer(inputs, {"clean_aux": clean_aux}, _ignore)["color"], wanted


@pytest.mark.parametrize("guides", GUIDES, ids=lambda guides: "+".join(("color", *guides)))
def test_it_agrees_with_native(
    native: Runtime, twin: Runtime, crop: dict[str, Pixels], guides: tuple[str, ...]
) -> None:
    """Colour alone and with its guides: 100 dB and more, on the scale of the eye and linear."""
    found, wanted = _both(native, twin, {name: crop[name] for name in ("color", *guides)})
    assert wanted.max() > 4  # a highlight is in it
    assert _psnr_tm(found, wanted) >= AGREEMENT_DB
    assert _psnr(found, wanted) >= AGREEMENT_DB


@pytest.mark.parametrize("guides", GUIDES, ids=lambda guides: "+".join(("color", *guides)))
def test_a_whole_plate_agrees_with_native(
    native: Runtime, twin: Runtime, plate: dict[str, Pixels], guides: tuple[str, ...]
) -> None:
    """360 lines are no multiple of 16: the net lacks the same below the frame as natively."""
    found, wanted = _both(native, twin, {name: plate[name] for name in ("color", *guides)})
    assert found.shape == (360, 640, 3)
    assert _psnr_tm(found, wanted) >= AGREEMENT_DB


@pytest.mark.parametrize("size", [(257, 333), (50, 20), (17, 33), (7, 9), (1, 1)])
def test_frames_off_the_grid_agree_with_native(
    native: Runtime, twin: Runtime, plate: dict[str, Pixels], size: tuple[int, int]
) -> None:
    """Odd sizes, and frames smaller than the border that is mirrored around them."""
    found, wanted = _both(native, twin, _cut(plate, slice(size[0]), slice(size[1])))
    assert _psnr_tm(found, wanted) >= AGREEMENT_DB


def test_clean_guides_agree_with_native(
    native: Runtime, twin: Runtime, crop: dict[str, Pixels]
) -> None:
    """The large net, which native takes at high quality."""
    found, wanted = _both(native, twin, crop, clean_aux=True)
    assert _psnr_tm(found, wanted) >= AGREEMENT_DB


def test_negative_light_agrees_with_native(
    native: Runtime, twin: Runtime, crop: dict[str, Pixels]
) -> None:
    """It goes through the net by itself, without the guides, and comes back negative."""
    saturated = {**crop, "color": np.ascontiguousarray(crop["color"] @ SATURATE.T)}
    found, wanted = _both(native, twin, saturated)
    assert (wanted < -0.01).mean() > 0.01
    assert _psnr_tm(found, wanted) >= AGREEMENT_DB


def test_tiles_are_the_whole_frame(twin: Runtime, plate: dict[str, Pixels]) -> None:
    """The halo covers all that a pixel depends on, off the net's grid as well: no seam."""
    inputs = _cut(plate, slice(257), slice(431))
    whole = twin.infer(inputs, {"clean_aux": False}, _ignore)["color"]
    tiled = twin.infer(inputs, {"clean_aux": False}, _ignore, max_tile_px=320)["color"]
    assert np.abs(whole - tiled).max() <= 1e-5 * np.abs(whole).max()


@pytest.mark.parametrize("shape", [(1, 1), (17, 33), (50, 20)])
def test_frames_of_any_size_keep_their_light(twin: Runtime, shape: tuple[int, int]) -> None:
    """Even a single pixel: what the net lacks is put around it."""
    grey = np.full((*shape, 3), 3.0, np.float32)
    result = twin.infer({"color": grey}, {"clean_aux": False}, _ignore)["color"]
    assert result.shape == grey.shape
    np.testing.assert_allclose(result, grey, rtol=0.05)


def test_it_denoises(twin: Runtime, crop: dict[str, Pixels], examples: Path) -> None:
    """The render at 4 samples gains 8 dB against the one at 384."""
    part = load_exr(examples / "reference_0001.exr").parts[0]
    truth = part.stacked([f"ViewLayer.Combined.{letter}" for letter in "RGB"])[80:272, 40:264]
    result = twin.infer(crop, {"clean_aux": False}, _ignore)["color"]
    assert _psnr_tm(result, truth) > _psnr_tm(crop["color"], truth) + 8


@pytest.mark.parametrize("dimmed", [1.0, 1e-7])
def test_a_broken_pixel_is_held_where_native_holds_it(
    native: Runtime, twin: Runtime, crop: dict[str, Pixels], dimmed: float
) -> None:
    """A value of 1e30 counts as 65504 before the exposure, in a frame that is all but black too."""
    color = crop["color"] * np.float32(dimmed)
    color[90, 90] = 1e30
    found, wanted = _both(native, twin, {"color": color})
    assert _psnr_tm(found, wanted) >= AGREEMENT_DB
    assert _psnr(found, wanted) >= AGREEMENT_DB


def test_the_tensors_are_those_of_the_lineage() -> None:
    """What was learned is pinned in every recipe, whatever kind of file holds it."""
    for name in (recipe.name for recipe in recipes()):
        path = installed(name)
        manifest = tomllib.loads((path / "model.toml").read_text(encoding="utf-8"))
        tensors = {
            key: tensor
            for weights in manifest["weights"]
            for key, tensor in safetensors.load_file(path / weights["file"]).items()
        }
        assert lineage.digest_tensors(tensors) == manifest["lineage"]["tensors"]
