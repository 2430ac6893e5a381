"""The zoo's cheap models, whose results are known exactly."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from filmgate.errors import InputError
from filmgate.manifest import (
    Batch,
    Geometry,
    GoldenTest,
    ModelInput,
    ModelOutput,
    RuntimeSpec,
    Temporal,
    Tiling,
    WarmUp,
    Weights,
    parse_manifest,
)
from filmgate.params import Parameter, resolve_parameters
from filmgate.tensor import DTYPE_BYTES, Tensor, TensorSpec
from filmgate_server.commands.bearer import Bearer
from filmgate_server.commands.goldens import check_goldens
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.port import Runtime, load_runtime
from filmgate_server.worker.memory import CpuMemory
from filmgate_server.zoo import ZOO_FOLDER

RGBA = ("y", "x", "c")
FLOATS = ("F16", "BF16", "F32", "F64")


def _ignore(done: int, total: int) -> None:
    """Stand for a job that nobody cancels."""


def _load(name: str) -> Runtime:
    package = load_package(ZOO_FOLDER / name)
    return load_runtime(package.path, package.manifest, "cpu", 1, CpuMemory())


def _bytes(size: int) -> bytes:
    """Return every kind of number there is: NaN patterns, infinities, denormals, −0."""
    return np.random.default_rng(0).integers(0, 256, size, np.uint8).tobytes()


def _run(name: str, spec: TensorSpec, content: bytes, **params: Any) -> bytes:
    runtime = _load(name)
    assert runtime.output_specs({"color": spec}, params) == {"color": spec}
    target = bytearray(spec.size_bytes)
    inputs = {"color": Tensor(spec, memoryview(content))}
    runtime.infer_tensors(inputs, {"color": Tensor(spec, memoryview(target))}, params, _ignore)
    return bytes(target)


def _signs(content: bytes, width: int) -> NDArray[np.uint8]:
    """Return the byte of each number that holds its sign."""
    return np.frombuffer(content, np.uint8).reshape(-1, width)[:, -1]


@pytest.mark.parametrize("dtype", DTYPE_BYTES)
def test_identity_returns_every_tensor(dtype: str) -> None:
    """Tensors of any type come back byte for byte."""
    spec = TensorSpec(dtype, (5, 7), ("y", "x"))
    content = bytes(spec.size_bytes) if dtype == "BOOL" else _bytes(spec.size_bytes)
    assert _run("identity", spec, content) == content


def test_identity_returns_every_pixel() -> None:
    """Images come back as they are, in memory of their own."""
    image = np.random.default_rng(0).standard_normal((5, 7, 3), np.float32)
    result = _load("identity").infer({"color": image}, {}, _ignore)["color"]
    np.testing.assert_array_equal(result, image)
    assert not np.shares_memory(result, image)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(3, 5, 4), (3, 5, 3), (1, 1, 4)])
def test_negate_changes_the_sign_bits_only(dtype: str, shape: tuple[int, ...]) -> None:
    """Each sign turns, alpha's excepted; no other bit does, whatever it stands for."""
    spec, width = TensorSpec(dtype, shape, RGBA), DTYPE_BYTES[dtype]
    content = _bytes(spec.size_bytes)
    found = _run("negate", spec, content, alpha=False)
    expected = np.frombuffer(content, np.uint8).reshape(-1, width).copy()
    turned = np.ones(shape, bool)
    turned[..., 3:] = False
    expected[:, -1] ^= np.where(turned.reshape(-1), 0x80, 0).astype(np.uint8)
    assert found == expected.tobytes()


def test_negate_can_take_alpha_too() -> None:
    """The parameter includes the fourth channel."""
    spec = TensorSpec("F16", (3, 5, 4), RGBA)
    content = _bytes(spec.size_bytes)
    found = _run("negate", spec, content, alpha=True)
    assert (_signs(found, 2) ^ _signs(content, 2) == 0x80).all()


def test_four_values_are_alpha_only_on_a_channel_axis() -> None:
    """A tensor of points with four columns has no alpha."""
    spec = TensorSpec("F32", (9, 4), ("point", "row"))
    content = _bytes(spec.size_bytes)
    found = _run("negate", spec, content, alpha=False)
    assert (_signs(found, 4) ^ _signs(content, 4) == 0x80).all()


def test_negate_twice_is_nothing() -> None:
    """The way back is the way there."""
    spec = TensorSpec("F16", (40, 30, 4), RGBA)
    content = _bytes(spec.size_bytes)
    assert _run("negate", spec, _run("negate", spec, content, alpha=False), alpha=False) == content


def test_negate_refuses_whole_numbers() -> None:
    """An integer has no sign bit to turn."""
    spec = TensorSpec("I32", (2, 2), ("y", "x"))
    with pytest.raises(InputError, match="I32"):
        _run("negate", spec, bytes(16), alpha=False)


def test_negate_negates_images() -> None:
    """Each value changes its sign; zero does too."""
    image = np.random.default_rng(0).standard_normal((5, 7, 3), np.float32)
    image[0, 0] = 0
    result = _load("negate").infer({"color": image}, {"alpha": False}, _ignore)["color"]
    np.testing.assert_array_equal(result, -image)
    assert np.signbit(result[0, 0]).all()


def test_defaults_resolve() -> None:
    """Every model of the zoo can be asked for without naming a parameter."""
    resolved = {
        path.name: resolve_parameters(load_package(path).manifest.params, {})
        for path in ZOO_FOLDER.iterdir()
        if (path / "model.toml").exists()
    }
    assert resolved == {
        "denoise": {"quality": "high", "clean_aux": False},
        "identity": {},
        "negate": {"alpha": False},
        "smooth": {"amount": 1.0},
        "smooth-points": {
            "radius": 0.0,
            "strength": 1.0,
            "iterations": 1,
            "edge_angle": 30.0,
        },
        "smooth-volume": {"radius": 2, "edge": 0.2, "strength": 1.0, "iterations": 2},
        "terrain-detail": {"amount": 1.0},
    }


def test_the_page_shows_a_real_manifest(repository: Path) -> None:
    """The example in the documentation is the manifest of `smooth`, field by field."""
    page = (repository / "docs" / "manifest.md").read_text(encoding="utf-8")
    smooth = load_package(ZOO_FOLDER / "smooth").manifest
    example = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert example
    text = example[1].replace("…", smooth.weights[0].sha256)
    shown = parse_manifest(tomllib.loads(text))
    assert dataclasses.replace(shown, params=()) == dataclasses.replace(smooth, params=())
    assert [parameter.name for parameter in shown.params] == ["amount"]


def test_the_page_names_every_field_and_model(repository: Path) -> None:
    """A field that a manifest can have, or a model of the zoo, is not left undocumented."""
    pages = [repository / "docs" / name for name in ("manifest.md", "models.md")]
    page = "".join(path.read_text(encoding="utf-8") for path in pages)
    tables = (
        ModelInput,
        ModelOutput,
        Geometry,
        Tiling,
        Temporal,
        Batch,
        RuntimeSpec,
        Parameter,
        Weights,
        WarmUp,
        GoldenTest,
    )
    names = {field.name for table in tables for field in dataclasses.fields(table)}
    names |= {path.parent.name for path in ZOO_FOLDER.glob("*/model.toml")}
    assert {name for name in names if name not in re.findall(r"[a-z0-9_-]+", page)} == set()


@pytest.mark.parametrize("name", ["smooth-points", "smooth-volume", "terrain-detail"])
def test_geometry_passes_its_golden_tests(name: str) -> None:
    """The check's own part on what comes with the server."""
    pytest.importorskip("torch", reason="torch is not installed: the extra [torch]")
    path = ZOO_FOLDER / name
    bearer = Bearer(path, load_package(path).manifest, "cpu", 1, CpuMemory())
    findings = list(check_goldens(path, bearer))
    bearer.close()
    assert [finding.verdict for finding in findings] == ["holds"]
