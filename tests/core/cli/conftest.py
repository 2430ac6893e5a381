"""A server, and the command line as a user calls it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from fakes.service import TOKEN, Service
from filmgate.cli.main import main
from filmgate.endpoint import Endpoint, publish_endpoint
from filmgate.image.exr import encode_exr
from filmgate.image.frame import Part, Plate
from filmgate.image.header import new_header
from filmgate.image.window import Window

MODEL = """
[model]
name = "{name}"
version = "1.0.0"
task = "test"
summary = "For tests."
[licence]
code = "Apache-2.0"
weights = "none"
[[inputs]]
name = "color"
role = "color"
channels = ["R", "G", "B"]
[[inputs]]
name = "albedo"
role = "albedo"
channels = ["R", "G", "B"]
optional = true
[[outputs]]
name = "color"
channels = ["R", "G", "B"]
replaces = "color"
[runtime]
engine = "array"
entry = "model.py:Model"
[[params]]
name = "gain"
type = "float"
default = 1.0
low = 0.0
high = 8.0
"""

GAIN = """
import numpy as np

class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        aux = inputs.get("albedo", np.float32(0))
        return {"color": (inputs["color"] * params["gain"] + aux).astype("float32")}
"""

SLOW = """
import time

class Model:
    def infer(self, inputs, params, step):
        for tile in range(int(params["gain"] * 600)):
            step(tile, 600)
            time.sleep(0.05)
        return {"color": inputs["color"]}
"""


MATTE = """
[[outputs]]
name = "matte"
channels = ["matte.A"]
[runtime]"""

TWO = """
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        return {"color": inputs["color"], "matte": inputs["color"][..., :1]}
"""

MEAN = """
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        mean = inputs["color"].mean(axis=0)
        return {"color": mean, "forward": mean[..., :2] * 0 - 3}
"""

WINDOW = """
[[outputs]]
name = "forward"
role = "motion"
channels = ["forward.u", "forward.v"]
[temporal]
kind = "window"
before = 1
after = 1
[runtime]"""


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models: gain multiplies and adds an albedo, slow takes half a minute.

    two has two outputs, mean is the mean of three frames, with motion.
    """
    folder = tmp_path_factory.mktemp("models")
    for name, code in (("gain", GAIN), ("slow", SLOW), ("two", TWO), ("mean", MEAN)):
        (folder / name).mkdir()
        manifest = MODEL.format(name=name)
        if name == "two":
            manifest = manifest.replace("\n[runtime]", MATTE)
        if name == "mean":
            manifest = manifest.replace("\n[runtime]", WINDOW)
        (folder / name / "model.toml").write_text(manifest, encoding="utf-8")
        (folder / name / "model.py").write_text(code, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> Iterator[Service]:
    """Run a server for all tests of the command line."""
    folder = tmp_path_factory.mktemp("server")
    with Service(folder, models=[str(packages)]) as running:
        yield running


@dataclass(frozen=True)
class Said:
    """What a command said.

    Attributes:
        out: on stdout: results.
        err: on stderr: everything else.
    """

    out: str
    err: str


class Command:
    """The command line, in an environment of its own, as a function and as a process."""

    def __call__(self, *arguments: object, code: int = 0) -> Said:
        """Run it, expect the exit code, and return what it said."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            left = _exit_code(["filmgate", *map(str, arguments)])
        assert left == code, err.getvalue()
        assert "Traceback" not in err.getvalue()
        return Said(out.getvalue(), err.getvalue())

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Start it as a process."""
        command = [sys.executable, "-m", "filmgate.cli", *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)


def _exit_code(arguments: list[str]) -> int:
    before, sys.argv = sys.argv, arguments
    try:
        main()
    except SystemExit as left:
        return int(left.code or 0)
    finally:
        sys.argv = before
    return 0


@pytest.fixture
def lonely(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command on a machine where no server runs and none is configured."""
    for name in list(os.environ):
        if name.startswith("FILMGATE_"):
            monkeypatch.delenv(name)
    for name, folder in (("HOME", ""), ("XDG_CONFIG_HOME", "config"), ("XDG_RUNTIME_DIR", "run")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    (tmp_path / "run").mkdir()
    return Command()


@pytest.fixture
def filmgate(lonely: Command, service: Service, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command with a server configured."""
    publish_endpoint(Endpoint(service.port, TOKEN, service.process.pid))
    monkeypatch.setenv("FILMGATE_SERVER", service.address)
    return lonely


@pytest.fixture
def plate() -> Callable[..., bytes]:
    """Return a maker of small EXR files: float RGB and A, each channel one value."""

    def make(value: float = 0.5, layer: str = "", **layers: float) -> bytes:
        window = Window(0, 0, 7, 3)
        levels = {layer: value, **layers}
        channels = {
            f"{name}.{letter}" if name else letter: np.full((4, 8), level, np.float32)
            for name, level in levels.items()
            for letter in "RGB"
        }
        return encode_exr(Plate((Part(new_header(window, window), channels),)))

    return make
