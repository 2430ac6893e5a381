"""Torch modules from packages: against known truths, in tiles, and refused when they do not fit."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.packages import write_package
from filmgate.errors import CancelledError, ManifestError, ModelError
from filmgate.manifest import Geometry, Manifest, Tiling
from filmgate.tensor import Tensor, TensorSpec
from filmgate_server.registry.local import load_package
from filmgate_server.worker.memory import CpuMemory
from filmgate_server.zoo import ZOO_FOLDER

if find_spec("torch") is None or find_spec("safetensors") is None:
    pytest.skip("torch is not installed: the extra [torch]", allow_module_level=True)

from safetensors.numpy import load_file, save_file

from filmgate_server.runtime.torch_module import TorchRuntime

Pixels = NDArray[np.float32]

FULL = {"amount": 1.0}
SMOOTH = ZOO_FOLDER / "smooth"
SCALE = """
import torch

class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.zeros(3, 1, 1))

    def forward(self, color):
        BODY
"""


def _ignore(done: int, total: int) -> None:
    """Stand for a job that nobody cancels."""


def _image(height: int, width: int) -> Pixels:
    """Return values of both signs over many stops."""
    generator = np.random.default_rng(0)
    stops = np.exp2(generator.uniform(-8, 8, (height, width, 3)))
    return (stops * generator.choice([-1, 1], stops.shape)).astype(np.float32)


def _with(manifest: Manifest, **changes: Any) -> TorchRuntime:
    return TorchRuntime(SMOOTH, dataclasses.replace(manifest, **changes), "cpu", 1, CpuMemory())


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    """Return the zoo's manifest of `smooth`."""
    return load_package(SMOOTH).manifest


@pytest.fixture(scope="module")
def runtime(manifest: Manifest) -> Iterator[TorchRuntime]:
    """Return `smooth`, whose tiles are larger than the frames of these tests."""
    runtime = _with(manifest)
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def small_tiles(manifest: Manifest) -> Iterator[TorchRuntime]:
    """Return `smooth` with small tiles."""
    runtime = _with(manifest, tiling=Tiling(40, manifest.tiling.halo_px))
    yield runtime
    runtime.close()


def _convolved(plane: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlate a plane with a kernel, the edges repeated: the definition, term by term."""
    reach = kernel.shape[0] // 2
    padded = np.pad(plane, reach, mode="edge")
    height, width = plane.shape
    return sum(
        kernel[row, column] * padded[row : row + height, column : column + width]
        for row in range(kernel.shape[0])
        for column in range(kernel.shape[1])
    )


def _smoothed(image: Pixels) -> NDArray[np.float64]:
    """Apply the weights of `smooth` without torch."""
    weights = load_file(SMOOTH / "smooth.safetensors")
    planes = [image[..., channel].astype(np.float64) for channel in range(3)]
    for layer in range(3):
        kernels = weights[f"layers.{layer}.depthwise.weight"].astype(np.float64).reshape(3, 4, 5, 5)
        shares = weights[f"layers.{layer}.pointwise.weight"].astype(np.float64).reshape(3, 4, 1, 1)
        mixed = (kernels * shares).sum(axis=1)
        planes = [_convolved(plane, kernel) for plane, kernel in zip(planes, mixed, strict=True)]
    return np.stack(planes, axis=-1)


def test_the_module_computes_what_its_weights_say(runtime: TorchRuntime) -> None:
    """The result is the one of a convolution written out in float64."""
    image = _image(37, 23)
    result = runtime.infer({"color": image}, FULL, _ignore)["color"]
    truth = _smoothed(image)
    np.testing.assert_allclose(result, truth, rtol=1e-4, atol=1e-5 * np.abs(image).max())


@pytest.mark.parametrize("shape", [(113, 77), (41, 300), (1, 90), (5, 5)])
def test_tiles_equal_the_whole_frame(
    runtime: TorchRuntime, small_tiles: TorchRuntime, shape: tuple[int, int]
) -> None:
    """The halo is as wide as the net reaches: no seam is larger than one part in 100,000."""
    image = _image(*shape)
    whole = runtime.infer({"color": image}, FULL, _ignore)["color"]
    tiled = small_tiles.infer({"color": image}, FULL, _ignore)["color"]
    np.testing.assert_allclose(tiled, whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("blend", [1, 6, 12])
def test_fading_tiles_equal_the_whole_frame(
    manifest: Manifest, runtime: TorchRuntime, blend: int
) -> None:
    """Where tiles fade into each other both have the whole halo: no seam is larger either."""
    image = _image(113, 77)
    fading = _with(manifest, tiling=Tiling(40, manifest.tiling.halo_px, blend))
    whole = runtime.infer({"color": image}, FULL, _ignore)["color"]
    tiled = fading.infer({"color": image}, FULL, _ignore)["color"]
    np.testing.assert_allclose(tiled, whole, rtol=1e-5, atol=1e-5)


def test_the_halo_is_not_wider_than_needed(manifest: Manifest, runtime: TorchRuntime) -> None:
    """One pixel less of it shows at the seams: the test above would see a wrong halo."""
    image = _image(113, 77)
    narrow = _with(manifest, tiling=Tiling(40, manifest.tiling.halo_px - 1))
    whole = runtime.infer({"color": image}, FULL, _ignore)["color"]
    tiled = narrow.infer({"color": image}, FULL, _ignore)["color"]
    assert not np.allclose(tiled, whole, rtol=1e-5, atol=1e-5)


def test_sizes_are_padded_to_the_multiple(manifest: Manifest, small_tiles: TorchRuntime) -> None:
    """A net that needs full multiples gets them; the frame keeps its size and its place."""
    padded = _with(manifest, geometry=Geometry(multiple_of=8), tiling=Tiling(40, 6))
    image = _image(51, 43)
    result = padded.infer({"color": image}, FULL, _ignore)["color"]
    expected = small_tiles.infer({"color": image}, FULL, _ignore)["color"]
    assert result.shape == image.shape
    np.testing.assert_allclose(result[:-6, :-6], expected[:-6, :-6], rtol=1e-5, atol=1e-5)


def test_parameters_reach_the_module(runtime: TorchRuntime) -> None:
    """An amount of 0 returns the input, and of a half the mean of both ends."""
    image = _image(9, 9)
    nothing, half, full = (
        runtime.infer({"color": image}, {"amount": amount}, _ignore)["color"]
        for amount in (0.0, 0.5, 1.0)
    )
    np.testing.assert_array_equal(nothing, image)
    np.testing.assert_allclose(half, (image + full) / 2, rtol=1e-5, atol=1e-4)


def test_flat_areas_keep_their_value(runtime: TorchRuntime) -> None:
    """The kernels keep the light, at the frame's edges too."""
    flat = np.full((8, 9, 3), 1000.0, np.float32)
    result = runtime.infer({"color": flat}, FULL, _ignore)["color"]
    np.testing.assert_allclose(result, flat, rtol=1e-5)


def test_inputs_may_be_read_only(runtime: TorchRuntime) -> None:
    """Read-only inputs are enough, and not changed."""
    image = _image(9, 9)
    before = image.copy()
    image.flags.writeable = False
    runtime.infer({"color": image}, FULL, _ignore)
    np.testing.assert_array_equal(image, before)


def test_a_cancelled_frame_stops_between_tiles(small_tiles: TorchRuntime) -> None:
    """What `step` raises ends the frame before the next tile."""
    steps: list[int] = []

    def step(done: int, total: int) -> None:
        steps.append(done)
        if done == 1:
            raise CancelledError("Enough.")

    with pytest.raises(CancelledError):
        small_tiles.infer({"color": _image(60, 60)}, FULL, step)
    assert steps == [0, 1]


def test_tensors_are_smoothed(runtime: TorchRuntime) -> None:
    """A tensor gives what the image gives."""
    image = _image(9, 11)
    spec = TensorSpec("F32", image.shape, ("y", "x", "c"))
    target = bytearray(spec.size_bytes)
    runtime.infer_tensors(
        {"color": Tensor(spec, memoryview(image.tobytes()))},
        {"color": Tensor(spec, memoryview(target))},
        FULL,
        _ignore,
    )
    expected = runtime.infer({"color": image}, FULL, _ignore)["color"]
    np.testing.assert_array_equal(np.frombuffer(target, np.float32), expected.reshape(-1))


def test_the_weights_can_be_made_again(tmp_path: Path) -> None:
    """The script beside the weights writes the very same file."""
    script = tmp_path / "make_weights.py"
    script.write_bytes((SMOOTH / script.name).read_bytes())
    subprocess.run([sys.executable, str(script)], check=True, capture_output=True)
    made = (tmp_path / "smooth.safetensors").read_bytes()
    assert made == (SMOOTH / "smooth.safetensors").read_bytes()
    assert len(made) < 200_000


def _package(
    tmp_path: Path, body: str = "return color * self.factor", **state: NDArray[Any]
) -> TorchRuntime:
    """Load a package whose module has one parameter, ``factor``."""
    file = tmp_path / "weights.safetensors"
    save_file(state, file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    more = f'[[weights]]\nfile = "{file.name}"\nsha256 = "{digest}"\n'
    code = SCALE.replace("BODY", body)
    path = write_package(tmp_path / "toy", engine="torch", code=code, more=more)
    file.rename(path / file.name)
    return TorchRuntime(path, load_package(path).manifest, "cpu", 1, CpuMemory())


def _factors(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32).reshape(-1, 1, 1)


def test_weights_come_from_safetensors(tmp_path: Path) -> None:
    """The module is made without arguments and then gets its weights."""
    runtime = _package(tmp_path, factor=_factors(2, 3, -4))
    image = _image(3, 4)
    result = runtime.infer({"color": image}, {}, _ignore)["color"]
    np.testing.assert_array_equal(result, image * np.float32([2, 3, -4]))


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"factor": _factors(1, 2)},
        {"factor": _factors(1, 2, 3), "more": _factors(1)},
    ],
)
def test_weights_must_fit_the_module(tmp_path: Path, state: dict[str, NDArray[Any]]) -> None:
    """A missing, misshapen or unknown tensor is refused, not passed over."""
    with pytest.raises(ManifestError, match="do not fit"):
        _package(tmp_path, **state)


def test_weights_must_be_safetensors(tmp_path: Path) -> None:
    """A file of another format, such as a pickle, is never opened as one."""
    content = b"\x80\x04not safetensors"
    digest = hashlib.sha256(content).hexdigest()
    more = f'[[weights]]\nfile = "weights.bin"\nsha256 = "{digest}"\n'
    code = SCALE.replace("BODY", "return color")
    path = write_package(tmp_path / "toy", engine="torch", code=code, more=more)
    (path / "weights.bin").write_bytes(content)
    with pytest.raises(ManifestError, match="safetensors"):
        TorchRuntime(path, load_package(path).manifest, "cpu", 1, CpuMemory())


def test_the_entry_must_be_a_module(tmp_path: Path) -> None:
    """A class that is no torch module belongs to another engine."""
    path = write_package(tmp_path / "toy", engine="torch")
    with pytest.raises(ManifestError, match=r"torch\.nn\.Module"):
        TorchRuntime(path, load_package(path).manifest, "cpu", 1, CpuMemory())


@pytest.mark.parametrize(
    "body", ["raise ValueError('no')", "return color[..., 1:]", "return color[:, :1]", "return 1"]
)
def test_a_faulty_module_fails_the_frame_only(tmp_path: Path, body: str) -> None:
    """Exceptions and results of another form become an error that names the package."""
    runtime = _package(tmp_path, body, factor=_factors(1, 2, 3))
    with pytest.raises(ModelError, match="toy"):
        runtime.infer({"color": _image(5, 6)}, {}, _ignore)


def test_a_result_without_a_name_is_explained(tmp_path: Path) -> None:
    """A tuple could be anything: the author reads what is expected."""
    runtime = _package(tmp_path, "return (color,)", factor=_factors(1, 2, 3))
    with pytest.raises(ModelError, match="a tuple, not a mapping by output name"):
        runtime.infer({"color": _image(5, 6)}, {}, _ignore)


def test_an_absent_gpu_is_named(manifest: Manifest) -> None:
    """A worker that is told of a GPU that is not there says so."""
    with pytest.raises(ModelError):
        TorchRuntime(SMOOTH, manifest, "cuda:99", 1, CpuMemory())
