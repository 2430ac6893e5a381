"""A model that was installed from its wheel, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
import pytest

from fakes.ledger import Ledger
from fakes.plates import COLOR, exr_bytes, exr_header, exr_planes
from fakes.service import Service
from fakes.zoo import installed
from filmgate.job import Payload, Result, Work

if not all(map(find_spec, ("torch", "safetensors"))):
    pytest.skip("torch is not installed: the extra [torch]", allow_module_level=True)

TORCH_BYTES = 4 << 30
"""Of a worker with torch in it."""

HIGHLIGHT = 50.0


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server that searches the folder of installed models."""
    folder = installed("upscale").parents[1]
    state = tmp_path_factory.mktemp("installed")
    with Service(state, models_bytes=TORCH_BYTES, models=[str(folder)]) as running:
        yield running


@pytest.mark.timeout(300)  # importing torch takes long where others compute
def test_an_upscaled_frame_comes_back(service: Service, ledger: Ledger) -> None:
    """Twice the size, its windows too, and its highlight: nothing was clipped on the way."""
    plane = np.full((24, 32), 0.18, np.float16)
    plane[8:16, 8:16] = HIGHLIGHT
    planes = dict.fromkeys(COLOR, plane)

    def check(result: Result) -> None:
        content = result.output("color").data
        found = exr_planes(content)
        assert sorted(found) == sorted(COLOR)
        corner = exr_header(content)["dataWindow"][1]
        assert tuple(corner) == (63, 47)
        for name in COLOR:
            assert found[name].shape == (48, 64)
            assert found[name][20:28, 20:28].mean() == pytest.approx(HIGHLIGHT, rel=0.1)
            assert found[name][36:44, 40:60].mean() == pytest.approx(0.18, rel=0.1)

    with service.client() as client:
        ledger.submit(client, Work("upscale", (Payload("color", exr_bytes(planes)),)), check)
        ledger.all_end("result")
