"""Models that fail: their frames end with an error that says so; those beside them do not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fakes.ledger import Ledger
from fakes.models import CRASHING, FAULTY, GATED, write_model
from fakes.plates import negate_exr, negate_tensor, random_tensor, tensor_payload, tensor_pixels
from fakes.service import Service, restarts
from filmgate.errors import FilmgateError, ManifestError, ModelError, StorageError
from filmgate.job import Work


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server with the model ``faulty`` for this file."""
    folder = tmp_path_factory.mktemp("faulty")
    write_model(folder / "models", "faulty", FAULTY)
    with Service(folder, models=[str(folder / "models")]) as service:
        yield service


def faulty_work(number: int) -> Work:
    """Return the work at which ``faulty`` fails in way *number*."""
    pixels = random_tensor(number)
    pixels[0, 0, 0] = 666 + number
    return Work("faulty", (tensor_payload(pixels),))


@pytest.mark.parametrize("number", range(1, 13))
def test_failing_frame_ends_with_a_typed_error(faulty: Service, ledger: Ledger, number: int):
    """Whatever model code raises or returns, its frame ends, its neighbours live, none dies."""
    workers = [worker.pid for worker in faulty.workers]
    with faulty.client() as client:
        ledger.submit(client, *negate_tensor(1, model="faulty"))
        bad = ledger.submit(client, faulty_work(number), lambda result: None)
        ledger.submit(client, *negate_tensor(number + 50, model="faulty"))
        ledger.settle()
        if number == 10:
            assert np.isnan(tensor_pixels(bad.job.result().output("color"))).all()
        elif number == 3:
            assert isinstance(bad.error, StorageError)
        else:
            assert isinstance(bad.error, (ModelError, FilmgateError))
            assert bad.error.code == "model"
        assert [worker.pid for worker in faulty.workers] == workers
    ledger.audit(faulty)


def test_crashing_model_loses_only_its_frame(make_service, ledger: Ledger, tmp_path: Path):
    """Native code that crashes takes its worker along; the other frames are done by the next."""
    write_model(tmp_path / "models", "crashing", CRASHING)
    service = make_service(models=[str(tmp_path / "models")])
    pixels = random_tensor(1)
    pixels[0, 0, 0] = 666
    with service.client() as client:
        bad = ledger.submit(client, Work("crashing", (tensor_payload(pixels),)))
        for seed in range(2, 8):
            ledger.submit(client, *negate_tensor(seed, model="crashing"))
        assert ledger.settle() == {"error": 1, "result": 6}
        assert isinstance(bad.error, ModelError)
        assert restarts(client.status()) >= 2
    ledger.audit(service)


def test_package_that_cannot_be_imported_fails_its_frames_only(
    make_service, ledger: Ledger, tmp_path: Path
):
    """Broken code in one package is an error of its frames; the others' models serve."""
    write_model(tmp_path / "models", "broken", "import nothing_of_that_name")
    write_model(tmp_path / "models", "empty", "x = 1")
    service = make_service(models=[str(tmp_path / "models")])
    with service.client() as client:
        for model in ("broken", "empty"):
            entry = ledger.submit(client, Work(model, negate_tensor(1)[0].inputs))
            entry.job.future.exception(30)
            assert isinstance(entry.error, (ManifestError, ModelError))
        ledger.submit(client, *negate_exr(2))
        assert ledger.settle() == {"error": 2, "result": 1}
    ledger.audit(service)


def test_package_without_a_sound_manifest_is_not_offered(make_service, tmp_path: Path):
    """A folder that is no package is reported and does not keep the server from starting."""
    write_model(tmp_path / "models", "good", GATED, gate=tmp_path / "gate")
    (tmp_path / "models" / "bad").mkdir()
    (tmp_path / "models" / "bad" / "model.toml").write_text("this is not TOML")
    service = make_service(models=[str(tmp_path / "models")])
    with service.client() as client:
        names = {model.name for model in client.models()}
        assert "good" in names
        assert "bad" not in names
    assert "not usable" in service.log


def test_package_changed_under_the_server_is_refused(make_service, ledger: Ledger, tmp_path: Path):
    """Code that is no longer what the server read is not run under the old name."""
    write_model(tmp_path / "models", "gated", GATED, gate=tmp_path)
    service = make_service(models=[str(tmp_path / "models")])
    with (tmp_path / "models" / "gated" / "model.py").open("a") as code:
        code.write("\n# changed")
    with service.client() as client:
        entry = ledger.submit(client, *negate_tensor(1, model="gated"))
        ledger.settle()
        assert isinstance(entry.error, ManifestError)
    ledger.audit(service)
