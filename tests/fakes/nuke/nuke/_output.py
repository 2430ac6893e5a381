"""Writing files, by the rules of Nuke's EXR writer."""

from __future__ import annotations

import os
from typing import Any

from nuke import _callbacks, _expressions, _exr, _files, _hashes, _ops, _planes, _world
from nuke._boxes import Area
from nuke._context import Context
from nuke._nodes import Node
from nuke._ops import Evaluation, Found, RenderError


def write(node: Node, moments: list[Context]) -> None:
    """Write a frame: a file for each view where the path has %V, else one that holds them all."""
    paths = [_path(node, at) for at in moments]
    ev = Evaluation()
    if len(set(paths)) == len(moments):
        for path, at in zip(paths, moments):
            _save(node, path, _parts(ev, node, at, ""))
        return
    parts: list[_exr.Part] = []
    for number, at in enumerate(moments):
        parts += _parts(ev, node, at, f"{at.view}." if number else "")
    views = "\n".join(at.view for at in moments)
    _save(node, paths[0], _joined(parts, views))


def _joined(parts: list[_exr.Part], views: str) -> list[_exr.Part]:
    """Return one part with the channels of all views: those of the first have plain names."""
    data = parts[0].data
    for part in parts:
        data = data.union(part.data)
    channels = {
        name: _planes.fit(plane, part.data, data, False)
        for part in parts
        for name, plane in part.channels.items()
    }
    return [parts[0]._replace(data=data, channels=channels, text={**parts[0].text, "views": views})]


def _path(node: Node, at: Context) -> str:
    """Return where a frame goes: under a proxy to the proxy's path where there is one."""
    small: Any = node._knobs["proxy"]
    knob: Any = small if at.scale != 1.0 and small._state else node._knobs["file"]
    text = _expressions.expand_path(knob._evaluated(at.frame, at.view), at.frame, at.view)
    path = _callbacks.filter_filename(text, node)
    if not path:
        raise RenderError(f"{node._name}: no file name")
    return path


def _parts(ev: Evaluation, node: Node, at: Context, prefix: str) -> list[_exr.Part]:
    _check(node, at)
    found = ev.info(node, at)
    names = _chosen(node, at, found)
    box = found.box if found.box.size else Area(0, 0, 1, 1)
    planes = {name: _rows(ev, node, at, name, box) for name in names}
    part = _exr.Part(
        _downwards(box, found.format.height()),
        Area(0, 0, found.format.width(), found.format.height()),
        {},
        _exr.FLOAT if node._value("datatype", at) == "32 bit float" else _exr.HALF,
        _exr.COMPRESSION[node._value("compression", at)],
        found.format.pixelAspect(),
        _texts(node, at, found),
    )
    if node._value("interleave", at) != "channels":
        return [part._replace(channels={prefix + _files.from_nuke(n): planes[n] for n in names})]
    layers = dict.fromkeys(name.partition(".")[0] for name in names)
    return [part._replace(name=layer, channels=_stripped(layer, planes)) for layer in layers]


def _stripped(layer: str, planes: dict[str, Any]) -> dict[str, Any]:
    """Return a layer's channels without its name: its part of the file bears that."""
    return {
        _files.from_nuke(name).rpartition(".")[2]: plane
        for name, plane in planes.items()
        if name.partition(".")[0] == layer
    }


def _check(node: Node, at: Context) -> None:
    """Refuse what this stand-in cannot write rather than write something else."""
    kind = node._value("file_type", at).strip() or os.path.splitext(_path(node, at))[1].lstrip(".")
    if kind != "exr":
        raise RenderError(f"{node._name}: this stand-in writes no {kind or 'file without a type'}")
    if node._value("compression", at) not in _exr.COMPRESSION:
        raise RenderError(f"{node._name}: this stand-in cannot compress by that")
    if node._value("autocrop", at):
        raise RenderError(f"{node._name}: this stand-in cannot crop")
    if _ops.source(node, 0) is None:
        raise RenderError(f"{node._name}: nothing is connected")


def _chosen(node: Node, at: Context, found: Found) -> list[str]:
    from nuke import _operators

    names = _operators.chosen(node, "channels", at, found.channels)
    if not names:
        raise RenderError(f"{node._name}: no channels to write")
    return names


def _rows(ev: Evaluation, node: Node, at: Context, name: str, box: Area) -> Any:
    """Return a channel's pixels as a file holds them, the top row first."""
    plane = ev.over(node, at, name, box)
    if not node._value("raw", at):
        plane = _files.encoded(plane, name, str(node._value("colorspace", at)))
    return _files._flipped(plane, box.width)


def _downwards(box: Area, height: int) -> Area:
    return Area(box.x, height - box.t, box.r, height - box.y)


def _texts(node: Node, at: Context, found: Found) -> dict[str, str]:
    """Return what the header says beyond the pixels: by default the hash of the graph above."""
    policy = node._value("metadata", at)
    if policy == "no metadata":
        return {}
    texts = {"nuke/version": f"{_world.current().profile.major}"}
    if node._value("write_hash", at):
        texts["nuke/node_hash"] = f"{_hashes.of(node, at.frame)[0]:x}"
    if policy.startswith("all metadata"):
        skipped = ("input/",) if "except input" in policy else ()
        for key, value in found.metadata.items():
            if not key.startswith(skipped or ("\0",)):
                texts[key] = str(value)
    return texts


def _save(node: Node, path: str, parts: list[_exr.Part]) -> None:
    """Write beside the target, then take its name, so that nobody reads half a file."""
    folder = os.path.dirname(path)
    if node._knobs["create_directories"].value():
        os.makedirs(folder, exist_ok=True)
    scratch = f"{path}.tmp"
    try:
        with open(scratch, "wb") as file:
            file.write(_exr.to_bytes(parts))
        os.replace(scratch, path)
    except OSError as error:
        raise RenderError(f"{node._name}: {path}: {error.strerror}") from error
    _world.current().rendered.append(path)
