"""The seam's side of an asset, and what it keeps beside the project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.editor_desk import EditorDesk
from filmgate.errors import ParameterError
from filmgate.host.node import NodeState
from filmgate.host.port import Moment
from filmgate.host.state import Problem
from filmgate.manifest import parse_manifest, to_manifest_json
from filmgate.testing import CONTRACT_MODELS

ROCK = "/Game/T_Rock"
NOW = Moment(1.0)
MANIFEST = parse_manifest(CONTRACT_MODELS[0])


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EditorDesk]:
    """Return an editor with a texture and no server."""
    made = EditorDesk(tmp_path, monkeypatch)
    made.texture(ROCK, {each: [0, 128, 255, 7] for each in "RGB"}, 2, srgb=True)
    yield made
    made.close()


def make_host(target: str = f"{ROCK}_echo") -> Any:
    """Return the side of the seam of work on the texture."""
    from filmgate_unreal.host import UnrealHost  # noqa: PLC0415
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415
    from filmgate_unreal.work import Work  # noqa: PLC0415

    return UnrealHost(Work(TextureSource.of(ROCK), target, "echo"))


def known(host: Any) -> Any:
    """Let a host know its model."""
    text = to_manifest_json(MANIFEST).decode()
    host.store_state(NodeState(model="echo", manifest=text).to_text())
    return host


def test_what_is_set_and_what_colours_are_sent(desk: EditorDesk) -> None:
    """Whole files without compression are asked for, and the space is stated for each job."""
    host = known(make_host())
    host.set_params(strength=2.5)
    settings = host.settings(NOW)
    assert settings.params == {"strength": 2.5}
    assert settings.colour.space == "Linear Rec.709 (sRGB)"
    assert (settings.merged, settings.compression) == (True, "none")


def test_a_model_that_is_not_known_yet_is_asked_for_nothing(desk: EditorDesk) -> None:
    """Parameters that were set before the model was known count once it is."""
    host = make_host()
    assert (host.manifest(), host.settings(NOW).params) == (None, {})
    host.set_params(strength=4.0)
    assert known(host).settings(NOW).params == {"strength": 4.0}


def test_a_parameter_that_does_not_fit_is_refused(desk: EditorDesk) -> None:
    """The text says what would fit, and what was set stays."""
    host = known(make_host())
    with pytest.raises(ParameterError, match="from 0 to 10"):
        host.set_params(strength=11.0)
    assert host.settings(NOW).params == {"strength": 1.0}


def test_what_is_kept_outlives_the_editor(desk: EditorDesk) -> None:
    """State and parameters lie in the project's Saved folder, apart for each asset."""
    host = known(make_host())
    host.set_params(strength=3.0)
    again = make_host()
    assert again.load_state() == host.load_state()
    assert again.settings(NOW).params == {"strength": 3.0}
    assert make_host("/Game/Other").load_state() == ""
    assert desk.editor.dirty == set()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"node": 7, "params": 8}', "null"])
def test_what_was_damaged_is_a_new_nodes(desk: EditorDesk, content: str) -> None:
    """A file that somebody edited costs its memory and nothing else."""
    known(make_host())
    (file,) = (desk.folder / "project").rglob("Filmgate/nodes/*.json")
    file.write_text(content)
    assert make_host().manifest() is None


def test_what_is_forgotten_is_gone(desk: EditorDesk) -> None:
    """A discard leaves no file."""
    from filmgate_unreal import states  # noqa: PLC0415

    known(make_host())
    states.forget(f"{ROCK}_echo")
    states.forget(f"{ROCK}_echo")
    assert make_host().load_state() == ""


def test_a_problem_is_in_the_log_at_once(desk: EditorDesk) -> None:
    """No dialog opens while the editor ticks; the batch shows it at its end."""
    host = make_host()
    host.report(Problem("model", "The model stumbled.", "Take a smaller one.", "1234"))
    assert any("T_Rock: The model stumbled." in text for text in desk.editor.errors())
    assert desk.editor.dialogs == []
    assert [each.id for each in host.problems] == ["1234"]


def test_a_call_runs_at_the_next_tick(desk: EditorDesk) -> None:
    """Other threads hand their work over; nothing is called at once."""
    called: list[int] = []
    make_host().call_on_main(lambda: called.append(1))
    assert called == []
    desk.editor.tick()
    assert called == [1]
