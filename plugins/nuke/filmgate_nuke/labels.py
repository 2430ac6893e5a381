"""What a node shows of its state: the colour of its tile, its label and the status knob."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Optional, cast

import nuke

from filmgate.host.label import status_line
from filmgate.host.node import parse_node_state
from filmgate.host.state import State, Status
from filmgate_nuke import stored
from filmgate_nuke.layout import HAS_RESULT, STATE, STATUS, VERSION

COLOURS: Mapping[State, int] = {
    State.EMPTY: 0x5A5F66FF,
    State.FRESH: 0x3F7D4EFF,
    State.STALE: 0xB3862DFF,
    State.PARTIAL: 0x7F8C3AFF,
    State.RUNNING: 0x2F6DA8FF,
    State.ERROR: 0xB23A34FF,
    State.BAKED: 0x6B4E96FF,
}
"""Of the tile, by state: 0xRRGGBBAA. They differ in lightness too, for who sees no red or green."""

PASSES = "the source passes through"
"""Said wherever a node shows its source because it has nothing else."""

_REMEMBERED = 256
"""Nodes whose model is not looked up again at each redraw."""


def show(group: nuke.Group, status: Status) -> None:
    """Show where the node stands; call it inside `filmgate_nuke.script.untouched`."""
    _set(group, STATUS, stored.shown(line(status, passes=not has_result(group))))
    _set(group, "tile_color", COLOURS[status.state])


def line(status: Status, passes: bool = False) -> str:
    """Return one line for the artist.

    Args:
        status: of the node.
        passes: whether the node shows its source for want of a result.
    """
    return status_line(status, PASSES if passes else "")


def has_result(group: nuke.Group) -> bool:
    """Return whether the node shows results and not its source alone."""
    switch = group.node(HAS_RESULT)
    return switch is not None and bool(switch["which"].value())


def autolabel() -> Optional[str]:
    """Return the label of Nuke's current node if it is ours: called at every redraw, so cheap."""
    node = nuke.thisNode()
    if node.knob(STATE) is None:
        return None
    model = _model(str(node[STATE].value()))
    ours = (f"{model} {node[VERSION].value()}", str(node[STATUS].value()))
    own = cast("nuke.EvalString_Knob", node["label"]).evaluate() or ""
    lines = (node.name(), *map(stored.shown, ours), own)
    return "\n".join(line for line in lines if line.strip())


def register() -> None:
    """Let Nuke ask us for the labels of our nodes; once however often it is called."""
    nuke.removeAutolabel(autolabel, nodeClass="Group")
    nuke.addAutolabel(autolabel, nodeClass="Group")


@lru_cache(maxsize=_REMEMBERED)
def _model(text: str) -> str:
    """Return the model that a state's text names; redraws do not parse it again."""
    return parse_node_state(stored.from_knob(text)).model.partition("@")[0]


def _set(group: nuke.Group, name: str, value: object) -> None:
    """Set a knob that does not say so already: each change redraws the node."""
    knob = group[name]
    if knob.value() != value:
        knob.setValue(value)
