"""Packages that were made to do harm, or stand still: refused or ended, while the others serve."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.ledger import Ledger
from fakes.models import write_model
from fakes.packages import write_package
from fakes.plates import negate_exr, negate_tensor, random_tensor, tensor_payload
from fakes.service import MIB, Service, restarts
from fakes.stages import Reached
from filmgate.errors import IntegrityError, ManifestError, QuarantinedError, UnknownModelError
from filmgate.job import Work

SCALE = """
import torch
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.ones(3, 1, 1))
    def forward(self, color):
        return color * self.factor
"""

HANGING = """
import time
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        while inputs["color"][0, 0, 0] == 666:
            time.sleep(0.01)
        return {{"color": -inputs["color"]}}
"""
"""Never comes back from a frame whose first value is 666."""

HANG_S = 90.0
"""Two tiles given up, at ten seconds each, and two workers started meanwhile."""


def huge_tensor() -> bytes:
    """Return safetensors whose header promises a tensor of a tebibyte."""
    factor = {"dtype": "F32", "shape": [1 << 38], "data_offsets": [0, 1 << 40]}
    header = json.dumps({"factor": factor}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(64)


def huge_header() -> bytes:
    """Return safetensors that promise a header of an exbibyte."""
    return struct.pack("<Q", 1 << 60) + b"{}"


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file that appears if a poisoned package is ever executed."""
    return tmp_path_factory.mktemp("witness") / "executed"


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory, witness: Path) -> Iterator[Service]:
    """Run a server with a package for each kind of poison."""
    folder = tmp_path_factory.mktemp("poisoned")
    weights = {
        "pickle": f"cos\nsystem\n(S'touch {witness}'\ntR.".encode(),
        "huge-tensor": huge_tensor(),
        "huge-header": huge_header(),
        "empty": b"",
        "another": b"other weights",
    }
    for name, content in weights.items():
        sha256 = hashlib.sha256(content if name != "another" else b"the weights").hexdigest()
        _write(folder / "models" / name, name, "weights.safetensors", sha256, content)
    _write(folder / "models" / "outside", "outside", "../../weights.safetensors", "0" * 64, b"")
    torch = {"models_bytes": 768 * MIB}
    with Service(folder, models=[str(folder / "models")], **torch) as service:
        yield service


def _write(path: Path, name: str, file: str, sha256: str, content: bytes) -> None:
    more = f'\n[[weights]]\nfile = "{file}"\nsha256 = "{sha256}"\n'
    write_package(path, name=name, engine="torch", code=SCALE, more=more)
    (path / "weights.safetensors").write_bytes(content)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pickle", ManifestError),
        ("huge-tensor", ManifestError),
        ("huge-header", ManifestError),
        ("empty", ManifestError),
        ("another", IntegrityError),
        ("outside", UnknownModelError),
    ],
)
def test_poisoned_weights_are_refused(
    poisoned: Service, ledger: Ledger, witness: Path, name: str, kind: type[Exception]
):
    """Weights that are no weights, or not those of the manifest, are an error of their frames."""
    workers = [worker.pid for worker in poisoned.workers]
    with poisoned.client() as client:
        ledger.submit(client, *negate_tensor(1))
        bad = ledger.submit(client, Work(name, (tensor_payload(random_tensor(2)),)))
        ledger.submit(client, *negate_exr(3))
        assert ledger.settle() == {"result": 2, "error": 1}
        assert isinstance(bad.error, kind), bad.error
        assert [worker.pid for worker in poisoned.workers] == workers
    assert not witness.exists()
    ledger.audit(poisoned)


@pytest.mark.nightly  # the floor of a measured tile's patience cannot be lowered from outside
@pytest.mark.timeout(int(2 * HANG_S))
def test_model_that_hangs_is_ended(make_service, ledger: Ledger, tmp_path: Path):
    """A tile that takes ten times too long ends its worker, twice, then its job; others go on."""
    write_model(tmp_path / "models", "hanging", HANGING)
    device = {"fake_device_memory": 512 * MIB}  # on a device, models are warmed and so measured
    service = make_service(models=[str(tmp_path / "models")], workers=2, **device)
    pixels = random_tensor(1)
    pixels[0, 0, 0] = 666
    with service.client() as client:
        ledger.submit(client, *negate_tensor(2, model="hanging"))
        ledger.settle()
        reached = Reached("infer")
        bad = ledger.submit(client, Work("hanging", (tensor_payload(pixels),)), None, reached)
        reached.wait()
        others = [
            ledger.submit(client, *negate_tensor(seed, model="hanging")) for seed in range(3, 9)
        ]
        for entry in others:
            entry.wait(HANG_S)
        bad.wait(HANG_S)
        assert isinstance(bad.error, QuarantinedError)
        ledger.submit(client, *negate_tensor(9, model="hanging"))
        assert ledger.settle() == {"result": 8, "error": 1}
        assert restarts(client.status()) == 2
    ledger.audit(service)
