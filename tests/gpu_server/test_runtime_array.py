"""Packages of Python on arrays: run, converted, and kept from doing harm."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from fakes.packages import write_package
from filmgate.errors import CancelledError, IntegrityError, ManifestError, ModelError
from filmgate.tensor import Tensor, TensorSpec
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.port import Runtime, load_runtime
from filmgate_server.worker.memory import CpuMemory

IMAGE = np.arange(24, dtype=np.float32).reshape(2, 4, 3) - 7


def _ignore(done: int, total: int) -> None:
    """Stand for a job that nobody cancels."""


def _load(path: Path) -> Runtime:
    package = load_package(path)
    return load_runtime(package.path, package.manifest, "cpu", 1, CpuMemory())


def _model(body: str) -> str:
    return f"class Model:\n    def infer(self, inputs, params, step):\n        {body}\n"


def test_a_package_runs(tmp_path: Path) -> None:
    """The class that the entry names gets the pixels and returns new ones."""
    runtime = _load(write_package(tmp_path / "toy"))
    result = runtime.infer({"color": IMAGE}, {}, _ignore)["color"]
    np.testing.assert_array_equal(result, IMAGE * 2)
    assert runtime.remarks({"color": IMAGE}, {}) == []
    runtime.close()


def test_results_are_contiguous_float32(tmp_path: Path) -> None:
    """Whatever a package computes in, the worker gets the port's form."""
    code = _model("return {'color': inputs['color'][:, ::-1].astype('float64')}")
    result = _load(write_package(tmp_path / "toy", code=code)).infer({"color": IMAGE}, {}, _ignore)
    assert result["color"].dtype == np.float32
    assert result["color"].flags.c_contiguous
    np.testing.assert_array_equal(result["color"], IMAGE[:, ::-1])


@pytest.mark.parametrize(
    "body",
    [
        "raise ValueError('no')",
        "return {}",
        "return {'color': inputs['color'][1:]}",
        "return {'color': inputs['color'][..., :1]}",
        "return None",
    ],
)
def test_a_faulty_package_fails_the_frame_only(tmp_path: Path, body: str) -> None:
    """Exceptions and results of another form become an error that names the package."""
    runtime = _load(write_package(tmp_path / "toy", code=_model(body)))
    with pytest.raises(ModelError, match="toy"):
        runtime.infer({"color": IMAGE}, {}, _ignore)


@pytest.mark.parametrize("body", ["return inputs['color']", "return [inputs['color']]"])
def test_a_result_without_a_name_is_explained(tmp_path: Path, body: str) -> None:
    """The author reads what is expected, not where our code stumbled over it."""
    runtime = _load(write_package(tmp_path / "toy", code=_model(body)))
    with pytest.raises(ModelError, match=r"a mapping by output name \('color'\)") as caught:
        runtime.infer({"color": IMAGE}, {}, _ignore)
    assert "Error" not in caught.value.text


def test_an_output_that_is_no_array_is_explained(tmp_path: Path) -> None:
    """Its type is named, and what was wanted."""
    code = _model("return {'color': inputs['color'].tolist()}")
    with pytest.raises(ModelError, match=r"returned a list for 'color', not \(2, 4, 3\)"):
        _load(write_package(tmp_path / "toy", code=code)).infer({"color": IMAGE}, {}, _ignore)


def test_a_cancel_passes_through(tmp_path: Path) -> None:
    """What `step` raises is not mistaken for a fault of the package."""

    def step(done: int, total: int) -> None:
        raise CancelledError("Enough.")

    with pytest.raises(CancelledError):
        _load(write_package(tmp_path / "toy")).infer({"color": IMAGE}, {}, step)


def test_tensors_of_halves_are_converted(tmp_path: Path) -> None:
    """A package that knows only images serves tensors too, scrubbed as images are."""
    values = IMAGE.astype(np.float16)
    values[0, 0, 0], values[0, 0, 1] = 60000, np.inf
    spec = TensorSpec("F16", values.shape, ("y", "x", "c"))
    runtime = _load(write_package(tmp_path / "toy"))
    assert runtime.output_specs({"color": spec}, {}) == {"color": spec}
    target = bytearray(spec.size_bytes)
    runtime.infer_tensors(
        {"color": Tensor(spec, memoryview(values.tobytes()))},
        {"color": Tensor(spec, memoryview(target))},
        {},
        _ignore,
    )
    found = np.frombuffer(target, np.float16).reshape(values.shape)
    np.testing.assert_array_equal(found[1], values[1] * 2)
    assert found[0, 0].tolist() == [65504, 30, -10]


@pytest.mark.parametrize("entry", ["../evil.py:Model", "model:Model", "model.py", "model.py:A.B"])
def test_entries_stay_inside_the_package(tmp_path: Path, entry: str) -> None:
    """Only a file of the package can be code of the package."""
    (tmp_path / "evil.py").write_text("raise SystemExit", encoding="utf-8")
    with pytest.raises(ManifestError):
        _load(write_package(tmp_path / "toy", entry=entry))


@pytest.mark.parametrize("code", ["1/0", "import nothing_of_that_name", "Other = 1", "def"])
def test_code_that_cannot_be_loaded_is_named(tmp_path: Path, code: str) -> None:
    """A package whose code fails on import, or lacks the class, is refused with the reason."""
    with pytest.raises(ManifestError, match=r"model\.py cannot be loaded"):
        _load(write_package(tmp_path / "toy", code=code))


def test_modules_of_packages_never_meet(tmp_path: Path) -> None:
    """Two packages with modules of the same names each get their own, and nobody imports them."""
    code = "from .kernel import FACTOR\n" + _model("return {'color': inputs['color'] * FACTOR}")
    results: list[float] = []
    for factor in (3, 5):
        path = write_package(tmp_path / f"toy{factor}", name=f"toy{factor}", code=code)
        (path / "kernel.py").write_text(f"FACTOR = {factor}\n", encoding="utf-8")
        result = _load(path).infer({"color": IMAGE}, {}, _ignore)["color"]
        results.append(float(result[0, 0, 1] / IMAGE[0, 0, 1]))
    assert results == [3, 5]
    assert not {"model", "kernel"} & set(sys.modules)


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    """Weights that are not the manifest's own are never run."""
    weights = '[[weights]]\nfile = "model.py"\nsha256 = "' + "0" * 64 + '"\n'
    with pytest.raises(IntegrityError, match=r"model\.py"):
        _load(write_package(tmp_path / "toy", more=weights))
