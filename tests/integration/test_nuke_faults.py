"""What goes wrong at a desk: servers that die, artists who cancel, scripts from before."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.models import GATED, write_model
from fakes.packages import write_package
from fakes.plates import COLOR, exr_bytes, exr_planes, random_planes
from fakes.service import Service, counters, wait_idle
from fakes.studio import PLUGIN, ROOT, Desk
from fakes.waiting import wait_until
from filmgate.host.port import Moment
from filmgate.host.state import State

TRIPLE = """
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        return {"color": inputs["color"] * params["gain"]}
"""
GAIN = """
[[params]]
name = "gain"
type = "float"
default = 3.0
low = 0.0
high = 8.0
"""


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Return the file that lets the model ``gated`` go on."""
    return tmp_path / "gate"


@pytest.fixture
def service(tmp_path: Path, gate: Path) -> Iterator[Service]:
    """Run a server of the test's own."""
    folder = tmp_path / "server"
    write_model(folder / "models", "gated", GATED, gate=str(gate))
    write_package(folder / "models" / "toy" / "1.0.0", name="toy")
    with Service(folder, models=[str(folder / "models")], job_lease_s=30.0) as running:
        yield running


@pytest.fixture
def desk(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Return an artist's desk with that server configured."""
    (tmp_path / "desk").mkdir()
    desk = Desk(tmp_path / "desk", monkeypatch)
    desk.use(service)
    yield desk
    desk.close()


def plates(desk: Desk, last: int) -> Any:
    """Return a Read of random plates from frame 1 on."""
    for frame in range(1, last + 1):
        content = exr_bytes(random_planes(frame))
        (desk.folder / f"plate.{frame:04d}.exr").write_bytes(content)
    return desk.plate(desk.folder / "plate.%04d.exr", 1, last)


def is_result(desk: Desk, group: Any, frame: int, gain: float = -1.0) -> None:
    """Assert that the node reads the frame's plate times *gain*, bit for bit."""
    made = exr_planes(desk.result(group, "color", frame).read_bytes())
    for name, plane in random_planes(frame).items():
        if name in COLOR:
            expected = plane.astype(np.float32) * np.float32(gain)
            assert made[name].astype(np.float32).tobytes() == expected.tobytes(), (frame, name)


def done(desk: Desk, group: Any) -> int:
    """Return how many frames of the run have come."""
    return int(desk.session(group).status.done)


def test_server_killed_amid_a_range_costs_no_frame(
    desk: Desk, service: Service, gate: Path
) -> None:
    """The server dies while it computes, comes back, and every frame of the range arrives."""
    group = desk.node("gated", plates(desk, 5))
    desk.session(group).run([Moment(frame) for frame in range(1, 6)])
    with service.client() as client:
        desk.until(lambda: counters(client)["jobs_open"] >= 2, "the server works")

    service.restart()
    desk.use(service)
    gate.touch()
    desk.wait(group)

    assert desk.session(group).status.problem is None
    for frame in range(1, 6):
        is_result(desk, group, frame)


def test_cancel_reaches_the_server_and_keeps_what_is_finished(
    desk: Desk, service: Service, gate: Path
) -> None:
    """After a cancel the server is idle, and a second run makes only what is missing."""
    gate.touch()
    group = desk.node("gated", plates(desk, 4))
    group["filmgate_range"].setValue("1-2")
    desk.press(group, "run_range")
    gate.unlink()
    group["filmgate_range"].setValue("")
    from filmgate_nuke import actions  # noqa: PLC0415 - found once the desk is there

    actions.run_range(group)
    with service.client() as client:
        desk.until(lambda: counters(client)["jobs_open"] >= 1, "the server works")
        actions.cancel(group)
        desk.wait(group)
        wait_idle(client)
        before = counters(client)["executions_run"]
    is_result(desk, group, 2)
    gate.touch()

    desk.press(group, "run_range")

    with service.client() as client:
        assert counters(client)["executions_run"] <= before + 2
    for frame in range(1, 5):
        is_result(desk, group, frame)


def test_script_opens_and_renders_with_the_server_away(desk: Desk, service: Service) -> None:
    """Results that were made before are read; a new frame fails with a text that helps."""
    group = desk.node("negate", plates(desk, 2))
    desk.nuke.frame(1)
    desk.press(group, "run_frame")
    path = str(desk.folder / "shot.nk")
    name = group.name()
    desk.nuke.scriptSaveAs(path)
    desk.nuke.scriptClear()
    service.stop()
    desk.start()

    desk.nuke.scriptOpen(path)

    opened = desk.nuke.toNode(name)
    session = desk.session(opened)
    assert session.state_at(Moment(1)) is State.FRESH
    assert session.manifest.name == "negate"
    is_result(desk, opened, 1)
    desk.nuke.frame(2)
    desk.press(opened, "run_frame")
    problem = desk.session(opened).status.problem
    assert problem is not None
    assert problem.code == "connection"
    assert problem.remedy
    is_result(desk, opened, 1)


def test_node_without_any_server_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no server configured and none running the node tells what to do, in a window."""
    group = desk.node("negate", plates(desk, 1))
    desk.nuke.scriptSaveAs(str(desk.folder / "shot.nk"))
    monkeypatch.delenv("FILMGATE_SERVER")
    runtime = desk.folder / "nowhere"
    runtime.mkdir(mode=0o700)  # one that is missing would be replaced by the user's own
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    desk.nuke.scriptClear()
    desk.start()
    desk.nuke.scriptOpen(str(desk.folder / "shot.nk"))
    (group,) = (each for each in desk.nuke.allNodes("Group") if each.knob("filmgate_state"))

    desk.press(group, "run_frame")

    problem = desk.session(group).status.problem
    assert problem is not None
    assert "No server" in problem.text
    assert any("No server" in text for text in desk.world.messages)


def test_upgrade_shows_takes_and_undoes(desk: Desk, service: Service, tmp_path: Path) -> None:
    """A newer version with a parameter: results are stale, then anew; one undo goes back."""
    from filmgate_nuke import actions, sessions  # noqa: PLC0415 - found once the desk is there

    group = desk.node("toy", plates(desk, 1))
    desk.press(group, "run_frame")
    is_result(desk, group, 1, gain=2.0)
    package = tmp_path / "server" / "models" / "toy" / "1.1.0"
    write_package(package, name="toy", version="1.1.0", code=TRIPLE, more=GAIN)
    service.restart()
    desk.use(service)
    sessions.hub().link.reset()
    desk.list_models()
    desk.world.answers.append(True)

    actions.upgrade(group)
    desk.world.run_events()

    assert group.knob("filmgate_p_gain") is not None
    assert desk.session(group).node_state.version == "1.1.0"
    assert desk.session(group).state_at(Moment(1)) is State.STALE
    desk.press(group, "run_frame")
    is_result(desk, group, 1, gain=3.0)
    desk.nuke.undo()
    assert desk.session(group).node_state.version == "1.0.0"
    assert group.knob("filmgate_p_gain") is None


def test_live_node_follows_the_hand(desk: Desk, service: Service) -> None:
    """A live node runs by itself when a setting changes, and shows the last one only."""
    group = desk.node("toy", plates(desk, 1))
    group.showControlPanel()
    desk.press(group, "run_frame")
    group["filmgate_layer_color"].setValue("rgb")
    group["filmgate_live"].setValue(True)

    desk.until(
        lambda: (
            not desk.session(group).busy and desk.session(group).state_at(Moment(1)) is State.FRESH
        ),
        "the live node has run",
    )
    is_result(desk, group, 1, gain=2.0)


def batch(script: str, *arguments: str, **environ: str) -> subprocess.Popen[str]:
    """Start ``nuke -t`` with one of the plugin's scripts."""
    folders = [str(ROOT / "core"), str(ROOT / "gpu_server"), str(ROOT / "tests")]
    return subprocess.Popen(
        [sys.executable, "-m", "fakes.nuke_batch", str(PLUGIN / script), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a process; return its exit code and what it said."""
    said, _ = process.communicate(timeout=50)
    return process.returncode, said


@pytest.fixture
def shot(desk: Desk) -> tuple[str, Any]:
    """Return a saved script with a node for three plates."""
    group = desk.node("negate", plates(desk, 3))
    write = desk.nuke.nodes.Write(file_type="exr", inputs=[group], name="Out")
    write["file"].setValue((desk.folder / "out.%04d.exr").as_posix())
    path = (desk.folder / "shot.nk").as_posix()
    desk.nuke.scriptSaveAs(path)
    return path, group


def test_two_artists_at_once_compute_once(
    desk: Desk, service: Service, shot: tuple[str, Any], tmp_path: Path
) -> None:
    """Two processes with caches of their own bake the same shot: the server computes it once."""
    with service.client() as client:
        before = counters(client)["executions_run"]
    path, group = shot
    artists = [
        batch(
            "bake.py",
            path,
            "--node",
            group.name(),
            "--frames=1-3",
            FILMGATE_USER=user,
            FILMGATE_CACHE=str(tmp_path / user),
            FILMGATE_BAKE=f"{tmp_path.as_posix()}/{user}/baked/{{output}}.%04d.exr",
        )
        for user in ("ann", "bob")
    ]

    ends = [ended(process) for process in artists]

    assert [code for code, _ in ends] == [0, 0], ends
    files = [
        [(tmp_path / user / "baked" / f"color.{frame:04d}.exr").read_bytes() for frame in (1, 2, 3)]
        for user in ("ann", "bob")
    ]
    assert files[0] == files[1]
    with service.client() as client:
        assert counters(client)["executions_run"] == before + 3


def test_bake_script_makes_what_a_farm_renders(
    desk: Desk, service: Service, shot: tuple[str, Any]
) -> None:
    """Baked and saved, the script renders without the plugin and with the server gone."""
    path, group = shot
    name = group.name()
    code, said = ended(batch("bake.py", path, "--node", name, "--frames=1-3", "--save"))
    assert code == 0, said
    assert f"{name}: 3 of 3 frames baked" in said
    service.stop()
    desk.nuke.scriptClear()
    desk.start(mode="-x")
    desk.world.callbacks.clear()

    desk.nuke.scriptOpen(path)
    desk.nuke.execute(desk.nuke.toNode("Out"), 1, 3)

    for frame in (1, 2, 3):
        made = exr_planes((desk.folder / f"out.{frame:04d}.exr").read_bytes())
        plate = random_planes(frame)
        for channel in COLOR:
            expected = (-plate[channel].astype(np.float32)).astype(made[channel].dtype)
            assert made[channel].tobytes() == expected.tobytes()


def test_bake_goes_on_where_it_was_stopped(
    desk: Desk, service: Service, shot: tuple[str, Any]
) -> None:
    """A second start computes nothing, keeps every file, and says that all is baked."""
    path, group = shot
    arguments = ("bake.py", path, "--node", group.name(), "--frames=1-3")
    code, said = ended(batch(*arguments))
    assert code == 0, said
    files = sorted(desk.folder.glob("filmgate/**/*.exr"))
    assert len(files) == 3
    times = [file.stat().st_mtime_ns for file in files]
    with service.client() as client:
        before = counters(client)["executions_run"]

    code, said = ended(batch(*arguments))

    assert code == 0, said
    assert [file.stat().st_mtime_ns for file in files] == times
    assert sorted(desk.folder.glob("filmgate/**/*.exr")) == files
    with service.client() as client:
        assert counters(client)["executions_run"] == before


def test_bake_without_its_server_says_try_later(
    desk: Desk, service: Service, shot: tuple[str, Any]
) -> None:
    """The exit code tells a farm to try again."""
    path, group = shot
    service.stop()

    code, said = ended(batch("bake.py", path, "--node", group.name(), "--frames=1-2"))

    assert code == 75, said
    assert "0 of 2 frames baked" in said


def test_bake_ends_when_its_server_stays_away(
    desk: Desk, service: Service, gate: Path, tmp_path: Path
) -> None:
    """A server that dies for good in mid-range costs a farm no slot for ever."""
    group = desk.node("gated", plates(desk, 2))
    path = (desk.folder / "shot.nk").as_posix()
    desk.nuke.scriptSaveAs(path)
    process = batch("bake.py", path, "--node", group.name(), "--frames=1-2", "--patience=1")
    with service.client() as client:
        wait_until(lambda: counters(client)["jobs_open"] >= 2, "the server works")
    service.stop()

    code, said = ended(process)

    assert code == 75, said
    assert "failed 1-2: The server was away for 1 s." in said


def test_some_frames_fail_and_the_others_are_baked(
    desk: Desk, service: Service, shot: tuple[str, Any]
) -> None:
    """A plate that is missing costs its own frame only."""
    path, group = shot
    (desk.folder / "plate.0002.exr").unlink()

    code, said = ended(batch("bake.py", path, "--node", group.name(), "--frames=1-3"))

    assert code == 1, said
    assert "2 of 3 frames baked" in said
    last = said.strip().splitlines()[-1]
    assert "failed 2: Nuke could not render" in last


def test_smoke_script_passes_under_the_stand_in(desk: Desk, service: Service) -> None:
    """What is shipped to be run in a real Nuke does what it says."""
    code, said = ended(batch("smoke.py", "--model", "negate"))

    assert code == 0, said
    assert "All is well" in said


def test_smoke_script_says_what_failed(desk: Desk, service: Service) -> None:
    """Without a server the first step fails, with the exit code 1."""
    service.stop()

    code, said = ended(batch("smoke.py", "--model", "negate"))

    assert code == 1, said
    assert "FAILED" in said


def test_running_server_is_idle_at_the_end(desk: Desk, service: Service) -> None:
    """A script that is closed amid a run takes its jobs back from the server."""
    group = desk.node("gated", plates(desk, 2))
    desk.session(group).run([Moment(1), Moment(2)])
    with service.client() as client:
        desk.until(lambda: counters(client)["jobs_open"] >= 1, "the server works")

        desk.nuke.scriptClear()

        wait_until(lambda: counters(client)["jobs_open"] == 0, "the jobs to end")
