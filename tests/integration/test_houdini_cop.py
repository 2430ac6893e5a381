"""Copernicus to server and back: a real server, real renders, pixels held to `filmgate run`."""

from __future__ import annotations

import importlib
import io
import queue
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.packages import write_upscaler
from fakes.plates import exr_header, exr_planes
from fakes.renders import PLATES
from fakes.secluded import seclude
from fakes.service import MIB, TOKEN, Service
from filmgate.cli.main import main
from filmgate.endpoint import Endpoint, publish_endpoint

ROOT = Path(__file__).resolve().parents[2]
ASSET = ROOT / "plugins" / "houdini" / "otls" / "filmgate_cop_infer.1.0.hda"
DENOISER_BYTES = 768 * MIB
PATIENCE_S = 60.0

Pixels = NDArray[np.float32]

for _folder in (ROOT / "plugins" / "houdini", ROOT / "tests" / "fakes" / "houdini"):
    if str(_folder) not in sys.path:
        sys.path.insert(0, str(_folder))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server with the zoo and an upscaler."""
    folder = tmp_path_factory.mktemp("cop")
    models = folder / "models"
    write_upscaler(models / "nearest", scale=2)
    with Service(folder, models=[str(models)], models_bytes=DENOISER_BYTES) as running:
        yield running


class Desk:
    """A session of the stand-in for Houdini with a Copernicus network, and a server configured.

    Args:
        folder: for the test's files, settings and cache.
        patch: undone when the test ends.
        service: the server.
        mode: ``gui`` or ``hython``.
    """

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, service: Service, mode: str
    ) -> None:
        import hou  # noqa: PLC0415 - found once the stand-in is on the path

        seclude(folder, patch)
        publish_endpoint(Endpoint(service.port, TOKEN, service.process.pid))
        patch.setenv("FILMGATE_SERVER", service.address)
        self.hou: Any = hou
        self.world: Any = self.hou._fresh("21.0", mode)
        self.folder = folder
        self.sessions: Any = importlib.import_module("filmgate_houdini.sessions")
        self.hou.hda.installFile(str(ASSET))
        self.network = self.hou.node("/obj").createNode("copnet")

    def close(self) -> None:
        """Leave Houdini; no call may have come from a wrong thread."""
        self.sessions.close_hubs()
        assert not self.world.violations

    def layer(self, planes: list[NDArray[Any]], window: tuple[int, ...], display: Any) -> Any:
        """Return planes from the top as a layer; the windows as a file has them, y down."""
        height, width = planes[0].shape
        half = planes[0].dtype == np.float16
        kinds = self.hou.imageLayerStorageType
        low = display[1] + display[3] - (window[1] + height - 1)
        made = self.hou.ImageLayer()
        made.setChannelCount(len(planes))
        made.setStorageType(kinds.Float16 if half else kinds.Float32)
        made.setDataWindow(window[0], low, width, height)
        made.setDisplayWindow(
            display[0], display[1], display[2] - display[0] + 1, display[3] - display[1] + 1
        )
        made.setAllBufferElements(np.stack(planes, -1)[::-1].tobytes())
        return made

    def connect(self, node: Any, index: int, layer: Any, name: str) -> None:
        """Wire a layer to an input of a node, from a connector of that name."""
        above = self.network.createNode("null")
        self.world.supply(above, layer)
        above.outputNames = lambda: (name,)
        node.setInput(index, above)

    def node(self, model: str) -> Any:
        """Return a node for a model that the server has."""
        heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.sessions.hub().catalogue.refresh(heard.put)
        assert heard.get(timeout=PATIENCE_S) is None
        made = self.network.createNode("filmgate::infer")
        self.world.edit(made, "filmgate_model", model)
        return made

    def cooked(self, node: Any, output: int = 0) -> Pixels:
        """Cook a node until its result is fresh; return (H, W, 4) from the top."""
        node.cook(force=True)
        if self.world.gui:
            session = self.sessions.session(node)
            assert self.world.run_until(lambda: not session.busy, PATIENCE_S)
            self.world.run_events()
        assert not node.errors(), node.errors()
        layer = node.layer(output)
        width, height = layer.bufferResolution()
        content = layer.allBufferElements(self.hou.imageLayerStorageType.Float32, 4)
        return np.frombuffer(content, np.float32).reshape(height, width, 4)[::-1]


@pytest.fixture(params=["gui", "hython"])
def desk(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any
) -> Iterator[Desk]:
    """Return an artist's desk with that server configured, with and without an interface."""
    made = Desk(tmp_path, monkeypatch, service, request.param)
    yield made
    made.close()


def filmgate_run(model: str, source: Path, target: Path) -> None:
    """Run the command line with the desk's settings."""
    said = io.StringIO()
    with redirect_stderr(said), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["filmgate", "run", model, str(source), str(target)])
        with pytest.raises(SystemExit) as left:
            main()
    assert not left.value.code, said.getvalue()


def colours(path: Path, prefix: str = "") -> Pixels:
    """Return (H, W, 3) of a file as float32."""
    planes = exr_planes(path.read_bytes())
    return np.stack([planes[f"{prefix}{name}"].astype(np.float32) for name in "RGB"], -1)


def window(header: dict[str, Any], name: str) -> tuple[int, ...]:
    """Return a window of a file."""
    low, high = header[name]
    return (*map(int, low), *map(int, high))


def test_a_render_with_its_aovs_is_denoised_as_the_command_line_does(desk: Desk) -> None:
    """Colour, albedo and normal from three wires: every bit is that of `filmgate run`."""
    if find_spec("pyoidn") is None:
        pytest.skip("pyoidn is not installed: the extra [oidn]")
    plate = PLATES / "noisy_0001.exr"
    planes, header = exr_planes(plate.read_bytes()), exr_header(plate.read_bytes())
    places = window(header, "dataWindow"), window(header, "displayWindow")
    node = desk.node("denoise")
    wires = (("C", "Combined", "RGBA"), ("N", "Denoising Normal", "XYZ"))
    for index, (name, aov, letters) in enumerate((*wires, ("albedo", "Denoising Albedo", "RGB"))):
        found = [planes[f"ViewLayer.{aov}.{letter}"] for letter in letters]
        desk.connect(node, index, desk.layer(found, *places), name)

    made = desk.cooked(node)

    filmgate_run("denoise", plate, desk.folder / "cli.exr")
    expected = colours(desk.folder / "cli.exr", "ViewLayer.Combined.")
    assert made[..., :3].tobytes() == expected.tobytes()
    alpha = planes["ViewLayer.Combined.A"].astype(np.float32)
    assert made[..., 3].tobytes() == alpha.tobytes()


@pytest.mark.parametrize("name", ["t01", "t04", "t08"])
def test_real_windows_come_back_where_they_were(desk: Desk, plates: Path, name: str) -> None:
    """Pictures smaller, larger and offset against their format: pixels and windows agree."""
    plate = plates / "openexr-images" / "DisplayWindow" / f"{name}.exr"
    channels, header = exr_planes(plate.read_bytes()), exr_header(plate.read_bytes())
    places = window(header, "dataWindow"), window(header, "displayWindow")
    node = desk.node("negate")
    layer = desk.layer([channels[letter] for letter in "RGB"], *places)
    desk.connect(node, 0, layer, "C")

    made = desk.cooked(node)

    filmgate_run("negate", plate, desk.folder / "cli.exr")
    assert made[..., :3].tobytes() == colours(desk.folder / "cli.exr").tobytes()
    shown = node.layer(0)
    assert tuple(shown.dataWindow().min()) == tuple(layer.dataWindow().min())
    assert tuple(shown.displayWindow().size()) == tuple(layer.displayWindow().size())


def test_an_upscaled_picture_has_twice_the_format(desk: Desk) -> None:
    """Every pixel is the one that was repeated, in a format twice as large."""
    chance = np.random.default_rng(5)
    planes = [chance.normal(0.5, 2.0, (12, 20)).astype(np.float32) for _ in "RGBA"]
    whole = (0, 0, 19, 11)
    node = desk.node("nearest")
    desk.connect(node, 0, desk.layer(planes, whole, whole), "C")

    made = desk.cooked(node)

    expected = np.stack(planes, -1).repeat(2, 0).repeat(2, 1)
    assert made.tobytes() == expected.tobytes()
    assert tuple(node.layer(0).displayWindow().size()) == (40, 24)


def test_what_is_there_is_shown_again_without_the_server(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Live shows the picture first, then its result; a changed picture makes it stale, not red."""
    desk = Desk(tmp_path, monkeypatch, service, "gui")
    plane = np.full((4, 6), 0.25, np.float32)
    whole = (0, 0, 5, 3)
    node = desk.node("negate")
    desk.connect(node, 0, desk.layer([plane] * 3, whole, whole), "C")
    node.cook(force=True)
    assert desk.cooked(node)[0, 0, 0] == -0.25
    monkeypatch.setenv("FILMGATE_SERVER", "tcp://127.0.0.1:9")
    desk.sessions.close_hubs()
    again = desk.cooked(node)
    assert again[0, 0, 0] == -0.25
    desk.close()


def test_the_file_that_is_sent_is_one_that_everybody_reads(desk: Desk) -> None:
    """OpenEXR finds the same samples in what a node captures as in the layer."""
    cop = importlib.import_module("filmgate_houdini.cop")
    chance = np.random.default_rng(6)
    planes = [chance.normal(0.5, 2.0, (5, 7)).astype(np.float16) for _ in "RGBA"]
    whole = (0, 0, 6, 4)
    node = desk.node("negate")
    desk.connect(node, 0, desk.layer(planes, whole, whole), "C")
    session = desk.sessions.session(node)
    manifest = session.manifest
    assert manifest is not None

    port = importlib.import_module("filmgate.host.port")
    content = cop.CopSource(node).payload(manifest, manifest.main_input, port.Moment(1.0)).data

    found = exr_planes(content)
    assert {name: found[name].tobytes() for name in "RGBA"} == {
        name: plane.tobytes() for name, plane in zip("RGBA", planes, strict=True)
    }
