"""Layers and channels: what is known, and what the words in knobs stand for."""

from __future__ import annotations

from typing import Any, Optional

from nuke import _world
from nuke._guard import Guarded, on_main
from nuke._nodes import Node

LAYERS = {
    "rgb": ["rgba.red", "rgba.green", "rgba.blue"],
    "rgba": ["rgba.red", "rgba.green", "rgba.blue", "rgba.alpha"],
    "alpha": ["rgba.alpha"],
    "depth": ["depth.Z"],
    "forward": ["forward.u", "forward.v"],
    "backward": ["backward.u", "backward.v"],
    "motion": ["forward.u", "forward.v", "backward.u", "backward.v"],
    "mask": ["mask.a"],
    "disparityL": ["disparityL.x"],
    "disparityR": ["disparityR.x"],
}
"""What every session of Nuke knows before a script is opened."""


class Layer(Guarded):
    """A layer; making one makes its channels known."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._name = str(args[0])
        given = list(args[1]) if len(args) > 1 else []
        declare_layer(self._name, given)

    def name(self) -> str:
        return self._name

    def channels(self) -> list[str]:
        return list(_world.current().layers[self._name])

    def visible(self) -> bool:
        return True


def declare_layer(name: str, given: list[str]) -> None:
    """Make channels known; those of a layer are added to, in the order in which they come."""
    known = _world.current().layers.setdefault(name, [])
    for channel in given:
        whole = channel if "." in channel else f"{name}.{channel}"
        if whole not in known:
            known.append(whole)


def expand_layer(text: str) -> list[str]:
    """Return the channels that *text*, layers and channels with spaces between, stands for."""
    found: list[str] = []
    for word in text.split():
        if word in ("none", "0"):
            continue
        names = _world.current().layers.get(word)
        if names is None and "." not in word:
            names = []
        found += [name for name in (names if names is not None else [word]) if name not in found]
    return found


@on_main
def layers(node: Optional[Node] = None) -> list[str]:
    if node is None:
        return sorted(_world.current().layers)
    return sorted({name.split(".")[0] for name in node.channels()})


@on_main
def channels(node: Optional[Node] = None) -> list[str]:
    if node is not None:
        return node.channels()
    known = _world.current().layers.values()
    return sorted({name for names in known for name in names})
