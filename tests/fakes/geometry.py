"""Packages that work on geometry, and geometry with a known truth."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmgate.manifest import Manifest, parse_manifest
from filmgate.tensor import TensorSpec, parse_tensor_blob, to_tensor_blob

HEAD = """
[model]
name = "{name}"
version = "1.0.0"
task = "test"
summary = "A package made by a test."
[licence]
code = "Apache-2.0"
weights = "none"
"""

HEIGHT = """
[[inputs]]
name = "height"
kind = "volume"
axes = ["y", "x", "c"]
channels = ["height"]
[[inputs]]
name = "mask"
kind = "volume"
axes = ["y", "x", "c"]
channels = ["mask"]
optional = true
[[inputs]]
name = "spacing"
kind = "attribute"
axes = ["axis"]
optional = true
[[outputs]]
name = "height"
kind = "volume"
axes = ["y", "x", "c"]
channels = ["height"]
replaces = "height"
[[params]]
name = "gain"
type = "float"
default = 1.0
low = 0.0
high = 8.0
"""

DENSITY = """
[[inputs]]
name = "density"
kind = "volume"
[[outputs]]
name = "density"
kind = "volume"
"""

POINTS = """
[[inputs]]
name = "P"
kind = "attribute"
channels = ["x", "y", "z"]
[[inputs]]
name = "id"
kind = "attribute"
axes = ["n"]
dtype = "I32"
optional = true
[[outputs]]
name = "P"
kind = "attribute"
channels = ["x", "y", "z"]
[[outputs]]
name = "kept"
kind = "attribute"
axes = ["n"]
dtype = "I32"
"""

KEEP = """
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        return {"NAME": inputs["NAME"].repeat(SCALE, -2).repeat(SCALE, -3)}
"""
"""Each sample becomes SCALE × SCALE of its kind."""

KEEP_TORCH = """
import torch

class Model(torch.nn.Module):
    def forward(self, NAME, **rest):
        for axis in range(2, NAME.ndim):
            NAME = NAME.repeat_interleave(SCALE, axis)
        return NAME
"""

BLUR = """
import numpy as np

class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        values = inputs["NAME"].astype(np.float64)
        padded = np.pad(values, [(0, 0)] * (values.ndim - 3) + [(3, 3), (3, 3), (0, 0)], "edge")
        rows, columns = values.shape[-3:-1]
        places = [(y, x) for y in range(7) for x in range(7)]
        total = sum(padded[..., y : y + rows, x : x + columns, :] for y, x in places)
        return {"NAME": total / 49 * params.get("gain", 1.0)}
"""
"""The mean of 7 × 7 samples: a result depends on 3 around it."""

BLUR_TORCH = """
import torch

class Model(torch.nn.Module):
    def forward(self, NAME, gain=1.0, **rest):
        pad = (3, 3, 3, 3, 0, 0) if NAME.ndim == 5 else (3, 3, 3, 3)
        wide = torch.nn.functional.pad(NAME, pad, mode="replicate")
        pool = torch.nn.functional.avg_pool3d if NAME.ndim == 5 else torch.nn.functional.avg_pool2d
        return gain * pool(wide, (1, 7, 7) if NAME.ndim == 5 else 7, stride=1)
"""

MOVE = """
import numpy as np

class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        points = inputs["P"]
        ids = inputs.get("id", np.arange(len(points), dtype=np.int32))
        return {"P": points + np.float32(1), "kept": ids}
"""

MOVE_TORCH = """
import torch

class Model(torch.nn.Module):
    def forward(self, P, id=None):
        assert P.dtype == torch.float32 and P.ndim == 2, (P.dtype, P.shape)
        ids = torch.arange(len(P), dtype=torch.int32) if id is None else id
        assert ids.dtype == torch.int32, ids.dtype
        return {"P": P + 1, "kept": ids}
"""


def write_geometry(
    path: Path,
    tables: str,
    code: str,
    *,
    engine: str = "array",
    scale: int = 1,
    more: str = "",
) -> Path:
    """Write a package into the folder *path*; in *code* NAME is the main input's, SCALE the scale.

    Args:
        path: of the package; its name is the model's.
        tables: inputs, outputs and parameters.
        code: of ``model.py``, with the class ``Model``.
        engine: ``array`` or ``torch``.
        scale: of the manifest.
        more: is added to the manifest.
    """
    path.mkdir(parents=True)
    text = HEAD.format(name=path.name) + tables
    text += f'[runtime]\nengine = "{engine}"\nentry = "model.py:Model"\n'
    text += f"[geometry]\nscale = {scale}\n" if scale > 1 else ""
    text += more
    name = parse_manifest(tomllib.loads(text)).main_input.name
    code = code.replace("NAME", name).replace("SCALE", str(scale))
    (path / "model.toml").write_text(text, encoding="utf-8", newline="\n")
    (path / "model.py").write_text(code, encoding="utf-8", newline="\n")
    return path


def geometry_manifest(tables: str, more: str = "") -> Manifest:
    """Return the manifest of a package."""
    runtime = '[runtime]\nengine = "array"\nentry = "model.py:Model"\n'
    return parse_manifest(tomllib.loads(HEAD.format(name="toy") + tables + runtime + more))


def hills(height: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    """Return (y, x, 1) metres: slopes, and noise of a few decimetres."""
    noise = np.random.default_rng(seed).standard_normal((height, width))
    y, x = np.mgrid[0:height, 0:width]
    metres = 400 + 120 * np.sin(y / 17) * np.cos(x / 23) + 0.3 * noise
    return metres[..., None].astype(np.float32)


def cloud(depth: int, height: int, width: int) -> NDArray[np.float32]:
    """Return (z, y, x, 1) of a density."""
    values = np.random.default_rng(depth).random((depth, height, width, 1))
    return values.astype(np.float32)


def points(count: int) -> NDArray[np.float32]:
    """Return (n, 3) of positions in metres."""
    return np.random.default_rng(count).uniform(-50, 50, (count, 3)).astype(np.float32)


_DTYPES = {"f4": "F32", "f2": "F16", "f8": "F64", "i4": "I32", "i8": "I64", "b1": "BOOL"}


def to_blob(axes: str = "", **named: NDArray[Any]) -> bytes:
    """Return a blob; *axes* are those of every tensor, and empty where nobody names them."""
    return to_tensor_blob(
        {
            name: (_spec(array, axes), np.ascontiguousarray(array).tobytes())
            for name, array in named.items()
        }
    )


def _spec(array: NDArray[Any], axes: str) -> TensorSpec:
    names = tuple(axes.split()) or tuple(f"axis{place}" for place in range(array.ndim))
    return TensorSpec(_DTYPES[array.dtype.str[1:]], array.shape, names)


def from_blob(content: Any, name: str) -> NDArray[Any]:
    """Return a tensor of a blob."""
    tensor = parse_tensor_blob(content)[name]
    kinds = {dtype: kind for kind, dtype in _DTYPES.items()}
    return np.frombuffer(tensor.data, kinds[tensor.spec.dtype]).reshape(tensor.spec.shape)
