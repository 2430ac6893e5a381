"""A node's colour and label say where it stands."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.manifests import denoiser
from filmgate.host.state import Problem, State, Status


@pytest.fixture
def group(nuke: Any) -> Any:
    """Return a node."""
    from filmgate_nuke import node  # noqa: PLC0415 - found once the fixture ran

    return node.create(denoiser(), "denoise@champion")


def shown(group: Any, status: Status) -> str:
    """Let the node show *status* and return its line."""
    from filmgate_nuke import labels  # noqa: PLC0415

    labels.show(group, status)
    return str(group["filmgate_status"].value())


def test_each_state_has_a_colour_of_its_own(group: Any) -> None:
    """Seven states are told apart at a glance."""
    colours = set()
    for state in State:
        shown(group, Status(state))
        colours.add(group["tile_color"].value())
    assert len(colours) == len(State)


def test_a_node_without_result_says_that_it_passes_the_source(group: Any) -> None:
    """It is never black, and never silent about it."""
    assert "passes through" in shown(group, Status())


def test_progress_is_shown(group: Any) -> None:
    """Frames, part of the work, place in the queue and time to go."""
    status = Status(State.RUNNING, done=3, total=10, fraction=0.35, place=2, eta_s=75)
    assert shown(group, status).startswith(
        "running · 3 of 10 · 35% · 2 before us · 1 min 15 s to go"
    )


def test_a_problem_is_shown_in_short(group: Any) -> None:
    """The whole text is for the panel."""
    text = shown(group, Status(State.ERROR, problem=Problem("layer", "No layer " + "x" * 90)))
    assert text.startswith("error · No layer xxx")
    assert "…" in text


def test_the_label_names_model_version_and_state(nuke: Any, group: Any, world: Any) -> None:
    """Below the node's own name, and above what the artist wrote."""
    from filmgate_nuke import labels  # noqa: PLC0415

    labels.register()
    shown(group, Status(State.STALE))
    group["label"].setValue("hero")
    name, model, state, own = world.label_of(group).split("\n")
    assert (name, model, own) == (group.name(), "denoise 1.0.0", "hero")
    assert state.startswith("stale")


def test_other_groups_keep_their_labels(nuke: Any, world: Any) -> None:
    """Nuke asks us for every Group."""
    from filmgate_nuke import labels  # noqa: PLC0415

    other = nuke.nodes.Group(name="Mine")
    before = world.label_of(other)
    labels.register()
    assert world.label_of(other) == before


def test_showing_the_same_twice_changes_nothing(group: Any, world: Any) -> None:
    """Each change of a knob redraws the node."""
    shown(group, Status(State.FRESH))
    steps = len(world.undo_steps())
    shown(group, Status(State.FRESH))
    assert len(world.undo_steps()) == steps


def test_a_label_is_evaluated_as_nuke_would(nuke: Any, group: Any, world: Any) -> None:
    """What the artist wrote may ask for knobs; what the server wrote is text."""
    from filmgate_nuke import labels  # noqa: PLC0415

    labels.register()
    group["label"].setValue("mix [value filmgate_mix]")
    shown(group, Status(State.ERROR, problem=Problem("model", "no <b> [here]")))
    lines = world.label_of(group).split("\n")
    assert lines[-1].startswith("mix 1")
    assert "(here)" in lines[2]
    assert "<" not in lines[2]


def test_the_label_names_the_model_that_runs(group: Any, world: Any) -> None:
    """Nobody can type another model's name: that of the state is shown, and it is what runs."""
    import nuke  # noqa: PLC0415 - found once the fixture ran

    from filmgate_nuke import labels  # noqa: PLC0415

    labels.register()
    shown(group, Status())
    group["filmgate_model"].setValue("upscale")

    assert group["filmgate_model"].getFlag(nuke.READ_ONLY)
    assert world.label_of(group).split("\n")[1] == "denoise 1.0.0"


def test_what_is_cleared_passes_the_source_and_says_so(group: Any) -> None:
    """The label is written once more after the Reads have let go."""
    from filmgate_nuke.host import NukeHost  # noqa: PLC0415

    host = NukeHost(group)
    read: dict[str, str] = {"color": "/takes/color.%04d.exr"}
    host.bind(lambda: read, lambda _: None)
    host.show_results()
    host.show(Status())
    assert "passes through" not in group["filmgate_status"].value()
    read.clear()

    host.show_results()

    assert "passes through" in group["filmgate_status"].value()
