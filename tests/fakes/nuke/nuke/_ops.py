"""What nodes make: for each class how its image is described, and its pixels by channel.

An evaluation belongs to one render; it remembers what it has made. Each operator answers `info`
(format, area, channels, range, metadata) and `plane` (one channel's pixels over that area).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Optional

from nuke import _planes, _world
from nuke._boxes import Area
from nuke._context import Context
from nuke._formats import Format
from nuke._nodes import Group, Node
from nuke._planes import Plane

COLORS = ("red", "green", "blue", "alpha")


class RenderError(RuntimeError):
    """A node that cannot make its image; its text names the node."""


class Found(NamedTuple):
    """What is known of an image before its pixels."""

    format: Format
    box: Area
    channels: tuple[str, ...] = ()
    first: int = 1
    last: int = 1
    metadata: Mapping[str, Any] = MappingProxyType({})
    repeat: bool = False
    """Outside its area the image repeats its edge; else it is black."""


def scaled_format(given: Format, scale: float) -> Format:
    """Return a format as it is under a proxy."""
    if scale == 1.0:
        return given
    size = (round(given.width() * scale), round(given.height() * scale))
    return Format(*size, given.pixelAspect(), given._label)


def nothing(at: Context) -> Found:
    """Return what an input is that is not connected."""
    root = _world.current().root
    full = scaled_format(root._knobs["format"].value(), at.scale)
    return Found(full, Area(0, 0, 0, 0), (), root.firstFrame(), root.lastFrame())


def area_of(given: Format) -> Area:
    return Area(0, 0, given.width(), given.height())


class Operator:
    """How a class of node makes its image; this one hands its first input on."""

    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        return ev.info_of_input(node, 0, at)

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        return ev.input_over(node, 0, at, channel, ev.info(node, at).box)


OPERATORS: dict[str, Operator] = {}


class Evaluation:
    """One look at the graph: everything is made once."""

    def __init__(self) -> None:
        self._infos: dict[tuple[Node, Context], Found] = {}
        self._pixels: dict[tuple[Node, Context, str], Plane] = {}

    def info(self, node: Node, at: Context) -> Found:
        """Return what is known of a node's image.

        Raises:
            RenderError: the node, or one above, cannot make an image.
        """
        key = (node, at)
        if key not in self._infos:
            self._infos[key] = self._source_info(node, at)
        return self._infos[key]

    def _source_info(self, node: Node, at: Context) -> Found:
        if node._has("disable", at):
            return self.info_of_input(node, 0, at)
        inner = inside(node)
        if inner is not None:
            return self.info(inner, at)
        return operator_of(node).info(self, node, at)

    def plane(self, node: Node, at: Context, channel: str) -> Plane:
        """Return a channel's pixels over the area of the node's image; 0 where it has none."""
        key = (node, at, channel)
        if key not in self._pixels:
            self._pixels[key] = self._made(node, at, channel)
        return self._pixels[key]

    def _made(self, node: Node, at: Context, channel: str) -> Plane:
        found = self.info(node, at)
        if channel not in found.channels:
            return _planes.constant(0.0, found.box)
        if node._has("disable", at):
            return self.input_over(node, 0, at, channel, found.box)
        inner = inside(node)
        if inner is not None:
            return self.plane(inner, at, channel)
        return operator_of(node).plane(self, node, at, channel)

    def info_of_input(self, node: Node, index: int, at: Context) -> Found:
        above = source(node, index)
        return self.info(above, at) if above is not None else nothing(at)

    def input_over(self, node: Node, index: int, at: Context, channel: str, area: Area) -> Plane:
        above = source(node, index)
        if above is None:
            return _planes.constant(0.0, area)
        return self.over(above, at, channel, area)

    def over(self, node: Node, at: Context, channel: str, area: Area) -> Plane:
        """Return a channel's pixels over an area of the caller's."""
        found = self.info(node, at)
        return _planes.fit(self.plane(node, at, channel), found.box, area, found.repeat)

    def sample(self, node: Node, at: Context, channel: str, x: float, y: float) -> float:
        area = Area(int(x), int(y), int(x) + 1, int(y) + 1)
        return float(self.over(node, at, channel, area)[0])


def source(node: Node, index: int) -> Optional[Node]:
    """Return what feeds an input; what feeds an Input inside a group feeds the group."""
    if node._class == "Input" and node._parent is not None and index == 0:
        return node._parent._input(int(node._knobs["number"].value()))
    return node._input(index)


def inside(node: Node) -> Any:
    """Return the node inside a group whose image is the group's; None for other nodes."""
    if not isinstance(node, Group):
        return None
    output = node._output_node()
    if output is None:
        raise RenderError(f"{node._name}: the group has no Output")
    return output


def operator_of(node: Node) -> Operator:
    from nuke import _operators  # registers what it defines

    _operators.load()
    return OPERATORS.get(node._class) or OPERATORS[""]


def component(values: Any, channel: str) -> float:
    """Return a channel's part of a colour knob's value."""
    if isinstance(values, (int, float)):
        return float(values)
    name = channel.rpartition(".")[2]
    index = COLORS.index(name) if name in COLORS else 0
    return float(values[min(index, len(values) - 1)])


OPERATORS[""] = Operator()
