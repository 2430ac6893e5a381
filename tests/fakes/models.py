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


def write_model(folder: Path, name: str, code: str, **values: Any) -> None:
    """Write the package *name* into *folder*; *values* are put into its code."""
    package = folder / name
    package.mkdir(parents=True)
    texts = {key: str(value) for key, value in values.items()}
    (package / "model.toml").write_text(dedent(MANIFEST.format(name=name)))
    (package / "model.py").write_text(dedent(code.format(**texts)))
