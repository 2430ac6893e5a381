"""Models whose results are larger than the frame, from file to file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.frames import Room, Steps, blob, exr, order, part, rgb
from fakes.packages import tiling, write_upscaler
from filmgate.image.container import Limits
from filmgate.image.frame import Part
from filmgate.image.window import Window
from filmgate.wire.records import Wish
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.port import load_runtime
from filmgate_server.worker.decoded import DecodedFrames
from filmgate_server.worker.image_task import ImageTask
from filmgate_server.worker.memory import CpuMemory
from filmgate_server.worker.task import find_footage

WINDOW, DISPLAY = Window(-7, 5, 61, 41), Window(0, 0, 59, 59)


def _run(tmp_path: Path, source: Part, scale: int, engine: str, **wish: Any) -> Part:
    """Send a file through the package that repeats pixels, in tiles of 24 px."""
    path = write_upscaler(tmp_path / "nearest", scale=scale, engine=engine, more=tiling(24, 2, 3))
    package = load_package(path)
    blobs = [blob(exr(source))]
    footage = find_footage(package.manifest, blobs, 3.0)
    work = dataclasses.replace(order(blobs, wish=Wish(**wish)), params={})
    task = ImageTask(package.manifest, work, footage, Limits(), DecodedFrames())
    room = Room()
    task.decode(Steps())
    runtime = load_runtime(package.path, package.manifest, "cpu", 1, CpuMemory())
    task.infer(runtime, Steps(), room)
    (produced,) = task.encode(room)
    (written,) = room.plate(produced).parts
    return written


def _enlarged(plane: NDArray[Any], scale: int) -> NDArray[Any]:
    return plane.repeat(scale, 0).repeat(scale, 1)


@pytest.mark.parametrize("engine", ["array", "torch"])
@pytest.mark.parametrize("scale", [2, 4])
def test_windows_and_pixels_are_scaled(tmp_path: Path, scale: int, engine: str) -> None:
    """An odd data window off the display's corner keeps its place; each sample keeps its bits."""
    if engine == "torch":
        pytest.importorskip("torch")
    source = rgb(1, window=WINDOW)
    written = _run(tmp_path, part(source, WINDOW, DISPLAY, owner="Alice"), scale, engine)
    assert written.data_window == Window(-7 * scale, 5 * scale, 62 * scale - 1, 42 * scale - 1)
    assert written.display_window == Window(0, 0, 60 * scale - 1, 60 * scale - 1)
    assert written.attributes["owner"].value == b"Alice"
    for name, plane in source.items():
        np.testing.assert_array_equal(written.channels[name], _enlarged(plane, scale))


def test_a_larger_result_cannot_be_merged(tmp_path: Path) -> None:
    """The other channels have the source's size: a merged wish gives the model's file alone."""
    source = {**rgb(1, window=WINDOW), "Z": rgb(7, window=WINDOW)["R"]}
    written = _run(tmp_path, part(source, WINDOW, DISPLAY), 2, "array", mode="merged")
    assert sorted(written.channels) == ["B", "G", "R"]
    assert written.data_window == WINDOW.scaled(2)
