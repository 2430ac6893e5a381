"""What a manifest declares of sizes, types and numbers is what a package gets."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.packages import write_package
from filmgate.errors import InputError
from filmgate.manifest import Geometry, Manifest, WarmUp
from filmgate.tensor import Tensor, TensorSpec
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.numerics import engine_versions, numerics_id, real_precision
from filmgate_server.runtime.port import Runtime, load_runtime
from filmgate_server.worker.memory import CpuMemory
from filmgate_server.worker.warmup import make_frame

SHAPES = """
import numpy as np
class Model:
    def infer(self, inputs, params, step):
        height, width, _ = inputs["color"].shape
        return {"color": np.full(inputs["color"].shape, height * 1000 + width, np.float32)}
"""

Load = Callable[..., Runtime]


def _ignore(done: int, total: int) -> None:
    """Stand for a job that nobody cancels."""


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """Return that of a package which tells the size that it was given."""
    return load_package(write_package(tmp_path / "toy", code=SHAPES)).manifest


@pytest.fixture
def load(tmp_path: Path, manifest: Manifest) -> Load:
    """Return what loads it with a changed manifest."""

    def load(entry: dict[str, Any], **changes: Any) -> Runtime:
        inputs = (dataclasses.replace(manifest.inputs[0], **entry),)
        changed = dataclasses.replace(manifest, inputs=inputs, **changes)
        return load_runtime(tmp_path / "toy", changed, "cpu", 1, CpuMemory())

    return load


def test_a_small_frame_is_padded_to_the_least_size(load: Load) -> None:
    """To the least side first, then to the multiple; the result has the frame's own size."""
    runtime = load({}, geometry=Geometry(multiple_of=8, min_px=20))
    found = runtime.infer({"color": np.zeros((3, 30, 3), np.float32)}, {}, _ignore)["color"]
    assert found.shape == (3, 30, 3)
    assert found[0, 0, 0] == 24032


def test_a_frame_that_is_too_large_is_refused(load: Load) -> None:
    """A net that knows positions cannot be cut."""
    runtime = load({}, geometry=Geometry(max_px=16))
    with pytest.raises(InputError, match="at most 16 px"):
        runtime.infer({"color": np.zeros((4, 17, 3), np.float32)}, {}, _ignore)


def test_a_tensor_of_another_type_is_refused(load: Load) -> None:
    """Halves are no floats where the manifest says so."""
    spec = TensorSpec("F16", (2, 2, 3), ("y", "x", "c"))
    with pytest.raises(InputError, match="F32, not of F16"):
        load({"dtype": "F32"}).output_specs({"color": spec}, {})
    assert load({"dtype": "F16"}).output_specs({"color": spec}, {})


def test_what_is_no_number_is_refused_where_that_is_wished(load: Load) -> None:
    """Usually it is replaced; a manifest may ask for an error instead."""
    pixels = np.full((2, 2, 3), np.nan, np.float32)
    spec = TensorSpec("F32", (2, 2, 3), ("y", "x", "c"))
    given = {"color": Tensor(spec, memoryview(pixels).cast("B"))}
    written = {"color": Tensor(spec, memoryview(bytearray(pixels.nbytes)))}
    with pytest.raises(InputError, match="NaN or infinity"):
        load({"nonfinite": "refuse"}).infer_tensors(given, written, {}, _ignore)
    load({}).infer_tensors(given, written, {}, _ignore)


def test_a_model_is_warmed_with_its_own_size(manifest: Manifest) -> None:
    """The manifest knows better; otherwise no frame is larger than the model takes."""
    own = dataclasses.replace(manifest, warmup=WarmUp(96))
    assert make_frame(own, "cpu")[0]["color"].shape == (96, 96, 3)
    small = dataclasses.replace(manifest, geometry=Geometry(max_px=64))
    assert make_frame(small, "cpu")[0]["color"].shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("engine", "device", "expected"),
    [
        ("torch", "cpu", "float32"),
        ("torch", "cuda-sm90", "float16"),
        ("export", "cpu", "float16"),
        ("onnx", "cpu", "float16"),
    ],
)
def test_numerics_say_what_really_runs(
    manifest: Manifest, engine: str, device: str, expected: str
) -> None:
    """A torch module on a CPU computes in float32; a file computes as it was written."""
    assert real_precision(engine, "float16", device) == expected
    runtime = dataclasses.replace(manifest.runtime, engine=engine, precision="float16")
    named = dataclasses.replace(manifest, runtime=runtime)
    found = numerics_id(named, device, {engine: "9.9"})
    assert found.startswith(f"{engine}-9.9/{expected}/{device}/")


def test_a_program_is_run_by_torch() -> None:
    """The engine of exported programs has torch's version."""
    versions = engine_versions()
    assert versions.get("export") == versions.get("torch") or "torch" not in versions
