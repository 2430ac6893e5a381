"""Packages in tiles, on both engines that run their code: known truths for every size."""

from __future__ import annotations

import dataclasses
import sys
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
from fakes.packages import (
    BOX,
    MEAN_OF_TIMES,
    MEAN_OF_TIMES_TORCH,
    NEAREST,
    NEAREST_TORCH,
    tiling,
    write_package,
    write_upscaler,
)
from filmgate.errors import (
    CancelledError,
    DeviceMemoryError,
    FilmgateError,
    InputError,
    ModelError,
)
from filmgate.manifest import Manifest
from filmgate.tensor import Tensor, TensorSpec
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.port import Runtime, load_runtime
from filmgate_server.runtime.tensors import MIB
from filmgate_server.worker.memory import CpuMemory, DeviceMemory, FakeMemory

Pixels = NDArray[np.float32]
Make = Callable[..., Runtime]

ENGINES = [
    "array",
    pytest.param(
        "torch", marks=pytest.mark.skipif(not find_spec("torch"), reason="the extra [torch]")
    ),
]
REACH_PX = 3
EACH_SIZE = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SIDES = st.integers(1, 200)


def _ignore(done: int, total: int) -> None:
    """Stand for a job that nobody cancels."""


def _image(height: int, width: int, seed: int = 0) -> Pixels:
    """Return values of both signs over many stops."""
    generator = np.random.default_rng(seed)
    stops = np.exp2(generator.uniform(-8, 8, (height, width, 3)))
    return (stops * generator.choice([-1, 1], stops.shape)).astype(np.float32)


def _load(path: Path, memory: DeviceMemory | None = None, **changes: Any) -> Runtime:
    package = load_package(path)
    manifest: Manifest = dataclasses.replace(package.manifest, **changes)
    return load_runtime(package.path, manifest, "cpu", 1, memory or CpuMemory())


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return what writes a package of some code and loads it."""

    def make(
        code: str, more: str = "", engine: str = "array", memory: DeviceMemory | None = None
    ) -> Runtime:
        return _load(write_package(tmp_path / "toy", code=code, more=more, engine=engine), memory)

    return make


def _box(make: Make, halo: int, blend: int) -> Runtime:
    code = BOX.replace("REACH", str(REACH_PX))
    return make(code, more=tiling(48, halo, blend))


@EACH_SIZE
@given(height=SIDES, width=SIDES, scale=st.sampled_from([2, 4, 8]), data=st.data())
@pytest.mark.parametrize("engine", ENGINES)
def test_nearest_upsampling_is_exact(
    tmp_path: Path, engine: str, height: int, width: int, scale: int, data: st.DataObject
) -> None:
    """Each pixel of a frame of any size becomes a block of its own, across tiles and fades."""
    halo = data.draw(st.integers(0, 8))
    path = tmp_path / f"x{scale}"
    if not path.exists():
        write_upscaler(path, scale=scale, engine=engine)
    manifest = load_package(path).manifest
    cut = dataclasses.replace(manifest.tiling, max_tile_px=50, halo_px=halo, blend_px=halo)
    geometry = dataclasses.replace(manifest.geometry, multiple_of=data.draw(st.integers(1, 9)))
    runtime, image = _load(path, tiling=cut, geometry=geometry), _image(height, width)
    result = runtime.infer({"color": image}, {}, _ignore)["color"]
    np.testing.assert_array_equal(result, image.repeat(scale, 0).repeat(scale, 1))


@pytest.mark.parametrize("blend", [0, 1, 2 * REACH_PX])
@pytest.mark.parametrize("shape", [(200, 131), (49, 48), (1, 150), (1, 1), (2, 3), (97, 5)])
def test_seams_of_a_convolution(make: Make, shape: tuple[int, int], blend: int) -> None:
    """Where the halo covers the kernel no seam is larger than one part in 100,000."""
    runtime, image = _box(make, REACH_PX, blend), _image(*shape)
    tiled = runtime.infer({"color": image}, {}, _ignore)["color"]
    whole = runtime.infer({"color": image}, {}, _ignore, max_tile_px=0)["color"]
    np.testing.assert_allclose(tiled, whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("blend", [0, 4])
def test_a_halo_that_is_too_narrow_shows(make: Make, blend: int) -> None:
    """One pixel less is seen, with and without fades: the test above would see a wrong halo."""
    runtime, image = _box(make, REACH_PX - 1, blend), _image(131, 77)
    tiled = runtime.infer({"color": image}, {}, _ignore)["color"]
    whole = runtime.infer({"color": image}, {}, _ignore, max_tile_px=0)["color"]
    assert not np.allclose(tiled, whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("blend", [0, 4])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_within_its_reach(make: Make, wrong: float, blend: int) -> None:
    """NaN and infinity on every seam and corner poison what they do untiled, and nothing more."""
    runtime, image = _box(make, REACH_PX, blend), _image(100, 100)
    edges = [0, 20, 21, 39, 40, 47, 48, 60, 99]
    image[edges, edges[::-1]] = wrong
    tiled = runtime.infer({"color": image}, {}, _ignore)["color"]
    whole = runtime.infer({"color": image}, {}, _ignore, max_tile_px=0)["color"]
    np.testing.assert_array_equal(np.isfinite(tiled), np.isfinite(whole))
    assert np.isfinite(tiled).mean() > 0.9


def test_load_never_changes_a_pixel(make: Make) -> None:
    """The shape of the tiles follows from manifest and frame: a second run gives every bit."""
    runtime, image = _box(make, REACH_PX, 4), _image(131, 97)
    other = _image(64, 64, seed=1)
    seen: list[Pixels] = []

    def urgent(done: int, total: int) -> None:
        if total > 1 and done == 2:
            seen.append(runtime.infer({"color": other}, {}, _ignore)["color"])

    first = runtime.infer({"color": image}, {}, _ignore)["color"]
    interrupted = runtime.infer({"color": image}, {}, urgent)["color"]
    alone = runtime.infer({"color": other}, {}, _ignore)["color"]
    np.testing.assert_array_equal(first, interrupted)
    np.testing.assert_array_equal(seen[0], alone)


SIZES = """
class Model:
    def infer(self, inputs, params, step):
        color = inputs["color"]
        assert color.shape[0] % 16 == color.shape[1] % 16 == 0, color.shape
        assert max(color.shape) <= 64, color.shape
        return {"color": color}
"""


@EACH_SIZE
@given(height=SIDES, width=SIDES)
def test_sizes_are_full_multiples(tmp_path: Path, height: int, width: int) -> None:
    """A model that takes multiples of 16 gets nothing else, and the frame comes back as it was."""
    path = tmp_path / "toy"
    if not path.exists():
        more = "[geometry]\nmultiple_of = 16\n" + tiling(64, 5, 3)
        write_package(path, code=SIZES, more=more)
    runtime, image = _load(path), _image(height, width)
    result = runtime.infer({"color": image}, {}, _ignore)["color"]
    np.testing.assert_array_equal(result, image)


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (61, 49)])
def test_what_is_missing_of_a_multiple_is_the_edge(make: Make, shape: tuple[int, int]) -> None:
    """A flat frame stays flat under a blur: nothing dark comes in from below or from the right."""
    more = "[geometry]\nmultiple_of = 8\n" + tiling(48, REACH_PX, 2)
    flat = np.full((*shape, 3), 7, np.float32)
    runtime = make(BOX.replace("REACH", str(REACH_PX)), more)
    np.testing.assert_array_equal(runtime.infer({"color": flat}, {}, _ignore)["color"], flat)


@pytest.mark.parametrize(
    ("engine", "code"), [("array", MEAN_OF_TIMES), ("torch", MEAN_OF_TIMES_TORCH)]
)
def test_inputs_of_several_times(make: Make, engine: str, code: str) -> None:
    """A clip keeps its first axis in every tile; rows and columns alone are cut."""
    if engine == "torch":
        pytest.importorskip("torch")
    more = '[temporal]\nkind = "between"\n' + tiling(32, 2, 2)
    runtime = make(code, more, engine)
    clip = np.stack([_image(70, 45, seed) for seed in range(4)])
    steps = Steps()
    result = runtime.infer({"color": clip}, {"fraction": 0.25}, steps)["color"]
    assert steps.seen[-1][1] > 1
    np.testing.assert_allclose(result, clip.mean(0) * 0.25, rtol=1e-5, atol=1e-5)


def test_tensors_of_several_times(make: Make) -> None:
    """A tensor of axes t, y, x, c gives an image, twice as large where the model enlarges."""
    code = MEAN_OF_TIMES.replace(".mean(0)", ".mean(0).repeat(2, 0).repeat(2, 1)")
    runtime = make(code, '[geometry]\nscale = 2\n[temporal]\nkind = "window"\nbefore = 1\n')
    clip = np.stack([_image(6, 5, seed) for seed in range(2)])
    clip[0, 0, 0, 0] = np.nan
    spec = TensorSpec("F32", clip.shape, ("t", "y", "x", "c"))
    (found,) = runtime.output_specs({"color": spec}, {}).values()
    assert found == TensorSpec("F32", (12, 10, 3), ("y", "x", "c"))
    target = bytearray(found.size_bytes)
    runtime.infer_tensors(
        {"color": Tensor(spec, memoryview(clip.tobytes()))},
        {"color": Tensor(found, memoryview(target))},
        {},
        _ignore,
    )
    clip[0, 0, 0, 0] = 0
    expected = clip.mean(0).repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(np.frombuffer(target, np.float32).reshape(12, 10, 3), expected)


def test_tensors_of_one_time_have_three_axes(make: Make) -> None:
    """A model of single frames is not handed a clip."""
    spec = TensorSpec("F32", (2, 6, 5, 3), ("t", "y", "x", "c"))
    with pytest.raises(InputError, match="axes y, x, c"):
        make(NEAREST.replace("SCALE", "1")).output_specs({"color": spec}, {})


@pytest.mark.parametrize("shape", [(5, 4, 3), (6, 5), (0, 5, 3)])
def test_inputs_must_have_one_size(make: Make, shape: tuple[int, ...]) -> None:
    """An input that tiles could not be cut from like the others is refused."""
    inputs = {"color": np.zeros((6, 5, 3), np.float32), "mask": np.zeros(shape, np.float32)}
    with pytest.raises(InputError, match="mask"):
        make(NEAREST.replace("SCALE", "1")).infer(inputs, {}, _ignore)


@pytest.mark.parametrize(("engine", "code"), [("array", NEAREST), ("torch", NEAREST_TORCH)])
def test_results_must_have_the_promised_scale(make: Make, engine: str, code: str) -> None:
    """A model that says ×2 and returns ×4 fails, and is not cropped."""
    if engine == "torch":
        pytest.importorskip("torch")
    runtime = make(code.replace("SCALE", "4"), "[geometry]\nscale = 2\n", engine)
    with pytest.raises(ModelError, match=r"not \(10, 14, 3\)"):
        runtime.infer({"color": _image(5, 7)}, {}, _ignore)


COUNTING = """
class Model:
    calls = []

    def infer(self, inputs, params, step):
        self.calls.append(1)
        step(1, 4)
        return {"color": inputs["color"] * 3}

    def infer_batch(self, frames, params, step):
        self.calls.append(len(frames))
        step(1, 4)
        return [{"color": frame["color"] * 3} for frame in frames]
"""
SCALED_TORCH = """
import torch

class Model(torch.nn.Module):
    calls = []

    def forward(self, color):
        self.calls.append(len(color))
        return color * 3
"""
SEQUENTIAL = COUNTING.replace("infer_batch", "other")
BATCHES = "[batch]\nmax = 4\n" + tiling(32, 2)


def _calls(runtime: Runtime) -> list[int]:
    inner: Any = runtime
    model = getattr(inner, "_model", None) or inner._module
    return list(model.calls)


@pytest.mark.parametrize(
    ("engine", "code", "calls"),
    [
        ("array", COUNTING, [3, 3]),
        ("array", SEQUENTIAL, [1] * 6),
        ("torch", SCALED_TORCH, [3, 3]),
    ],
)
def test_frames_in_a_batch_are_what_they_are_alone(
    make: Make, engine: str, code: str, calls: list[int]
) -> None:
    """Frames go through the tiles together, and none of their pixels knows of the others."""
    if engine == "torch":
        pytest.importorskip("torch")
    runtime = make(code, BATCHES, engine)
    frames = [{"color": _image(50, 20, seed)} for seed in range(3)]
    steps = Steps()
    results = runtime.infer_batch(frames, {}, steps)
    assert _calls(runtime) == calls
    assert {total for _, total in steps.seen} == {2}
    for frame, result in zip(frames, results, strict=True):
        alone = runtime.infer(frame, {}, _ignore)["color"]
        np.testing.assert_array_equal(result["color"], alone)


@pytest.mark.parametrize("shapes", [[(5, 5)] * 5, [], [(5, 5), (5, 6)]])
def test_batches_are_bounded_and_equal(make: Make, shapes: list[tuple[int, int]]) -> None:
    """No more frames than the manifest allows, and only of one shape."""
    frames = [{"color": _image(*shape)} for shape in shapes]
    with pytest.raises(InputError):
        make(COUNTING, BATCHES).infer_batch(frames, {}, _ignore)


def test_packages_without_batches_take_one_frame(make: Make) -> None:
    """A batch of two is refused where the manifest says nothing of batches."""
    frames = [{"color": _image(5, 5)}] * 2
    with pytest.raises(InputError, match="1 to 1"):
        make(COUNTING).infer_batch(frames, {}, _ignore)


def test_a_package_hears_its_own_steps_untiled(make: Make) -> None:
    """Alone on the frame its steps pass through; within tiles they repeat the tile's place."""
    runtime, steps = make(COUNTING, tiling(32, 2)), Steps()
    runtime.infer({"color": _image(20, 20)}, {}, steps)
    assert steps.seen == [(0, 1), (1, 4), (1, 1)]
    steps.seen.clear()
    runtime.infer({"color": _image(50, 20)}, {}, steps)
    assert steps.seen == [(0, 2), (0, 2), (1, 2), (1, 2), (2, 2)]


MEMORY = """
class Model:
    def infer(self, inputs, params, step):
        return {"color": inputs["color"]}
"""
DECLARED = "model_mib = 10\nmib_per_megapixel = 1000\n"


def _borrowing(tmp_path: Path, memory: FakeMemory, more: str = "") -> Runtime:
    """Load a package that needs 10 MiB, and 1000 MiB for each million pixels of a tile."""
    path = write_package(tmp_path / "toy", code=MEMORY, more=DECLARED + more)
    return _load(path, memory)


def test_memory_is_borrowed_and_given_back(tmp_path: Path) -> None:
    """The model's from load to close, a tile's while it is computed."""
    memory = FakeMemory(100 * MIB)
    runtime = _borrowing(tmp_path, memory)
    assert memory.used_bytes() == runtime.model_bytes() == 10 * MIB
    runtime.infer({"color": _image(200, 300)}, {}, _ignore)
    assert memory.used_bytes() == 10 * MIB
    assert memory.peak_bytes() == 70 * MIB
    runtime.close()
    assert memory.used_bytes() == 0


def test_a_model_that_does_not_fit_is_not_loaded(tmp_path: Path) -> None:
    """Nothing stays borrowed for it."""
    memory = FakeMemory(9 * MIB)
    with pytest.raises(DeviceMemoryError):
        _borrowing(tmp_path, memory)
    assert memory.used_bytes() == 0


def test_a_package_that_cannot_be_loaded_borrows_nothing(tmp_path: Path) -> None:
    """A fault in its code gives back what was lent for it."""
    memory = FakeMemory(100 * MIB)
    path = write_package(tmp_path / "toy", code="1/0", more=DECLARED)
    with pytest.raises(FilmgateError):
        _load(path, memory)
    assert memory.used_bytes() == 0


def test_smaller_tiles_fit(tmp_path: Path) -> None:
    """The frame that does not fit whole does in smaller tiles, with the same pixels."""
    memory = FakeMemory(30 * MIB)
    runtime = _borrowing(tmp_path, memory, tiling(2048, 2))
    image = _image(200, 300)
    with pytest.raises(DeviceMemoryError):
        runtime.infer({"color": image}, {}, _ignore)
    assert memory.used_bytes() == 10 * MIB
    result = runtime.infer({"color": image}, {}, _ignore, max_tile_px=128)["color"]
    np.testing.assert_array_equal(result, image)


def test_a_batch_takes_the_memory_of_all_its_frames(tmp_path: Path) -> None:
    """Two frames at once need twice what one does."""
    memory = FakeMemory(100 * MIB)
    runtime = _borrowing(tmp_path, memory, "[batch]\nmax = 2\n")
    runtime.infer_batch([{"color": _image(100, 200)}] * 2, {}, _ignore)
    assert memory.peak_bytes() == 50 * MIB


def test_a_cancelled_frame_gives_its_memory_back(tmp_path: Path) -> None:
    """Whatever ends a frame between its tiles, nothing stays lent."""
    memory = FakeMemory(100 * MIB)
    runtime = _borrowing(tmp_path, memory, tiling(128, 2))

    def step(done: int, total: int) -> None:
        if done:
            raise CancelledError("Enough.")

    with pytest.raises(CancelledError):
        runtime.infer({"color": _image(200, 300)}, {}, step)
    assert memory.used_bytes() == 10 * MIB


EXHAUSTED = """
import torch
import weakref

class Model(torch.nn.Module):
    held = None

    def forward(self, color):
        scratch = color.clone()
        Model.held = weakref.ref(scratch)
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB.\\nMore words.")
"""


def test_an_exhausted_device_is_told_apart(make: Make) -> None:
    """Torch's own error becomes ours, and no tensor of the frame is alive while it travels."""
    pytest.importorskip("torch")
    runtime: Any = make(EXHAUSTED, engine="torch")
    with pytest.raises(DeviceMemoryError, match=r"Tried to allocate 9 GiB\.") as caught:
        runtime.infer({"color": _image(5, 5)}, {}, _ignore)
    assert runtime._module.held() is None
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


TOO_LARGE = """
import torch
import weakref

too_large = []

class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        too_large.append(weakref.ref(self))

    def _apply(self, fn, recurse=True):
        raise torch.OutOfMemoryError("CUDA out of memory.")
"""


def test_a_model_that_does_not_fit_leaves_nothing_behind(make: Make) -> None:
    """Half of its weights may be on the device when the other half does not fit."""
    pytest.importorskip("torch")
    memory = FakeMemory(100 * MIB)
    with pytest.raises(DeviceMemoryError) as caught:
        make(TOO_LARGE, DECLARED, "torch", memory)
    (module,) = [module for module in sys.modules.values() if "too_large" in vars(module)]
    assert module.too_large[0]() is None, f"{caught.value} keeps it alive"
    assert memory.used_bytes() == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_other_errors_of_the_device_keep_their_cause(make: Make, engine: str) -> None:
    """The worker looks for a poisoned context behind the error: it must find it there."""
    body = 'raise RuntimeError("CUDA error: an illegal memory access was encountered")'
    code = MEMORY.replace('return {"color": inputs["color"]}', body)
    if engine == "torch":
        code = (
            f"import torch\nclass Model(torch.nn.Module):\n    def forward(self, color): {body}\n"
        )
    with pytest.raises(ModelError) as caught:
        make(code, engine=engine).infer({"color": _image(5, 5)}, {}, _ignore)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert not isinstance(caught.value, DeviceMemoryError)
