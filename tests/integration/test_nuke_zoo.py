"""The zoo's upscaler and retimer from Nuke: rendered plates, bit for bit what the shell makes."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from fakes.plates import exr_bytes, exr_planes
from fakes.renders import PLATES
from fakes.service import Service
from fakes.studio import Desk
from fakes.zoo import installed
from filmgate.cli.main import main

if find_spec("torch") is None:
    pytest.skip("torch is not installed: the extra [torch]", allow_module_level=True)

MODELS_BYTES = 2 << 30
BEAUTY = "ViewLayer.Combined"
LEFT, TOP, WIDTH, HEIGHT = 240, 100, 128, 96


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server with both models."""
    folder = tmp_path_factory.mktemp("zoo")
    for name in ("upscale", "retime"):
        shutil.copytree(installed(name), folder / "models" / name / "1.0.0")
    with Service(folder, models=[str(folder / "models")], models_bytes=MODELS_BYTES) as running:
        yield running


@pytest.fixture
def desk(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Return an artist's desk with three crops of rendered plates."""
    desk = Desk(tmp_path, monkeypatch)
    desk.use(service)
    for frame, plate in ((1, 1), (2, 3), (3, 5)):
        planes = exr_planes((PLATES / f"reference_{plate:04d}.exr").read_bytes())
        crop = (slice(TOP, TOP + HEIGHT), slice(LEFT, LEFT + WIDTH))
        cropped = {name: np.ascontiguousarray(planes[f"{BEAUTY}.{name}"][crop]) for name in "RGB"}
        (tmp_path / f"plate.{frame:04d}.exr").write_bytes(exr_bytes(cropped))
    yield desk
    desk.close()


def shell(model: str, folder: Path, *options: str) -> None:
    """Run the command line on the plates."""
    files = [str(folder / "plate.%04d.exr"), str(folder / "shell.%04d.exr")]
    said = io.StringIO()
    with redirect_stderr(said), pytest.MonkeyPatch.context() as patch:
        command = ["filmgate", "run", model, *files, "--depth", "float", *options]
        patch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as left:
            main()
    assert not left.value.code, said.getvalue()


def same(made: Path, told: Path, names: tuple[str, ...]) -> None:
    """Assert that channels of two files agree in every bit."""
    ours, theirs = exr_planes(made.read_bytes()), exr_planes(told.read_bytes())
    for name in names:
        assert ours[name].astype(np.float32).tobytes() == theirs[name].astype(np.float32).tobytes()


def test_upscale_of_a_render(desk: Desk) -> None:
    """The node's format is twice as large, and the pixels are those of the shell."""
    group = desk.node("upscale", desk.plate(desk.folder / "plate.%04d.exr", 1, 3))
    desk.nuke.frame(2)

    desk.press(group, "run_frame")

    result = desk.result(group, "color", 2)
    shell("upscale", desk.folder, "--frames", "2")
    same(result, desk.folder / "shell.0002.exr", ("R", "G", "B"))
    assert (group.width(), group.height()) == (2 * WIDTH, 2 * HEIGHT)


def test_retime_of_a_render(desk: Desk) -> None:
    """Half speed by an animated source time: pixels and motion are those of the shell."""
    group = desk.node("retime", desk.plate(desk.folder / "plate.%04d.exr", 1, 3))
    group["filmgate_source_time"].setExpression("1 + (frame - 1) / 2")

    desk.press(group, "run_range")

    assert desk.session(group).status.problem is None
    shell("retime", desk.folder, "--frames", "1-2x0.5")
    for frame in (1, 2, 3):
        told = desk.folder / f"shell.{frame:04d}.exr"
        same(desk.result(group, "color", frame), told, ("R", "G", "B"))
        same(desk.result(group, "forward", frame), told, ("forward.u", "forward.v"))
