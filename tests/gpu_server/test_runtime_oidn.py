"""Open Image Denoise: as good as native, in tiles as on the whole frame, and robust."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from filmgate.errors import CancelledError, DeviceMemoryError, InputError, ModelError
from filmgate.image.exr import load_exr
from filmgate.manifest import Manifest, Tiling
from filmgate.tensor import Tensor, TensorSpec
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.colour import Colour
from filmgate_server.runtime.exposure import auto_exposure
from filmgate_server.worker.memory import CpuMemory, FakeMemory
from filmgate_server.zoo import ZOO_FOLDER

if find_spec("pyoidn") is None:
    pytest.skip("Open Image Denoise is not installed: the extra [oidn]", allow_module_level=True)

from filmgate_server.runtime.denoiser import QUALITIES, Device, TileFilter, pyoidn
from filmgate_server.runtime.oidn import BORDER_PX, OidnRuntime
from filmgate_server.runtime.tensors import MIB
from filmgate_server.runtime.tiles import Span, Tile

Pixels = NDArray[np.float32]

HIGH = {"quality": "high", "clean_aux": False}
FAST = {"quality": "fast", "clean_aux": False}
THREADS = 2
LAYERS = {
    "color": ("ViewLayer.Combined", "RGB"),
    "albedo": ("ViewLayer.Denoising Albedo", "RGB"),
    "normal": ("ViewLayer.Denoising Normal", "XYZ"),
}
SATURATE = np.array(
    [[1.705, -0.622, -0.083], [-0.130, 1.141, -0.011], [-0.024, -0.129, 1.153]], np.float32
)
"""ACEScg to Rec.709: what is more saturated than Rec.709 becomes negative."""


def _ignore(done: int, total: int) -> None:
    """Stand for a job that nobody cancels."""


def _load(path: Path) -> dict[str, Pixels]:
    part = load_exr(path).parts[0]
    return {
        name: part.stacked([f"{layer}.{letter}" for letter in letters])
        for name, (layer, letters) in LAYERS.items()
    }


def _psnr(image: Pixels, truth: Pixels) -> float:
    """Compare after x / (1 + x), so that highlights do not outweigh everything else."""
    image, truth = (np.maximum(pixels, 0) for pixels in (image, truth))
    return float(-10 * np.log10(np.mean((image / (1 + image) - truth / (1 + truth)) ** 2)))


def _cut(inputs: dict[str, Pixels], height: int, width: int) -> dict[str, Pixels]:
    return {name: pixels[40 : 40 + height, 150 : 150 + width] for name, pixels in inputs.items()}


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    """Return the zoo's manifest."""
    return load_package(ZOO_FOLDER / "denoise").manifest


@pytest.fixture(scope="module")
def runtime(manifest: Manifest) -> Iterator[OidnRuntime]:
    """Return the runtime, as a worker loads it."""
    runtime = OidnRuntime(manifest, "cpu", THREADS, CpuMemory())
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def small_tiles(manifest: Manifest) -> Iterator[OidnRuntime]:
    """Return the runtime with tiles far smaller than the frames of these tests."""
    tiling = Tiling(max_tile_px=272, halo_px=manifest.tiling.halo_px)
    runtime = OidnRuntime(dataclasses.replace(manifest, tiling=tiling), "cpu", THREADS, CpuMemory())
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def noisy(examples: Path) -> dict[str, Pixels]:
    """Return a real render at 4 samples, with albedo and normals."""
    return _load(examples / "noisy_0001.exr")


@pytest.fixture(scope="module")
def reference(examples: Path) -> Pixels:
    """Return the colour of the same frame at 384 samples."""
    return _load(examples / "reference_0001.exr")["color"]


def _native(color: Pixels, scale: float | None) -> Pixels:
    """Run Open Image Denoise on a whole image; without a *scale* it finds its own."""
    device, result = Device("cpu", THREADS), np.empty_like(color)
    with pyoidn.Filter(device.native, "RT") as native:
        native.set_image("color", color, pyoidn.OIDN_FORMAT_FLOAT3)
        native.set_image("output", result, pyoidn.OIDN_FORMAT_FLOAT3)
        native.set_bool("hdr", True)
        if scale is not None:
            native.set_float("inputScale", scale)
        native.commit()
        native.execute()
    device.check()
    device.close()
    return result


def test_a_real_render_gains_10_db(
    runtime: OidnRuntime, noisy: dict[str, Pixels], reference: Pixels
) -> None:
    """The render at 4 samples comes close to the one at 384, with and without guides."""
    before = _psnr(noisy["color"], reference)
    guided = runtime.infer(noisy, HIGH, _ignore)["color"]
    alone = runtime.infer({"color": noisy["color"]}, HIGH, _ignore)["color"]
    assert _psnr(guided, reference) > before + 10
    assert _psnr(alone, reference) > before + 10


@pytest.mark.parametrize("shape", [(90, 160), (131, 77), (5, 3), (1, 1)])
def test_exposure_is_the_one_of_oidn(noisy: dict[str, Pixels], shape: tuple[int, int]) -> None:
    """Given our exposure, Open Image Denoise returns what it does with its own."""
    color = np.ascontiguousarray(_cut(noisy, *shape)["color"])
    own, given = _native(color, None), _native(color, auto_exposure(color))
    np.testing.assert_allclose(given, own, rtol=1e-4, atol=1e-6)


def test_black_has_exposure_one() -> None:
    """A black frame is not divided by its brightness."""
    assert auto_exposure(np.zeros((20, 30, 3), np.float32)) == 1.0


def test_the_frame_equals_native(runtime: OidnRuntime, noisy: dict[str, Pixels]) -> None:
    """Our result is native Open Image Denoise on the mirrored frame, at the frame's exposure."""
    color = np.ascontiguousarray(_cut(noisy, 90, 150)["color"])
    border = ((BORDER_PX, BORDER_PX), (BORDER_PX, BORDER_PX), (0, 0))
    native = _native(np.pad(color, border, mode="reflect"), auto_exposure(color))
    ours = runtime.infer({"color": color}, HIGH, _ignore)["color"]
    inside = native[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]
    np.testing.assert_allclose(ours, inside, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("quality", "clean_aux", "shape", "count"),
    [("fast", False, (250, 261), 4), ("high", False, (29, 321), 3), ("high", True, (321, 29), 3)],
)
def test_tiles_equal_the_whole_frame(
    runtime: OidnRuntime,
    small_tiles: OidnRuntime,
    noisy: dict[str, Pixels],
    quality: str,
    clean_aux: bool,
    shape: tuple[int, int],
    count: int,
) -> None:
    """No seam is larger than one part in 100,000, whichever net runs; the sizes are odd.

    In fact every bit is the same on one machine, from a halo of 80 px on.
    """
    inputs = {name: pixels[: shape[0], : shape[1]] for name, pixels in noisy.items()}
    params = {"quality": quality, "clean_aux": clean_aux}
    steps: list[int] = []
    whole = runtime.infer(inputs, params, _ignore)["color"]
    tiled = small_tiles.infer(inputs, params, lambda done, total: steps.append(total))["color"]
    assert steps == [count] * (count + 1)
    np.testing.assert_allclose(tiled, whole, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (60, 2), (5, 3), (17, 33)])
def test_small_frames_keep_their_light(runtime: OidnRuntime, shape: tuple[int, int]) -> None:
    """A frame of a few pixels is not darkened by the black that natively surrounds it."""
    flat = np.full((*shape, 3), 0.4, np.float32)
    result = runtime.infer({"color": flat}, FAST, _ignore)["color"]
    assert result.shape == flat.shape
    np.testing.assert_allclose(result, flat, rtol=0.02)


def test_brightness_only_scales(runtime: OidnRuntime, noisy: dict[str, Pixels]) -> None:
    """Two stops more light in give two stops more light out."""
    color = _cut(noisy, 96, 128)["color"]
    plain = runtime.infer({"color": color}, FAST, _ignore)["color"]
    brighter = runtime.infer({"color": color * 4}, FAST, _ignore)["color"]
    np.testing.assert_allclose(brighter, plain * 4, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("level", [0.1, 1.0, 30.0])
def test_noise_falls_at_every_level(runtime: OidnRuntime, level: float) -> None:
    """Highlights are denoised as midtones are, and keep their mean."""
    generator = np.random.default_rng(0)
    truth = np.full((64, 128, 3), 0.2, np.float32)
    truth[:, 64:] = level
    grain = generator.gamma(8, 1 / 8, truth.shape).astype(np.float32)
    result = runtime.infer({"color": truth * grain}, HIGH, _ignore)["color"]
    inside = result[8:-8, 80:-8]
    assert inside.std() < 0.2 * level * grain.std()
    assert inside.mean() == pytest.approx(level, rel=0.03)


def test_negatives_are_denoised_too(
    runtime: OidnRuntime, noisy: dict[str, Pixels], reference: Pixels
) -> None:
    """Saturated colours keep their negative part, with less than half of its error."""
    twice = (SATURATE @ SATURATE).T
    color, truth = noisy["color"][:200] @ twice, reference[:200] @ twice
    result = runtime.infer({"color": color}, FAST, _ignore)["color"]
    negative = truth < 0
    assert negative.mean() > 0.1
    error_before, error_after = (
        float(np.sqrt(np.mean((image - truth)[negative] ** 2))) for image in (color, result)
    )
    assert error_after < 0.5 * error_before
    assert result[negative].mean() == pytest.approx(truth[negative].mean(), rel=0.05)


def test_noise_around_black_keeps_its_mean(runtime: OidnRuntime) -> None:
    """Clipping would turn the negative half of the noise into light."""
    generator = np.random.default_rng(1)
    color = generator.normal(0.02, 0.05, (96, 96, 3)).astype(np.float32)
    result = runtime.infer({"color": color}, HIGH, _ignore)["color"]
    assert result.mean() == pytest.approx(0.02, abs=0.002)
    assert result.std() < 0.3 * color.std()


def test_huge_values_do_not_poison_the_frame(
    runtime: OidnRuntime, noisy: dict[str, Pixels]
) -> None:
    """One pixel of 1e30 changes neither the exposure nor anything out of the net's reach."""
    clean = {"color": _cut(noisy, 300, 64)["color"]}
    color = clean["color"].copy()
    color[10, 10], color[12, 40] = 1e30, -1e30
    result = runtime.infer({"color": color}, FAST, _ignore)["color"]
    expected = runtime.infer(clean, FAST, _ignore)["color"]
    assert np.abs(result).max() <= 65504
    np.testing.assert_allclose(result[150:], expected[150:], rtol=0.02, atol=1e-3)
    assert runtime.remarks({"color": color}, FAST) == [
        "6 values beyond ±65504 were held there before denoising."
    ]
    assert runtime.remarks(clean, FAST) == []


def test_nothing_comes_out_that_is_not_finite(runtime: OidnRuntime) -> None:
    """NaN and infinity are scrubbed before, and even if not they do not spread."""
    color = np.full((40, 40, 3), 0.5, np.float32)
    color[5, 5], color[20, 20], color[30, 30] = np.nan, np.inf, -np.inf
    albedo = np.full_like(color, np.nan)
    result = runtime.infer({"color": color, "albedo": albedo}, FAST, _ignore)["color"]
    assert np.isfinite(result).all()


def test_a_cancelled_frame_stops_between_tiles(
    small_tiles: OidnRuntime, noisy: dict[str, Pixels]
) -> None:
    """What `step` raises ends the frame before the next tile."""
    steps: list[int] = []

    def step(done: int, total: int) -> None:
        steps.append(done)
        if done == 1:
            raise CancelledError("Enough.")

    with pytest.raises(CancelledError):
        small_tiles.infer({"color": _cut(noisy, 20, 321)["color"]}, FAST, step)
    assert steps == [0, 1]


def test_inputs_stay_as_they_are(runtime: OidnRuntime, noisy: dict[str, Pixels]) -> None:
    """Read-only inputs are enough, and not changed."""
    inputs = {name: pixels.copy() for name, pixels in _cut(noisy, 33, 47).items()}
    before = {name: pixels.copy() for name, pixels in inputs.items()}
    for pixels in inputs.values():
        pixels.flags.writeable = False
    runtime.infer(inputs, FAST, _ignore)
    for name, pixels in inputs.items():
        np.testing.assert_array_equal(pixels, before[name])


def test_normals_need_albedo(runtime: OidnRuntime, noisy: dict[str, Pixels]) -> None:
    """Normals alone are left out, and the artist is told."""
    inputs = _cut(noisy, 33, 47)
    without = {name: inputs[name] for name in ("color", "normal")}
    result = runtime.infer(without, FAST, _ignore)["color"]
    expected = runtime.infer({"color": inputs["color"]}, FAST, _ignore)["color"]
    np.testing.assert_array_equal(result, expected)
    assert "together with albedo" in runtime.remarks(without, FAST)[0]


@pytest.mark.parametrize("shape", [(8, 9, 4), (8, 9), (0, 9, 3)])
def test_colour_must_be_rgb(runtime: OidnRuntime, shape: tuple[int, ...]) -> None:
    """Native code is never shown an image of another form."""
    with pytest.raises(InputError):
        runtime.infer({"color": np.zeros(shape, np.float32)}, FAST, _ignore)


def test_guides_must_fit(runtime: OidnRuntime) -> None:
    """A guide of another size would be read beyond its end."""
    color, albedo = np.zeros((8, 9, 3), np.float32), np.zeros((7, 9, 3), np.float32)
    with pytest.raises(InputError, match="albedo"):
        runtime.infer({"color": color, "albedo": albedo}, FAST, _ignore)


def _tensor(pixels: NDArray[Any]) -> Tensor:
    spec = TensorSpec("F16", pixels.shape, ("y", "x", "c"))
    return Tensor(spec, memoryview(bytearray(pixels.tobytes())))


def test_half_tensors_are_denoised(runtime: OidnRuntime, noisy: dict[str, Pixels]) -> None:
    """A tensor of halves gives the halves of what the image gives."""
    color = _cut(noisy, 33, 47)["color"].astype(np.float16)
    source, target = _tensor(color), _tensor(np.zeros_like(color))
    assert runtime.output_specs({"color": source.spec}, FAST) == {"color": source.spec}
    runtime.infer_tensors({"color": source}, {"color": target}, FAST, _ignore)
    expected = runtime.infer({"color": color.astype(np.float32)}, FAST, _ignore)["color"]
    found = np.frombuffer(target.data, np.float16).reshape(color.shape)
    np.testing.assert_array_equal(found, expected.astype(np.float16))


def test_tensors_must_be_images(runtime: OidnRuntime) -> None:
    """Other types and shapes are refused before anything is allocated."""
    for dtype, shape in (("I32", (4, 4, 3)), ("F32", (4, 3)), ("F32", (4, 4, 4))):
        spec = TensorSpec(dtype, shape, ("y", "x", "c")[: len(shape)])
        with pytest.raises(InputError):
            runtime.output_specs({"color": spec}, FAST)
    with pytest.raises(InputError, match="needs the input"):
        runtime.output_specs({}, FAST)


def test_an_absent_gpu_is_named(manifest: Manifest) -> None:
    """A worker that is told of a GPU that is not there says so."""
    with pytest.raises(ModelError, match="GPU 99"):
        OidnRuntime(manifest, "cuda:99", 0, CpuMemory())


def test_native_errors_are_raised() -> None:
    """What Open Image Denoise complains about never becomes a picture; its words are the cause."""
    device = Device("cpu", THREADS)
    images = {"normal": np.zeros((8, 8, 3), np.float32), "color": np.zeros((8, 8, 3), np.float32)}
    span = Span(0, 8, 0, 8)
    with ExitStack() as held:
        filter_ = TileFilter(held, device, images, QUALITIES["fast"], False, 1.0)
        with pytest.raises(ModelError, match="Open Image Denoise") as caught:
            filter_.render(Tile(span, span))
    assert str(caught.value.__cause__) in caught.value.text
    device.close()


def test_an_exhausted_device_is_told_apart() -> None:
    """Memory that is not there is an error of its own: a smaller tile may fit."""
    device = Device("cpu", THREADS)
    with pyoidn.Buffer(device.native, 1 << 55), pytest.raises(DeviceMemoryError):
        device.check()
    device.check()
    device.close()


def test_memory_is_borrowed_for_each_tile(manifest: Manifest, noisy: dict[str, Pixels]) -> None:
    """What the manifest says a tile to take is lent while it runs; a smaller tile needs less."""
    spec = dataclasses.replace(manifest.runtime, mib_per_megapixel=1000)
    memory = FakeMemory(60 * MIB)
    runtime = OidnRuntime(dataclasses.replace(manifest, runtime=spec), "fake:1", THREADS, memory)
    wide = np.tile(noisy["color"][:20], (1, 2, 1))
    with pytest.raises(DeviceMemoryError):
        runtime.infer({"color": wide}, FAST, _ignore)
    runtime.infer({"color": wide}, FAST, _ignore, max_tile_px=1024)
    assert 30 * MIB < memory.peak_bytes() < 45 * MIB
    assert memory.used_bytes() == 0
    runtime.close()


def test_colours_are_denoised_in_the_models_space(
    runtime: OidnRuntime, noisy: dict[str, Pixels]
) -> None:
    """A matrix leads there and its inverse back, for the guide too."""
    there = np.array([[1.6, -0.5, -0.1], [-0.1, 1.1, 0.0], [0.0, -0.1, 1.1]])
    matrix = tuple((float(r), float(g), float(b)) for r, g, b in there)
    given = {name: _cut(noisy, 64, 80)[name] for name in ("color", "albedo")}
    moved = {name: (pixels @ there.T).astype(np.float32) for name, pixels in given.items()}
    colour = Colour({"color": matrix, "albedo": matrix})
    found = runtime.infer(given, FAST, _ignore, colour=colour)["color"]
    expected = runtime.infer(moved, FAST, _ignore)["color"] @ np.linalg.inv(there).T
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-4)
