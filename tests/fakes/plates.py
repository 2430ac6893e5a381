"""Frames that tests send and what must come back, without the code under test."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from filmgate.job import Output, Payload, Result, Work
from filmgate.tensor import TENSOR_MEDIA, TensorSpec, parse_tensor_blob, to_tensor_blob
from filmgate.wire.records import Wish

Planes = Mapping[str, NDArray[Any]]
Check = Callable[[Result], None]

COLOR = ("R", "G", "B")
MERGED = Wish(mode="merged")
_DTYPES = {"F16": np.float16, "F32": np.float32}


def random_planes(seed: int, shape: tuple[int, int] = (24, 32)) -> dict[str, NDArray[Any]]:
    """Return a noisy half RGBA image with a float depth and an id, as a renderer writes them."""
    chance = np.random.default_rng(seed)
    color = {name: chance.normal(0.5, 2.0, shape).astype(np.float16) for name in (*COLOR, "A")}
    depth = chance.uniform(0.1, 1e4, shape).astype(np.float32)
    return {**color, "Z": depth, "id": chance.integers(0, 1 << 32, shape, np.uint32)}


def exr_bytes(planes: Planes, **header: Any) -> bytes:
    """Return an EXR file as OpenEXR writes it."""
    entries = {"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIPS_COMPRESSION, **header}
    out = io.BytesIO()
    OpenEXR.File(entries, {name: OpenEXR.Channel(plane) for name, plane in planes.items()}).write(
        out
    )
    return out.getvalue()


def exr_planes(content: bytes | memoryview) -> dict[str, NDArray[Any]]:
    """Return the channels of a file as OpenEXR reads them."""
    channels = OpenEXR.File(io.BytesIO(bytes(content)), separate_channels=True).channels()
    return {name: channel.pixels for name, channel in channels.items()}


def exr_header(content: bytes | memoryview) -> dict[str, Any]:
    """Return the header of a file as OpenEXR reads it."""
    return dict(OpenEXR.File(io.BytesIO(bytes(content)), separate_channels=True).header())


def same_planes(found: Planes, expected: Planes) -> None:
    """Assert that names, types and every bit agree."""
    assert sorted(found) == sorted(expected)
    for name, plane in expected.items():
        assert found[name].dtype == plane.dtype, name
        assert found[name].shape == plane.shape, name
        assert found[name].tobytes() == plane.tobytes(), f"{name} differs"


def negated(planes: Planes) -> dict[str, NDArray[Any]]:
    """Return *planes* as the model ``negate`` must merge them."""
    return {name: -plane if name in COLOR else plane for name, plane in planes.items()}


def tensor_blob(pixels: NDArray[Any]) -> bytes:
    """Return *pixels*, (H, W, C) half or float, as a tensor's blob."""
    dtype = next(name for name, kind in _DTYPES.items() if kind == pixels.dtype)
    spec = TensorSpec(dtype, pixels.shape, ("y", "x", "c"))
    return to_tensor_blob({"pixels": (spec, pixels.tobytes())})


def tensor_pixels(output: Output) -> NDArray[Any]:
    """Return the one tensor of an output as an array."""
    (tensor,) = parse_tensor_blob(output.data).values()
    return np.frombuffer(tensor.data, _DTYPES[tensor.spec.dtype]).reshape(tensor.spec.shape)


def tensor_payload(pixels: NDArray[Any], **place: Any) -> Payload:
    """Return *pixels* as the input ``color``."""
    return Payload("color", tensor_blob(pixels), media=TENSOR_MEDIA, **place)


def random_tensor(seed: int, shape: tuple[int, int, int] = (16, 16, 3)) -> NDArray[np.float32]:
    """Return noise that no other seed gives."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def negate_exr(seed: int, shape: tuple[int, int] = (24, 32)) -> tuple[Work, Check]:
    """Return the work of negating a random EXR, merged, and the check of its result."""
    planes = random_planes(seed, shape)
    work = Work("negate", (Payload("color", exr_bytes(planes)),), wish=MERGED)

    def check(result: Result) -> None:
        same_planes(exr_planes(result.output("color").data), negated(planes))

    return work, check


def negate_tensor(
    seed: int, shape: tuple[int, int, int] = (16, 16, 3), model: str = "negate"
) -> tuple[Work, Check]:
    """Return the work of negating a random tensor and the check of its result."""
    pixels = random_tensor(seed, shape)

    def check(result: Result) -> None:
        assert tensor_pixels(result.output("color")).tobytes() == (-pixels).tobytes()

    return Work(model, (tensor_payload(pixels),)), check
