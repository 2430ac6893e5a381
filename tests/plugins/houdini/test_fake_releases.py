"""The plugin in a session of every release: nothing that it loads is of a later one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PATHS = [ROOT / "tests" / "fakes" / "houdini", ROOT / "plugins" / "houdini", ROOT / "core"]
LOADED = """
import importlib, pathlib, sys
sys.path[:0] = sys.argv[3:]
import hou
hou._fresh(sys.argv[1], sys.argv[2])
folder = pathlib.Path(sys.argv[4]) / "filmgate_houdini"
names = sorted(each.stem for each in folder.glob("*.py"))
for name in names:
    importlib.import_module(f"filmgate_houdini.{name}")
print(len(names))
"""


@pytest.mark.parametrize(
    ("version", "mode"),
    [("19.5", "gui"), ("20.0", "hython"), ("20.5", "gui"), ("21.0", "hython"), ("22.0", "gui")],
)
def test_the_plugin_is_loaded_by_every_release(version: str, mode: str) -> None:
    """Every module is imported, with an interface and without: no name that a release lacks."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, version, mode, *map(str, PATHS)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10
