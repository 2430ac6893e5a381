"""The models that recipes make, installed once for each checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from filmgate.errors import ConfigError, ConnectionLostError
from filmgate_server.recipes.install import install

BUILD_FOLDER = Path(__file__).resolve().parents[2] / ".build"


def installed(name: str) -> Path:
    """Return the folder of the package *name*; skip where its wheel cannot be had.

    Wheels are kept in ``.build/wheels``. A package whose recipe changed is installed anew.
    """
    found = _install(name)
    if isinstance(found, str):
        pytest.skip(f"{name} cannot be installed here: {found}")
    return found


@cache
def _install(name: str) -> Path | str:
    """Return the folder, or why there is none: an index that does not answer is asked once."""
    try:
        (path,) = install([name], BUILD_FOLDER / "zoo", print, BUILD_FOLDER / "wheels")
    except (ConnectionLostError, ConfigError) as error:
        return str(error)
    return path
