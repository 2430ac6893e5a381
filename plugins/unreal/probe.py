"""Write down what this Unreal offers to the plugin.

In a shell, with any project that may be opened::

    UnrealEditor-Cmd Game.uproject -run=pythonscript -script="PLUGIN/probe.py unreal56.json" \
-unattended -nullrhi

The plugin is tested against a stand-in for Unreal. The file that this script writes tells whether
the stand-in offers anything that the real one lacks: send it to the people who maintain the
plugin, or put it into ``tests/fakes/unreal/probes`` and run the tests. Nothing in it names your
studio, your machine or your files, and the project is left alone.
"""

# pyright: reportMissingModuleSource=none

from __future__ import annotations

import ast
import importlib
import inspect
import json
import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import unreal

PLUGIN = Path(__file__).resolve().parent / "Content" / "Python"
MODULES = ("zmq", "msgpack", "blake3", "numpy", "PySide2", "PySide6")

_PROPERTY = re.compile(r"``(\w+)`` \(([^)]+)\)")
"""How the documentation of a class lists what `set_editor_property` takes."""


def describe() -> dict[str, Any]:
    """Return everything as JSON can hold it."""
    names = sorted(set(_used()))
    classes = {name: getattr(unreal, name) for name in names if _is_class(name)}
    return {
        "schema": 1,
        "unreal": str(unreal.SystemLibrary.get_engine_version()),
        "python": platform.python_version(),
        "system": platform.system(),
        "editor": bool(unreal.is_editor()),
        "unattended": bool(unreal.SystemLibrary.is_unattended()),
        "modules": {name: _version(name) for name in MODULES},
        "missing": [name for name in names if not hasattr(unreal, name)],
        "functions": {
            name: _signature(getattr(unreal, name))
            for name in names
            if hasattr(unreal, name) and name not in classes
        },
        "classes": {name: _members(each) for name, each in classes.items()},
        "properties": {name: _properties(each) for name, each in classes.items()},
    }


def _used() -> Iterator[str]:
    """Yield every X of the ``unreal.X`` that the plugin says."""
    for path in PLUGIN.glob("filmgate_unreal/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "unreal":
                yield node.attr


def _is_class(name: str) -> bool:
    return inspect.isclass(getattr(unreal, name, None))


def _version(name: str) -> str:
    """Return the version of a module that this Unreal brings or finds; empty without one."""
    try:
        module = importlib.import_module(name)
    except ImportError:
        return ""
    return str(getattr(module, "__version__", "unknown"))


def _members(owner: Any) -> dict[str, str]:
    public = (name for name in dir(owner) if not name.startswith("_"))
    return {name: _signature(inspect.getattr_static(owner, name)) for name in sorted(public)}


def _signature(call: Any) -> str:
    """Return the first line of the documentation, which begins with the call; else the signature.

    What the engine itself offers is written in C and has no other signature.
    """
    lines = (inspect.getdoc(call) or "").strip().splitlines()
    if lines:
        return lines[0]
    try:
        return str(inspect.signature(call))
    except (TypeError, ValueError):
        return ""


def _properties(owner: Any) -> dict[str, str]:
    """Return the editor properties that the documentation lists, with their types."""
    return dict(_PROPERTY.findall(inspect.getdoc(owner) or ""))


def main(arguments: list[str]) -> int:
    """Write the description to the path given, or to the log."""
    text = json.dumps(describe(), indent=1, sort_keys=True) + "\n"
    if arguments:
        Path(arguments[0]).write_text(text, encoding="utf-8")
    else:
        unreal.log(text)
    return 0


if __name__ == "__main__":
    main(sys.argv[1:])
