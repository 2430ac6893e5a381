"""The operators that change formats and boxes."""

from __future__ import annotations

from typing import Any

from nuke import _ops, _planes
from nuke._boxes import Area
from nuke._context import Context
from nuke._nodes import Node
from nuke._ops import Evaluation, Found, Operator, component, scaled_format
from nuke._planes import Plane


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


OPERATORS: dict[str, Operator] = {
    "Crop": _Crop(),
    "Reformat": _Reformat(),
    "CopyBBox": _CopyBBox(),
    "AdjBBox": _AdjustBBox(),
    "BlackOutside": _BlackOutside(),
}
