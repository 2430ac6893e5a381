"""What goes wrong at an Unreal desk: servers that die or are not there, artists who cancel."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.editor_desk import EditorDesk
from fakes.models import GATED, write_model
from fakes.plates import COLOR, exr_planes
from fakes.service import Service, counters, wait_idle

PATHS = tuple(f"/Game/T_{number}" for number in range(5))
MENU = "LevelEditor.MainMenu.Tools.Filmgate"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Return the file that lets the model ``gated`` go on."""
    return tmp_path / "gate"


@pytest.fixture
def service(tmp_path: Path, gate: Path) -> Iterator[Service]:
    """Run a server of the test's own."""
    folder = tmp_path / "server"
    write_model(folder / "models", "gated", GATED, gate=str(gate))
    with Service(folder, models=[str(folder / "models")], job_lease_s=30.0) as running:
        yield running


@pytest.fixture
def desk(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EditorDesk]:
    """Return an editor with textures, that knows that server's models."""
    (tmp_path / "desk").mkdir()
    desk = EditorDesk(tmp_path / "desk", monkeypatch, server=service.address)
    desk.use(service)
    desk.open()
    desk.list_models()
    for number, path in enumerate(PATHS):
        desk.texture(path, {each: array("d", codes(number, each)) for each in COLOR}, 8)
    yield desk
    desk.close()


def codes(number: int, letter: str) -> list[int]:
    """Return a texture's codes, which differ in each."""
    return [(17 * number + 3 * place + ord(letter)) % 256 for place in range(48)]


def is_result(desk: EditorDesk, work: Any) -> None:
    """Assert that a result is minus its source, bit for bit."""
    from filmgate.host.port import Moment  # noqa: PLC0415
    from filmgate_unreal import sessions  # noqa: PLC0415 - found once the desk is there

    payload = sessions.host(work).capture("color", Moment(1.0))
    assert payload is not None
    plate, made = exr_planes(payload.data), exr_planes(desk.file(work).read_bytes())
    for name in COLOR:
        assert made[name].tobytes() == (-plate[name]).astype(np.float32).tobytes(), name


def waiting() -> list[str]:
    """Return the assets whose results wait."""
    from filmgate_unreal import preview  # noqa: PLC0415

    return [each.work.target for each in preview.waiting()]


def told(desk: EditorDesk) -> list[str]:
    """Return the texts of the dialogs."""
    return [text for _, text in desk.editor.dialogs]


def test_a_server_killed_amid_a_batch_costs_no_result(
    desk: EditorDesk, service: Service, gate: Path
) -> None:
    """It dies while it computes, comes back, and every texture has its result."""
    batch = desk.begin("gated", *PATHS)
    with service.client() as client:
        desk.until(lambda: counters(client)["jobs_open"] >= 2, "the server works")

    service.restart()
    desk.use(service)
    gate.touch()
    desk.until(lambda: not batch.busy, "everything has ended")

    assert (batch.problems, len(batch.finished)) == ({}, len(PATHS))
    for work in batch.finished:
        is_result(desk, work)
    assert told(desk) == []


def test_a_cancel_reaches_the_server_and_keeps_what_is_finished(
    desk: EditorDesk, service: Service, gate: Path
) -> None:
    """The notification's button: the server is idle, and a second run makes what is missing."""
    from unreal import _tasks  # noqa: PLC0415 - found once the desk is there

    gate.touch()
    (first,) = desk.make("gated", PATHS[0]).finished
    gate.unlink()
    batch = desk.begin("gated", *PATHS)
    with service.client() as client:
        desk.until(lambda: counters(client)["jobs_open"] >= 1, "the server works")
        desk.until(lambda: bool(desk.editor.notices), "the notification is there")
        _tasks.press_cancel(desk.editor.notices[-1])
        desk.until(lambda: not batch.busy, "it has ended")
        wait_idle(client)
        before = counters(client)["executions_run"]
    assert first.target in [work.target for work in batch.finished]
    assert told(desk) == []
    gate.touch()

    batch = desk.make("gated", *PATHS)

    assert len(batch.finished) == len(PATHS)
    with service.client() as client:
        assert counters(client)["executions_run"] <= before + len(PATHS) - 1
    for work in batch.finished:
        is_result(desk, work)


def test_a_server_that_is_gone_blocks_nothing(
    desk: EditorDesk, service: Service, gate: Path
) -> None:
    """Earlier results are there, the editor draws on, and the dialog says what helps."""
    gate.touch()
    desk.make("gated", PATHS[0])
    service.stop()
    desk.open()
    desk.editor.dialogs.clear()

    batch = desk.make("gated", PATHS[0], PATHS[1])

    assert waiting() == [f"{PATHS[0]}_gated"]
    (problem,) = batch.problems.values()
    assert (problem.code, bool(problem.remedy)) == ("connection", True)
    (text,) = told(desk)
    assert "T_1" in text
    assert problem.remedy in text


def test_without_any_server_the_dialog_says_so(
    desk: EditorDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no server configured and none running the artist reads what to do."""
    monkeypatch.delenv("FILMGATE_SERVER")
    runtime = desk.folder / "nowhere"
    runtime.mkdir(mode=0o700)  # one that is missing would be replaced by the user's own
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    desk.open()

    batch = desk.make("gated", PATHS[0])

    assert [problem.text for problem in batch.problems.values()]
    assert "No server" in told(desk)[0]
