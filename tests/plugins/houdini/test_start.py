"""How Houdini's files get at the plugin: its parts on demand, or a text that says what helps."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3] / "plugins" / "houdini"


@pytest.fixture
def start(hou: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module, as in a Houdini that has just started."""
    module = importlib.import_module("filmgate_houdini.start")
    monkeypatch.setattr(module, "_ready", [])
    monkeypatch.setattr(sys, "path", list(sys.path))
    return module


def test_a_part_is_loaded_when_it_is_asked_for(start: Any) -> None:
    """A checkout adds nothing to the path: the environment has what is needed."""
    before = list(sys.path)

    assert start.load("names").MODE == "filmgate_mode"
    assert sys.path == before


def test_a_part_that_is_missing_is_an_error_of_the_node(start: Any, hou: Any) -> None:
    """Its text says what and what helps."""
    with pytest.raises(hou.NodeError) as raised:
        start.load("nothing_of_that_kind")

    said = raised.value.instanceMessage()
    assert "nothing_of_that_kind" in said
    assert "filmgate doctor" in said


def test_a_module_that_is_too_old_is_named(
    start: Any, hou: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another plugin has imported it before: its file is said, and nothing else is touched."""
    old = SimpleNamespace(__name__="zmq", __version__="19.0.2", __file__="/opt/other/zmq.py")
    monkeypatch.setitem(sys.modules, "zmq", old)

    with pytest.raises(hou.NodeError, match=r"19\.0\.2"):
        start.load("names")


def test_the_package_puts_the_folder_that_it_lies_in_on_houdinis_path() -> None:
    """It names no place of its own: a bundle can lie anywhere."""
    package = json.loads((ROOT / "filmgate.json").read_text(encoding="utf-8"))

    assert package["hpath"] == "$HOUDINI_PACKAGE_PATH"
    assert package["enable"] == "houdini_version >= '19.5'"
    assert "path" not in json.dumps(package).replace("hpath", "")
