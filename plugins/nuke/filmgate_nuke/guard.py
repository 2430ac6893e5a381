"""The guard: no render and no capture goes past a result that does not belong to its source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Callable, NamedTuple, Optional

import nuke

from filmgate.errors import FilmgateError, InputError
from filmgate.host.port import Moment
from filmgate.host.state import State
from filmgate_nuke import script, upstream

WRITES = ("Write", "DeepWrite", "WriteGeo")
"""Classes of nodes that render files."""

SHOWS_SOURCE = "source"
"""The choice of the knob ``filmgate_view`` that reads no result."""

_GOOD = (State.FRESH, State.BAKED)


class Watched(NamedTuple):
    """A Filmgate node and what tells the state of its frames."""

    group: nuke.Group
    state_at: Callable[[Moment], State]


def check_inputs(nodes: Sequence[Watched], group: nuke.Group, moment: Moment) -> None:
    """Refuse to capture pixels that another Filmgate node has not made, or not yet anew.

    Args:
        nodes: every Filmgate node of the script.
        group: the one whose inputs are to be captured.
        moment: of the capture.

    Raises:
        InputError: names the node, the frame and what helps.
    """
    others = [each for each in nodes if each.group != group]
    if others:
        _check(others, _inputs(group), [moment])


def check_write(nodes: Sequence[Watched], write: Optional[nuke.Node], frame: int) -> None:
    """Refuse to render a frame that a Filmgate node above has not made, or not yet anew.

    Args:
        nodes: every Filmgate node of the script.
        write: the Write; None where Nuke does not say, and what is above any Write counts.
        frame: the one to be rendered.

    Raises:
        InputError: names the node, the frame and what helps.
        FilmgateError: a setting keeps the node's state from being known; likewise.
    """
    if nodes:
        moments = [Moment(frame, view) for view in _views(write)]
        _check(nodes, _all_writes() if write is None else [write], moments)


def names_above(ends: Iterable[nuke.Node]) -> set[str]:
    """Return the full names of *ends* and of every node that they depend on."""
    return {node.fullName() for node in upstream.nodes_above(ends)}


def _all_writes() -> list[nuke.Node]:
    """Return what may be rendering: every Write that is not disabled."""
    every = (node for kind in WRITES for node in nuke.allNodes(kind, recurseGroups=True))
    return [node for node in every if not node["disable"].value()]


def _check(nodes: Sequence[Watched], ends: Iterable[nuke.Node], moments: Sequence[Moment]) -> None:
    above = names_above(ends)
    for each in nodes:
        if _reads_result(each.group) and each.group.fullName() in above:
            for moment in moments:
                _check_node(each, moment)


def _check_node(node: Watched, moment: Moment) -> None:
    state = _state(node, moment)
    if state in _GOOD:
        return
    frame = round(moment.time)
    raise InputError(
        f"{node.group.fullName()} is {state.value} at frame {frame}{_in_view(moment)}.",
        "Run it for that frame, bake it, or disable the node; then render again.",
        {"frame": frame},
    )


def _state(node: Watched, moment: Moment) -> State:
    try:
        return node.state_at(moment)
    except FilmgateError as error:
        text = f"{node.group.fullName()}: {error.text}"
        raise type(error)(text, error.remedy, error.detail) from error


def _in_view(moment: Moment) -> str:
    return f", view {moment.view}" if moment.view else ""


def _reads_result(group: nuke.Group) -> bool:
    disabled = bool(group["disable"].value())
    return not disabled and group["filmgate_view"].value() != SHOWS_SOURCE


def _inputs(node: nuke.Node) -> Iterator[nuke.Node]:
    for place in range(node.inputs()):
        source = node.input(place)
        if source is not None:
            yield source


def _views(write: Optional[nuke.Node]) -> tuple[str, ...]:
    """Return the views that a Write renders, as moments name them."""
    every = script.views()
    chosen = None if write is None else write.knob("views")
    if chosen is None or every == ("",):
        return every
    names = str(chosen.value()).split()
    return tuple(view for view in every if view in names) or every
