"""`upscale` and `upscale-4x`: the nets that ncnn runs, in light that is not clipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.zoo import installed
from filmgate.image.exr import load_exr
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.port import Runtime, load_runtime
from filmgate_server.runtime.source import load_entry
from filmgate_server.worker.memory import CpuMemory

torch = pytest.importorskip("torch", reason="torch is not installed: the extra [torch]")
safetensors = pytest.importorskip("safetensors.torch")

Pixels = NDArray[np.float32]

SCALES = {"upscale": 2, "upscale-4x": 4}
AGREEMENT_DB = 80
SLACK_DB = 0.5
HDR_PHOTOGRAPHS = [("Desk", 28.3), ("CandleGlass", 43.7)]
"""The figures to reach within `SLACK_DB`, over the whole photograph: the same net in the same
encoding."""


def _ignore(done: int, total: int) -> None:
    """Stand for a job that nobody cancels."""


def _load(name: str) -> Runtime:
    package = load_package(installed(name))
    return load_runtime(package.path, package.manifest, "cpu", 2, CpuMemory())


def _enlarge(name: str, small: Pixels, max_tile_px: int | None = None) -> Pixels:
    return _load(name).infer({"color": small}, {}, _ignore, max_tile_px=max_tile_px)["color"]


def _reduced(image: Pixels, scale: int) -> Pixels:
    """Average squares of *scale* px in linear light."""
    height, width, channels = image.shape
    squares = image.reshape(height // scale, scale, width // scale, scale, channels)
    return np.ascontiguousarray(squares.mean((1, 3), dtype=np.float32))


def _bicubic(small: Pixels, scale: int) -> Pixels:
    planes = torch.from_numpy(small).permute(2, 0, 1)[None]
    large = torch.nn.functional.interpolate(planes, scale_factor=scale, mode="bicubic")
    return large[0].permute(1, 2, 0).numpy()


def _psnr_tm(image: Pixels, truth: Pixels) -> float:
    mapped, wanted = (pixels / (1 + np.abs(pixels)) for pixels in (image, truth))
    return float(-10 * np.log10(np.mean(np.square(mapped - wanted, dtype=np.float64))))


@pytest.fixture(scope="module")
def crop(examples: Path) -> Pixels:
    """Return 96 × 128 px of a render, the gold ball's highlight of 16 in it."""
    part = load_exr(examples / "reference_0001.exr").parts[0]
    frame = part.stacked([f"ViewLayer.Combined.{letter}" for letter in "RGB"])
    return np.ascontiguousarray(frame[112:208, 64:192])


@pytest.mark.parametrize("name", SCALES)
def test_the_net_is_the_one_that_ncnn_runs(name: str, repository: Path) -> None:
    """On a crop that was given to both: at least 80 dB, and no value further off than 1e-4."""
    golden = safetensors.load_file(repository / "tests" / "golden" / "upscale_ncnn.safetensors")
    package = load_package(installed(name))
    net = load_entry(package.path, package.manifest)
    net.load_state_dict(safetensors.load_file(package.path / "upscale.safetensors"))
    with torch.inference_mode():
        enlarged = getattr(net, "enlarged", net)  # without the limits of our own
        error = enlarged(golden["input"][None])[0] - golden[name]
    assert error.abs().max() <= 1e-4
    assert -10 * torch.log10(error.square().mean()) >= AGREEMENT_DB


@pytest.mark.parametrize(("name", "gain_db"), [("upscale", 3), ("upscale-4x", 2)])
def test_it_is_truer_than_bicubic_interpolation(name: str, gain_db: float, crop: Pixels) -> None:
    """The highlight survives: nothing is clipped at 1, and little of its light is lost."""
    scale = SCALES[name]
    small = _reduced(crop, scale)
    result = _enlarge(name, small)
    assert result.shape == crop.shape
    assert _psnr_tm(result, crop) > _psnr_tm(_bicubic(small, scale), crop) + gain_db
    assert 0.8 * small.max() < result.max() < 1.25 * crop.max()
    assert result.mean() == pytest.approx(crop.mean(), rel=0.05)


@pytest.mark.parametrize(("photograph", "known_db"), HDR_PHOTOGRAPHS)
def test_hdr_photographs_reach_the_known_figures(
    photograph: str, known_db: float, plates: Path
) -> None:
    """Reduced to half and enlarged again: within half a dB of what was measured, or better."""
    part = load_exr(plates / "openexr-images" / "ScanLines" / f"{photograph}.exr").parts[0]
    frame = part.stacked(["R", "G", "B"])
    truth = frame[: frame.shape[0] // 2 * 2, : frame.shape[1] // 2 * 2]
    small = _reduced(truth, 2)
    result = _enlarge("upscale", small)
    assert _psnr_tm(result, truth) >= known_db - SLACK_DB
    assert _psnr_tm(result, truth) > _psnr_tm(_bicubic(small, 2), truth) + 5
    assert result.max() > 0.9 * small.max()


@pytest.mark.parametrize("name", SCALES)
def test_tiles_are_the_whole_frame(name: str, crop: Pixels) -> None:
    """The halo covers all that a pixel depends on: no seam."""
    whole = _enlarge(name, crop[:80])
    tiled = _enlarge(name, crop[:80], max_tile_px=96)
    assert np.abs(whole - tiled).max() <= 1e-5 * np.abs(whole).max()


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize("shape", [(1, 1), (5, 3)])
def test_frames_of_any_size_are_enlarged(name: str, shape: tuple[int, int]) -> None:
    """Even a single pixel, and a black frame stays nearly black."""
    scale = SCALES[name]
    result = _enlarge(name, np.zeros((*shape, 3), np.float32))
    assert result.shape == (shape[0] * scale, shape[1] * scale, 3)
    assert np.abs(result).max() < 0.001


@pytest.mark.parametrize("name", SCALES)
def test_negative_values_survive(name: str, crop: Pixels) -> None:
    """A frame of opposite sign gives the opposite result."""
    dark, light = (_enlarge(name, sign * crop[:24, :24]) for sign in (-1, 1))
    np.testing.assert_allclose(dark, -light, atol=0.001)


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize("sign", [-1, 1])
def test_noise_does_not_explode(name: str, sign: int) -> None:
    """Nothing that a net was trained on: what comes back is of the same size."""
    noise = np.random.default_rng(0).random((24, 24, 3), np.float32)
    assert np.abs(_enlarge(name, sign * 50 * noise)).max() < 500
