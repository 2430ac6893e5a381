"""Load and call the Python code of a package, and judge what comes back.

A package's modules live under a private name, so that two packages, or two versions of one, never
meet; among themselves they import relatively.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from itertools import count
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from filmgate.errors import DeviceMemoryError, FilmgateError, ManifestError, ModelError
from filmgate_server.registry.content import locate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from filmgate.manifest import Manifest
    from filmgate_server.runtime.port import Pixels

_T = TypeVar("_T")

_SERIAL = count()

_OUT_OF_MEMORY = "OutOfMemoryError"
"""What torch and its kin call it; found by name, for this module imports none of them."""


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
    locate(package_path, relative)
    try:
        return getattr(_load_module(package_path, relative), name)()
    except Exception as error:  # a package's code raises anything
        text = f"{manifest.name}: {relative} cannot be loaded: {type(error).__name__}: {error}"
        raise ManifestError(text, "Correct the package's code.") from error


def call_model(manifest: Manifest, call: Callable[[], _T]) -> _T:
    """Return what *call* returns; whatever a package's code raises becomes one of our errors.

    Raises:
        DeviceMemoryError: the device's memory does not suffice; what the call held is free again.
        ModelError: names the package and what it raised.
        FilmgateError: our own errors pass.
    """
    try:
        return call()
    except FilmgateError:
        raise
    except Exception as error:
        if type(error).__name__ != _OUT_OF_MEMORY:
            text = f"{manifest.name} failed on this frame: {type(error).__name__}: {error}"
            raise ModelError(text) from error
        words = str(error).partition("\n")[0]
    # Not in the handler: as the new error's context the old one would keep every tensor alive.
    raise DeviceMemoryError(f"{manifest.name} does not fit into the device's memory: {words}")


def named_outputs(manifest: Manifest, returned: object) -> Mapping[str, Any]:
    """Return what a package's code returned, which must be a mapping by the outputs' names.

    Raises:
        ModelError: it is something else.
    """
    if not isinstance(returned, Mapping):
        names = ", ".join(repr(output.name) for output in manifest.outputs)
        raise ModelError(
            f"{manifest.name} returned {_kind(returned)}, not a mapping by output name ({names}).",
            f"Let the package return {{{manifest.outputs[0].name!r}: …}}, or tell its author.",
        )
    return cast("Mapping[str, Any]", returned)


def checked_outputs(
    manifest: Manifest, inputs: Mapping[str, Pixels], returned: object
) -> dict[str, Pixels]:
    """Return the declared outputs as float32.

    Args:
        manifest: of the package.
        inputs: what its code got, (H, W, C) or (T, H, W, C).
        returned: what its code returned: arrays by the outputs' names.

    Raises:
        ModelError: it is no mapping, or an output is missing, is no array, is not the manifest's
            scale times as large as the main input or has other channels than declared.
    """
    main = inputs[manifest.main_input.name].shape
    outputs = declared_outputs(manifest, main, returned)
    return {name: np.asarray(pixels, dtype=np.float32) for name, pixels in outputs.items()}


def declared_outputs(manifest: Manifest, main: tuple[int, ...], returned: object) -> dict[str, Any]:
    """Return the declared outputs, arrays of any kind, once their shapes are found right.

    Args:
        manifest: of the package.
        main: the main input's shape, (H, W, C) or (T, H, W, C).
        returned: what the package returned: arrays (H, W, C) by the outputs' names.

    Raises:
        ModelError: as for `checked_outputs`.
    """
    outputs = named_outputs(manifest, returned)
    checked: dict[str, Any] = {}
    for name, wanted in output_shapes(manifest, main).items():
        pixels = outputs.get(name)
        if getattr(pixels, "shape", None) != wanted:
            text = f"{manifest.name} returned {_kind(pixels)} for {name!r}, not {wanted}."
            raise ModelError(text)
        checked[name] = pixels
    return checked


def output_shapes(manifest: Manifest, main: tuple[int, ...]) -> dict[str, tuple[int, int, int]]:
    """Return (H, W, C) of each output, by its name.

    Args:
        manifest: of the package.
        main: the main input's shape, (H, W, C) or (T, H, W, C).
    """
    height, width, channels = main[-3:]
    scale = manifest.geometry.scale
    return {
        output.name: (height * scale, width * scale, len(output.channels) or channels)
        for output in manifest.outputs
    }


def _kind(returned: object) -> str:
    shape = getattr(returned, "shape", None)
    if shape is not None:
        return f"an array of shape {tuple(shape)}"
    return "nothing" if returned is None else f"a {type(returned).__name__}"


def _load_module(package_path: Path, relative: str) -> Any:
    root = ModuleType(f"_filmgate_package_{next(_SERIAL)}")
    root.__path__ = [str(package_path)]
    sys.modules[root.__name__] = root
    return import_module(f"{root.__name__}.{relative.removesuffix('.py').replace('/', '.')}")
