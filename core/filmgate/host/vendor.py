"""The wheels that a bundle brings: after everything else on ``sys.path``, never in its place.

What the host or another plugin has imported already is used if it is new enough: a second copy of
a compiled module in one process crashes it. Nothing but the standard library is imported here,
since the rest may not be found before `Vendor.prepare` has run.
"""

from __future__ import annotations

import importlib
import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Optional

FOLDER = "vendor"
DESCRIPTION = "bundle.json"
OLDEST = {"zmq": (26,), "msgpack": (1, 1, 2), "blake3": (1,)}
"""Below these, a module lacks what filmgate needs."""

_PARTS = 3
_ABOVE = 4
"""How many folders above a plugin's package the bundle's own may be."""


class VendorError(ImportError):
    """A module that filmgate needs is missing or too old; the text names its file."""

    code = "vendor"


@dataclass(frozen=True)
class Vendor:
    """What makes one host's plugin find its wheels.

    Attributes:
        host: what texts call it: "Nuke", "the Unreal Editor".
        file: ``__file__`` of a module of the plugin, somewhere inside the bundle.
        places: where its users name folders with Python modules, for texts.
    """

    host: str
    file: str
    places: str = "PYTHONPATH"

    def prepare(self, root: Optional[Path] = None) -> None:
        """Make the bundled wheels importable where the host has none of its own.

        Args:
            root: the bundle; by default the one that the plugin lies in. In a checkout there is
                none, and nothing is added.

        Raises:
            VendorError: the bundle is for another Python, or a module that is imported already is
                too old.
        """
        root = root or self._find_root()
        self._check_python(root / DESCRIPTION)
        for folder in (root / FOLDER, root / FOLDER / platform.machine()):
            if folder.is_dir() and str(folder) not in sys.path:
                sys.path.append(str(folder))
        for name, oldest in OLDEST.items():
            module = sys.modules.get(name)
            if module is not None:
                self._check_module(module, oldest)

    def check_modules(self) -> None:
        """Import what filmgate needs and refuse what is too old, wherever it was found.

        Raises:
            VendorError: names the file of what is too old.
            ImportError: one of them is nowhere.
        """
        for name, oldest in OLDEST.items():
            self._check_module(importlib.import_module(name), oldest)

    def _find_root(self) -> Path:
        """Return the bundle's folder; the package's own in a checkout, which has no wheels."""
        package = Path(self.file).resolve().parent
        above = list(package.parents)[:_ABOVE]
        return next((folder for folder in above if (folder / DESCRIPTION).is_file()), package)

    def _check_python(self, description: Path) -> None:
        """Refuse a bundle whose compiled modules another Python cannot load."""
        if not description.is_file():
            return
        said = json.loads(description.read_text(encoding="utf-8"))
        made_for, running = str(said["python"]), f"{sys.version_info[0]}.{sys.version_info[1]}"
        if made_for != running:
            command = f"filmgate bundle {said['host']} --python {running}"
            raise VendorError(
                f"{description.parent.as_posix()} is made for Python {made_for}; {self.host} has "
                f"{running}. Make another with `{command}`.",
                path=description.as_posix(),
            )

    def _check_module(self, module: ModuleType, oldest: tuple[int, ...]) -> None:
        """Refuse a module that was imported before us and is too old for filmgate."""
        said = str(getattr(module, "__version__", ""))
        if _numbers(said) >= oldest:
            return
        file, needed = module.__file__ or f"{self.host} itself", ".".join(map(str, oldest))
        raise VendorError(
            f"{module.__name__} {said} was imported already, from {file}; Filmgate needs {needed} "
            f"or newer. Update that copy, or remove it from {self.places}.",
            name=module.__name__,
            path=file,
        )


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")[:_PARTS]
    digits = ("".join(letter for letter in part if letter.isdigit()) for part in parts)
    return tuple(int(each) for each in digits if each)
