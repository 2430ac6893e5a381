"""Load and call the Python code of a package, and judge what comes back."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.errors import FilmgateError, ManifestError, ModelError
from filmgate_server.registry.content import locate

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from filmgate.manifest import Manifest
    from filmgate_server.runtime.port import Pixels


def load_entry(package_path: Path, manifest: Manifest) -> Any:
    """Return an instance of the class that ``runtime.entry`` names, made without arguments.

    Raises:
        ManifestError: the entry is not ``file.py:Name``, leaves the package, lacks that name, or
            the package's own code fails.
    """
    relative, _, name = manifest.runtime.entry.partition(":")
    if not relative.endswith(".py") or not name.isidentifier():
        entry = manifest.runtime.entry
        raise ManifestError(f"runtime.entry = {entry!r} is not of the form file.py:Name.")
    path = locate(package_path, relative)
    try:
        return getattr(_load_module(path, manifest), name)()
    except Exception as error:
        text = f"{manifest.name}: {relative} cannot be loaded: {type(error).__name__}: {error}"
        raise ManifestError(text, "Correct the package's code.") from error


@contextmanager
def model_errors(manifest: Manifest) -> Generator[None]:
    """Turn whatever a package's code raises into a `ModelError`; our own errors pass.

    Raises:
        ModelError: names the package and what it raised.
    """
    try:
        yield
    except FilmgateError:
        raise
    except Exception as error:
        text = f"{manifest.name} failed on this frame: {type(error).__name__}: {error}"
        raise ModelError(text) from error


def checked_outputs(
    manifest: Manifest, inputs: Mapping[str, Pixels], outputs: Mapping[str, Pixels]
) -> dict[str, Pixels]:
    """Return the declared outputs as contiguous float32.

    Raises:
        ModelError: one is missing or is not as large as the main input.
    """
    size = inputs[manifest.main_input.name].shape[:2]
    checked: dict[str, Pixels] = {}
    for declared in manifest.outputs:
        pixels = outputs.get(declared.name)
        if pixels is None or pixels.ndim != 3 or pixels.shape[:2] != size:
            shape = None if pixels is None else pixels.shape
            text = f"{manifest.name} returned {declared.name!r} of shape {shape}, not {size} px."
            raise ModelError(text)
        checked[declared.name] = np.ascontiguousarray(pixels, dtype=np.float32)
    return checked


def _load_module(path: Path, manifest: Manifest) -> Any:
    spec = spec_from_file_location(f"_filmgate_package_{manifest.name}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(path.name)
    module = module_from_spec(spec)
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = written
    return module
