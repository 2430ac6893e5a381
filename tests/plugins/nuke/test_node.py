"""A model becomes a Group, and goes over to another version without losing what was set."""

from __future__ import annotations

import json
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
    from filmgate_nuke import knobs  # noqa: PLC0415

    group = node.create(retimer(), "retime@champion")
    assert knobs.manifest_of(group) == retimer()
    assert json.loads(group["filmgate_state"].value())["model"] == "retime@champion"


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
    node.show_take(group, {"color": "/take/color.%04d.exr"}, (1, 10))
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
    node.show_take(group, {"color": "/take/color.%04d.exr"}, (5, 9))
    changes = node.rebuild(group, manifest(inputs=[COLOR_, NORMAL_]))
    assert [group.input(place) for place in range(3)] == list(pipes.values())
    assert "Gone: albedo." in changes
    assert group["filmgate_mix"].value() == 0.25
    assert group.node("mixed")["maskChannelMask"].value() == "rgba.red"
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


COLOR_ = {"name": "color", "role": "color", "channels": ["R", "G", "B"]}
NORMAL_ = {"name": "normal", "role": "normal", "channels": ["X", "Y", "Z"], "optional": True}
