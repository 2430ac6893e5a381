"""What a script holds of a node, read by real Tcl and not by what wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakes.manifests import EVERY_PARAMETER, denoiser, retimer

nkscript = pytest.importorskip("fakes.nkscript", reason="this Python has no Tcl")

BAKED = "/show/filmgate/shot/color.%04d.exr"


@pytest.fixture
def script(nuke: Any, tmp_path: Path) -> Any:
    """Return the parsed script of a denoise with a bake, and of a retime without result."""
    from filmgate_nuke import node  # noqa: PLC0415 - found once the fixture ran

    denoise = node.create(denoiser(params=EVERY_PARAMETER), "denoise@champion")
    denoise.setInput(0, nuke.nodes.Constant(name="plate"))
    node.show_take(denoise, {"color": BAKED})
    retime = node.create(retimer(), "retime@champion")
    retime["filmgate_source_time"].setExpression("frame / 2")
    path = tmp_path / "shot.nk"
    nuke.scriptSaveAs(str(path))
    return nkscript.parse_script(path.read_text(encoding="utf-8"))


def test_a_node_is_a_group(script: Any) -> None:
    """A gizmo would not open without the plugin."""
    assert script.find("Filmgate_denoise1").kind == "Group"
    kinds = {each.kind for each in script.find("Filmgate_denoise1").walk()}
    assert kinds == {
        *("Input", "Remove", "Write", "Read", "Copy", "Merge2", "NoOp", "Switch"),
        *("FrameRange", "Output"),
    }


def test_knobs_are_of_the_kinds_that_nuke_knows(script: Any) -> None:
    """By the numbers with which scripts name them."""
    defined = script.find("Filmgate_denoise1").user_knobs()
    for parameter in EVERY_PARAMETER:
        assert f"filmgate_p_{parameter['name']}" in defined
    assert defined["filmgate_tab"][0] == "20"
    assert defined["filmgate_file_color"][0] == "41"
    assert defined["filmgate_mask"][-1] == "mixed.maskChannelMask"


def test_what_is_baked_is_in_the_read(script: Any) -> None:
    """Farms ship what Reads name; no Python is needed to find it."""
    read = script.find("Filmgate_denoise1").find("read_color")
    assert read.knob("file") == BAKED
    assert read.knob("raw") == "true"
    assert read.knob("on_error") in (None, "error")


def test_writes_are_disabled_and_empty(script: Any) -> None:
    """No farm finds something to render or to ship in them."""
    writes = [each for each in script.walk() if each.kind == "Write"]
    assert len(writes) == 4
    for write in writes:
        assert write.knob("disable") == "true"
        assert write.knob("file") in (None, "")


def test_stored_python_is_guarded(script: Any) -> None:
    """Whatever a script may run asks first whether the plugin is there."""
    for name in ("Filmgate_denoise1", "Filmgate_retime1"):
        group = script.find(name)
        stored = [words for words in group.user_knobs().values() if words[0] == "22"]
        assert stored
        for words in stored:
            assert "modules.get('filmgate_nuke') and" in words[words.index("T") + 1]
        callbacks = ("onCreate", "onDestroy", "knobChanged", "updateUI", "autolabel")
        assert [group.knob(each) for each in callbacks] == [None] * len(callbacks)


def test_the_source_time_is_an_expression(script: Any) -> None:
    """As the artist wrote it, and what follows it inside."""
    group = script.find("Filmgate_retime1")
    assert "frame / 2" in (group.knob("filmgate_source_time") or "")
    assert "parent.filmgate_source_time" in (group.find("at_source_time").knob("lookup") or "")
