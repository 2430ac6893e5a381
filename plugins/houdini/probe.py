"""Write down what this Houdini offers: ``hython probe.py houdini21.json``.

The plugin is tested against a stand-in for Houdini. The file that this script writes tells whether
the stand-in offers anything that the real one lacks: send it to the people who maintain the plugin,
or put it into ``tests/fakes/houdini/probes`` and run the tests. Nothing in it names your studio,
your machine or your files, and the scene that is open is left alone.
"""

from __future__ import annotations

import importlib
import inspect
import json
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Optional

import hou

MODULES = ("zmq", "msgpack", "blake3", "numpy", "PySide2", "PySide6", "shiboken2", "shiboken6")
TOOLS = ("soptoolutils", "coptoolutils", "toptoolutils", "hdefereval", "pdg")

NETWORKS = {"Sop": "geo", "Cop": "copnet", "Top": "topnet"}
"""What holds nodes of each context, among objects."""

NODE_TYPES = {
    "Sop": ("null", "heightfield", "filmgate::infer"),
    "Cop": ("input", "output", "null", "constant", "file", "pythonsnippet", "filmgate::infer"),
    "Top": ("null", "output", "pythonprocessor", "filmgate::infer"),
}

VERBS = ("blast", "convertvdb")

LAYER_CALLS = ("allBufferElements", "setAllBufferElements", "setDataWindow", "setDisplayWindow")


def describe() -> dict[str, Any]:
    """Return everything as JSON can hold it."""
    return {
        "schema": 1,
        "houdini": hou.applicationVersionString(),
        "python": platform.python_version(),
        "system": platform.system(),
        "modules": {name: _version(name) for name in MODULES},
        "tools": {name: _is_there(name) for name in TOOLS},
        "functions": _functions(),
        "classes": _classes(),
        "categories": sorted(hou.nodeTypeCategories()),
        "nodes": _nodes(),
        "layer": _tried(_layer),
        "verbs": {name: _tried(lambda name=name: _verb(name)) for name in VERBS},
        "intrinsics": _tried(_intrinsics),
    }


def _version(name: str) -> str:
    """Return the version of a module that this Houdini brings or finds; empty without one."""
    try:
        module = importlib.import_module(name)
    except ImportError:
        return ""
    return str(getattr(module, "__version__", "unknown"))


def _is_there(name: str) -> bool:
    try:
        importlib.import_module(name)
    except (ImportError, hou.Error):  # some of them need an interface
        return False
    return True


def _public(owner: Any) -> list[str]:
    return sorted(name for name in dir(owner) if not name.startswith("_"))


def _functions() -> dict[str, str]:
    found = {name: getattr(hou, name) for name in _public(hou)}
    return {
        name: _signature(each)
        for name, each in found.items()
        if callable(each) and not inspect.isclass(each)
    }


def _classes() -> dict[str, dict[str, str]]:
    found = {name: getattr(hou, name) for name in _public(hou)}
    return {
        name: {member: _signature(getattr(each, member, None)) for member in _public(each)}
        for name, each in found.items()
        if inspect.isclass(each)
    }


def _signature(call: Any) -> str:
    """Return a signature; what is written in C has only the first line of its documentation."""
    try:
        return str(inspect.signature(call))
    except (TypeError, ValueError):
        lines = (inspect.getdoc(call) or "").strip().splitlines()
        return lines[0] if lines else ""


def _nodes() -> dict[str, dict[str, Any]]:
    """Return what nodes have that are made for the purpose and removed again."""
    found: dict[str, dict[str, Any]] = {}
    with hou.undos.disabler():
        for context, kind in NETWORKS.items():
            network = _made(hou.node("/obj"), kind)
            if network is None:
                continue
            for name in NODE_TYPES[context]:
                node = _made(network, name)
                if node is not None:
                    found[f"{context}/{name}"] = _node(node)
            network.destroy()
    return found


def _made(parent: Any, kind: str) -> Optional[Any]:
    try:
        return parent.createNode(kind)
    except hou.OperationFailed:  # this Houdini has no such node
        return None


def _node(node: Any) -> dict[str, Any]:
    return {
        "parms": {each.name(): each.parmTemplate().type().name() for each in node.parms()},
        "inputs": list(node.inputNames()),
        "outputs": list(node.outputNames()),
        "inside": sorted(each.type().name() for each in node.children()),
    }


def _layer() -> dict[str, str]:
    """Return what a layer made in the plugin's order says of itself."""
    layer: Any = getattr(hou, "ImageLayer")()  # noqa: B009 - 20.5 has none
    layer.setChannelCount(4)
    layer.setStorageType(hou.imageLayerStorageType.Float32)
    layer.setDataWindow(1, 2, 3, 2)
    layer.setDisplayWindow(0, 0, 8, 6)
    layer.setAllBufferElements(bytes(3 * 2 * 4 * 4))
    window = layer.dataWindow()
    return {
        "resolution": str(tuple(layer.bufferResolution())),
        "data_window": f"{tuple(window.min())} {tuple(window.size())}",
        "pixel_scale": str(tuple(layer.pixelScale())),
        **{name: _signature(getattr(layer, name)) for name in LAYER_CALLS},
    }


def _verb(name: str) -> dict[str, str]:
    """Return a verb's parameters, with the kind and value that each has at first."""
    verb: Any = hou.sopNodeTypeCategory().nodeVerb(name)
    return {parm: f"{type(value).__name__} {value!r}" for parm, value in verb.parms().items()}


def _intrinsics() -> dict[str, str]:
    """Return the intrinsics of a volume and of a VDB made of it; those that can be set with *."""
    dense, sparse = hou.Geometry(), hou.Geometry()
    dense.createVolume(2, 2, 2).setAllVoxels([float(n) for n in range(8)])
    verb: Any = hou.sopNodeTypeCategory().nodeVerb("convertvdb")
    verb.setParms({"conversion": 1})
    verb.execute(sparse, [dense])
    prims = (dense.prims()[0], sparse.prims()[0])
    return {
        prim.type().name(): ", ".join(sorted(map(_marked(prim), prim.intrinsicNames())))
        for prim in prims
    }


def _marked(prim: Any) -> Callable[[str], str]:
    return lambda name: name if prim.intrinsicReadOnly(name) else f"{name}*"


def _tried(call: Callable[[], dict[str, str]]) -> dict[str, str]:
    try:
        return call()
    except (AttributeError, TypeError, hou.Error) as error:
        return {"failed": str(error)}


def main(arguments: Sequence[str]) -> int:
    """Write the description to the path given, or to the terminal."""
    text = json.dumps(describe(), indent=1, sort_keys=True) + "\n"
    if arguments:
        Path(arguments[0]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
