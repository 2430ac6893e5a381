"""The guard before renders and captures: which nodes count, and what it says."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from filmgate.errors import ConfigError, InputError
from filmgate.host.port import Moment
from filmgate.host.state import State


class Script:
    """Two Filmgate nodes one after the other, and a Write below them."""

    def __init__(self, nuke: Any) -> None:
        self.nuke = nuke
        self.states: dict[str, State] = {}
        self.plate = nuke.nodes.Constant()
        self.first, self.second = self.make("First"), self.make("Second")
        self.first.setInput(0, self.plate)
        self.second.setInput(0, self.first)
        self.write = nuke.nodes.Write(inputs=[self.second])

    def make(self, name: str) -> Any:
        """Return a Group that reads results, as far as the guard can see."""
        group = self.nuke.nodes.Group(name=name)
        with group:
            self.nuke.nodes.Output(inputs=[self.nuke.nodes.Input()])
        choices = ["result", "source", "overlay", "difference"]
        group.addKnob(self.nuke.Enumeration_Knob("filmgate_view", "View", choices))
        group.addKnob(self.nuke.Disable_Knob("disable"))
        self.states[name] = State.FRESH
        return group

    @property
    def watched(self) -> list[Any]:
        """Return both nodes as the guard is given them."""
        from filmgate_nuke.guard import Watched  # noqa: PLC0415 - found once the fixture ran

        groups = (self.first, self.second)
        return [Watched(group, partial(self._state, group.name())) for group in groups]

    def _state(self, name: str, moment: Moment) -> State:
        return self.states[name]

    def check(self, frame: int = 5) -> None:
        """Ask the guard before a frame of the Write."""
        from filmgate_nuke.guard import check_write  # noqa: PLC0415

        check_write(self.watched, self.write, frame)


@pytest.fixture
def script(nuke: Any) -> Script:
    """Return the script, in a fresh session."""
    return Script(nuke)


@pytest.mark.parametrize("state", [State.FRESH, State.BAKED])
def test_what_belongs_to_its_source_renders(script: Script, state: State) -> None:
    """A fresh or baked frame passes."""
    script.states["Second"] = state

    script.check()


@pytest.mark.parametrize("state", [State.STALE, State.EMPTY, State.ERROR, State.RUNNING])
def test_what_does_not_stops_the_render(script: Script, state: State) -> None:
    """The text names the node, its state and the frame."""
    script.states["Second"] = state

    with pytest.raises(InputError, match=f"Second is {state.value} at frame 5"):
        script.check()


def test_node_further_up_counts(script: Script) -> None:
    """A stale denoise makes everything after it stale."""
    script.states["First"] = State.STALE

    with pytest.raises(InputError, match="First is stale"):
        script.check()


def test_node_of_another_branch_does_not(script: Script) -> None:
    """What the Write does not show is nobody's concern."""
    script.states["Second"] = State.STALE
    script.write.setInput(0, script.first)

    script.check()


def test_disabled_node_passes(script: Script) -> None:
    """A disabled node shows its source."""
    script.states["Second"] = State.STALE
    script.second["disable"].setValue(True)

    script.check()


def test_node_that_shows_its_source_passes(script: Script) -> None:
    """So does one whose view is the source."""
    script.states["Second"] = State.STALE
    script.second["filmgate_view"].setValue("source")

    script.check()


def test_every_view_is_asked_for(script: Script, nuke: Any) -> None:
    """In a stereo script the text names the view."""
    nuke.addView("right")
    script.states["First"] = State.EMPTY

    with pytest.raises(InputError, match="frame 5, view main"):
        script.check()


def test_render_without_a_node_asks_what_any_write_shows(script: Script) -> None:
    """Background renders do not say which Write they are: then what is above any of them counts."""
    from filmgate_nuke.guard import check_write  # noqa: PLC0415

    script.states["Second"] = State.STALE

    with pytest.raises(InputError):
        check_write(script.watched, None, 5)


def test_render_without_a_node_leaves_the_rest_alone(script: Script, nuke: Any) -> None:
    """What is above no Write, or above one that is disabled, can be in no file."""
    from filmgate_nuke.guard import check_write  # noqa: PLC0415

    script.states["Second"] = State.STALE
    script.write.setInput(0, script.first)
    nuke.nodes.Write(inputs=[script.second])["disable"].setValue(True)

    check_write(script.watched, None, 5)


def test_setting_that_hides_a_state_is_told_with_the_node(script: Script) -> None:
    """A farm's log says which node wanted the setting."""
    from filmgate_nuke.guard import Watched, check_write  # noqa: PLC0415

    def refuse(_: Moment) -> State:
        raise ConfigError("FILMGATE_CACHE is no folder.", "Set it.")

    with pytest.raises(ConfigError, match=r"First: FILMGATE_CACHE is no folder\. Set it\."):
        check_write([Watched(script.first, refuse)], script.write, 5)


def test_capture_refuses_a_stale_source(script: Script) -> None:
    """The second of two nodes never captures old pixels of the first."""
    from filmgate_nuke.guard import check_inputs  # noqa: PLC0415

    script.states["First"] = State.STALE

    with pytest.raises(InputError, match="First is stale at frame 3"):
        check_inputs(script.watched, script.second, Moment(3))


def test_capture_does_not_ask_the_node_itself(script: Script) -> None:
    """A node may always capture what is above it, whatever it shows itself."""
    from filmgate_nuke.guard import check_inputs  # noqa: PLC0415

    script.states["Second"] = State.STALE

    check_inputs(script.watched, script.second, Moment(3))


def test_node_inside_a_group_counts(script: Script, nuke: Any) -> None:
    """A Filmgate node inside somebody's Group is above what the Group is above."""
    outer = nuke.nodes.Group(name="Outer")
    with outer:
        inner = script.make("Inner")
        nuke.nodes.Output(inputs=[inner])
    script.write.setInput(0, outer)
    script.second = inner
    script.states["Inner"] = State.STALE

    with pytest.raises(InputError, match=r"Outer\.Inner is stale"):
        script.check()


def test_write_inside_a_group_asks_what_feeds_the_group(script: Script, nuke: Any) -> None:
    """As pipelines build their Writes: the Group's pipe comes from a Filmgate node."""
    outer = nuke.nodes.Group(name="Publish")
    with outer:
        script.write = nuke.nodes.Write(inputs=[nuke.nodes.Input()])
        nuke.nodes.Output(inputs=[script.write])
    outer.setInput(0, script.second)
    script.states["First"] = State.STALE

    with pytest.raises(InputError, match="First is stale"):
        script.check()
