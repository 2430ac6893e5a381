"""Files that the tests of images share; OpenEXR writes them, so that nothing checks itself."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest

from filmgate.image.frame import Part
from filmgate.image.header import Attribute, new_header
from filmgate.image.window import Window

REPOSITORY = Path(__file__).parents[3]
EXAMPLES = REPOSITORY / "examples" / "plates"
PLATES = REPOSITORY.parent / "shared" / "plates" / "openexr-images"


@pytest.fixture(scope="session")
def render() -> bytes:
    """A Cycles render: half and float layers, Cryptomatte."""
    return (EXAMPLES / "noisy_0001.exr").read_bytes()


@pytest.fixture(scope="session")
def openexr_images() -> Path:
    """The OpenEXR project's sample images."""
    if not PLATES.is_dir():
        pytest.skip("the OpenEXR sample images are not beside this checkout")
    return PLATES


def _random_planes(shape: tuple[int, int], seed: int = 1) -> dict[str, Any]:
    """Return planes of every type with every bit pattern: NaN payloads, infinities, denormals."""
    bits = np.random.default_rng(seed)
    halves = {
        name: bits.integers(0, 1 << 16, shape, np.uint16).view(np.float16)
        for name in ("A", "B", "G", "R")
    }
    return {
        **halves,
        "crypto00.r": bits.integers(0, 1 << 32, shape, np.uint32).view(np.float32),
        "id": bits.integers(0, 1 << 32, shape, np.uint32),
    }


def _smooth_planes(shape: tuple[int, int]) -> dict[str, Any]:
    """Return planes that a lossy codec can compress."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    wave = 0.6 + 0.5 * np.sin(columns / 17) * np.cos(rows / 11)
    names = {"A": np.ones_like(wave), "B": wave * 0.5, "G": wave * 3.0, "R": wave * 80.0}
    noise = np.random.default_rng(3).normal(1, 0.05, shape)
    return {name: (plane * noise).astype(np.float16) for name, plane in names.items()}


def _rich_attributes() -> dict[str, Any]:
    """Return attributes of many types, among them those that other libraries lose or rename."""
    colours = np.arange(12, dtype=np.uint32)
    return {
        "cameraTransform": np.arange(16, dtype=np.float32).reshape(4, 4),
        "worldToNDC": np.linspace(0, 1 / 3, 16, dtype=np.float64).reshape(4, 4),
        "framesPerSecond": Fraction(24000, 1001),
        "timeCode": OpenEXR.TimeCode(1, 2, 3, 4, *(1, 0) * 3, *range(8)),
        "preview": OpenEXR.PreviewImage(colours.view("u1,u1,u1,u1").reshape(3, 4)),
        "chromaticities": (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767),
        "multiView": ["left", "right"],
        "a name of more than thirty-one bytes, as Cryptomatte writes them": "x",
        "lens": 34.999_998,
    }


def _openexr_file(planes: dict[str, Any], **header: Any) -> bytes:
    """Return a file as OpenEXR writes it; scanlines and no compression unless *header* says so."""
    entries = {"type": OpenEXR.scanlineimage, "compression": OpenEXR.NO_COMPRESSION, **header}
    out = io.BytesIO()
    OpenEXR.File(entries, {name: OpenEXR.Channel(plane) for name, plane in planes.items()}).write(
        out
    )
    return out.getvalue()


def _make_part(
    planes: dict[str, Any],
    *,
    origin: tuple[int, int] = (0, 0),
    display: Window | None = None,
    compression: str = "zip",
    **attributes: Attribute,
) -> Part:
    """Return a part whose data window starts at *origin* (x, y)."""
    height, width = next(iter(planes.values())).shape
    window = Window(origin[0], origin[1], origin[0] + width - 1, origin[1] + height - 1)
    header = new_header(window, display or window, compression).with_attributes(attributes)
    return Part(header, planes)


def _same_bits(one: Part, other: Part) -> bool:
    """Say whether all channels agree in name, type and every bit."""
    return list(one.channels) == list(other.channels) and all(
        plane.dtype == other.channels[name].dtype
        and plane.tobytes() == other.channels[name].tobytes()
        for name, plane in one.channels.items()
    )


@pytest.fixture(scope="session")
def random_planes() -> Callable[..., dict[str, Any]]:
    """Planes of every type with every bit pattern, for a (H, W)."""
    return _random_planes


@pytest.fixture(scope="session")
def smooth_planes() -> Callable[..., dict[str, Any]]:
    """Planes that a lossy codec can compress, for a (H, W)."""
    return _smooth_planes


@pytest.fixture
def rich_attributes() -> dict[str, Any]:
    """Attributes of many types, among them those that other libraries lose or rename."""
    return _rich_attributes()


@pytest.fixture(scope="session")
def openexr_file() -> Callable[..., bytes]:
    """Makes a file as OpenEXR writes it, from planes and header entries."""
    return _openexr_file


@pytest.fixture(scope="session")
def make_part() -> Callable[..., Part]:
    """Makes a part of ours from planes, an origin and raw attributes."""
    return _make_part


@pytest.fixture(scope="session")
def same_bits() -> Callable[[Part, Part], bool]:
    """Says whether all channels of two parts agree in name, type and every bit."""
    return _same_bits
