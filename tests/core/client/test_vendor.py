"""Bundled wheels come last, and what is imported already is used if it will do."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from types import ModuleType

import pytest

from filmgate.host.vendor import Vendor, VendorError


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """Return that of a plugin three folders inside what may be a bundle, with a path of its own."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    module = tmp_path / "Content" / "Python" / "filmgate_host" / "vendor.py"
    return Vendor("Host", str(module), "HOST_PATH and PYTHONPATH")


def make_bundle(folder: Path, python: str = "") -> Path:
    """Make a bundle's folders."""
    (folder / "vendor" / platform.machine()).mkdir(parents=True)
    python = python or f"{sys.version_info[0]}.{sys.version_info[1]}"
    text = json.dumps({"host": "nuke", "python": python})
    (folder / "bundle.json").write_text(text, encoding="utf-8")
    return folder


def module(version: str) -> ModuleType:
    """Return a module that another plugin imported."""
    made = ModuleType("zmq")
    made.__version__ = version  # type: ignore[attr-defined]
    made.__file__ = "/studio/python/zmq/__init__.py"
    return made


def test_bundled_wheels_go_last(vendor: Vendor, tmp_path: Path) -> None:
    """They never stand in the place of what the studio installed."""
    before = list(sys.path)
    make_bundle(tmp_path)
    for _ in range(2):
        vendor.prepare()
    folders = [tmp_path / "vendor", tmp_path / "vendor" / platform.machine()]
    assert sys.path == [*before, *map(str, folders)]


def test_a_checkout_adds_nothing(vendor: Vendor) -> None:
    """There the environment has what is needed."""
    before = list(sys.path)
    vendor.prepare()
    assert sys.path == before


def test_a_module_that_is_new_enough_is_used(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another plugin's copy is as good as ours."""
    monkeypatch.setitem(sys.modules, "zmq", module("26.0.3"))
    vendor.prepare()


@pytest.mark.parametrize("version", ["25.1.2", ""])
def test_a_module_that_is_too_old_is_named_with_its_file(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """So that somebody can update or remove it."""
    monkeypatch.setitem(sys.modules, "zmq", module(version))
    with pytest.raises(VendorError, match="/studio/python/zmq") as caught:
        vendor.prepare()
    assert caught.value.name == "zmq"
    assert "HOST_PATH" in str(caught.value)


def test_a_bundle_for_another_python_is_refused(vendor: Vendor, tmp_path: Path) -> None:
    """Its compiled modules could not be loaded, and the error would be nobody's."""
    make_bundle(tmp_path, "3.2")
    with pytest.raises(VendorError, match=r"made for Python 3\.2; Host has 3") as caught:
        vendor.prepare()
    assert "filmgate bundle nuke" in str(caught.value)


def test_what_is_installed_here_will_do(vendor: Vendor) -> None:
    """The real modules say versions that are understood."""
    vendor.check_modules()
