"""Models of geometry on both engines that run their code: known truths for every size."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fakes.frames import Steps
from fakes.geometry import (
    BLUR,
    BLUR_TORCH,
    DENSITY,
    HEIGHT,
    KEEP,
    KEEP_TORCH,
    MOVE,
    MOVE_TORCH,
    POINTS,
    cloud,
    hills,
    points,
    to_blob,
    write_geometry,
)
from fakes.packages import tiling
from filmgate.errors import CancelledError, DeviceMemoryError, InputError, ModelError
from filmgate.tensor import Tensor, parse_tensor_blob
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.port import Runtime, load_runtime
from filmgate_server.runtime.tensors import MIB, to_array
from filmgate_server.worker.memory import CpuMemory, FakeMemory

Numbers = NDArray[Any]
Make = Callable[..., Runtime]

ENGINES = [
    "array",
    pytest.param(
        "torch", marks=pytest.mark.skipif(not find_spec("torch"), reason="the extra [torch]")
    ),
]
EACH_SIZE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SIDES = st.integers(1, 130)
CODE = {
    ("keep", "array"): KEEP,
    ("keep", "torch"): KEEP_TORCH,
    ("blur", "array"): BLUR,
    ("blur", "torch"): BLUR_TORCH,
    ("move", "array"): MOVE,
    ("move", "torch"): MOVE_TORCH,
}


def ignore(done: int, total: int) -> None:
    """Stand for a job that nobody cancels."""


def load(path: Path, memory: Any = None) -> Runtime:
    """Load a package."""
    package = load_package(path)
    return load_runtime(package.path, package.manifest, "cpu", 1, memory or CpuMemory())


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return what writes a package of one of the codes and loads it."""

    def make(code: str, tables: str, engine: str, memory: Any = None, **more: Any) -> Runtime:
        code = CODE.get((code, engine), code)
        return load(write_geometry(tmp_path / "toy", tables, code, engine=engine, **more), memory)

    return make


def run(runtime: Runtime, axes: str = "", step: Any = ignore, **arrays: Numbers) -> dict[str, Any]:
    """Run on tensors, as a worker does."""
    inputs: dict[str, Tensor] = {}
    for name, array in arrays.items():
        inputs |= parse_tensor_blob(to_blob(axes or _axes(name), **{name: array}))
    specs = runtime.output_specs({name: tensor.spec for name, tensor in inputs.items()}, {})
    outputs = {
        name: Tensor(spec, memoryview(bytearray(spec.size_bytes))) for name, spec in specs.items()
    }
    runtime.infer_tensors(inputs, outputs, {}, step)
    return {name: to_array(tensor) for name, tensor in outputs.items()}


def _axes(name: str) -> str:
    known = {"P": "n c", "id": "n", "spacing": "axis", "density": "z y x c"}
    return known.get(name, "y x c")


@EACH_SIZE
@given(height=SIDES, width=SIDES, halo=st.integers(0, 6), scale=st.sampled_from([1, 2, 3]))
@pytest.mark.parametrize("engine", ENGINES)
def test_identity_of_heightfields_is_exact(
    tmp_path: Path, engine: str, height: int, width: int, halo: int, scale: int
) -> None:
    """Each sample of a field of any size becomes a block of its own, across tiles and fades."""
    path = tmp_path / f"keep{scale}{halo}"
    if not path.exists():
        more = tiling(48, halo, halo) + "[warmup]\nside_px = 8\n"
        write_geometry(path, HEIGHT, CODE["keep", engine], engine=engine, scale=scale, more=more)
    field = hills(height, width)
    result = run(load(path), height=field)["height"]
    np.testing.assert_array_equal(result, field.repeat(scale, 0).repeat(scale, 1))


@EACH_SIZE
@given(depth=st.integers(1, 9), height=SIDES, width=SIDES, scale=st.sampled_from([1, 2]))
def test_identity_of_volumes_is_exact(
    tmp_path: Path, depth: int, height: int, width: int, scale: int
) -> None:
    """Along three axes, whatever the multiple that the net takes: what was padded is cut off."""
    pytest.importorskip("torch")
    path = tmp_path / f"keep{scale}"
    if not path.exists():
        more = tiling(48, 2, 3) + ("" if scale > 1 else "[geometry]\n")
        write_geometry(path, DENSITY, KEEP_TORCH, engine="torch", scale=scale, more=more)
        text = (path / "model.toml").read_text(encoding="utf-8")
        text = text.replace("[geometry]\n", "[geometry]\nmultiple_of = 4\nmin_px = 6\n")
        (path / "model.toml").write_text(text, encoding="utf-8")
    volume = cloud(depth, height, width)
    result = run(load(path), density=volume)["density"]
    for axis in range(3):
        volume = volume.repeat(scale, axis)
    np.testing.assert_array_equal(result, volume)


@pytest.mark.parametrize("blend", [0, 1, 6])
@pytest.mark.parametrize("shape", [(131, 97), (49, 48), (1, 130), (1, 1), (97, 5)])
@pytest.mark.parametrize("engine", ENGINES)
def test_seams_of_heightfields(make: Make, engine: str, shape: tuple[int, int], blend: int) -> None:
    """Where the halo covers the kernel no seam is larger than one part in 100,000."""
    runtime, field = make("blur", HEIGHT, engine, more=tiling(48, 3, blend)), hills(*shape)
    tiled = runtime.infer({"height": field}, {}, ignore)["height"]
    whole = runtime.infer({"height": field}, {}, ignore, max_tile_px=0)["height"]
    np.testing.assert_allclose(tiled, whole, rtol=1e-5, atol=0)


@pytest.mark.parametrize("blend", [0, 6])
@pytest.mark.parametrize("engine", ENGINES)
def test_seams_of_volumes(make: Make, engine: str, blend: int) -> None:
    """Cut along y and x, never along z."""
    runtime, volume = make("blur", DENSITY, engine, more=tiling(48, 3, blend)), cloud(5, 99, 61)
    steps = Steps()
    tiled = runtime.infer({"density": volume}, {}, steps)["density"]
    whole = runtime.infer({"density": volume}, {}, ignore, max_tile_px=0)["density"]
    np.testing.assert_allclose(tiled, whole, rtol=1e-5, atol=1e-7)
    assert steps.seen[-1] == (6, 6)


def test_a_halo_that_is_too_narrow_shows(make: Make) -> None:
    """One sample less is seen: the tests above would see a wrong halo."""
    runtime, field = make("blur", HEIGHT, "array", more=tiling(48, 2)), hills(99, 61)
    tiled = runtime.infer({"height": field}, {}, ignore)["height"]
    whole = runtime.infer({"height": field}, {}, ignore, max_tile_px=0)["height"]
    assert not np.allclose(tiled, whole, rtol=1e-5, atol=0)


def test_nothing_is_converted(make: Make) -> None:
    """Metres below the sea, of a mountain and of a planet pass through a net unchanged."""
    pytest.importorskip("torch")
    field = np.array([[-1.1e4, 8848.86, 6.4e6, -0.0, 1e-42, 3e38]], np.float32)[..., None]
    result = run(make("keep", HEIGHT, "torch"), height=field)["height"]
    assert result.tobytes() == field.tobytes()


FACTS = """
class Model:
    def infer(self, inputs, params, step):
        spacing, mask = inputs["spacing"], inputs["mask"]
        assert spacing.shape == (2,) and mask.shape == inputs["height"].shape
        return {"height": inputs["height"] * mask / spacing[0]}
"""


def test_facts_reach_every_tile_whole(make: Make) -> None:
    """Layers are cut like the main input; the metres between samples are no layer."""
    field, mask = hills(99, 61), hills(99, 61, 1)
    runtime = make(FACTS, HEIGHT, "array", more=tiling(48, 3))
    result = run(runtime, height=field, mask=mask, spacing=np.array([2, 2], np.float32))
    np.testing.assert_array_equal(result["height"], field * mask / np.float32(2))


@pytest.mark.parametrize("engine", ENGINES)
def test_points_keep_order_and_types(make: Make, engine: str) -> None:
    """Positions are floats, ids whole numbers; both come back in the order in which they came."""
    runtime, positions = make("move", POINTS, engine), points(1001)
    ids = np.random.default_rng(1).permutation(1001).astype(np.int32)
    steps = Steps()
    result = run(runtime, step=steps, P=positions, id=ids)
    np.testing.assert_array_equal(result["P"], positions + np.float32(1))
    np.testing.assert_array_equal(result["kept"], ids)
    assert result["kept"].dtype == np.int32
    assert (steps.seen[0], steps.seen[-1]) == ((0, 1), (1, 1))


@pytest.mark.parametrize("engine", ENGINES)
def test_optional_attributes_are_left_out(make: Make, engine: str) -> None:
    """A cloud without ids is a cloud."""
    result = run(make("move", POINTS, engine), P=points(3))
    np.testing.assert_array_equal(result["kept"], [0, 1, 2])


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("inputs['height'][1:]", "returned the sizes"),
        ("{}", "returned nothing with sizes"),
        ("inputs['height'].astype(complex)", "numbers of complex128"),
        ("None", "returned nothing with sizes"),
    ],
)
def test_results_that_are_not_as_declared(make: Make, returned: str, words: str) -> None:
    """The package is named, and what it should have returned."""
    code = f"""
class Model:
    def infer(self, inputs, params, step):
        return {{"height": {returned}}}
"""
    with pytest.raises(ModelError, match=words):
        run(make(code, HEIGHT, "array"), height=hills(4, 4))


def test_cancel_between_tiles(make: Make) -> None:
    """Nobody waits for the whole field."""
    seen: list[int] = []

    def cancel(done: int, total: int) -> None:
        seen.append(done)
        if done == 2:
            raise CancelledError("Enough.")

    runtime = make("keep", HEIGHT, "array", more=tiling(48, 3))
    with pytest.raises(CancelledError):
        runtime.infer({"height": hills(200, 200)}, {}, cancel)
    assert max(seen) == 2


def test_load_never_changes_a_sample(make: Make) -> None:
    """A field that gives way to another between two tiles comes out bit for bit the same."""
    pytest.importorskip("torch")
    runtime = make("blur", HEIGHT, "torch", more=tiling(48, 3, 2))
    field, other = hills(131, 97), hills(64, 64, 1)
    seen: list[Any] = []

    def urgent(done: int, total: int) -> None:
        if total > 1 and done == 2:
            seen.append(runtime.infer({"height": other}, {}, ignore)["height"])

    first = runtime.infer({"height": field}, {}, ignore)["height"]
    interrupted = runtime.infer({"height": field}, {}, urgent)["height"]
    alone = runtime.infer({"height": other}, {}, ignore)["height"]
    assert first.tobytes() == interrupted.tobytes()
    assert seen[0].tobytes() == alone.tobytes()


def test_inputs_are_not_written_to(make: Make) -> None:
    """A net that works in place works on a copy."""
    pytest.importorskip("torch")
    code = """
import torch

class Model(torch.nn.Module):
    def forward(self, P, id=None):
        P.add_(1)
        return {"P": P, "kept": id}
"""
    given, ids = points(5), np.arange(5, dtype=np.int32)
    before = given.copy()
    make(code, POINTS, "torch").infer({"P": given, "id": ids}, {}, ignore)
    np.testing.assert_array_equal(given, before)


def test_tiles_borrow_what_the_manifest_says(tmp_path: Path) -> None:
    """Each voxel counts; a volume that is too deep for the device's memory fails as such."""
    path = write_geometry(tmp_path / "toy", DENSITY, KEEP, more=tiling(48, 0))
    text = (path / "model.toml").read_text(encoding="utf-8")
    text = text.replace("[runtime]\n", "[runtime]\nmib_per_megapixel = 100\n")
    (path / "model.toml").write_text(text, encoding="utf-8")
    runtime = load(path, FakeMemory(MIB // 2))
    runtime.infer({"density": cloud(1, 60, 60)}, {}, ignore)
    with pytest.raises(DeviceMemoryError):
        runtime.infer({"density": cloud(8, 60, 60)}, {}, ignore)
    runtime.infer({"density": cloud(2, 60, 60)}, {}, ignore)


def test_halves_are_computed_as_floats(tmp_path: Path) -> None:
    """And come back as halves; what a half cannot hold stays finite."""
    tables = DENSITY.replace('kind = "volume"', 'kind = "volume"\ndtype = "F16"')
    code = """
import numpy as np

class Model:
    def infer(self, inputs, params, step):
        assert inputs["density"].dtype == np.float32
        return {"density": inputs["density"] * 2}
"""
    runtime = load(write_geometry(tmp_path / "toy", tables, code))
    volume = np.array([1.5, -3, 60000], np.float16).reshape(1, 1, 3, 1)
    result = run(runtime, density=volume)["density"]
    assert result.dtype == np.float16
    np.testing.assert_array_equal(result.ravel(), [3, -6, 65504])


def test_a_net_of_voxels(make: Make) -> None:
    """Kernels with three axes load, and see (1, C, D, H, W)."""
    pytest.importorskip("torch")
    code = """
import torch

class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv3d(1, 1, 1, bias=False)
        torch.nn.init.constant_(self.layer.weight, 2.0)

    def forward(self, density):
        return self.layer(density)

    def load_state_dict(self, state, strict=True):
        return super().load_state_dict(self.state_dict())
"""
    volume = cloud(3, 20, 9)
    result = run(make(code, DENSITY, "torch"), density=volume)["density"]
    np.testing.assert_array_equal(result, volume * 2)


def test_tensors_that_do_not_fit_are_refused_before_anything_runs(make: Make) -> None:
    """`output_specs` is asked first."""
    runtime = make("keep", HEIGHT, "array")
    with pytest.raises(InputError, match="must have the axes y x c, not x y c"):
        run(runtime, "x y c", height=hills(4, 5))
