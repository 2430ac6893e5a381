"""Each engine in a worker of a real server, which has given up network and privileges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np
import pytest

from fakes.ledger import Ledger
from fakes.nets import write_exported, write_graph
from fakes.plates import COLOR, MERGED, exr_bytes, exr_planes, random_planes
from fakes.service import Service
from filmgate.job import Payload, Result, Work

if not all(map(find_spec, ("torch", "onnxruntime", "onnx"))):
    pytest.skip("the engines are not installed: [torch], [onnx]", allow_module_level=True)

ENGINES_BYTES = 4 << 30
"""Of a worker with torch in it."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server with the same net in two forms."""
    folder = tmp_path_factory.mktemp("runtimes")
    for name, write in (("exported", write_exported), ("graph", write_graph)):
        path = write(folder / "models" / name)
        text = (path / "model.toml").read_text()
        (path / "model.toml").write_text(text.replace('"toy"', f'"{name}"'), newline="\n")
    models = [str(folder / "models")]
    with Service(folder, models_bytes=ENGINES_BYTES, models=models) as running:
        yield running


def _blurred(planes: dict[str, np.ndarray]) -> Callable[[Result], None]:
    """Return the check of a result: each colour is the sum of its neighbours over 8."""

    def check(result: Result) -> None:
        found = exr_planes(result.output("color").data)
        for name in COLOR:
            wide = planes[name].astype(np.float64)
            height, width = wide.shape
            total = sum(
                wide[y : y + height - 2, x : x + width - 2] for y in range(3) for x in range(3)
            )
            inside = found[name][1:-1, 1:-1].astype(np.float64)
            limit = np.abs(wide).max() * 2e-3
            assert np.abs(inside - np.asarray(total) / 8).max() < limit

    return check


@pytest.mark.timeout(300)  # importing two engines takes long where others compute
@pytest.mark.parametrize("model", ["exported", "graph"])
def test_a_net_in_one_file_answers(service: Service, ledger: Ledger, model: str):
    """It loads, computes and comes back where no network is to be had."""
    planes = random_planes(7)
    work = Work(model, (Payload("color", exr_bytes(planes)),), wish=MERGED)
    with service.client() as client:
        ledger.submit(client, work, _blurred(planes))
        ledger.all_end("result")
