"""A process without the settings of whoever runs the test: a plugin finds only the test's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from filmgate.manifest import Manifest, parse_manifest


def seclude(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Keep settings, cache and endpoints of this process in *folder*, and name no server."""
    for name in [name for name in os.environ if name.startswith("FILMGATE_")]:
        patch.delenv(name)
    home = folder / "home"
    (home / "run").mkdir(parents=True)
    for name, inside in (("HOME", ""), ("XDG_CONFIG_HOME", "config"), ("XDG_RUNTIME_DIR", "run")):
        patch.setenv(name, str(home / inside))
    patch.setenv("FILMGATE_CACHE", str(home / "cache"))


def make_manifest(name: str = "grade", version: str = "1.0.0", **sections: Any) -> Manifest:
    """Return the manifest of a model with one input, one output and a parameter."""
    document: Mapping[str, Any] = {
        "model": {"name": name, "version": version, "task": "test", "summary": "For tests."},
        "licence": {"code": "Apache-2.0", "weights": "none"},
        "inputs": [{"name": "color", "role": "color", "channels": ["R", "G", "B"]}],
        "outputs": [{"name": "color", "channels": ["R", "G", "B"], "replaces": "color"}],
        "runtime": {"engine": "array", "entry": "model.py:Model"},
        "params": [
            {
                "name": "gain",
                "type": "float",
                "default": 1.0,
                "low": 0.0,
                "high": 8.0,
                "animatable": True,
            }
        ],
        **sections,
    }
    return parse_manifest(document)
