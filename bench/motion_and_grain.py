"""Figures and pictures of the cards of `retime` and `degrain`, on the plates that come along.

``python -m bench.motion_and_grain`` installs both into ``.build/zoo``, prints the figures and
writes the pictures beside the cards.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import OpenImageIO
from numpy.typing import NDArray

from filmgate_server.recipes.install import install
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.port import Runtime, load_runtime
from filmgate_server.worker.memory import CpuMemory

Pixels = NDArray[Any]

ROOT = Path(__file__).resolve().parents[1]
RECIPES = ROOT / "gpu_server" / "filmgate_server" / "recipes"
CROP = (slice(60, 300), slice(20, 260))
EASED = 1 / 3
"""Frame 3 of the plates is a third of the way from 1 to 5: the animation starts slowly."""
SIGMAS = (5.0, 10.0, 25.0, 50.0)


def main() -> None:
    """Print the figures and write the pictures into the recipes."""
    build = ROOT / ".build"
    retime, degrain = install(["retime", "degrain"], build / "zoo", print, build / "wheels")
    _retime(_load(retime))
    _degrain(_load(degrain))


def _retime(model: Runtime) -> None:
    before, truth, after = (_render(frame) for frame in (1, 3, 5))
    mean = (before + after) / 2
    for fraction in (EASED, 0.5):
        made = _infer(model, np.stack((before, after)), fraction=fraction)
        reached, averaged = (_psnr(_toned(each), _toned(truth)) for each in (made, mean))
        text = f"retime at {fraction:.2f}: {reached:.2f} dB, the mean {averaged:.2f} dB"
        print(f"{text}, largest {made.max():.1f} of {truth.max():.1f}")  # noqa: T201 - the result
        if fraction == EASED:
            panels = [_screen(each)[CROP] for each in (mean, made, truth)]
            _write(RECIPES / "retime" / "package" / "before_after.jpg", panels)


def _degrain(model: Runtime) -> None:
    clean = np.clip(_screen(_render(1)), 0, 1)
    for sigma in SIGMAS:
        noise = np.random.default_rng(0).standard_normal(clean.shape) * (sigma / 255)
        noisy = (clean + noise).astype(np.float32)
        made = _screen(_infer(model, _light(noisy), sigma=sigma, keep_grain=0.0))
        print(f"degrain {sigma:g}: {_psnr(noisy, clean):.2f} to {_psnr(made, clean):.2f} dB")  # noqa: T201
        if sigma == SIGMAS[2]:
            panels = [each[CROP] for each in (noisy, made, clean)]
            _write(RECIPES / "degrain" / "package" / "before_after.jpg", panels)


def _load(path: Path) -> Runtime:
    return load_runtime(path, load_package(path).manifest, "cpu", 2, CpuMemory())


def _infer(model: Runtime, color: Pixels, **params: Any) -> Pixels:
    return model.infer({"color": color}, params, lambda *_: None)["color"]


def _render(frame: int) -> Pixels:
    path = ROOT / "examples" / "plates" / f"reference_{frame:04d}.exr"
    channels = OpenEXR.File(str(path), separate_channels=True).channels()
    planes = [channels[f"ViewLayer.Combined.{name}"].pixels for name in "RGB"]
    return np.stack(planes, -1).astype(np.float32)


def _toned(light: Pixels) -> Pixels:
    return light / (1 + np.abs(light))


def _screen(light: Pixels) -> Pixels:
    above = 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, above).astype(np.float32)


def _light(code: Pixels) -> Pixels:
    above = ((np.maximum(code, 0) + 0.055) / 1.055) ** 2.4
    return np.where(code <= 0.04045, code / 12.92, above).astype(np.float32)


def _psnr(made: Pixels, truth: Pixels) -> float:
    return float(-10 * np.log10(np.mean((made.astype(np.float64) - truth) ** 2)))


def _write(path: Path, panels: list[Pixels]) -> None:
    """Write pictures side by side."""
    row = (np.clip(np.concatenate(panels, 1), 0, 1) * 255 + 0.5).astype(np.uint8)
    spec = OpenImageIO.ImageSpec(row.shape[1], row.shape[0], 3, "uint8")
    spec["Compression"] = "jpeg:88"
    picture = OpenImageIO.ImageBuf(spec)
    picture.set_pixels(spec.roi, row)
    picture.write(str(path))


if __name__ == "__main__":
    main()
