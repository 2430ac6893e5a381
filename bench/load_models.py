"""A model for the load: it keeps its device as long as it is told to, without using a processor."""

from __future__ import annotations

from pathlib import Path

PAUSE = "pause"
TILE_S = 0.005
"""So long each of its tiles takes."""

_MANIFEST = """
[model]
name = "pause"
version = "1.0.0"
task = "test"
summary = "Negates every channel, tile by tile, as slowly as it is told to."
[licence]
code = "Apache-2.0"
weights = "none"
[[inputs]]
name = "color"
role = "color"
channels = ["R", "G", "B", "A"]
[[outputs]]
name = "color"
channels = ["R", "G", "B", "A"]
replaces = "color"
[runtime]
engine = "array"
entry = "model.py:Model"
[[params]]
name = "tiles"
type = "int"
default = 1
low = 1
high = 100000
[[params]]
name = "seed"
type = "int"
default = 0
"""

_CODE = f"""
import time

class Model:
    def infer(self, inputs, params, step):
        for tile in range(params["tiles"]):
            step(tile, params["tiles"])
            time.sleep({TILE_S})
        step(params["tiles"], params["tiles"])
        return {{"color": -inputs["color"]}}
"""


def write_models(folder: Path) -> Path:
    """Write the package into *folder* and return the folder to serve."""
    package = folder / "models" / PAUSE
    package.mkdir(parents=True)
    (package / "model.toml").write_text(_MANIFEST, encoding="utf-8")
    (package / "model.py").write_text(_CODE, encoding="utf-8")
    return package.parent
