"""The plugin's descriptor, by a schema of our own, and what lies beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from filmgate import __version__

ROOT = Path(__file__).resolve().parents[3] / "plugins" / "unreal"
DESCRIPTOR = ROOT / "Filmgate.uplugin"

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["FileVersion", "Version", "VersionName", "CanContainContent", "Plugins"],
    "properties": {
        "FileVersion": {"const": 3},
        "Version": {"type": "integer", "minimum": 1},
        "VersionName": {"const": __version__},
        "FriendlyName": {"const": "Filmgate"},
        "Description": {"type": "string", "minLength": 20, "maxLength": 200},
        "Category": {"type": "string", "minLength": 1},
        "CreatedBy": {"type": "string", "minLength": 1},
        "CanContainContent": {"const": True},
        "EnabledByDefault": {"const": True},
        "Installed": {"const": False},
        "Modules": {"const": []},
        "Plugins": {
            "type": "array",
            "minItems": 2,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["Name", "Enabled"],
                "properties": {"Name": {"type": "string"}, "Enabled": {"const": True}},
            },
        },
    },
}


def descriptor() -> dict[str, Any]:
    """Return the descriptor."""
    found: dict[str, Any] = json.loads(DESCRIPTOR.read_text(encoding="utf-8"))
    return found


def test_the_descriptor_keeps_to_the_schema() -> None:
    """No key that the engine does not know, content allowed, no compiled module."""
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(descriptor(), SCHEMA)


def test_what_the_plugin_needs_is_enabled() -> None:
    """Python and the scripting utilities come with the engine, switched off."""
    names = {each["Name"] for each in descriptor()["Plugins"]}
    assert {"PythonScriptPlugin", "EditorScriptingUtilities"} <= names


def test_the_engine_finds_the_start() -> None:
    """The engine runs this file of every plugin that may have content."""
    assert (ROOT / "Content" / "Python" / "init_unreal.py").is_file()


def test_the_package_has_a_name_of_its_own() -> None:
    """Plugins share one path: what lies beside the start is ours by name."""
    python = ROOT / "Content" / "Python"
    names = {each.name for each in python.iterdir() if each.name != "__pycache__"}
    assert names == {"init_unreal.py", "filmgate_unreal"}
