"""Geometry to server and back: real servers and models, buffers held to `filmgate run`."""

from __future__ import annotations

import importlib
import io
import queue
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes import hip
from fakes.secluded import seclude
from fakes.service import MIB, TOKEN, Service
from filmgate.cli.main import main
from filmgate.endpoint import Endpoint, publish_endpoint
from filmgate.host.port import Moment
from filmgate.host.state import State
from filmgate.tensor import TensorSpec, parse_tensor_blob, to_tensor_blob

ROOT = Path(__file__).resolve().parents[2]
MODELS_BYTES = 768 * MIB
PATIENCE_S = 60.0
ROWS, COLUMNS = 37, 51
YXC, ZYXC, NC = ("y", "x", "c"), ("z", "y", "x", "c"), ("n", "c")

Numbers = NDArray[np.float32]

for _folder in (ROOT / "plugins" / "houdini", ROOT / "tests" / "fakes" / "houdini"):
    if str(_folder) not in sys.path:
        sys.path.insert(0, str(_folder))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server with the zoo."""
    with Service(tmp_path_factory.mktemp("sop"), models_bytes=MODELS_BYTES) as running:
        yield running


class Desk:
    """A session of the stand-in for Houdini with a network of SOPs, and a server configured.

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
        self.hip = hip.Hip(hou)

    def close(self) -> None:
        """Leave Houdini; no call may have come from a wrong thread."""
        self.sessions.close_hubs()
        assert not self.world.violations

    def node(self, model: str, geometry: Any) -> Any:
        """Return a node for a model that the server has, below a geometry."""
        heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.sessions.hub().catalogue.refresh(heard.put)
        assert heard.get(timeout=PATIENCE_S) is None
        made = self.hip.network.createNode("filmgate::infer")
        made.setInput(0, self.hip.supply(geometry))
        self.world.edit(made, "filmgate_model", model)
        return made

    def cooked(self, node: Any) -> Any:
        """Return a node's geometry once its result is fresh."""
        node.cook(force=True)
        self.settle(node)
        assert not node.errors(), node.errors()
        return node.geometry()

    def settle(self, node: Any) -> None:
        """Let the event loop turn, where there is one, until nothing is under way."""
        if self.world.gui:
            session = self.sessions.session(node)
            assert self.world.run_until(lambda: not session.busy, PATIENCE_S)
            self.world.run_events()

    def run(
        self, model: str, tensors: dict[str, tuple[Numbers, Sequence[str]]], *options: str
    ) -> Numbers:
        """Return the first result of `filmgate run` for the same tensors."""
        specs = {
            name: (TensorSpec("F32", numbers.shape, tuple(axes)), numbers.tobytes())
            for name, (numbers, axes) in tensors.items()
        }
        source, target = self.folder / "in.safetensors", self.folder / "out.safetensors"
        source.write_bytes(to_tensor_blob(specs))
        filmgate_run(model, source, target, *options)
        tensor = next(iter(parse_tensor_blob(target.read_bytes()).values()))
        return np.frombuffer(tensor.data, np.float32).reshape(tensor.spec.shape)


@pytest.fixture(params=["gui", "hython"])
def desk(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any
) -> Iterator[Desk]:
    """Return an artist's desk with that server configured, with and without an interface."""
    made = Desk(tmp_path, monkeypatch, service, request.param)
    yield made
    made.close()


@pytest.fixture
def gui(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Return an artist's desk with an interface."""
    made = Desk(tmp_path, monkeypatch, service, "gui")
    yield made
    made.close()


def filmgate_run(model: str, source: Path, target: Path, *options: str) -> None:
    """Run the command line with the desk's settings."""
    said = io.StringIO()
    command = ["filmgate", "run", model, str(source), str(target), *options]
    with redirect_stderr(said), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as left:
            main()
    assert not left.value.code, said.getvalue()


def hills() -> Numbers:
    """Return (rows, columns, 1) of metres."""
    y, x = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.float32)
    return (40 * np.sin(x / 7) * np.cos(y / 5) + x)[..., None].astype(np.float32)


def terrain(desk: Desk, layers: Sequence[str] = ("height",)) -> Any:
    """Return a heightfield of the hills on a square kilometre."""
    geometry = hip.heightfield(desk.hou, ROWS, COLUMNS, layers, side_m=1000.0)
    hip.layer(geometry, "height").setAllVoxelsFromString(hills().tobytes())
    return geometry


def spacing() -> Numbers:
    """Return the metres between two of its samples along x and y."""
    return np.array([1000 / COLUMNS, 1000 / ROWS], np.float32)


def test_an_upres_is_what_the_command_line_makes(desk: Desk) -> None:
    """Twice the samples, every bit of them; the mask grows with the terrain, the place stays."""
    node = desk.node("terrain-detail", terrain(desk, ("height", "mask")))
    shown = desk.cooked(node)
    tensors = {"height": (hills(), YXC), "spacing": (spacing(), ("axis",))}
    expected = desk.run("terrain-detail", tensors)
    height = hip.layer(shown, "height")
    assert height.resolution() == (2 * COLUMNS, 2 * ROWS, 1)
    assert height.allVoxelsAsString() == expected.tobytes()
    assert hip.layer(shown, "mask").resolution() == height.resolution()
    assert height.isHeightField()


def test_a_parameter_reaches_the_model(gui: Desk) -> None:
    """The spare parameter that the manifest asked for; without detail nothing is added."""
    node = gui.node("terrain-detail", terrain(gui))
    before = hip.layer(gui.cooked(node), "height").allVoxelsAsString()
    node.parm("filmgate_p_amount").set(0.0)
    after = hip.layer(gui.cooked(node), "height").allVoxelsAsString()
    tensors = {"height": (hills(), YXC), "spacing": (spacing(), ("axis",))}
    assert after == gui.run("terrain-detail", tensors, "--param", "amount=0").tobytes()
    assert after != before


def test_a_volume_is_what_the_command_line_makes(desk: Desk) -> None:
    """Voxels of an odd size; name and place stay."""
    noise = np.random.default_rng(7).random((9, 13, 11, 1), np.float32)
    given = hip.volumes(desk.hou, (11, 13, 9))
    hip.layer(given, "density").setAllVoxelsFromString(noise.tobytes())
    place = hip.layer(given, "density").transform().asTuple()
    density = hip.layer(desk.cooked(desk.node("smooth-volume", given)), "density")
    expected = desk.run("smooth-volume", {"density": (noise, ZYXC)})
    assert density.allVoxelsAsString() == expected.tobytes()
    assert density.transform().asTuple() == place


def test_points_are_what_the_command_line_makes(desk: Desk) -> None:
    """Positions in their order; ids and the points' number stay."""
    places = np.random.default_rng(3).normal(size=(400, 3)).astype(np.float32)
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    given = hip.cloud(desk.hou, len(places))
    given.setPointFloatAttribValuesFromString("P", places.tobytes())
    shown = desk.cooked(desk.node("smooth-points", given))
    expected = desk.run("smooth-points", {"P": (places, NC)})
    assert shown.pointFloatAttribValuesAsString("P") == expected.tobytes()
    assert shown.pointIntAttribValues("id") == tuple(range(len(places), 0, -1))
    assert expected.tobytes() != places.tobytes()


def test_what_is_not_finite_is_refused_in_words(desk: Desk) -> None:
    """The server says how many there are; the node is red, and nothing is scrubbed."""
    given = terrain(desk)
    broken = hills()
    broken[3, 4:6] = np.nan
    hip.layer(given, "height").setAllVoxelsFromString(broken.tobytes())
    node = desk.node("terrain-detail", given)
    if desk.world.gui:
        with suppress(desk.hou.OperationFailed):  # the answer may come while it cooks
            node.cook(force=True)
        desk.settle(node)
    else:
        with pytest.raises(desk.hou.OperationFailed):
            node.cook(force=True)
    assert "2" in node.errors()[0]


def test_another_session_finds_the_result(gui: Desk) -> None:
    """A scene that is opened again has its result without the server being asked."""
    node = gui.node("terrain-detail", terrain(gui))
    gui.cooked(node)
    made = len(list((gui.sessions.hub().folder / "results").rglob("*")))
    state = node.userData("filmgate_state")
    gui.sessions.close_hubs()
    other = gui.hip.network.createNode("filmgate::infer")
    other.setInput(0, node.inputs()[0])
    node.destroy()
    other.parm("filmgate_model").set("terrain-detail")
    other.setUserData("filmgate_state", state)
    other.cook(force=True)
    assert gui.sessions.session(other).state_at(Moment(1.0)) is State.FRESH
    assert len(list((gui.sessions.hub().folder / "results").rglob("*"))) == made


def test_a_killed_server_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was under way when it died is made when it is back; the artist does nothing."""
    folder = tmp_path / "server"
    folder.mkdir()
    with Service(folder, models_bytes=MODELS_BYTES) as service:
        desk = Desk(tmp_path, monkeypatch, service, "gui")
        try:
            survive(desk, service)
        finally:
            desk.close()


def survive(desk: Desk, service: Service) -> None:
    """Kill the server, ask for another result, start it again and look at what comes."""
    node = desk.node("terrain-detail", terrain(desk))
    desk.cooked(node)
    service.stop()
    node.parm("filmgate_p_amount").set(2.0)
    node.cook(force=True)
    desk.world.run_events(5)
    assert node.errors() == ()
    assert node.warnings()
    service.start()
    publish_endpoint(Endpoint(service.port, TOKEN, service.process.pid))
    desk.settle(node)
    desk.world.press(node, "filmgate_run")
    shown = desk.cooked(node)
    tensors = {"height": (hills(), YXC), "spacing": (spacing(), ("axis",))}
    expected = desk.run("terrain-detail", tensors, "--param", "amount=2")
    assert hip.layer(shown, "height").allVoxelsAsString() == expected.tobytes()


def test_escape_leaves_the_server_with_nothing_to_do(gui: Desk, service: Service) -> None:
    """The job ends there too, and a later run makes the result."""
    node = gui.node("terrain-detail", terrain(gui))
    node.parm("filmgate_mode").set("ondemand")
    gui.world.press_escape(after=1)
    gui.world.press(node, "filmgate_run")
    assert node.errors() == ()
    gui.settle(node)
    gui.world.press(node, "filmgate_run")
    assert gui.sessions.session(node).state_at(Moment(1.0)) is State.FRESH
    assert node.warnings() == ()
