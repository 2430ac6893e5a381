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
