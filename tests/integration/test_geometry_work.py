"""Geometry from a host to a real server and back: every number held to `filmgate run`."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.geometry import (
    BLUR,
    BLUR_TORCH,
    DENSITY,
    HEIGHT,
    KEEP,
    MOVE,
    POINTS,
    cloud,
    from_blob,
    hills,
    points,
    to_blob,
    write_geometry,
)
from fakes.packages import tiling
from fakes.service import TOKEN, Service, counters
from fakes.waiting import wait_until
from filmgate.cli.main import main
from filmgate.config import load_config
from filmgate.endpoint import Endpoint, publish_endpoint
from filmgate.host.hub import Hub
from filmgate.host.port import Moment
from filmgate.host.session import HostSession
from filmgate.host.state import State
from filmgate.job import Payload
from filmgate.tensor import TENSOR_MEDIA
from filmgate.testing import FakeHost

FRAME = Moment(1001.0)
AXES = {"height": "y x c", "mask": "y x c", "spacing": "axis", "P": "n c", "id": "n"}
PATIENCE_S = 50.0
ENGINE = "torch" if find_spec("torch") else "array"

SLOW = """
import time

class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        time.sleep(0.05)
        return {"height": inputs["height"]}
"""

BROKEN = """
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        return {"height": inputs["height"] / 0}
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server with models of geometry."""
    models, folder = tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("server")
    blur = {"array": BLUR, "torch": BLUR_TORCH}[ENGINE]
    write_geometry(models / "blur", HEIGHT, blur, engine=ENGINE, more=tiling(48, 3, 2))
    write_geometry(models / "upres", HEIGHT, KEEP, scale=2, more=tiling(48, 3))
    write_geometry(models / "soft", DENSITY, BLUR, more=tiling(48, 3))
    write_geometry(models / "move", POINTS, MOVE)
    write_geometry(models / "slow", HEIGHT, SLOW, more=tiling(24, 3))
    write_geometry(models / "broken", HEIGHT, BROKEN)
    with Service(folder, models=[str(models)]) as running:
        yield running


class Node:
    """A node of a host that pulls, fed with arrays.

    Args:
        service: the server.
        folder: for everything on disk.
        model: what it is for.
        drive: how the host is driven.
    """

    def __init__(self, service: Service, folder: Path, model: str, drive: str = "pull") -> None:
        self.arrays: dict[str, Any] = {}
        self.hub = Hub(load_config({"server": service.address}, {}), folder / "host")
        self.host = FakeHost(drive, self._payload, (1001, 1010))
        self.session = HostSession(self.host, self.hub, model)

    def cook(self, **arrays: Any) -> dict[str, Any]:
        """Connect arrays, wait for the result and return it by the outputs' names."""
        self.arrays = arrays
        self.host.revisions[FRAME.time] = self.host.revisions.get(FRAME.time, 0) + 1
        answer = self.session.result_for(FRAME, PATIENCE_S)
        assert answer.state is State.FRESH, (answer, self.host.problems)
        return {name: from_blob(path.read_bytes(), name) for name, path in answer.paths.items()}

    def close(self) -> None:
        """Delete the node and end the host."""
        self.session.close()
        self.hub.close()
        assert self.host.violations == []

    def _payload(self, name: str, moment: Moment) -> Payload | None:
        if name not in self.arrays:
            return None
        axes = AXES.get(name, "z y x c")
        return Payload(name, to_blob(axes, **{name: self.arrays[name]}), TENSOR_MEDIA)


MakeNode = Callable[..., Node]


@pytest.fixture
def make(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeNode]:
    """Return what makes a node; the command line knows the same server."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("FILMGATE_SERVER", service.address)
    publish_endpoint(Endpoint(service.port, TOKEN, service.process.pid))
    nodes: list[Node] = []

    def make(model: str, drive: str = "pull") -> Node:
        nodes.append(Node(service, tmp_path, model, drive))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


def filmgate_run(folder: Path, model: str, **arrays: Any) -> dict[str, Any]:
    """Return what the command line makes of the same arrays."""
    source, target = folder / "in.safetensors", folder / "out.safetensors"
    source.write_bytes(to_blob("", **arrays))
    said = io.StringIO()
    with redirect_stderr(said), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["filmgate", "run", model, str(source), str(target)])
        with pytest.raises(SystemExit) as left:
            main()
    assert not left.value.code, said.getvalue()
    content = target.read_bytes()
    return (
        {name: from_blob(content, name) for name in ("P", "kept")}
        if "P" in arrays
        else {name: from_blob(content, name) for name in arrays if name in ("height", "density")}
    )


def same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Assert that every bit agrees."""
    assert sorted(found) == sorted(expected)
    for name, numbers in expected.items():
        assert found[name].dtype == numbers.dtype
        assert found[name].shape == numbers.shape
        assert found[name].tobytes() == numbers.tobytes(), name


def test_a_heightfield_is_what_the_command_line_makes(make: MakeNode, tmp_path: Path) -> None:
    """In tiles that fade into each other, with the metres between samples beside it."""
    given = {"height": hills(131, 97), "spacing": np.array([2, 2], np.float32)}
    found = make("blur").cook(**given)
    same(found, filmgate_run(tmp_path, "blur", **given))
    assert np.abs(found["height"] - given["height"]).max() > 0.01


@pytest.mark.parametrize("drive", ["pull", "tick", "push"])
def test_upres_repeats_every_sample(make: MakeNode, drive: str) -> None:
    """However the host is driven."""
    height = hills(61, 50)
    found = make("upres", drive).cook(height=height)
    same(found, {"height": height.repeat(2, 0).repeat(2, 1)})


def test_a_volume_is_what_the_command_line_makes(make: MakeNode, tmp_path: Path) -> None:
    """Three layers of voxels."""
    density = np.concatenate([cloud(4, 60, 50)] * 3, axis=3)
    same(make("soft").cook(density=density), filmgate_run(tmp_path, "soft", density=density))


def test_points_are_what_the_command_line_makes(make: MakeNode, tmp_path: Path) -> None:
    """Two outputs of other types: each has a file of its own, in one take."""
    given = {"P": points(5000), "id": np.arange(5000, dtype=np.int32)[::-1].copy()}
    node = make("move")
    found = node.cook(**given)
    same(found, filmgate_run(tmp_path, "move", **given))
    np.testing.assert_array_equal(found["P"], given["P"] + np.float32(1))
    take = node.host.take
    assert take is not None
    assert [file.name for file in take.files] == ["P.1001.tensor", "kept.1001.tensor"]


def test_a_result_that_is_known_is_not_computed_again(make: MakeNode, service: Service) -> None:
    """What was edited back is found without the server; an edit is computed."""
    node, first = make("upres"), hills(20, 30)
    before = node.cook(height=first)
    with service.client() as client:
        before_runs = counters(client)["executions_run"]
        node.cook(height=first + np.float32(1))
        same(node.cook(height=first), before)
        assert counters(client)["executions_run"] == before_runs + 1


def test_what_does_not_fit_is_the_artist_s_to_read(make: MakeNode) -> None:
    """The server's words reach the node: what was expected, and what came."""
    node = make("blur")
    for wrong, words in (
        (hills(9, 9).astype(np.float64), "must be a tensor of F32, not F64"),
        (np.full((9, 9, 1), np.inf, np.float32), "holds 81 values of NaN or infinity"),
    ):
        node.arrays = {"height": wrong}
        node.host.revisions[FRAME.time] = node.host.revisions.get(FRAME.time, 0) + 1
        answer = node.session.result_for(FRAME, PATIENCE_S)
        assert answer.state is State.ERROR
        assert answer.problem is not None
        assert words in str(answer.problem)
        assert answer.problem.code == "input"
    assert node.cook(height=hills(9, 9))["height"].shape == (9, 9, 1)


def test_nothing_connected_is_said(make: MakeNode) -> None:
    """Without asking the server."""
    node = make("blur")
    answer = node.session.result_for(FRAME, PATIENCE_S)
    assert answer.problem is not None
    assert "Nothing is connected to height" in str(answer.problem)


def test_infinite_results_are_delivered_with_a_warning(make: MakeNode) -> None:
    """Nothing that a model returns is changed."""
    node = make("broken")
    assert np.isinf(node.cook(height=np.ones((2, 3, 1), np.float32))["height"]).all()
    assert node.session.status.warnings == (
        "The model returned 6 values of NaN or infinity in 'height'.",
    )


def test_cancel_stops_between_two_tiles(make: MakeNode, service: Service) -> None:
    """The server's worker is free again, long before the field would have been through."""
    node = make("slow", "tick")
    node.arrays = {"height": hills(1000, 1000)}
    node.session.run([FRAME])
    wait_until(
        lambda: node.host.tick(node.session) is not None and node.session.status.fraction > 0,
        lambda: f"a tile: {node.session.status}",
    )
    node.session.cancel()
    with service.client() as client:
        wait_until(
            lambda: (node.host.tick(node.session), counters(client)["jobs_open"])[1] == 0,
            lambda: f"nothing open: {counters(client)}",
        )
    assert node.session.result_for(FRAME).state is not State.FRESH


def test_a_frozen_result_is_a_tensor(make: MakeNode, tmp_path: Path) -> None:
    """Baked to a project path, it is read from there without the server."""
    node = make("upres")
    result = node.cook(height=hills(20, 30))
    node.session.bake([1001], script="shot", script_dir=str(tmp_path), name="upres1")
    node.session.wait(PATIENCE_S)
    path = node.session.result_for(FRAME).paths["height"]
    assert node.session.state_at(FRAME) is State.BAKED
    assert path.suffix == ".tensor"
    same({"height": from_blob(path.read_bytes(), "height")}, result)
