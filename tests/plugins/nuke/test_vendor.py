"""Bundled wheels come last, and what is imported already is used if it will do."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def vendor(nuke: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module, with a path of its own."""
    from filmgate_nuke import vendor  # noqa: PLC0415 - found once the fixture ran

    monkeypatch.setattr(sys, "path", list(sys.path))
    return vendor


def make_bundle(folder: Path, python: str = "") -> Path:
    """Make a bundle's folders."""
    (folder / "vendor" / platform.machine()).mkdir(parents=True)
    text = json.dumps({"python": python or f"{sys.version_info[0]}.{sys.version_info[1]}"})
    (folder / "bundle.json").write_text(text, encoding="utf-8")
    return folder


def module(version: str) -> ModuleType:
    """Return a module that another plugin imported."""
    made = ModuleType("zmq")
    made.__version__ = version  # type: ignore[attr-defined]
    made.__file__ = "/studio/python/zmq/__init__.py"
    return made


def test_bundled_wheels_go_last(vendor: Any, tmp_path: Path) -> None:
    """They never stand in the place of what the studio installed."""
    before = list(sys.path)
    for _ in range(2):
        vendor.prepare(make_bundle(tmp_path) if not (tmp_path / "vendor").exists() else tmp_path)
    folders = [tmp_path / "vendor", tmp_path / "vendor" / platform.machine()]
    assert sys.path == [*before, *map(str, folders)]


def test_a_checkout_adds_nothing(vendor: Any, tmp_path: Path) -> None:
    """There the environment has what is needed."""
    before = list(sys.path)
    vendor.prepare(tmp_path)
    assert sys.path == before


def test_a_module_that_is_new_enough_is_used(
    vendor: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another plugin's copy is as good as ours."""
    monkeypatch.setitem(sys.modules, "zmq", module("26.0.3"))
    vendor.prepare(tmp_path)


@pytest.mark.parametrize("version", ["25.1.2", ""])
def test_a_module_that_is_too_old_is_named_with_its_file(
    vendor: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """So that somebody can update or remove it."""
    monkeypatch.setitem(sys.modules, "zmq", module(version))
    with pytest.raises(vendor.VendorError, match="/studio/python/zmq") as caught:
        vendor.prepare(tmp_path)
    assert caught.value.name == "zmq"


def test_a_bundle_for_another_python_is_refused(vendor: Any, tmp_path: Path) -> None:
    """Its compiled modules could not be loaded, and the error would be nobody's."""
    with pytest.raises(vendor.VendorError, match="made for Python 3"):
        vendor.prepare(make_bundle(tmp_path, "3.2"))


def test_what_is_installed_here_will_do(vendor: Any) -> None:
    """The real modules say versions that are understood."""
    vendor.check_modules()
