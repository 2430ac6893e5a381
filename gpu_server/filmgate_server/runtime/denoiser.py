"""Open Image Denoise on one device: its errors, and a filter for one frame."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import numpy as np

from filmgate.errors import DeviceMemoryError, ModelError
from filmgate_server.runtime.numerics import missing_engine

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from filmgate_server.runtime.port import Pixels
    from filmgate_server.runtime.tiles import Tile


@contextmanager
def _without_torch() -> Generator[None]:
    """Hide torch: pyoidn imports it where it can, which costs seconds and serves us nothing."""
    if "torch" in sys.modules:
        yield
        return
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["torch"]


try:
    with _without_torch():
        import pyoidn
        from pyoidn.capi import oidn_Capi, oidn_ffi
except ImportError as error:
    raise missing_engine("oidn") from error

FILTER = "RT"
CHANNELS = 3
PIXEL_BYTES = CHANNELS * 4
_OUT_OF_MEMORY = 4  # OIDN_ERROR_OUT_OF_MEMORY of oidn.h
QUALITIES = {
    "fast": pyoidn.OIDN_QUALITY_FAST,
    "balanced": pyoidn.OIDN_QUALITY_BALANCED,
    "high": pyoidn.OIDN_QUALITY_HIGH,
}


class Device:
    """A CPU or a GPU that denoises.

    Args:
        name: ``cpu``, ``cpu:0``, ``cuda:0``, …
        threads: of a CPU; 0 takes as many as it has cores.

    Raises:
        ModelError: Open Image Denoise cannot use the device.
    """

    def __init__(self, name: str, threads: int) -> None:
        kind, _, place = name.partition(":")
        self.on_host = kind != "cuda"
        self.native = _new_cpu() if self.on_host else _new_cuda(int(place or 0))
        if self.on_host:
            self.native.set_int("numThreads", threads)
            # Pinned threads of several workers would all sit on the same cores.
            self.native.set_bool("setAffinity", False)
        self.native.commit()
        self.check()

    def check(self) -> None:
        """Raise what went wrong since the last call.

        Raises:
            DeviceMemoryError: the device's memory does not suffice.
            ModelError: with Open Image Denoise's own words; its cause has them alone, for a GPU
                that can no longer be trusted is known by them.
        """
        words = oidn_ffi.new("const char**")
        code: int = oidn_Capi.oidnGetDeviceError(self.native._device, words)
        if code == _OUT_OF_MEMORY:
            raise DeviceMemoryError("The frame does not fit into the device's memory.")
        if code:
            text = oidn_ffi.string(words[0]).decode(errors="replace")
            raise ModelError(f"Open Image Denoise: {text}.") from RuntimeError(text)

    def close(self) -> None:
        """Give the device's memory back."""
        self.native.release()


class TileFilter:
    """The filter of one frame: the same images, settings and exposure for every tile.

    Building it anew for each frame costs 1 % of the smallest run, so nothing is kept in between.
    The pixels of the inputs are read where they are; only a GPU gets a copy.

    Args:
        held: takes what has to be given back after the frame, whatever becomes of it.
        device: where it runs.
        images: ``color`` and its guides ``albedo`` and ``normal``: (H, W, 3), contiguous float32.
        quality: one of pyoidn's ``OIDN_QUALITY_*``.
        clean_aux: whether the guides are free of noise.
        scale: what the colour is multiplied by on its way into the net.
    """

    def __init__(
        self,
        held: ExitStack,
        device: Device,
        images: Mapping[str, Pixels],
        quality: int,
        clean_aux: bool,
        scale: float,
    ) -> None:
        self._device = device
        self._held = held
        self._filter = pyoidn.Filter(device.native, FILTER)
        held.callback(self._filter.release)
        self._images = {name: self._place(pixels) for name, pixels in images.items()}
        self._width = images["color"].shape[1]
        self._filter.set_bool("hdr", True)
        self._filter.set_bool("cleanAux", clean_aux)
        self._filter.set_quality(quality)
        self._filter.set_float("inputScale", scale)

    def render(self, tile: Tile) -> Pixels:
        """Denoise one tile.

        Returns:
            (H, W, 3) of the tile, its halo included; a new array.

        Raises:
            DeviceMemoryError: the device's memory does not suffice.
            ModelError: Open Image Denoise failed.
        """
        for name, image in self._images.items():
            self._show(name, image, tile)
        result = np.empty((tile.y.size, tile.x.size, CHANNELS), np.float32)
        if self._device.on_host:
            self._run(result, tile)
            return result
        with pyoidn.Buffer(self._device.native, result.nbytes) as buffer:
            self._device.check()
            self._run(buffer, tile)
            buffer.read(0, result.nbytes, result)
        self._device.check()
        return result

    def _place(self, pixels: Pixels) -> Pixels | pyoidn.Buffer:
        if self._device.on_host:
            return pixels
        buffer = self._held.enter_context(pyoidn.Buffer(self._device.native, pixels.nbytes))
        self._device.check()
        buffer.write(0, pixels.nbytes, pixels)
        return buffer

    def _show(self, name: str, image: Pixels | pyoidn.Buffer, tile: Tile) -> None:
        self._filter.set_image(
            name,
            image,
            pyoidn.OIDN_FORMAT_FLOAT3,
            width=tile.x.size,
            height=tile.y.size,
            byte_offset=(tile.y.start * self._width + tile.x.start) * PIXEL_BYTES,
            row_byte_stride=self._width * PIXEL_BYTES,
        )

    def _run(self, target: Pixels | pyoidn.Buffer, tile: Tile) -> None:
        self._filter.set_image(
            "output",
            target,
            pyoidn.OIDN_FORMAT_FLOAT3,
            width=tile.x.size,
            height=tile.y.size,
        )
        self._filter.commit()
        self._filter.execute()
        self._device.check()


def _new_cpu() -> pyoidn.Device:
    if not pyoidn.Device.is_cpu_available():
        raise ModelError("Open Image Denoise does not support this CPU.")
    return pyoidn.Device(pyoidn.OIDN_DEVICE_TYPE_CPU)


def _new_cuda(place: int) -> pyoidn.Device:
    if not pyoidn.Device.is_cuda_available(place):
        raise ModelError(f"Open Image Denoise cannot use GPU {place}.", "Run the model on the CPU.")
    # pyoidn chooses a GPU only by way of torch: this is what it does then, with the default stream.
    device = pyoidn.Device.__new__(pyoidn.Device)
    places, streams = oidn_ffi.new("int[]", [place]), oidn_ffi.new("cudaStream_t[]", 1)
    device._device = oidn_Capi.oidnNewCUDADevice(places, streams, 1)
    return device
