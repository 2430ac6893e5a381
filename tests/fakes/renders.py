"""What the tests of the zoo's nets have in common: renders, grain, figures."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from filmgate_server.registry.local import load_package
from filmgate_server.runtime.port import Runtime, load_runtime
from filmgate_server.worker.memory import CpuMemory

Pixels = NDArray[np.float32]

ROOT = Path(__file__).resolve().parents[2]
PLATES = ROOT / "examples" / "plates"
GRAIN = 25 / 255
THREADS = 2


def loaded(path: Path) -> Runtime:
    """Load a package on the CPU."""
    return load_runtime(path, load_package(path).manifest, "cpu", THREADS, CpuMemory())


def render(frame: int) -> Pixels:
    """Return (H, W, 3) of a clean render, scene-linear."""
    file: Any = OpenEXR.File(str(PLATES / f"reference_{frame:04d}.exr"), separate_channels=True)
    channels = file.channels()
    planes = [channels[f"ViewLayer.Combined.{name}"].pixels for name in "RGB"]
    return np.stack(planes, -1).astype(np.float32)


def grain(shape: tuple[int, ...]) -> Pixels:
    """Return noise of 25 code values of 255."""
    noise = np.random.default_rng(1).standard_normal(tuple(shape)) * GRAIN
    return noise.astype(np.float32)


def screen(pixels: Pixels, *, back: bool = False) -> Pixels:
    """Return sRGB code values of light from 0 to 1, or light of code values, not clipped."""
    if back:
        above = ((np.maximum(pixels, 0) + 0.055) / 1.055) ** 2.4
        return np.where(pixels <= 0.04045, pixels / 12.92, above).astype(np.float32)
    above = 1.055 * np.maximum(pixels, 0) ** (1 / 2.4) - 0.055
    return np.where(pixels <= 0.0031308, pixels * 12.92, above).astype(np.float32)


def toned(pixels: Pixels) -> Pixels:
    """Return x / (1 + |x|), after which PSNR weighs highlights as an eye would."""
    return pixels / (1 + np.abs(pixels))


def psnr(made: Pixels, truth: Pixels) -> float:
    """Return the PSNR in dB where 1 is the peak."""
    return float(-10 * np.log10(np.mean((made.astype(np.float64) - truth) ** 2)))


def reference() -> Any:
    """Return the script that wrote the golden crops: its inputs, and ``load`` for what it wrote."""
    path = ROOT / "tests" / "golden" / "make_nets_reference.py"
    spec = importlib.util.spec_from_file_location("make_nets_reference", path)
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
