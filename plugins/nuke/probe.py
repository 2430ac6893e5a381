"""Write down what this Nuke offers: ``nuke -t probe.py nuke16.json``.

The plugin is tested against a stand-in for Nuke. The file that this script writes tells whether the
stand-in offers anything that the real one lacks: send it to the people who maintain the plugin, or
put it into ``tests/fakes/nuke/probes`` and run the tests. Nothing in it names your studio, your
machine or your files, and the script that is open is left alone.
"""

from __future__ import annotations

import importlib
import inspect
import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nuke

MODULES = ("zmq", "msgpack", "blake3", "numpy", "PySide2", "PySide6", "shiboken2", "shiboken6")

NODE_CLASSES = (
    "ChannelMerge",
    "Constant",
    "Copy",
    "DeepWrite",
    "Dot",
    "FrameHold",
    "FrameRange",
    "Grade",
    "Group",
    "Input",
    "Keymix",
    "Merge2",
    "NoOp",
    "Output",
    "Read",
    "Reformat",
    "Remove",
    "Shuffle2",
    "Switch",
    "TimeOffset",
    "TimeWarp",
    "Write",
    "WriteGeo",
)

EXR = "exr"


def describe() -> dict[str, Any]:
    """Return everything as JSON can hold it."""
    return {
        "schema": 2,
        "nuke": nuke.NUKE_VERSION_STRING,
        "python": platform.python_version(),
        "system": platform.system(),
        "modules": {name: _version(name) for name in MODULES},
        "functions": _functions(),
        "classes": _classes(),
        "root": _knobs(nuke.root()),
        "nodes": {name: _node(name, _knobs) for name in NODE_CLASSES},
        "defaults": {name: _node(name, _defaults) for name in NODE_CLASSES},
        "choices": {name: _node(name, _choices) for name in NODE_CLASSES},
        "write_exr": _write_exr(),
    }


def _version(name: str) -> str:
    """Return the version of a module that this Nuke brings or finds; empty without one."""
    try:
        module = importlib.import_module(name)
    except ImportError:
        return ""
    return str(getattr(module, "__version__", "unknown"))


def _public(owner: Any) -> list[str]:
    return sorted(name for name in dir(owner) if not name.startswith("_"))


def _functions() -> dict[str, str]:
    found = {name: getattr(nuke, name) for name in _public(nuke)}
    return {
        name: _signature(each)
        for name, each in found.items()
        if callable(each) and not inspect.isclass(each)
    }


def _classes() -> dict[str, dict[str, str]]:
    found = {name: getattr(nuke, name) for name in _public(nuke)}
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


def _knobs(node: Any) -> dict[str, str]:
    return {name: knob.Class() for name, knob in sorted(node.knobs().items())}


def _defaults(node: Any) -> dict[str, str]:
    """Return what a fresh node's knobs hold, as scripts write it; paths may be a studio's own."""
    found = sorted(node.knobs().items())
    return {name: str(each.toScript()) for name, each in found if not _is_path(each)}


def _is_path(knob: Any) -> bool:
    return isinstance(knob, nuke.File_Knob)


def _choices(node: Any) -> dict[str, list[str]]:
    """Return what each knob that offers choices offers."""
    found = sorted(node.knobs().items())
    return {
        name: [str(each) for each in knob.values()]
        for name, knob in found
        if isinstance(knob, nuke.Enumeration_Knob)
    }


def _node(kind: str, tell: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """Return what *tell* says of a node that is made for the purpose."""
    try:
        node = nuke.createNode(kind, inpanel=False)
    except RuntimeError:
        return {}
    try:
        return tell(node)
    finally:
        nuke.delete(node)


def _write_exr() -> dict[str, Any]:
    """Return the knobs of a Write of EXR files, and the choices of those that offer some."""
    node = nuke.createNode("Write", inpanel=False)
    try:
        node["file_type"].setValue(EXR)
        return {"knobs": _knobs(node), "choices": _choices(node)}
    finally:
        nuke.delete(node)


def main(arguments: list[str]) -> int:
    """Write the description to the path given, or to the terminal."""
    text = json.dumps(describe(), indent=1, sort_keys=True) + "\n"
    if arguments:
        Path(arguments[0]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
