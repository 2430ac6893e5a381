"""Make the golden tests of the zoo's packages: ``python -m bench.goldens [NAME ...]``.

Each gets a tiny input in half float, a crop of an example plate or a drawn picture, and what its
net makes of it on the CPU in float32: ``tests/`` in the package, which its ``[[tests]]`` name. The
models are installed into ``.build/zoo``. Look at what changed before you keep it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.cards import BUILD, RECIPES
from filmgate.image.exr import encode_exr, load_exr
from filmgate.image.frame import Part, Plate
from filmgate.image.header import new_header
from filmgate.image.window import Window
from filmgate_server.recipes.install import install
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.port import load_runtime
from filmgate_server.worker.memory import CpuMemory

Pixels = NDArray[np.float32]
Files = dict[str, Pixels]

PLATES = Path(__file__).resolve().parents[1] / "examples" / "plates"
BALL = (112, 96)
"""Row and column beside the gold ball's highlight of 16."""
HEAD = (96, 272)
"""Of the head, which moves from frame to frame."""
DRAWN_PX = 128
GRAIN = 25 / 255


def main(names: list[str]) -> None:
    """Write the inputs and the goldens of each of *names*, all without any."""
    for name in names or MAKERS:
        frames, params, output = MAKERS[name]
        given = {file: light.astype(np.float16) for file, light in frames().items()}
        stack = [light.astype(np.float32) for light in given.values()]
        pixels = np.stack(stack) if len(stack) > 1 else stack[0]
        folder = RECIPES / name.replace("-", "_") / "package" / "tests"
        folder.mkdir(exist_ok=True)
        for file, light in given.items():
            _write(folder / file, light, "RGB")
        result = _infer(name, pixels, params)[output].astype(np.float16)
        channels = "RGB" if result.shape[-1] == len("RGB") else [f"{output}.A"]
        _write(folder / "golden.exr", result, channels)


def _plate() -> Files:
    return {"plate.exr": _crop(1, BALL, 48)}


def _small_plate() -> Files:
    return {"plate.exr": _crop(1, BALL, 32)}


def _grainy() -> Files:
    """Return light with grain of 25 code values as a screen would show it."""
    light = _crop(1, BALL, 64)
    noise = np.random.default_rng(1).standard_normal(light.shape) * GRAIN
    return {"plate.exr": light_of(_codes(light) + noise)}


def _moving() -> Files:
    """Return frames 1 and 3, as neighbours."""
    return {f"plate.{at:04d}.exr": _crop(frame, HEAD, 64) for at, frame in ((1, 1), (2, 3))}


def _drawn() -> Files:
    return {"plate.exr": light_of(drawn_person(DRAWN_PX))}


def drawn_person(side: int) -> Pixels:
    """Return a person before a grey wall, (*side*, *side*, 3) sRGB code values."""
    y, x = np.mgrid[0:side, 0:side] / side

    def oval(at: tuple[float, float], size: tuple[float, float]) -> NDArray[Any]:
        return ((x - at[0]) / size[0]) ** 2 + ((y - at[1]) / size[1]) ** 2 < 1

    pixels = np.empty((side, side, 3), np.float32)
    pixels[:] = (0.55, 0.6, 0.65)
    pixels[oval((0.5, 1.05), (0.33, 0.45))] = (0.2, 0.25, 0.5)
    pixels[(abs(x - 0.5) < 0.07) & (y > 0.4) & (y < 0.7)] = (0.75, 0.55, 0.45)
    pixels[oval((0.5, 0.33), (0.14, 0.19))] = (0.85, 0.65, 0.55)
    pixels[oval((0.5, 0.24), (0.16, 0.14)) & (y < 0.26)] = (0.2, 0.13, 0.08)
    for eye in (0.45, 0.55):
        pixels[oval((eye, 0.32), (0.018, 0.012))] = 0.1
    pixels[oval((0.5, 0.43), (0.05, 0.012))] = (0.6, 0.25, 0.25)
    return pixels


MAKERS: dict[str, tuple[Callable[[], Files], dict[str, Any], str]] = {
    "degrain": (_grainy, {"sigma": 25.0, "keep_grain": 0.0}, "color"),
    "upscale": (_plate, {}, "color"),
    "upscale-4x": (_small_plate, {}, "color"),
    "retime": (_moving, {"fraction": 0.5}, "color"),
    "matte": (_drawn, {"refine": True, "edge_px": 6}, "matte"),
}


def _infer(name: str, pixels: Pixels, params: dict[str, Any]) -> dict[str, Any]:
    (path,) = install([name], BUILD / "zoo", print, BUILD / "wheels")
    model = load_runtime(path, load_package(path).manifest, "cpu", 2, CpuMemory())
    return model.infer({"color": pixels}, params, lambda *_: None)


def _crop(frame: int, corner: tuple[int, int], side: int) -> Pixels:
    part = load_exr(PLATES / f"reference_{frame:04d}.exr").parts[0]
    light = part.stacked([f"ViewLayer.Combined.{letter}" for letter in "RGB"])
    return light[corner[0] : corner[0] + side, corner[1] : corner[1] + side]


def _codes(light: Pixels) -> Any:
    """Return sRGB code values; the curve goes on above 1."""
    above = 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, above)


def light_of(codes: Any) -> NDArray[Any]:
    """Return the linear light of sRGB code values; the curve goes on above 1."""
    above = ((np.maximum(codes, 0) + 0.055) / 1.055) ** 2.4
    return np.where(codes <= 0.04045, codes / 12.92, above)


def _write(path: Path, pixels: NDArray[np.float16], channels: Any) -> None:
    height, width = pixels.shape[:2]
    window = Window(0, 0, width - 1, height - 1)
    planes = {name: np.ascontiguousarray(pixels[..., at]) for at, name in enumerate(channels)}
    path.write_bytes(encode_exr(Plate((Part(new_header(window, window), planes),))))
    sys.stdout.write(f"{path.parent.parent.parent.name}/{path.name}: {path.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
