"""The operators that look at another frame, another view or another input."""

from __future__ import annotations

import math

from nuke import _planes, _world
from nuke._context import Context
from nuke._nodes import Node
from nuke._ops import Evaluation, Found, Operator
from nuke._planes import Plane


class _Time(Operator):
    """Looks at its input at another frame."""

    def other(self, node: Node, at: Context) -> Context:
        raise NotImplementedError

    def span(self, node: Node, at: Context, found: Found) -> tuple[int, int]:
        return found.first, found.last

    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        found = ev.info_of_input(node, 0, self.other(node, at))
        first, last = self.span(node, at, found)
        return found._replace(first=first, last=last)

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        return ev.input_over(node, 0, self.other(node, at), channel, ev.info(node, at).box)


class _TimeOffset(_Time):
    def other(self, node: Node, at: Context) -> Context:
        return at._replace(frame=at.frame - float(node._value("time_offset", at)))

    def span(self, node: Node, at: Context, found: Found) -> tuple[int, int]:
        offset = int(node._value("time_offset", at))
        return found.first + offset, found.last + offset


class _TimeWarp(_Time):
    def other(self, node: Node, at: Context) -> Context:
        if not node._knobs["lookup"].isAnimated():
            return at
        frame = float(node._value("lookup", at))
        if node._value("filter", at) == "nearest":
            frame = float(math.floor(frame + float(node._value("length", at)) / 2 + 0.5))
        return at._replace(frame=frame)

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        """Average, with the filter `box`, the frames between which the range lies."""
        plane = super().plane(ev, node, at, channel)
        length = float(node._value("length", at))
        if node._value("filter", at) != "box" or not length or self.other(node, at) == at:
            return plane
        end = self.other(node, at)._replace(frame=self.other(node, at).frame + length)
        other = ev.input_over(node, 0, end, channel, ev.info(node, at).box)
        return _planes.apply(lambda one, two: (one + two) / 2, plane, other)


class _FrameHold(_Time):
    def other(self, node: Node, at: Context) -> Context:
        first, step = (int(node._value(name, at)) for name in ("first_frame", "increment"))
        frame = first + (at.frame - first) // step * step if step else first
        return at._replace(frame=float(frame))


class _FrameRange(Operator):
    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        first, last = (int(node._value(name, at)) for name in ("first_frame", "last_frame"))
        return ev.info_of_input(node, 0, at)._replace(first=first, last=last)


class _JoinViews(Operator):
    """Its inputs are the views, in the script's order."""

    def index(self, at: Context) -> int:
        return int(_world.current().root._views.index(at.view))

    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        return ev.info_of_input(node, self.index(at), at)

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        return ev.input_over(node, self.index(at), at, channel, ev.info(node, at).box)


class _OneView(_Time):
    def other(self, node: Node, at: Context) -> Context:
        return at._replace(view=str(node._value("view", at)))


class _Switch(Operator):
    def index(self, node: Node, at: Context) -> int:
        count = max(node._number_of_inputs() - 1, 0)
        return min(max(int(node._value("which", at)), 0), count)

    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        return ev.info_of_input(node, self.index(node, at), at)

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        return ev.input_over(node, self.index(node, at), at, channel, ev.info(node, at).box)


OPERATORS: dict[str, Operator] = {
    "TimeOffset": _TimeOffset(),
    "TimeWarp": _TimeWarp(),
    "FrameHold": _FrameHold(),
    "FrameRange": _FrameRange(),
    "JoinViews": _JoinViews(),
    "OneView": _OneView(),
    "Switch": _Switch(),
}
