"""The operators of each class, but for reading files."""

from __future__ import annotations

from typing import Optional

from nuke import _files, _layers, _merging, _ops, _planes, _shapes, _times, _words, _world
from nuke._boxes import Area
from nuke._context import Context
from nuke._nodes import Node
from nuke._ops import OPERATORS, Evaluation, Found, Operator, area_of, component, scaled_format
from nuke._planes import Plane


def load() -> None:
    """Make sure that every operator is known; importing this module did it."""


def chosen(node: Node, knob: str, at: Context, present: tuple[str, ...]) -> list[str]:
    """Return which of the channels that are *present* a knob asks for."""
    text = node._value(knob, at)
    if text == "all":
        return list(present)
    wanted = _layers.expand_layer(text)
    return [name for name in wanted if name in present]


def weight(
    ev: Evaluation, node: Node, at: Context, index: int, area: Area, knobs: tuple[str, str]
) -> Optional[Plane]:
    """Return the mask that an input and its knobs make; None where there is none."""
    channel, invert = (node._value(name, at) if name in node._knobs else False for name in knobs)
    names = _layers.expand_layer(str(channel or "none"))
    if not names or _ops.source(node, index) is None:
        return None
    plane = ev.input_over(node, index, at, names[0], area)
    return _planes.apply(lambda value: 1.0 - value, plane) if invert else plane


class _Constant(Operator):
    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        full = scaled_format(node._knobs["format"].value(), at.scale)
        names = tuple(_layers.expand_layer(node._value("channels", at)))
        if names == tuple(_layers.LAYERS["rgb"]):
            names = tuple(_layers.LAYERS["rgba"])
        first, last = (int(node._value(name, at)) for name in ("first", "last"))
        return Found(full, area_of(full), names, first, last, {}, True)

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        value = component(node._value("color", at), channel)
        return _planes.constant(value, ev.info(node, at).box)


class _CheckerBoard(Operator):
    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        full = scaled_format(node._knobs["format"].value(), at.scale)
        root = _world.current().root
        names = tuple(_layers.LAYERS["rgba"])
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
            for knob in ("channels", "channels2", "channels3", "channels4")
            for name in chosen(node, knob, at, found.channels)
        }
        keep = node._value("operation", at) == "keep"
        return found._replace(
            channels=tuple(name for name in found.channels if (name in named) == keep)
        )


class _AddChannels(Operator):
    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        found = ev.info_of_input(node, 0, at)
        added = _layers.expand_layer(node._value("channels", at))
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


class _CopyMetaData(Operator):
    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        held = ev.info_of_input(node, 1, at).metadata
        return ev.info_of_input(node, 0, at)._replace(metadata=held)


class _ModifyMetaData(Operator):
    """Sets keys, by lines of `{set key value}`; `{remove key}` takes them away."""

    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        found = ev.info_of_input(node, 0, at)
        held = dict(found.metadata)
        for line in _lines(node._value("metadata", at)):
            if line[0] == "set":
                held[line[1]] = " ".join(line[2:])
            else:
                held.pop(line[1], None)
        return found._replace(metadata=held)


def _lines(text: str) -> list[list[str]]:
    return [list(_words.split(entry)) for entry in _words.split(text)]


OPERATORS.update({
    "Constant": _Constant(), "CheckerBoard2": _CheckerBoard(), "Remove": _Remove(),
    "AddChannels": _AddChannels(), "Grade": _Grade(), "Multiply": _Multiply(),
    "Invert": _Invert(), "Blur": _Blur(), "Premult": _Premult(), "Unpremult": _Unpremult(),
    "CopyMetaData": _CopyMetaData(), "ModifyMetaData": _ModifyMetaData(),
    "Read": _files.Read(), **_merging.OPERATORS, **_shapes.OPERATORS, **_times.OPERATORS,
})  # fmt: skip
