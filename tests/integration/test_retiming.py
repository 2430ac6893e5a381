"""A shot in slow motion: the shell, a real server and the real net."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from fakes.plates import exr_planes
from fakes.renders import PLATES, psnr, toned
from fakes.service import TOKEN, Service
from fakes.zoo import installed
from filmgate.cli.main import main
from filmgate.endpoint import Endpoint, publish_endpoint
from filmgate.image.exr import parse_exr
from filmgate.image.provenance import read_provenance

if find_spec("torch") is None:
    pytest.skip("torch is not installed: the extra [torch]", allow_module_level=True)

MODEL_BYTES = 1 << 30
COLOR = [f"ViewLayer.Combined.{name}" for name in "RGB"]
MOTION = ["forward.u", "forward.v", "backward.u", "backward.v"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server with the model."""
    folder = tmp_path_factory.mktemp("retiming")
    shutil.copytree(installed("retime"), folder / "models" / "retime" / "1.0.0")
    models = [str(folder / "models")]
    with Service(folder, models=models, models_bytes=MODEL_BYTES) as running:
        yield running


@pytest.fixture
def shot(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with three plates, one frame apart, and the server configured."""
    for name in [name for name in os.environ if name.startswith("FILMGATE_")]:
        monkeypatch.delenv(name)
    (tmp_path / "run").mkdir()
    for name, folder in (("HOME", ""), ("XDG_CONFIG_HOME", "config"), ("XDG_RUNTIME_DIR", "run")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    publish_endpoint(Endpoint(service.port, TOKEN, service.process.pid))
    monkeypatch.setenv("FILMGATE_SERVER", service.address)
    for frame, plate in ((1, 1), (2, 3), (3, 5)):
        source = PLATES / f"reference_{plate:04d}.exr"
        shutil.copyfile(source, tmp_path / f"in.{frame:04d}.exr")
    return tmp_path


def run(shot: Path, *options: str) -> str:
    """Retime the shot and return what was said."""
    command = ["run", "retime", f"{shot}/in.%04d.exr", f"{shot}/out.%04d.exr", *options]
    said = io.StringIO()
    with redirect_stderr(said), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["filmgate", *command])
        with pytest.raises(SystemExit) as left:
            main()
    assert not left.value.code, said.getvalue()
    return said.getvalue()


def planes(path: Path) -> dict[str, np.ndarray]:
    """Return the channels of a file."""
    return exr_planes(path.read_bytes())


def source_time(path: Path) -> str:
    """Return the source time that a result's header tells."""
    (part,) = parse_exr(path.read_bytes()).parts
    provenance = read_provenance(part.header)
    return provenance.time if provenance else ""


def test_a_shot_at_half_speed(shot: Path) -> None:
    """Frames 1 to 3 become 1 to 5: three as they were, two in between, each with its time."""
    assert "5 of 5 written" in run(shot, "--speed", "0.5")
    results = sorted(shot.glob("out.*.exr"))
    assert [path.name for path in results] == [f"out.{n:04d}.exr" for n in range(1, 6)]
    assert [source_time(path) for path in results] == ["1", "1.5", "2", "2.5", "3"]
    made = [planes(path) for path in results]
    for place, frame in ((0, 1), (2, 2), (4, 3)):
        source = planes(shot / f"in.{frame:04d}.exr")
        for name, values in source.items():
            np.testing.assert_array_equal(made[place][name], values, name)
        assert not any(made[place][name].any() for name in MOTION)
    _check_between(made[1], made[0], made[2])
    assert "5 skipped" in run(shot, "--speed", "0.5")
    assert "2 of 2 written" in run(shot, "--speed", "2", "--overwrite")


def _check_between(made: dict[str, np.ndarray], *around: dict[str, np.ndarray]) -> None:
    """Hold a result to be neither neighbour nor their mean, and its motion to lead both ways."""
    before, after = (np.stack([each[name] for name in COLOR], -1) for each in around)
    found = np.stack([made[name] for name in COLOR], -1).astype(np.float32)
    mean = (before.astype(np.float32) + after) / 2
    for other in (before.astype(np.float32), after.astype(np.float32), mean):
        assert psnr(toned(found), toned(other)) < 40
    assert found.max() > 15
    forward, backward = made["forward.u"], made["backward.u"]
    assert np.corrcoef(forward.ravel(), backward.ravel())[0, 1] < -0.9
