"""A model becomes a Group, and goes over to another version without losing what was set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fakes.manifests import EVERY_PARAMETER, denoiser, manifest, matter, retimer, upscaler

SHARP = {"name": "sharp", "type": "float", "default": 0.25}


@pytest.fixture
def node(nuke: Any) -> Any:
    """Return the plugin's module, in a fresh session."""
    from filmgate_nuke import node  # noqa: PLC0415 - found once the fixture ran

    return node


def test_a_model_is_a_group_with_named_inputs(nuke: Any, node: Any) -> None:
    """The arrows bear the manifest's names, the main input first and the mask last."""
    group = node.create(denoiser(), "denoise@champion")
    assert group.Class() == "Group"
    inputs = sorted(
        (each for each in group.nodes() if each.Class() == "Input"),
        key=lambda each: each["number"].value(),
    )
    assert [each.name() for each in inputs] == ["color", "albedo", "normal", "mask"]


def test_it_takes_one_step_to_undo(nuke: Any, node: Any, world: Any) -> None:
    """Undo removes the whole node."""
    node.create(denoiser(), "denoise@champion")
    assert len(world.undo_steps()) == 1
    nuke.undo()
    assert nuke.allNodes() == []


def test_a_selected_node_becomes_the_main_input(nuke: Any, node: Any) -> None:
    """As for every node that Nuke makes."""
    plate = nuke.nodes.Constant()
    plate.setSelected(True)
    group = node.create(denoiser(), "denoise")
    assert group.input(0) == plate
    assert nuke.selectedNodes() == [group]


def test_it_carries_its_manifest(nuke: Any, node: Any) -> None:
    """So that it opens and renders with the server away."""
    from filmgate_nuke import knobs, stored  # noqa: PLC0415

    group = node.create(retimer(), "retime@champion")
    assert knobs.manifest_of(group) == retimer()
    assert (
        json.loads(stored.from_knob(group["filmgate_state"].value()))["model"] == "retime@champion"
    )


@pytest.mark.parametrize("version", ["14.0", "15.0", "16.0", "17.0"])
@pytest.mark.parametrize("mode", ["gui", "-t"])
def test_it_is_made_in_every_nuke(fresh: Any, version: str, mode: str) -> None:
    """With an interface or without one, and with the knobs that each version has."""
    fresh(version, mode)
    from filmgate_nuke import graph, node  # noqa: PLC0415

    for model in (denoiser(params=EVERY_PARAMETER), retimer(), upscaler(), matter()):
        assert graph.fits(node.create(model, model.name), model)


def test_every_knob_of_the_contract_is_there(nuke: Any, node: Any) -> None:
    """Their names are stored in scripts."""
    group = node.create(denoiser(params=EVERY_PARAMETER), "denoise")
    names = [
        *("server", "model", "version", "upgrade", "mask", "mask_invert", "mix", "view", "range"),
        *("run_frame", "run_range", "live", "cancel", "bake", "unbake", "clear", "status", "state"),
        *("layer_color", "layer_albedo", "layer_normal", "file_color"),
        *(f"p_{each['name']}" for each in EVERY_PARAMETER),
    ]
    assert [name for name in names if group.knob(f"filmgate_{name}") is None] == []


def test_an_upgrade_keeps_what_was_set(nuke: Any, node: Any, world: Any) -> None:
    """Values, animation, connections, mix and what is read survive; it is one step to undo."""
    group = node.create(denoiser(params=EVERY_PARAMETER), "denoise")
    plate = nuke.nodes.Constant()
    group.setInput(1, plate)
    group["filmgate_p_passes"].setValue(5)
    group["filmgate_p_amount"].setExpression("frame/100")
    group["filmgate_mix"].setValue(0.5)
    node.show_take(group, {"color": "/take/color.%04d.exr"})
    steps = len(world.undo_steps())
    changes = node.rebuild(group, denoiser(version="2.0.0", params=[*EVERY_PARAMETER, SHARP]))
    assert len(world.undo_steps()) == steps + 1
    assert changes == ("New: sharp.",)
    assert group["filmgate_p_passes"].value() == 5
    assert group["filmgate_p_amount"].getValueAt(50) == 0.5
    assert group["filmgate_mix"].value() == 0.5
    assert group["filmgate_file_color"].value() == "/take/color.%04d.exr"
    assert group["filmgate_version"].value() == "2.0.0"
    assert group.input(1) == plate


def test_an_upgrade_to_other_inputs_keeps_the_connections(nuke: Any, node: Any) -> None:
    """A pipe stays with the input of its name, wherever that now is."""
    group = node.create(denoiser(), "denoise")
    pipes = {name: nuke.nodes.Constant(name=name) for name in ("beauty", "bumps", "matte")}
    for place, name in ((0, "beauty"), (2, "bumps"), (3, "matte")):
        group.setInput(place, pipes[name])
    group["filmgate_mix"].setValue(0.25)
    group["filmgate_mask"].setValue("rgba.red")
    node.show_take(group, {"color": "/take/color.%04d.exr"})
    changes = node.rebuild(group, manifest(inputs=[COLOR_, NORMAL_]))
    assert [group.input(place) for place in range(3)] == list(pipes.values())
    assert "Gone: albedo." in changes
    assert group["filmgate_mix"].value() == 0.25
    assert group.node("mixed")["maskChannelMask"].value() == "red"
    assert group["filmgate_file_color"].value() == "/take/color.%04d.exr"
    assert group.node("has_result")["which"].value() == 1


def test_undo_takes_an_upgrade_back(nuke: Any, node: Any) -> None:
    """The node is what it was, settings and nodes inside included."""
    group = node.create(denoiser(params=EVERY_PARAMETER), "denoise")
    group["filmgate_p_passes"].setValue(7)
    before = sorted(group.knobs()), sorted(each.name() for each in group.nodes())
    node.rebuild(group, upscaler())
    nuke.undo()
    assert (sorted(group.knobs()), sorted(each.name() for each in group.nodes())) == before
    assert group["filmgate_p_passes"].value() == 7


def test_a_value_that_no_longer_fits_is_said(nuke: Any, node: Any) -> None:
    """It goes to the new default, and the artist is told."""
    group = node.create(denoiser(params=[{**EVERY_PARAMETER[1], "default": 8}]), "denoise")
    changes = node.rebuild(group, denoiser(params=[{**EVERY_PARAMETER[1], "high": 4}]))
    assert group["filmgate_p_passes"].value() == 3
    assert changes == ("passes was 8, which this version does not take: 3.",)


def reopened(nuke: Any, group: Any, path: Path) -> Any:
    """Save the script, open it again and return its node."""
    name = group.name()
    nuke.scriptSaveAs(str(path))
    nuke.scriptOpen(str(path))
    return nuke.toNode(name)


def test_an_upgrade_of_a_saved_node_keeps_what_was_set(
    nuke: Any, node: Any, tmp_path: Path
) -> None:
    """Scripts do not tell the classes of texts apart; server, model, range and state stay."""
    from filmgate_nuke import knobs  # noqa: PLC0415

    params = [*EVERY_PARAMETER[:4], {**EVERY_PARAMETER[5], "hint": "line"}]
    group = node.create(denoiser(params=params), "denoise@champion")
    texts = {
        "filmgate_server": "tcp://gpu:1",
        "filmgate_model": "denoise@champion",
        "filmgate_range": "1-9",
        "filmgate_p_title": "C:\\a [b] $c {d",
        "filmgate_state": str(group["filmgate_state"].value()),
    }
    for name, text in texts.items():
        group[name].setValue(text)
    group = reopened(nuke, group, tmp_path / "shot.nk")
    several = {**EVERY_PARAMETER[5], "hint": "multiline"}
    changes = node.rebuild(group, denoiser(version="2.0.0", params=[several, SHARP]))
    assert {name: group[name].value() for name in texts} == texts
    assert knobs.manifest_of(group) == denoiser(params=params)
    assert "New: sharp." in changes


def test_buttons_and_state_are_never_removed(nuke: Any, node: Any) -> None:
    """Nuke crashes when the knob whose script runs is removed."""
    group = node.create(denoiser(), "denoise")
    names = ("state", "version", "upgrade", "run_frame", "status", "range", "server", "model")
    before = {name: group[f"filmgate_{name}"] for name in names}
    node.rebuild(group, upscaler())
    assert all(group[f"filmgate_{name}"] is knob for name, knob in before.items())


def test_a_failed_upgrade_leaves_the_node_whole(
    nuke: Any, node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong in the middle: knobs, nodes inside, values and version are as before."""
    from filmgate_nuke import graph  # noqa: PLC0415

    group = node.create(denoiser(params=EVERY_PARAMETER), "denoise")
    group["filmgate_p_passes"].setValue(7)
    bind = graph.bind_outputs

    def refuse(group: Any, model: Any) -> None:
        if model.name == "upscale":
            raise RuntimeError("no")
        bind(group, model)

    monkeypatch.setattr(graph, "bind_outputs", refuse)
    before = list(group.knobs()), sorted(each.name() for each in group.nodes())
    with pytest.raises(RuntimeError):
        node.rebuild(group, upscaler())
    assert (list(group.knobs()), sorted(each.name() for each in group.nodes())) == before
    assert group["filmgate_p_passes"].value() == 7
    assert group["filmgate_version"].value() == "1.0.0"
    assert group.node("mixed")["mix"].hasExpression()


def test_texts_of_a_server_are_no_programs(nuke: Any, node: Any, tmp_path: Path) -> None:
    """Neither Tcl nor HTML of a manifest gets into a knob, and the choice is still the model's."""
    from filmgate.host.port import Moment  # noqa: PLC0415
    from filmgate_nuke import knobs  # noqa: PLC0415

    evil = '[python {x}] $env(HOME) "q" <img src=x> \\ \n }'
    params = [
        {"name": "amount", "type": "float", "default": 0.5, "label": evil, "help": evil},
        {"name": "mode", "type": "choice", "default": evil, "choices": ["plain", evil]},
        {"name": "title", "type": "text", "default": evil},
        {"name": "lut", "type": "file", "default": "/a/[python x]$y"},
    ]
    head = {"name": "denoise", "version": "1.0.0", "task": "test", "summary": evil}
    model = denoiser(params=params, model=head)
    group = reopened(nuke, node.create(model, "denoise"), tmp_path / "shot.nk")
    for knob in group.knobs().values():
        stored = str(knob.value()) if knobs.family(knob) in ("text", "File_Knob") else ""
        own = knob.Class() == "PyScript_Knob" or not knob.name().startswith("filmgate_")
        assert own or not set("[]$\\") & set(f"{knob.label()}{knob.tooltip()}{stored}")
        assert "<" not in f"{knob.label()}{knob.tooltip()}"
    assert not set("[]$\\") & set(group["help"].value())
    assert knobs.manifest_of(group) == model
    assert knobs.settings(group, model, Moment(1)).params["mode"] == evil


def test_the_state_is_read_in_both_forms(nuke: Any, node: Any) -> None:
    """In letters that Tcl leaves alone, and as plain JSON."""
    from filmgate_nuke import stored  # noqa: PLC0415

    assert stored.from_knob(stored.to_knob('{"a": "[x] $y"}')) == '{"a": "[x] $y"}'
    assert stored.from_knob('{"a": 1}') == '{"a": 1}'
    assert stored.from_knob("fg1:broken") == ""


def test_channels_that_are_set_already_are_left_alone(nuke: Any, node: Any) -> None:
    """Nuke says `red` for `rgba.red`: that is no difference, and no change of the script."""
    from filmgate_nuke import graph  # noqa: PLC0415

    group = node.create(denoiser(), "denoise")
    knob, said = group.node("take_color_0")["from0"], []
    assert knob.value() == "red"
    knob.setValue = said.append
    graph.bind_outputs(group, denoiser())
    assert said == []


COLOR_ = {"name": "color", "role": "color", "channels": ["R", "G", "B"]}
NORMAL_ = {"name": "normal", "role": "normal", "channels": ["X", "Y", "Z"], "optional": True}
