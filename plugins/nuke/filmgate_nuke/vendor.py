"""The wheels that a bundle brings: after everything else on ``sys.path``, never in its place.

What Nuke or another plugin has imported already is used if it is new enough: a second copy of a
compiled module in one process crashes it.
"""

from __future__ import annotations

import importlib
import json
import platform
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "vendor"
DESCRIPTION = "bundle.json"
OLDEST = {"zmq": (26,), "msgpack": (1, 1, 2), "blake3": (1,)}
"""Below these, a module lacks what filmgate needs."""

_PARTS = 3


class VendorError(ImportError):
    """A module that filmgate needs is missing or too old; the text names its file."""

    code = "vendor"


def prepare(root: Path = ROOT) -> None:
    """Make the bundled wheels importable where the host has none of its own.

    Args:
        root: the plugin's folder. In a checkout it has no wheels, and nothing is added.

    Raises:
        VendorError: the bundle is for another Python, or a module that is imported already is too
            old.
    """
    check_python(root / DESCRIPTION)
    for folder in (root / FOLDER, root / FOLDER / platform.machine()):
        if folder.is_dir() and str(folder) not in sys.path:
            sys.path.append(str(folder))
    for name, oldest in OLDEST.items():
        module = sys.modules.get(name)
        if module is not None:
            check_module(module, oldest)


def check_modules() -> None:
    """Import what filmgate needs and refuse what is too old, wherever it was found.

    Raises:
        VendorError: names the file of what is too old.
        ImportError: one of them is nowhere.
    """
    for name, oldest in OLDEST.items():
        check_module(importlib.import_module(name), oldest)


def check_python(description: Path) -> None:
    """Refuse a bundle whose compiled modules another Python cannot load.

    Raises:
        VendorError: it is for another version; the text names both.
    """
    if not description.is_file():
        return
    made_for = str(json.loads(description.read_text(encoding="utf-8")).get("python", ""))
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if made_for not in ("", running):
        raise VendorError(
            f"{description.parent.as_posix()} is made for Python {made_for}; this Nuke has "
            f"{running}. Make another with `filmgate bundle nuke --python {running}`.",
            path=description.as_posix(),
        )


def check_module(module: ModuleType, oldest: tuple[int, ...]) -> None:
    """Refuse a module that was imported before us and is too old for filmgate.

    Raises:
        VendorError: names its file and what is needed.
    """
    said = str(getattr(module, "__version__", ""))
    if _numbers(said) >= oldest:
        return
    file, needed = module.__file__ or "Nuke itself", ".".join(map(str, oldest))
    raise VendorError(
        f"{module.__name__} {said} was imported already, from {file}; Filmgate needs {needed} or "
        "newer. Update that copy, or remove it from NUKE_PATH and PYTHONPATH.",
        name=module.__name__,
        path=file,
    )


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")[:_PARTS]
    digits = ("".join(letter for letter in part if letter.isdigit()) for part in parts)
    return tuple(int(each) for each in digits if each)
