"""The knobs of every kind of parameter, and what they say at a moment."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.manifests import EVERY_PARAMETER, denoiser, retimer
from filmgate.errors import ParameterError
from filmgate.host.port import Moment

MODEL = denoiser(params=EVERY_PARAMETER)
CLASSES = {
    "amount": "Double_Knob",
    "passes": "Int_Knob",
    "clean": "Boolean_Knob",
    "quality": "Enumeration_Knob",
    "prompt": "Multiline_Eval_String_Knob",
    "title": "EvalString_Knob",
    "tint": "AColor_Knob",
    "lut": "File_Knob",
    "spot": "XY_Knob",
    "area": "BBox_Knob",
}


@pytest.fixture
def group(nuke: Any) -> Any:
    """Return a node of the model with every parameter, fed by a picture of 100 × 50 px."""
    from filmgate_nuke import node  # noqa: PLC0415 - found once the fixture ran

    nuke.root()["format"].setValue(nuke.addFormat("100 50 0 0 100 50 1 small"))
    group = node.create(MODEL, "denoise")
    group.setInput(0, nuke.nodes.Constant())
    return group


def settings(group: Any, time: float = 1, view: str = "") -> Any:
    """Return the settings of *group* at a moment."""
    from filmgate_nuke import knobs  # noqa: PLC0415

    return knobs.settings(group, knobs.manifest_of(group), Moment(time, view))


def test_each_type_has_its_knob(group: Any) -> None:
    """Artists find the widgets that they know."""
    assert {name: group[f"filmgate_p_{name}"].Class() for name in CLASSES} == CLASSES


def test_every_knob_says_what_it_is_for(nuke: Any) -> None:
    """Headlines too; and of a layer that the model needs, that it cannot be left out."""
    from filmgate_nuke import knobs, node  # noqa: PLC0415 - found once the fixture ran

    group = node.create(retimer(), "retime")
    hidden = (nuke.Tab_Knob,)
    shown = [knob for knob in knobs.own_knobs(group) if not isinstance(knob, hidden)]
    silent = [knob.name() for knob in shown if not knob.tooltip() and knob.visible()]

    assert silent == []
    assert "\u201cnone\u201d searches" in group["filmgate_layer_color"].tooltip()


def test_a_new_node_has_the_defaults(group: Any) -> None:
    """Whatever the manifest says, through the knobs and back."""
    assert settings(group).params == {each.name: each.default for each in MODEL.params}


def test_a_knob_says_what_fits(group: Any) -> None:
    """Label, unit, help and range come from the manifest."""
    knob = group["filmgate_p_amount"]
    assert knob.label() == "Amount (EV)"
    assert knob.tooltip().startswith("How much. It is a ")
    assert knob.tooltip().endswith(" from 0 to 2.")
    assert (knob.min(), knob.max()) == (0, 2)


def test_only_what_may_move_can_be_animated(nuke: Any, group: Any) -> None:
    """A setting that must not change from frame to frame has no animation menu."""
    assert group["filmgate_p_quality"].getFlag(nuke.NO_ANIMATION)
    assert not group["filmgate_p_amount"].getFlag(nuke.NO_ANIMATION)


def test_values_are_those_of_the_moment(group: Any) -> None:
    """Animated settings are read at the frame that is made, not at the one that is shown."""
    group["filmgate_p_amount"].setExpression("frame / 100")
    group["filmgate_p_passes"].setExpression("frame")
    group["filmgate_p_tint"].setExpression("frame / 10", 1)
    params = settings(group, 5).params
    assert params["amount"] == pytest.approx(0.05)
    assert params["passes"] == 5
    assert params["tint"] == (1, 0.5, 0.25, 1)


def test_points_are_counted_from_the_top(nuke: Any, group: Any) -> None:
    """Nuke's origin is at the bottom of the format, that of files at its top."""
    group["filmgate_p_spot"].setValue(7, 0)
    group["filmgate_p_spot"].setValue(50, 1)
    for index, edge in enumerate((10, 5, 40, 30)):
        group["filmgate_p_area"].setValue(edge, index)
    params = settings(group).params
    assert params["spot"] == (7, 0)
    assert params["area"] == (10, 20, 40, 45)


def test_a_value_that_does_not_fit_is_refused(group: Any) -> None:
    """Sliders let any number be typed; the error says what fits."""
    group["filmgate_p_amount"].setValue(3.0)
    with pytest.raises(ParameterError, match="from 0 to 2"):
        settings(group)


def test_layers_chosen_by_hand_are_told(group: Any) -> None:
    """Those that are found by name are not, and the server finds them likewise."""
    assert settings(group).layers == {}
    group["filmgate_layer_albedo"].setValue("basecolour")
    group["filmgate_layer_normal"].setValue("none")
    assert settings(group).layers == {"albedo": "basecolour"}


def test_the_source_time_is_animatable(nuke: Any) -> None:
    """A retime's source time is a curve; at first it is the frame itself."""
    from filmgate_nuke import node  # noqa: PLC0415

    group = node.create(retimer(), "retime")
    assert settings(group, 7).source_time == 7
    group["filmgate_source_time"].setExpression("1 + (frame - 1) / 2")
    assert settings(group, 4).source_time == 2.5


def test_other_models_have_no_source_time(group: Any) -> None:
    """Their results lie at the frame itself."""
    assert group.knob("filmgate_source_time") is None
    assert settings(group).source_time is None


def test_the_working_space_is_told_where_ocio_rules(nuke: Any, group: Any) -> None:
    """Nuke's own colour management only knows that it is linear."""
    assert settings(group).colour.working == ""
    nuke.root()["colorManagement"].setValue("OCIO")
    nuke.root()["workingSpaceLUT"].setValue("ACEScg")
    assert settings(group).colour.working == "ACEScg"


def test_buttons_do_nothing_without_the_plugin(group: Any, monkeypatch: Any) -> None:
    """A script opens, and its buttons stay quiet, where the plugin was never started."""
    import sys  # noqa: PLC0415

    for name in [name for name in sys.modules if name.startswith("filmgate_nuke")]:
        monkeypatch.delitem(sys.modules, name)
    for button in ("run_frame", "cancel", "bake", "upgrade"):
        group[f"filmgate_{button}"].execute()
    assert "filmgate_nuke" not in sys.modules


def test_versions_are_listed(group: Any) -> None:
    """The one in use is among them, even if the server has forgotten it."""
    from filmgate_nuke import knobs  # noqa: PLC0415

    knobs.show_versions(group, ["2.0.0", "1.5.0"], "1.0.0")
    assert group["filmgate_version"].values() == ["2.0.0", "1.5.0", "1.0.0"]
    assert group["filmgate_version"].value() == "1.0.0"


def test_a_field_has_no_slider(nuke: Any) -> None:
    """A number that is typed and not dragged, as its manifest asks."""
    from filmgate_nuke import node  # noqa: PLC0415

    amount = {"name": "amount", "type": "float", "default": 0.5, "low": 0.0, "high": 9.0}
    params = [amount, {**amount, "name": "exact", "hint": "field"}]
    group = node.create(denoiser(params=params), "denoise")
    assert [group[f"filmgate_p_{name}"].getFlag(2) for name in ("amount", "exact")] == [True, False]


@pytest.mark.parametrize("chosen", ["alpha", "rgba.alpha"])
def test_the_alpha_of_the_main_layer_can_be_chosen(nuke: Any, chosen: str) -> None:
    """Nuke says `alpha` for `rgba.alpha`; it is captured alone, and the server finds it."""
    from fakes.manifests import COLOR, manifest  # noqa: PLC0415
    from filmgate_nuke import channels, knobs, node  # noqa: PLC0415

    matte = {"name": "matte", "role": "matte", "channels": ["A"], "optional": True}
    model = manifest(inputs=[COLOR, matte])
    group = node.create(model, "denoise")
    group.setInput(0, nuke.nodes.Constant())
    group["filmgate_layer_matte"].setValue(chosen)
    assert channels.bind_input(group, model, "matte") == ("rgba.alpha",)
    assert knobs.settings(group, model, Moment(1)).layers == {"matte": "rgba"}
