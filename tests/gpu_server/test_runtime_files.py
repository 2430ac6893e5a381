"""Nets that come as one file: exported programs and ONNX graphs, and what of them is refused."""

from __future__ import annotations

import dataclasses
import io
import os
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.nets import write_exported, write_graph
from filmgate.errors import ManifestError
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.port import Runtime, load_runtime
from filmgate_server.runtime.program import is_arithmetic
from filmgate_server.worker.memory import CpuMemory

if find_spec("torch") is None:
    pytest.skip("torch is not installed: the extra [torch]", allow_module_level=True)

Pixels = NDArray[np.float32]
Write = Callable[..., Path]

FORMS = [
    write_exported,
    pytest.param(
        write_graph,
        marks=pytest.mark.skipif(
            not (find_spec("onnxruntime") and find_spec("onnx")), reason="the extra [onnx]"
        ),
    ),
]


def _ignore(done: int, total: int) -> None:
    """Stand for a job that nobody cancels."""


def _load(path: Path, **changes: Any) -> Runtime:
    package = load_package(path)
    runtime = dataclasses.replace(package.manifest.runtime, **changes)
    manifest = dataclasses.replace(package.manifest, runtime=runtime)
    return load_runtime(package.path, manifest, "cpu", 1, CpuMemory())


def _mean(image: Pixels) -> NDArray[np.float64]:
    """Return what the net computes inside a frame, one pixel from its edges."""
    height, width, _ = image.shape
    wide = image.astype(np.float64)
    total = sum(wide[y : y + height - 2, x : x + width - 2] for y in range(3) for x in range(3))
    return np.asarray(total) / 8


@pytest.mark.parametrize("write", FORMS)
def test_a_file_computes_what_it_says(write: Write, tmp_path: Path) -> None:
    """In tiles of several sizes, with a parameter, on light beyond 1 and below 0."""
    image = np.random.default_rng(0).uniform(-5, 90, (70, 61, 3)).astype(np.float32)
    runtime = _load(write(tmp_path / "net"))
    found = runtime.infer({"color": image}, {"amount": 2.0}, _ignore)["color"]
    assert found[1:-1, 1:-1] == pytest.approx(2 * _mean(image), rel=1e-4, abs=1e-4)
    runtime.close()


def test_half_precision_is_that_of_the_file(tmp_path: Path) -> None:
    """A graph of halves gets halves, and says so in its manifest."""
    pytest.importorskip("onnx")
    path = write_graph(tmp_path / "half", kind=10)
    with pytest.raises(ManifestError, match="precision is float32"):
        _load(path)
    image = np.full((8, 8, 3), 3.0, np.float32)
    runtime = _load(path, precision="float16")
    found = runtime.infer({"color": image}, {"amount": 1.0}, _ignore)["color"]
    assert found[4, 4] == pytest.approx(27 / 8, rel=1e-3)


def test_a_program_of_halves_is_refused_as_float32(tmp_path: Path) -> None:
    """The numerics that a result names are those that were used."""
    with pytest.raises(ManifestError, match="precision is float32"):
        _load(write_exported(tmp_path / "net", precision="float16"))


def test_a_program_with_a_pickle_is_refused(tmp_path: Path) -> None:
    """Sample inputs are pickled unless they are taken out; the error says how."""
    with pytest.raises(ManifestError, match="sample_inputs") as caught:
        _load(write_exported(tmp_path / "net", samples=True))
    assert "example_inputs = None" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data/constants/custom_obj_0", b"\x80\x05."),
        ("data/aotinductor/model/x.so", b"\x7fELF"),
        ("data/weights/model_weights_config.json", b'{"config": {"w": {"use_pickle": true}}}'),
        ("data/weights/model.pt", b"PK"),
    ],
)
def test_an_archive_with_something_else_is_refused(
    tmp_path: Path, name: str, content: bytes
) -> None:
    """Objects, compiled code and pickled weights are found before anything is unpacked."""
    path = write_exported(tmp_path / "net")
    with zipfile.ZipFile(path / "net.pt2", "a") as archive:
        archive.writestr(f"net/{name}", content)
    package = load_package(path)
    manifest = dataclasses.replace(package.manifest, weights=_pinned(path))
    with pytest.raises(ManifestError, match="holds"):
        load_runtime(path, manifest, "cpu", 1, CpuMemory())


@pytest.mark.parametrize(
    ("honest", "foreign"),
    [
        ("Symbol('", "__import__('os').system('true') or Symbol('"),
        ("Symbol('", "Symbol('os').func('"),
        ("Integer(4)", "Mul('exit()')"),
        ("torch.ops.aten.mul.Tensor", "torch.os.system"),
        ("torch.ops.aten.mul.Tensor", "torch.ops.aten.from_file.default"),
        ("torch.ops.aten.mul.Tensor", "_operator.methodcaller"),
        ('"guards_code": []', '"guards_code": ["exit()"]'),
        ('"as_tensor": {"name": "color"}', '"as_tensor": {"name": "color=exit()"}'),
        ("builtins.tuple", "collections.defaultdict"),
    ],
)
def test_a_program_that_says_more_than_sizes_is_refused(
    tmp_path: Path, honest: str, foreign: str
) -> None:
    """Torch evaluates what a program says: what could run is found before torch reads it."""
    path = write_exported(tmp_path / "net")
    content = (path / "net.pt2").read_bytes()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        zipfile.ZipFile(path / "net.pt2", "w") as out,
    ):
        for name in archive.namelist():
            text = archive.read(name)
            if name.endswith("models/model.json"):
                assert honest.encode() in text
                text = text.replace(honest.encode(), foreign.encode())
            out.writestr(name, text)
    manifest = dataclasses.replace(load_package(path).manifest, weights=_pinned(path))
    with pytest.raises(ManifestError, match="no plain program"):
        load_runtime(path, manifest, "cpu", 1, CpuMemory())


@pytest.mark.parametrize(
    "expression",
    [
        "Add(FloorDiv(Symbol('s45', positive=True, integer=True), Integer(2)), Integer(-1))",
        "TruncToInt(Mul(Float('0.5', precision=53), ToFloat(Symbol('u0', integer=True))))",
        "math.trunc(0.5*torch.sym_float(L['color'].size()[2] + ((-1)*L['a'].size()[2]) % 4)) >= 2",
        "(max(1, s3 // 2)) != 1",
    ],
)
def test_sizes_are_arithmetic(expression: str) -> None:
    """What torch writes for resampled and padded frames passes."""
    assert is_arithmetic(expression)


@pytest.mark.parametrize(
    "expression",
    ["exit()", "s0.func", "'s0'", "[s0 for s0 in s1]", "Mul('1')", "Symbol('1')\n", "().size()"],
)
def test_other_expressions_are_no_sizes(expression: str) -> None:
    """Calls, attributes and texts that would be evaluated once more are refused."""
    assert not is_arithmetic(expression)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    """A file of another kind is an error that names it."""
    path = write_exported(tmp_path / "net")
    (path / "net.pt2").write_bytes(os.urandom(64))
    manifest = dataclasses.replace(load_package(path).manifest, weights=_pinned(path))
    with pytest.raises(ManifestError, match=r"net\.pt2 is not a file of torch"):
        load_runtime(path, manifest, "cpu", 1, CpuMemory())


def test_a_file_must_be_pinned(tmp_path: Path) -> None:
    """What runs is what the manifest's sha256 says."""
    path = write_exported(tmp_path / "net")
    manifest = dataclasses.replace(load_package(path).manifest, weights=())
    with pytest.raises(ManifestError, match="among"):
        load_runtime(path, manifest, "cpu", 1, CpuMemory())


def _pinned(path: Path) -> Any:
    import hashlib  # noqa: PLC0415

    (weights,) = load_package(path).manifest.weights
    digest = hashlib.sha256((path / "net.pt2").read_bytes()).hexdigest()
    return (dataclasses.replace(weights, sha256=digest),)
