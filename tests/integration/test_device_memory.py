"""A device that is too small: smaller tiles and the same picture, or an error that says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.ledger import Ledger
from fakes.packages import write_package
from fakes.plates import negate_tensor, random_tensor, tensor_payload, tensor_pixels
from fakes.service import MIB, Service, counters
from filmgate.errors import DeviceMemoryError
from filmgate.job import Result, Work

BLUR = """
import numpy as np
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        color = np.pad(inputs["color"], ((1, 1), (1, 1), (0, 0)), "edge")
        rows = color[:-2] + color[1:-1] + color[2:]
        return {"color": (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9}
"""

HUNGRY = """\
mib_per_megapixel = 100

[tiling]
max_tile_px = 2048
halo_px = 4
"""
"""The frame takes 50 MiB whole, half of that in tiles of 1024 px, a quarter in those of 512 px."""

SHAPE = (2000, 250, 3)
TOLERANCE = 1e-5


def blurred(pixels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean of each pixel and its neighbours."""
    padded = np.pad(pixels.astype(np.float64), ((1, 1), (1, 1), (0, 0)), "edge")
    height, width, _ = pixels.shape
    return sum(
        padded[y : y + height, x : x + width] for y in range(3) for x in range(3)
    ) / np.float64(9)


def blur_work(seed: int):
    """Return the work of blurring noise and the check of its result."""
    pixels = random_tensor(seed, SHAPE)

    def check(result: Result) -> None:
        found = tensor_pixels(result.output("color"))
        np.testing.assert_allclose(found, blurred(pixels), atol=TOLERANCE, rtol=0)

    return Work("blur", (tensor_payload(pixels),)), check


def small_device(make_service, folder: Path, mebibytes: int) -> Service:
    """Start a server whose device has so much memory."""
    write_package(folder / "models" / "blur", name="blur", code=BLUR, more=HUNGRY)
    memory = mebibytes * MIB
    return make_service(models=[str(folder / "models")], fake_device_memory=memory)


@pytest.mark.parametrize(("mebibytes", "tile_px"), [(64, 2048), (40, 1024), (18, 512)])
def test_smaller_tiles_give_the_same_picture(
    make_service, ledger: Ledger, tmp_path: Path, mebibytes: int, tile_px: int
):
    """The largest tiles that fit are used; the artist is told where they had to be smaller."""
    service = small_device(make_service, tmp_path, mebibytes)
    with service.client() as client:
        for _ in range(2):
            entry = ledger.submit(client, *blur_work(1))
            ledger.settle()
            assert entry.outcome == "result", entry.error
        result = entry.job.result()
        forced = tile_px < 2048
        assert (f"({tile_px} px)" in " ".join(result.warnings)) is forced
        assert str(tile_px) in result.numerics
        # What came of a lack of memory is not what is remembered for those who ask again.
        assert counters(client)["executions_run"] == (2 if forced else 1)
    ledger.audit(service)


def test_device_too_small_for_any_tile_says_so(make_service, ledger: Ledger, tmp_path: Path):
    """Where not even the smallest tile fits, the frame ends with that error; others are served."""
    service = small_device(make_service, tmp_path, 1)
    with service.client() as client:
        bad = ledger.submit(client, *blur_work(2))
        ledger.submit(client, *negate_tensor(3))
        assert ledger.settle() == {"error": 1, "result": 1}
        assert isinstance(bad.error, DeviceMemoryError)
    ledger.audit(service)
