"""Reading files: which frame, what when it is missing, and how channels are named."""

from __future__ import annotations

import math
import os
import re
from typing import Any, NamedTuple, Optional

from nuke import _callbacks, _expressions, _exr, _layers, _ops, _planes, _world
from nuke._boxes import Area
from nuke._context import Context
from nuke._formats import Format
from nuke._nodes import Node
from nuke._ops import Evaluation, Found, Operator, area_of, scaled_format
from nuke._planes import Plane

COLORS = {"R": "red", "G": "green", "B": "blue", "A": "alpha"}
BARE = {"Z": "depth.Z", **{short: f"rgba.{name}" for short, name in COLORS.items()}}
KEPT = 8
"""Files whose pixels are remembered."""

_cache: dict[tuple[str, int, int], _exr.File] = {}


def to_nuke(name: str) -> str:
    """Return Nuke's name of a file's channel."""
    if name in BARE:
        return BARE[name]
    layer, _, channel = name.rpartition(".")
    layer = re.sub(r"\W", "_", layer) or "other"
    return f"{layer}.{COLORS.get(channel.upper(), channel)}"


def from_nuke(name: str) -> str:
    """Return how a writer calls a channel: R, G, B and A, everything else by Nuke's name."""
    layer, _, channel = name.partition(".")
    short = {value: key for key, value in COLORS.items()}
    return short.get(channel, name) if layer == "rgba" else name


def load_file(path: str) -> _exr.File:
    """Read a file; one that was not touched since is remembered."""
    stat = os.stat(path)
    key = (path, stat.st_mtime_ns, stat.st_size)
    if key not in _cache:
        with open(path, "rb") as opened:
            content = opened.read()
        while len(_cache) >= KEPT:
            _cache.pop(next(iter(_cache)))
        _cache[key] = _exr.parse_header(content, path)
    return _cache[key]


class Choice(NamedTuple):
    """What a Read looks at: a file, or nothing with the reason."""

    path: str = ""
    frame: int = 0
    black: bool = False
    error: str = ""


def choose(node: Node, at: Context) -> Choice:
    """Find the file of a moment by the range, what lies outside it, and what is on disk."""
    frame = _mapped(node, at)
    first, last = (int(node._value(name, at)) for name in ("first", "last"))
    frame, black = _within(node, at, frame, first, last)
    path = _path(node, at, frame)
    if black:
        return Choice(path, frame, black=True)
    if not path:
        return Choice(error="no file")
    if os.path.isfile(path):
        return Choice(path, frame)
    return _missing(node, at, path, frame, (first, last))


def _mapped(node: Node, at: Context) -> int:
    frame, text = round_frame(at.frame), str(node._value("frame", at)).strip()
    mode = node._value("frame_mode", at)
    if not text:
        return frame
    if mode == "start at":
        return frame - int(text) + int(node._value("first", at))
    if mode == "offset":
        return frame - int(text)
    value = _expressions.evaluate(text, node._knobs["frame"], at.frame, at.view)
    return round_frame(value)


def round_frame(frame: float) -> int:
    return math.floor(frame + 0.5)


def _within(node: Node, at: Context, frame: int, first: int, last: int) -> tuple[int, bool]:
    if first <= frame <= last:
        return frame, False
    way = node._value("before" if frame < first else "after", at)
    count = last - first + 1
    if way == "black":
        return frame, True
    if way == "loop":
        return first + (frame - first) % count, False
    if way == "bounce" and count > 1:
        place = (frame - first) % (2 * count - 2)
        return first + min(place, 2 * count - 2 - place), False
    return min(max(frame, first), last), False


def _path(node: Node, at: Context, frame: int) -> str:
    knob: Any = node._knobs["file"]
    small: Any = node._knobs["proxy"]
    text = small._evaluated(at.frame, at.view) if at.scale != 1.0 and small._state else ""
    text = text or knob._evaluated(at.frame, at.view)
    return _callbacks.filter_filename(_expressions.expand_path(text, frame, at.view), node)


def _missing(node: Node, at: Context, path: str, frame: int, span: tuple[int, int]) -> Choice:
    policy = node._value("on_error", at)
    if policy == "black":
        return Choice(path, frame, black=True)
    if policy == "nearest frame":
        for distance in range(1, span[1] - span[0] + 1):
            for other in (frame - distance, frame + distance):
                near = _path(node, at, other)
                if span[0] <= other <= span[1] and os.path.isfile(near):
                    return Choice(near, other)
    return Choice(path, frame, error=f"{path}: No such file or directory")


def _loaded(node: Node, at: Context) -> tuple[Choice, Optional[_exr.File]]:
    choice = choose(node, at)
    if choice.black:
        return choice, None
    if choice.error:
        raise _ops.RenderError(f"{node._name}: {choice.error}")
    try:
        return choice, load_file(choice.path)
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise _ops.RenderError(f"{node._name}: {error}") from error


def _upwards(area: Area, display: Area) -> Area:
    """Return an area of a file, where y grows downwards, as Nuke's: from the format's corner."""
    return Area(area.x - display.x, display.t - area.t, area.r - display.x, display.t - area.y)


class Read(Operator):
    """The pixels of a file."""

    def info(self, ev: Evaluation, node: Node, at: Context) -> Found:
        choice, file = _loaded(node, at)
        first, last = (int(node._value(name, at)) for name in ("first", "last"))
        if file is None:
            full = scaled_format(node._knobs["format"].value(), at.scale)
            names = tuple(_layers.LAYERS["rgba"])
            return Found(full, area_of(full), names, first, last)
        box = _upwards(file.data, file.display)
        names = tuple(to_nuke(name) for name in file.names)
        for name in names:
            _layers.declare_layer(name.partition(".")[0], [name])
        full = _known(Format(file.display.width, file.display.height, file.aspect))
        return Found(
            scaled_format(full, at.scale),
            box.scaled(at.scale, at.scale),
            names,
            first,
            last,
            _metadata(file, choice),
            self._repeats(node, at, file),
        )

    def _repeats(self, node: Node, at: Context, file: _exr.File) -> bool:
        way = node._value("edge_pixels", at)
        return way == "repeat" or (way == "plate detect" and file.data == file.display)

    def plane(self, ev: Evaluation, node: Node, at: Context, channel: str) -> Plane:
        _, file = _loaded(node, at)
        found = ev.info(node, at)
        if file is None:
            return _planes.constant(0.0, found.box)
        (name,) = (name for name in file.names if to_nuke(name) == channel)
        try:
            plane = file.planes([name])[name]
        except ValueError as error:
            raise _ops.RenderError(f"{node._name}: {error}") from error
        plane = _flipped(plane, file.data.width)
        if not node._value("raw", at):
            plane = decoded(plane, channel, str(node._value("colorspace", at)))
        if at.scale == 1.0:
            return plane
        area = _upwards(file.data, file.display)
        return _planes.resample(plane, area, found.box, at.scale, at.scale)


def _flipped(plane: Plane, width: int) -> Plane:
    out = _planes.array("f")
    for start in range(len(plane) - width, -1, -width):
        out.extend(plane[start : start + width])
    return out


def _known(given: Format) -> Format:
    for known in _world.current().formats:
        same = (known.width(), known.height(), known.pixelAspect())
        if same == (given.width(), given.height(), given.pixelAspect()):
            return known
    return given


def _metadata(file: _exr.File, choice: Choice) -> dict[str, Any]:
    held: dict[str, Any] = {
        "input/filename": choice.path,
        "input/frame": choice.frame,
        "input/width": file.display.width,
        "input/height": file.display.height,
        "input/filereader": "exr",
    }
    for name, value in file.text.items():
        held[name if "/" in name else f"exr/{name}"] = value
    return held


def decoded(plane: Plane, channel: str, colorspace: str) -> Plane:
    """Make a file's values linear; only red, green and blue have a curve."""
    if colorspace != "sRGB" or channel not in _layers.LAYERS["rgb"]:
        return plane
    return _planes.apply(
        lambda v: v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4, plane
    )


def encoded(plane: Plane, channel: str, colorspace: str) -> Plane:
    """Take `decoded` back."""
    if colorspace != "sRGB" or channel not in _layers.LAYERS["rgb"]:
        return plane
    return _planes.apply(
        lambda v: v * 12.92 if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055, plane
    )
