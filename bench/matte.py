"""Make the picture of the matte's card: ``python -m bench.matte PICTURE.png``.

The card shows `astronaut.png` of scikit-image, a photograph by NASA in the public domain: the
photograph, the net's matte, the refined one, and the person before green.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO

from bench.cards import BUILD, RECIPES
from filmgate.image.colour import builtin_config
from filmgate.image.picture import load_picture
from filmgate_server.recipes.install import install
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.port import load_runtime
from filmgate_server.worker.memory import CpuMemory

SRGB, LINEAR = "sRGB - Texture", "Linear Rec.709 (sRGB)"
GREEN = (0.0, 0.6, 0.0)
EDGE_PX = 6

_oiio: Any = OpenImageIO


def main(source: str) -> None:
    """Write the picture of *source*, an sRGB file."""
    codes = load_picture(Path(source)).plate.parts[0].stacked("RGB")
    light = builtin_config().processor(SRGB, LINEAR).apply(codes)
    (path,) = install(["matte"], BUILD / "zoo", print, BUILD / "wheels")
    runtime = load_runtime(path, load_package(path).manifest, "cpu", 2, CpuMemory())
    rough, fine = (
        runtime.infer({"color": light}, {"refine": refine, "edge_px": EDGE_PX}, lambda *_: None)
        for refine in (False, True)
    )
    mattes = [np.repeat(each["matte"], 3, axis=2) for each in (rough, fine)]
    before_green = codes * mattes[1] + (1 - mattes[1]) * np.array(GREEN, np.float32)
    _save(np.concatenate([codes, *mattes, before_green], axis=1))


def _save(pixels: Any) -> None:
    path = str(RECIPES / "matte" / "package" / "before_after.jpg")
    spec = _oiio.ImageSpec(pixels.shape[1], pixels.shape[0], 3, "uint8")
    spec.attribute("compression", "jpeg:88")
    output = _oiio.ImageOutput.create(path)
    output.open(path, spec)
    output.write_image(np.ascontiguousarray(pixels, np.float32))
    output.close()


if __name__ == "__main__":
    main(sys.argv[1])
