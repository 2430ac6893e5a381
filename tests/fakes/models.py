"""Model packages that misbehave in a way that a test chooses."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

MANIFEST = """
[model]
name = "{name}"
version = "1.0.0"
task = "test"
summary = "Negates, and does what a test wants of it."
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
engine = "array"
entry = "model.py:Model"
"""

GATED = """
import pathlib, time
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        while not pathlib.Path({gate!r}).exists():
            step(0, 1)
            time.sleep(0.005)
        step(1, 1)
        return {{"color": -inputs["color"]}}
"""
"""Stands still in the middle of a frame until the file *gate* exists."""

DEADLY = """
import os
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        if inputs["color"][0, 0, 0] == 666:
            os.kill(os.getpid(), 9)
        return {{"color": -inputs["color"]}}
"""
"""Kills its worker at a frame whose first value is 666."""

FAULTY = """
import ctypes, os, sys
import numpy as np
from filmgate.errors import ModelError
FAULTS = {{
    1: lambda color: 1 / 0,
    2: lambda color: sys.exit(3),
    3: lambda color: np.ones((1 << 30, 1 << 20), np.float32),
    4: lambda color: {{"color": color[:2]}},
    5: lambda color: {{"colour": color}},
    6: lambda color: None,
    7: lambda color: {{"color": color.astype(np.float64).tolist()}},
    8: lambda color: fail(ModelError("x" * 100_000, "y" * 100_000, LONG)),
    9: lambda color: fail(ModelError("odd", detail=ODD)),
    10: lambda color: {{"color": np.full_like(color, np.nan)}},
    11: lambda color: fail(KeyboardInterrupt()),
    12: lambda color: fail(Mute()),
}}
LONG = {{str(n) * 3000: "z" * 9000 for n in range(200)}}
ODD = {{"list": ["a", {{"b": object()}}], "nan": float("nan"), "big": 1 << 80, "many": [0.0] * 999}}
class Mute(Exception):
    def __str__(self):
        raise ValueError
def fail(error):
    raise error
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        fault = FAULTS.get(int(inputs["color"][0, 0, 0]) - 666)
        return {{"color": -inputs["color"]}} if fault is None else fault(inputs["color"])
"""
"""Fails in the way that is numbered by the first value, less 666."""

CRASHING = """
import ctypes
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        if inputs["color"][0, 0, 0] == 666:
            ctypes.string_at(0)
        return {{"color": -inputs["color"]}}
"""
"""Reads where there is no memory, as broken native code does, at a first value of 666."""


MEAN = """
import numpy as np
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        return {{"color": inputs["color"].mean(axis=0, dtype=np.float64).astype(np.float32)}}
"""
"""The mean over the frames of a window or a clip."""

BLEND = """
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        before, after = inputs["color"]
        return {{"color": before + (after - before) * params["fraction"]}}
"""
"""Fades from the frame before a time to the one after it."""


def write_model(folder: Path, name: str, code: str, more: str = "", **values: Any) -> None:
    """Write the package *name* into *folder*.

    Args:
        folder: of the packages.
        name: of this one.
        code: of its class.
        more: added to its manifest.
        values: are put into the code.
    """
    package = folder / name
    package.mkdir(parents=True)
    texts = {key: str(value) for key, value in values.items()}
    (package / "model.toml").write_text(dedent(MANIFEST.format(name=name)) + more)
    (package / "model.py").write_text(dedent(code.format(**texts)))
