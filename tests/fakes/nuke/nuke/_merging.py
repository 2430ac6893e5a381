"""The operators that bring two images together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

from nuke import _layers, _ops, _planes, _words
from nuke._boxes import Area
from nuke._context import Context
from nuke._nodes import Node
from nuke._ops import Evaluation, Found, Operator
from nuke._planes import Plane

B, A, MASK = 0, 1, 2

FORMULAS: dict[str, Callable[[float, float, float, float], float]] = {
    "divide": lambda a, b, aa, ba: a / b if b else 0.0,
    "from": lambda a, b, aa, ba: b - a,
    "in": lambda a, b, aa, ba: a * ba,
    "mask": lambda a, b, aa, ba: b * aa,
    "matte": lambda a, b, aa, ba: a * aa + b * (1 - aa),
    "max": lambda a, b, aa, ba: max(a, b),
    "min": lambda a, b, aa, ba: min(a, b),
    "minus": lambda a, b, aa, ba: a - b,
    "multiply": lambda a, b, aa, ba: a * b,
    "out": lambda a, b, aa, ba: a * (1 - ba),
    "over": lambda a, b, aa, ba: a + b * (1 - aa),
    "plus": lambda a, b, aa, ba: a + b,
    "screen": lambda a, b, aa, ba: a + b - a * b if a <= 1 and b <= 1 else max(a, b),
    "stencil": lambda a, b, aa, ba: b * (1 - aa),
    "under": lambda a, b, aa, ba: a * (1 - ba) + b,
}
"""By operation: a and b are the channel's pixels, aa and ba the alphas. `copy` is A itself."""


def _mask(ev: Evaluation, node: Node, at: Context, area: Area, channel: str, invert: str) -> Plane:
    from nuke import _operators

    return _operators.weight(ev, node, at, MASK, area, (channel, invert))


def _box(node: Node, at: Context, b: Found, a: Found) -> Area:
    sides = {"A": a.box, "B": b.box}
    side = node._value("bbox", at)
    if side == "intersection":
        return a.box.intersect(b.box)
    return sides.get(side) or b.box.union(a.box)


def _combined(operation: str, planes: tuple[Plane, Plane, Plane, Plane]) -> Plane:
    if operation == "copy":
        return planes[0]
    if operation not in FORMULAS:
        raise _ops.RenderError(f"this stand-in does not merge by {operation}")
    return _planes.apply(FORMULAS[operation], *planes)


def _span(node: Node, b: Found, a: Found) -> tuple[int, int]:
    """Return the range of two pictures: that of both, as far as they are connected."""
    there = [found for index, found in ((B, b), (A, a)) if _ops.source(node, index) is not None]
    ends = [(found.first, found.last) for found in there or (b,)]
    return min(first for first, _ in ends), max(last for _, last in ends)


class Merge(Operator):
    """A onto B, channel by channel."""

    def merged(self, node: Node, at: Context, present: tuple[str, ...]) -> list[str]:
        text = f"{node._value('output', at)} {node._value('also_merge', at)}"
        if "all" in text.split():
            return list(present)
        return [name for name in _layers.expand_layer(text) if name in present]

    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        b, a = (ev.info_of_input(node, index, at) for index in (B, A))
        base = b if _ops.source(node, B) is not None else a
        present = tuple(dict.fromkeys((*b.channels, *a.channels)))
        kept = (*b.channels, *self.merged(node, at, present))
        held = {"A": a.metadata, "B": b.metadata}.get(node._value("metainput", at), b.metadata)
        first, last = _span(node, b, a)
        return base._replace(
            box=_box(node, at, b, a), channels=tuple(dict.fromkeys(kept)), metadata=held,
            first=first, last=last,
        )  # fmt: skip

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        found = ev.info(node, at)
        before = ev.input_over(node, B, at, channel, found.box)
        if _ops.source(node, A) is None or channel not in self.merged(node, at, found.channels):
            return before
        after = self._after(ev, node, at, channel, before)
        mask = _mask(ev, node, at, found.box, "maskChannelMask", "invert_mask")
        return _planes.mix(before, after, mask, float(node._value("mix", at)))

    def _after(self, ev: Evaluation, node: Node, at: Context, channel: str, before: Plane) -> Plane:
        box = ev.info(node, at).box
        above = ev.input_over(node, A, at, channel, box)
        operation = str(node._value("operation", at))
        if operation == "copy":
            return above
        alphas = (ev.input_over(node, index, at, "rgba.alpha", box) for index in (A, B))
        return _combined(operation, (above, before, *alphas))  # type: ignore[arg-type]


class Copy(Operator):
    """Channels of A put into B."""

    def moves(self, node: Node, at: Context, a: Found) -> dict[str, str]:
        """Return which channel of A each channel comes from."""
        found: dict[str, str] = {}
        for index in range(4):
            source, target = (node._value(f"{way}{index}", at) for way in ("from", "to"))
            if source != "none" and target != "none":
                pairs = zip(_layers.expand_layer(target), _layers.expand_layer(source))
                found.update(pairs)
        text = node._value("channels", at)
        same = a.channels if text == "all" else _layers.expand_layer(text)
        return {**found, **{name: name for name in same}}

    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        b, a = (ev.info_of_input(node, index, at) for index in (B, A))
        kept = (*b.channels, *self.moves(node, at, a))
        first, last = _span(node, b, a)
        names = tuple(dict.fromkeys(kept))
        return b._replace(box=_box(node, at, b, a), channels=names, first=first, last=last)

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        box = ev.info(node, at).box
        before = ev.input_over(node, B, at, channel, box)
        source = self.moves(node, at, ev.info_of_input(node, A, at)).get(channel)
        if source is None:
            return before
        after = ev.input_over(node, A, at, source, box)
        mask = _mask(ev, node, at, box, "maskChannelMask", "invert_mask")
        return _planes.mix(before, after, mask, float(node._value("mix", at)))


class Keymix(Operator):
    """A where the mask is, B elsewhere."""

    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        b, a = (ev.info_of_input(node, index, at) for index in (B, A))
        kept = tuple(dict.fromkeys((*b.channels, *a.channels)))
        return b._replace(box=_box(node, at, b, a), channels=kept)

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        from nuke import _operators

        found = ev.info(node, at)
        before = ev.input_over(node, B, at, channel, found.box)
        if channel not in _operators.chosen(node, "channels", at, found.channels):
            return before
        after = ev.input_over(node, A, at, channel, found.box)
        mask = _mask(ev, node, at, found.box, "maskChannel", "invertMask")
        return _planes.mix(before, after, mask, float(node._value("mix", at)))


class Dissolve(Operator):
    """From input 0 to input 1 by `which`."""

    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        b, a = (ev.info_of_input(node, index, at) for index in (B, A))
        kept = tuple(dict.fromkeys((*b.channels, *a.channels)))
        return b._replace(box=b.box.union(a.box), channels=kept)

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        box = ev.info(node, at).box
        before, after = (ev.input_over(node, index, at, channel, box) for index in (B, A))
        mask = _mask(ev, node, at, box, "maskChannelMask", "")
        return _planes.mix(before, after, mask, min(max(float(node._value("which", at)), 0.0), 1.0))


class ChannelMerge(Operator):
    """One channel of A and one of B become one of the output."""

    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        b, a = (ev.info_of_input(node, index, at) for index in (B, A))
        made = _layers.expand_layer(node._value("output", at))
        kept = tuple(dict.fromkeys((*b.channels, *made)))
        return b._replace(box=b.box.union(a.box), channels=kept)

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        box = ev.info(node, at).box
        before = ev.input_over(node, B, at, channel, box)
        if channel not in _layers.expand_layer(node._value("output", at)):
            return before
        names = [_layers.expand_layer(node._value(side, at))[0] for side in "AB"]
        a, b = (ev.input_over(node, index, at, name, box) for index, name in zip((A, B), names))
        after = _combined(str(node._value("operation", at)), (a, b, a, b))
        mask = _mask(ev, node, at, box, "maskChannelMask", "invert_mask")
        return _planes.mix(before, after, mask, float(node._value("mix", at)))


class Shuffle(Operator):
    """Channels of the two inputs put where `mappings` says."""

    def moves(self, node: Node, at: Context) -> dict[str, tuple[Optional[int], str]]:
        """Return for each channel made the input and channel it comes from."""
        words = list(_words.split(node._value("mappings", at)))[1:]
        if not words:
            names = (_layers.expand_layer(node._value(knob, at)) for knob in ("out1", "in1"))
            return {to: (self._side(node, at, 0), name) for to, name in zip(*names)}
        rows = [words[start : start + 6] for start in range(0, len(words), 6)]
        return {row[3]: (self._side(node, at, int(row[1])), row[0]) for row in rows}

    def _side(self, node: Node, at: Context, layer: int) -> Optional[int]:
        if layer < 0:
            return None
        return A if node._value(f"fromInput{layer + 1}", at) == "A" else B

    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        b, a = (ev.info_of_input(node, index, at) for index in (B, A))
        uses_a = any(side == A for side, _ in self.moves(node, at).values())
        kept = tuple(dict.fromkeys((*b.channels, *self.moves(node, at))))
        return b._replace(channels=kept, box=b.box.union(a.box) if uses_a else b.box)

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        box = ev.info(node, at).box
        side, name = self.moves(node, at).get(channel, (B, channel))
        if side is None:
            return _planes.constant(1.0 if name == "white" else 0.0, box)
        return ev.input_over(node, side, at, name, box)


OPERATORS: dict[str, Operator] = {
    "Merge2": Merge(),
    "Copy": Copy(),
    "Keymix": Keymix(),
    "Dissolve": Dissolve(),
    "ChannelMerge": ChannelMerge(),
    "Shuffle2": Shuffle(),
}
