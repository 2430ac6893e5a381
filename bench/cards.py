"""Make the pictures of the zoo's cards: ``python -m bench.cards [NAME ...]``, without names all.

Each shows three crops of an example plate side by side, twice as large as they are: what the model
is given (enlarged by bicubic interpolation), its result and the truth; the figures are of the whole
frame, after x / (1 + |x|). Models of recipes are installed into ``.build/zoo``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import OpenImageIO
import torch
from numpy.typing import NDArray

from filmgate.params import resolve_parameters
from filmgate_server.recipes.install import install
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.port import load_runtime
from filmgate_server.worker.memory import CpuMemory

Pixels = NDArray[Any]

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / ".build"
SERVER = ROOT / "gpu_server" / "filmgate_server"
RECIPES, ZOO = SERVER / "recipes", SERVER / "zoo"
DENOISERS = ("denoise", "denoise-torch")
SCALES = {"upscale": 2, "upscale-4x": 4}
CROP = (slice(108, 208), slice(92, 192))
"""100 × 100 px around the gold ball's highlight."""
ENLARGED = 2


def main(names: list[str]) -> None:
    """Write the picture of each of *names*."""
    for name in names or (*DENOISERS, *SCALES):
        panels = _panels(name)
        before, after = (_psnr_tm(image, panels[2]) for image in panels[:2])
        sys.stdout.write(f"{name}: {before:.2f} -> {after:.2f} dB\n")
        _write(_source(name) / "before_after.jpg", panels)


def _source(name: str) -> Path:
    """Return the folder of a package in this repository."""
    packaged = ZOO / name
    return packaged if packaged.is_dir() else RECIPES / name.replace("-", "_") / "package"


def _panels(name: str) -> list[Pixels]:
    """Return what to show, scene-linear, in the plate's size."""
    truth = _layer("reference", "Combined", "RGB")
    if name in DENOISERS:
        noisy = _layer("noisy", "Combined", "RGB")
        albedo = _layer("noisy", "Denoising Albedo", "RGB")
        normal = _layer("noisy", "Denoising Normal", "XYZ")
        inputs = {"color": noisy, "albedo": albedo, "normal": normal}
        return [noisy, _infer(name, inputs), truth]
    small = _reduced(truth, SCALES[name])
    return [_bicubic(small, SCALES[name]), _infer(name, {"color": small}), truth]


def _infer(name: str, inputs: dict[str, Pixels]) -> Pixels:
    path = ZOO / name
    if not path.is_dir():
        (path,) = install([name], BUILD / "zoo", print, BUILD / "wheels")
    manifest = load_package(path).manifest
    model = load_runtime(path, manifest, "cpu", 2, CpuMemory())
    return model.infer(inputs, resolve_parameters(manifest.params, {}), lambda *_: None)["color"]


def _layer(kind: str, layer: str, channels: str) -> Pixels:
    path = ROOT / "examples" / "plates" / f"{kind}_0001.exr"
    planes = OpenEXR.File(str(path), separate_channels=True).channels()
    picked = [planes[f"ViewLayer.{layer}.{name}"].pixels for name in channels]
    return np.stack(picked, -1).astype(np.float32)


def _reduced(light: Pixels, scale: int) -> Pixels:
    """Return the mean of each *scale* × *scale* px."""
    height, width, planes = light.shape
    cells = light.reshape(height // scale, scale, width // scale, scale, planes)
    return cells.mean((1, 3), dtype=np.float64).astype(np.float32)


def _bicubic(light: Pixels, scale: int) -> Pixels:
    planes = torch.from_numpy(light).permute(2, 0, 1)[None]
    large = torch.nn.functional.interpolate(planes, scale_factor=scale, mode="bicubic")
    return large[0].permute(1, 2, 0).numpy()


def _psnr_tm(image: Pixels, truth: Pixels) -> float:
    """Return dB over the whole frame, after x / (1 + |x|)."""
    mapped, wanted = (light / (1 + np.abs(light)) for light in (image, truth))
    return float(-10 * np.log10(np.mean(np.square(mapped - wanted, dtype=np.float64))))


def _screen(light: Pixels) -> Pixels:
    above = 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055
    return np.clip(np.where(light <= 0.0031308, light * 12.92, above), 0, 1)


def _write(path: Path, panels: list[Pixels]) -> None:
    """Write crops side by side, as an sRGB screen shows them."""
    crops = [_screen(light[CROP]).repeat(ENLARGED, 0).repeat(ENLARGED, 1) for light in panels]
    row = (np.concatenate(crops, 1) * 255 + 0.5).astype(np.uint8)
    spec = OpenImageIO.ImageSpec(row.shape[1], row.shape[0], 3, "uint8")
    spec["Compression"] = "jpeg:88"
    picture = OpenImageIO.ImageBuf(spec)
    picture.set_pixels(spec.roi, row)
    picture.write(str(path))


if __name__ == "__main__":
    main(sys.argv[1:])
