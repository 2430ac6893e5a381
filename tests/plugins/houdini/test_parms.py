"""A model's parameters as spare parameters: every type, their values at a frame, other versions."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.hip import Hip
from fakes.secluded import make_manifest
from filmgate.errors import ParameterError
from filmgate.host.port import Moment
from filmgate.manifest import Manifest

NOW = Moment(1.0)
GRID = {"name": "height", "kind": "volume", "axes": ["y", "x", "c"], "channels": ["height"]}
ALL = (
    {"name": "gain", "type": "float", "default": 1.0, "low": 0.0, "high": 8.0, "unit": "EV"},
    {"name": "free", "type": "float", "default": 200.0},
    {"name": "steps", "type": "int", "default": 3, "low": 1, "high": 9},
    {"name": "sharp", "type": "bool", "default": True},
    {"name": "mode", "type": "choice", "default": "b", "choices": ["a", "b", "c `rm`"]},
    {"name": "note", "type": "text", "default": "`rm` $HOME", "hint": "multiline"},
    {"name": "lut", "type": "file", "default": ""},
    {"name": "tint", "type": "colour", "default": [1, 0.5, 0.25, 1]},
    {"name": "eye", "type": "point", "default": [10, 20]},
    {"name": "crop", "type": "box", "default": [0, 0, 64, 32]},
)
DEFAULTS = {
    "gain": 1.0,
    "free": 200.0,
    "steps": 3,
    "sharp": True,
    "mode": "b",
    "note": "'rm' HOME",
    "lut": "",
    "tint": (1.0, 0.5, 0.25, 1.0),
    "eye": (10.0, 20.0),
    "crop": (0.0, 0.0, 64.0, 32.0),
}


def manifest(*params: Any) -> Manifest:
    """Return a model of a heightfield with parameters."""
    return make_manifest(
        inputs=[GRID], outputs=[{**GRID, "replaces": "height"}], params=list(params)
    )


@pytest.fixture
def parms(hou: Any) -> Any:
    """Return the module."""
    from filmgate_houdini import parms  # noqa: PLC0415 - found once the fixture ran

    return parms


@pytest.fixture
def hip(hou: Any) -> Hip:
    """Return a scene in a fresh session."""
    return Hip(hou)


def test_every_type_has_its_default(hip: Hip, parms: Any) -> None:
    """Made from the manifest and read back, of the declared types."""
    node = hip.node(manifest(*ALL))
    found = parms.values(node, manifest(*ALL).params, NOW)
    assert found == DEFAULTS
    assert [type(each) for each in found.values()] == [type(each) for each in DEFAULTS.values()]


def test_every_type_can_be_set(hip: Hip, parms: Any) -> None:
    """What an artist sets is what the model gets."""
    node = hip.node(manifest(*ALL))
    node.parm("filmgate_p_gain").set(2.5)
    node.parm("filmgate_p_steps").set(7)
    node.parm("filmgate_p_sharp").set(0)
    node.parm("filmgate_p_mode").set(2)
    node.parm("filmgate_p_note").set("hello")
    node.parmTuple("filmgate_p_tint").set((0.1, 0.2, 0.3, 0.4))
    found = parms.values(node, manifest(*ALL).params, NOW)
    assert (found["gain"], found["steps"], found["sharp"]) == (2.5, 7, False)
    assert (found["mode"], found["note"]) == ("c `rm`", "hello")
    assert found["tint"] == pytest.approx((0.1, 0.2, 0.3, 0.4))


def test_labels_help_and_ranges_come_from_the_manifest(hip: Hip) -> None:
    """The slider has the range and keeps to it; the help says what fits."""
    gain = {**ALL[0], "label": "Gain", "help": "How bright."}
    template = hip.node(manifest(gain)).parm("filmgate_p_gain").parmTemplate()
    assert template.label() == "Gain (EV)"
    assert template.help() == "How bright. It is a number from 0 to 8."
    assert (template.minValue(), template.maxValue()) == (0.0, 8.0)
    assert template.minIsStrict()
    assert template.maxIsStrict()


def test_without_bounds_the_slider_holds_the_default(hip: Hip) -> None:
    """Nothing is clamped where the manifest bounds nothing."""
    template = hip.node(manifest(ALL[1])).parm("filmgate_p_free").parmTemplate()
    assert template.maxValue() == 200.0
    assert not template.maxIsStrict()


def test_a_servers_text_is_nobodys_program(hip: Hip) -> None:
    """Houdini would run back quotes and expand variables: neither gets into a parameter."""
    node = hip.node(manifest(*ALL))
    items = node.parm("filmgate_p_mode").menuItems()
    texts = [node.parm("filmgate_p_note").unexpandedString(), *items]
    assert not any(sign in text for text in texts for sign in "`$")


def test_an_animated_setting_is_read_at_its_frame(hip: Hip, parms: Any) -> None:
    """An expression of the frame gives another value in each, and the node depends on time."""
    node = hip.node(manifest(*ALL))
    assert not parms.are_timed(node)
    node.parm("filmgate_p_gain").setExpression("$F / 10", hip.hou.exprLanguage.Hscript)
    assert parms.are_timed(node)
    at = [parms.values(node, manifest(*ALL).params, Moment(float(f)))["gain"] for f in (10, 20)]
    assert at == pytest.approx([1.0, 2.0])


def test_a_value_that_does_not_fit_is_refused(hip: Hip, parms: Any) -> None:
    """An expression may leave the slider's range; the text says what would fit."""
    node = hip.node(manifest(*ALL))
    node.parm("filmgate_p_gain").setExpression("100", hip.hou.exprLanguage.Hscript)
    with pytest.raises(ParameterError, match="from 0 to 8"):
        parms.values(node, manifest(*ALL).params, NOW)


def test_another_version_keeps_what_fits(hip: Hip, parms: Any) -> None:
    """Values stay, old parameters go, and what does not fit becomes the default and is told."""
    node = hip.node(manifest(*ALL))
    node.parm("filmgate_p_gain").set(6.0)
    node.parm("filmgate_p_steps").set(9)
    newer = manifest(
        ALL[0], {**ALL[2], "high": 5}, {"name": "new", "type": "float", "default": 0.5}
    )
    (said,) = parms.rebuild(node, newer)
    assert parms.values(node, newer.params, NOW) == {"gain": 6.0, "steps": 3, "new": 0.5}
    assert node.parm("filmgate_p_sharp") is None
    assert said.startswith("steps = 9 does not fit")


def test_the_fixed_parameters_stay(hip: Hip, parms: Any) -> None:
    """Another model changes the folder Model, and nothing beside it."""
    node = hip.node(manifest(*ALL))
    names = [each.name() for each in node.parms() if "_p_" not in each.name()]
    parms.rebuild(node, manifest())
    assert [each.name() for each in node.parms() if "_p_" not in each.name()] == names


def test_each_input_says_what_it_is_bound_to(hip: Hip, parms: Any) -> None:
    """The name of the layers, to be changed by hand; empty means the model's own."""
    node = hip.node(manifest())
    entry = manifest().main_input
    assert parms.bound_names(node, entry) == ("height",)
    node.parm("filmgate_in_height").set("bedrock")
    assert parms.bound_names(node, entry) == ("bedrock",)
    node.parm("filmgate_in_height").set("")
    assert parms.bound_names(node, entry) == ("height",)


def test_settings_survive_a_saved_scene(hip: Hip, parms: Any, tmp_path: Any) -> None:
    """Spare parameters, values and state are in the scene."""
    node = hip.node(manifest(*ALL))
    node.parm("filmgate_p_gain").set(4.0)
    path, scene = node.path(), str(tmp_path / "shot.hip")
    hip.hou.hipFile.save(scene)
    hip.hou._fresh()
    Hip(hip.hou, scene)
    found = parms.values(hip.hou.node(path), manifest(*ALL).params, NOW)
    assert found == {**DEFAULTS, "gain": 4.0}
