"""Model packages made for one test."""

from __future__ import annotations

from pathlib import Path

MANIFEST = """
[model]
name = "{name}"
version = "{version}"
task = "test"
summary = "A package made by a test."

[licence]
code = "Apache-2.0"
weights = "none"

[[inputs]]
name = "color"
role = "color"
channels = ["R", "G", "B"]

[[outputs]]
name = "color"
channels = ["R", "G", "B"]
replaces = "color"

[runtime]
engine = "{engine}"
entry = "{entry}"
"""

DOUBLE = """
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        return {"color": inputs["color"] * 2}
"""

NEAREST = """
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        return {"color": inputs["color"].repeat(SCALE, 0).repeat(SCALE, 1)}
"""
"""Each pixel becomes SCALE x SCALE of its kind."""

NEAREST_TORCH = """
import torch

class Model(torch.nn.Module):
    def forward(self, color):
        return color.repeat_interleave(SCALE, 2).repeat_interleave(SCALE, 3)
"""

BOX = """
import numpy as np

class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        color = inputs["color"].astype(np.float64)
        height, width, _ = color.shape
        padded = np.pad(color, ((REACH, REACH), (REACH, REACH), (0, 0)), mode="edge")
        places = [(y, x) for y in range(2 * REACH + 1) for x in range(2 * REACH + 1)]
        total = sum(padded[y : y + height, x : x + width] for y, x in places)
        return {"color": total / len(places)}
"""
"""The mean of the pixels up to REACH px away, the frame's edges repeated."""

MEAN_OF_TIMES = """
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        return {"color": inputs["color"].mean(0) * params.get("fraction", 1.0)}
"""

MEAN_OF_TIMES_TORCH = """
import torch

class Model(torch.nn.Module):
    def forward(self, color, fraction=1.0):
        return color.mean(1) * fraction
"""
"""A clip arrives as (N, T, C, H, W)."""


def write_package(
    path: Path,
    *,
    name: str = "toy",
    version: str = "1.0.0",
    engine: str = "array",
    entry: str = "model.py:Model",
    code: str = DOUBLE,
    more: str = "",
) -> Path:
    """Write a package into the folder *path*; *more* is added to its manifest."""
    path.mkdir(parents=True)
    text = MANIFEST.format(name=name, version=version, engine=engine, entry=entry)
    (path / "model.toml").write_text(text + more, encoding="utf-8", newline="\n")
    (path / "model.py").write_text(code, encoding="utf-8", newline="\n")
    return path


def tiling(max_tile_px: int, halo_px: int = 0, blend_px: int = 0) -> str:
    """Return a manifest's table that says how a frame is cut."""
    return f"[tiling]\nmax_tile_px = {max_tile_px}\nhalo_px = {halo_px}\nblend_px = {blend_px}\n"


def write_upscaler(path: Path, *, scale: int, engine: str = "array", more: str = "") -> Path:
    """Write the package that repeats each pixel *scale* times along each side."""
    code = {"array": NEAREST, "torch": NEAREST_TORCH}[engine].replace("SCALE", str(scale))
    more = f"[geometry]\nscale = {scale}\n{more}"
    return write_package(path, name="nearest", engine=engine, code=code, more=more)
