"""The operators of each class, but for reading files."""

from __future__ import annotations

from typing import Any, Optional

from nuke import _files, _merging, _ops, _planes, _session, _world
from nuke._boxes import Area
from nuke._context import Context
from nuke._nodes import Node
from nuke._ops import OPERATORS, Evaluation, Found, Operator, area_of, scaled_format
from nuke._planes import Plane

COLORS = ("red", "green", "blue", "alpha")


def load() -> None:
    """Make sure that every operator is known; importing this module did it."""


def chosen(node: Node, knob: str, at: Context, present: tuple[str, ...]) -> list[str]:
    """Return which of the channels that are *present* a knob asks for."""
    text = node._value(knob, at)
    if text == "all":
        return list(present)
    wanted = _session.expand_layer(text)
    return [name for name in wanted if name in present]


def component(values: Any, channel: str) -> float:
    """Return a channel's part of a colour knob's value."""
    if isinstance(values, (int, float)):
        return float(values)
    name = channel.rpartition(".")[2]
    index = COLORS.index(name) if name in COLORS else 0
    return float(values[min(index, len(values) - 1)])


def weight(
    ev: Evaluation, node: Node, at: Context, index: int, area: Area, knobs: tuple[str, str]
) -> Optional[Plane]:
    """Return the mask that an input and its knobs make; None where there is none."""
    channel, invert = (node._value(name, at) if name in node._knobs else False for name in knobs)
    names = _session.expand_layer(str(channel or "none"))
    if not names or _ops.source(node, index) is None:
        return None
    plane = ev.input_over(node, index, at, names[0], area)
    return _planes.apply(lambda value: 1.0 - value, plane) if invert else plane


class _Constant(Operator):
    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        full = scaled_format(node._knobs["format"].value(), at.scale)
        names = tuple(_session.expand_layer(node._value("channels", at)))
        if names == tuple(_session.LAYERS["rgb"]):
            names = tuple(_session.LAYERS["rgba"])
        first, last = (int(node._value(name, at)) for name in ("first", "last"))
        return Found(full, area_of(full), names, first, last, {}, True)

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        value = component(node._value("color", at), channel)
        return _planes.constant(value, ev.info(node, at).box)


class _CheckerBoard(Operator):
    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        full = scaled_format(node._knobs["format"].value(), at.scale)
        root = _world.current().root
        names = tuple(_session.LAYERS["rgba"])
        return Found(full, area_of(full), names, root.firstFrame(), root.lastFrame())

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        area = ev.info(node, at).box
        size = max(round(component(node._value("boxsize", at), "") * at.scale), 1)
        one, two = (component(node._value(name, at), channel) for name in ("color0", "color1"))
        if channel == "rgba.alpha":
            one = two = 1.0
        rows = [_checks(area.width, size, *order) for order in ((one, two), (two, one))]
        out = _planes.array("f")
        for y in range(area.height):
            out.extend(rows[y // size % 2])
        return out


def _checks(width: int, size: int, one: float, two: float) -> Plane:
    period = _planes.array("f", [one] * size + [two] * size)
    return (period * (width // (2 * size) + 1))[:width]


class _Remove(Operator):
    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        found = ev.info_of_input(node, 0, at)
        named = {
            name
            for knob in ("channels", "channels1", "channels2", "channels3")
            for name in chosen(node, knob, at, found.channels)
        }
        keep = node._value("operation", at) == "keep"
        return found._replace(
            channels=tuple(name for name in found.channels if (name in named) == keep)
        )


class _AddChannels(Operator):
    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        found = ev.info_of_input(node, 0, at)
        added = _session.expand_layer(node._value("channels", at))
        return found._replace(channels=tuple(dict.fromkeys((*found.channels, *added))))

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        if channel in ev.info_of_input(node, 0, at).channels:
            return super().plane(ev, node, at, channel)
        return _planes.constant(float(node._value("color", at)), ev.info(node, at).box)


class _PerPixel(Operator):
    """Changes the channels that its knob names, each pixel alone."""

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        before = super().plane(ev, node, at, channel)
        if channel not in chosen(node, "channels", at, ev.info(node, at).channels):
            return before
        after = self.change(node, at, channel, before)
        if "mix" not in node._knobs:
            return after
        area = ev.info(node, at).box
        mask = weight(ev, node, at, 1, area, ("maskChannelMask", "invert_mask"))
        return _planes.mix(before, after, mask, float(node._value("mix", at)))

    def change(self, node: Node, at: Context, channel: str, plane: Plane) -> Plane:
        raise NotImplementedError


class _Grade(_PerPixel):
    def change(self, node: Node, at: Context, channel: str, plane: Plane) -> Plane:
        gain, lift = (component(node._value(name, at), channel) for name in ("multiply", "add"))
        low = 0.0 if node._value("black_clamp", at) else float("-inf")
        high = 1.0 if node._value("white_clamp", at) else float("inf")
        return _planes.apply(lambda value: min(max(value * gain + lift, low), high), plane)


class _Multiply(_PerPixel):
    def change(self, node: Node, at: Context, channel: str, plane: Plane) -> Plane:
        gain = component(node._value("value", at), channel)
        return _planes.apply(lambda value: value * gain, plane)


class _Invert(_PerPixel):
    def change(self, node: Node, at: Context, channel: str, plane: Plane) -> Plane:
        return _planes.apply(lambda value: 1.0 - value, plane)


class _Blur(_PerPixel):
    """A mean over a box, where Nuke's is a Gaussian: what matters is that neighbours count."""

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        self._area = ev.info(node, at).box
        return super().plane(ev, node, at, channel)

    def change(self, node: Node, at: Context, channel: str, plane: Plane) -> Plane:
        size = node._value("size", at)
        sizes = size if isinstance(size, list) else [size, size]
        return _planes.box_blur(plane, self._area, *(round(each * at.scale) for each in sizes))


class _Premult(Operator):
    divide = False

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        plane = super().plane(ev, node, at, channel)
        alpha = str(node._value("alpha", at))
        if channel == alpha or channel not in chosen(
            node, "channels", at, ev.info(node, at).channels
        ):
            return plane
        by = ev.input_over(node, 0, at, alpha, ev.info(node, at).box)
        if self.divide:
            return _planes.apply(lambda value, a: value / a if a else value, plane, by)
        return _planes.apply(lambda value, a: value * a, plane, by)


class _Unpremult(_Premult):
    divide = True


class _Crop(Operator):
    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        found = ev.info_of_input(node, 0, at)
        box = Area(*map(round, node._value("box", at))).scaled(at.scale, at.scale)
        area = box.intersect(found.box) if node._value("intersect", at) or not found.repeat else box
        area = area if found.box.size else Area(box.x, box.y, box.x, box.y)
        if not node._value("reformat", at):
            return found._replace(box=area, repeat=False)
        moved = Area(area.x - box.x, area.y - box.y, area.r - box.x, area.t - box.y)
        full = _ops.Format(box.width, box.height, found.format.pixelAspect())
        return found._replace(box=moved, format=full, repeat=False)

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        area = ev.info(node, at).box
        if node._value("reformat", at):
            box = Area(*map(round, node._value("box", at))).scaled(at.scale, at.scale)
            area = Area(area.x + box.x, area.y + box.y, area.r + box.x, area.t + box.y)
        return ev.input_over(node, 0, at, channel, area)


class _Reformat(Operator):
    """Changes the format; between pixels it takes the nearest one, whatever the filter says."""

    def target(self, node: Node, at: Context, source: Any) -> Any:
        kind = node._value("type", at)
        if kind == "to format":
            return scaled_format(node._knobs["format"].value(), at.scale)
        if kind == "to box":
            sizes = (int(node._value(name, at)) for name in ("box_width", "box_height"))
            return scaled_format(_ops.Format(*sizes), at.scale)
        factor = float(node._value("scale", at))
        size = (round(source.width() * factor), round(source.height() * factor))
        return _ops.Format(*size, source.pixelAspect())

    def scales(self, node: Node, at: Context, source: Any, target: Any) -> tuple[float, float]:
        x = target.width() * target.pixelAspect() / (source.width() * source.pixelAspect())
        y = target.height() / source.height()
        way = node._value("resize", at)
        one = {"none": 1.0, "width": x, "height": y, "fit": min(x, y), "fill": max(x, y)}
        if way == "distort":
            return target.width() / source.width(), y
        return one[way], one[way]

    def shift(self, node: Node, at: Context, source: Any, target: Any) -> tuple[int, int]:
        if not node._value("center", at):
            return 0, 0
        x, y = self.scales(node, at, source, target)
        return (
            round((target.width() - source.width() * x) / 2),
            round((target.height() - source.height() * y) / 2),
        )

    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        found = ev.info_of_input(node, 0, at)
        target = self.target(node, at, found.format)
        x, y = self.shift(node, at, found.format, target)
        box = found.box.scaled(*self.scales(node, at, found.format, target))
        moved = Area(box.x + x, box.y + y, box.r + x, box.t + y)
        outside = node._value("black_outside", at)
        return found._replace(format=target, box=moved, repeat=found.repeat and not outside)

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        source = ev.info_of_input(node, 0, at)
        target, pixels = ev.info(node, at), ev.input_over(node, 0, at, channel, source.box)
        scales = self.scales(node, at, source.format, target.format)
        if scales == (1.0, 1.0):
            return pixels
        return _planes.resample(pixels, source.box, source.box.scaled(*scales), *scales)


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
        return at._replace(frame=float(node._value("lookup", at)))


class _FrameHold(_Time):
    def other(self, node: Node, at: Context) -> Context:
        first, step = (int(node._value(name, at)) for name in ("first_frame", "increment"))
        frame = first + (at.frame - first) // step * step if step else first
        return at._replace(frame=float(frame))


class _FrameRange(Operator):
    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        first, last = (int(node._value(name, at)) for name in ("first_frame", "last_frame"))
        return ev.info_of_input(node, 0, at)._replace(first=first, last=last)


class _CopyBBox(Operator):
    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        return ev.info_of_input(node, 0, at)._replace(box=ev.info_of_input(node, 1, at).box)


class _AdjustBBox(Operator):
    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        found = ev.info_of_input(node, 0, at)
        by = round(component(node._value("numpixels", at), "") * at.scale)
        box = found.box
        return found._replace(box=Area(box.x - by, box.y - by, box.r + by, box.t + by))


class _BlackOutside(Operator):
    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        return ev.info_of_input(node, 0, at)._replace(repeat=False)


class _CopyMetaData(Operator):
    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        held = ev.info_of_input(node, 1, at).metadata
        return ev.info_of_input(node, 0, at)._replace(metadata=held)


class _ModifyMetaData(Operator):
    """Sets keys, by lines of `{set key value}`; `{remove key}` takes them away."""

    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        found = ev.info_of_input(node, 0, at)
        held = dict(found.metadata)
        for line in _planes_words(node._value("metadata", at)):
            if line[0] == "set":
                held[line[1]] = " ".join(line[2:])
            else:
                held.pop(line[1], None)
        return found._replace(metadata=held)


def _planes_words(text: str) -> list[list[str]]:
    from nuke import _words

    return [list(_words.split(entry)) for entry in _words.split(text)]


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


OPERATORS.update({
    "Constant": _Constant(), "CheckerBoard2": _CheckerBoard(), "Remove": _Remove(),
    "AddChannels": _AddChannels(), "Grade": _Grade(), "Multiply": _Multiply(),
    "Invert": _Invert(), "Blur": _Blur(), "Premult": _Premult(), "Unpremult": _Unpremult(),
    "Crop": _Crop(), "Reformat": _Reformat(), "TimeOffset": _TimeOffset(),
    "TimeWarp": _TimeWarp(), "FrameHold": _FrameHold(), "FrameRange": _FrameRange(),
    "CopyBBox": _CopyBBox(), "AdjBBox": _AdjustBBox(), "BlackOutside": _BlackOutside(),
    "CopyMetaData": _CopyMetaData(), "ModifyMetaData": _ModifyMetaData(),
    "JoinViews": _JoinViews(), "OneView": _OneView(), "Switch": _Switch(),
    "Read": _files.Read(), **_merging.OPERATORS,
})  # fmt: skip
