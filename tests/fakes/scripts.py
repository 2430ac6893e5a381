"""The scripts beside a plugin, as modules: every host has some of the same names."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


def load_script(host: str, name: str) -> Any:
    """Return a new module made from ``plugins/HOST/NAME.py``; nothing else can import it."""
    spec = spec_from_file_location(f"{host}_{name}", PLUGINS / host / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
