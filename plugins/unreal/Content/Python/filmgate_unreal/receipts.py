"""What made a finished file, noted beside it: by this a post step that is started again goes on.

The file and its receipt are compared by their digests: one that was cut off or painted over is
made again, and so is one whose render is another now.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Optional

from filmgate.digest import digest_bytes
from filmgate.disk import make_folder, storage_errors, write_whole
from filmgate.errors import StorageError

FOLDER = ".filmgate"

Find = Callable[[str], Optional[Path]]
"""Returns the file of an input, by ``name@frame``."""


@dataclass(frozen=True)
class Receipt:
    """How a frame was made; digests are hexadecimal.

    Attributes:
        package: the exact model.
        settings: what was set.
        inputs: the digest of each input, by ``name@frame``.
        marks: what tells cheaply whether an input's file has changed since, likewise.
        outputs: the digest of each file that was written, by its name.
    """

    package: str = ""
    settings: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])
    marks: Mapping[str, str] = field(default_factory=dict[str, str])
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])

    def fits(self, package: str, settings: str, names: frozenset[str], find: Find) -> bool:
        """Say whether the same would be made again.

        Args:
            package: the model.
            settings: what is set.
            names: the inputs that there are files for.
            find: finds them.
        """
        if (self.package, self.settings) != (package, settings):
            return False
        had = frozenset(key.rpartition("@")[0] for key in self.inputs)
        return had == names and all(self._is_same(key, find(key)) for key in self.inputs)

    def is_whole(self, folder: Path) -> bool:
        """Say whether every file is there as it was written."""
        files = self.outputs.items()
        return bool(files) and all(digest_file(folder / name) == said for name, said in files)

    def _is_same(self, key: str, path: Optional[Path]) -> bool:
        if path is None:
            return False
        return mark(path) == self.marks.get(key) or digest_file(path) == self.inputs[key]


def load_receipt(target: Path) -> Receipt:
    """Return the receipt of a file; an empty one without any, or where it cannot be read."""
    try:
        found: Any = json.loads(_path(target).read_bytes())
        return Receipt(
            str(found["package"]),
            str(found["settings"]),
            *(dict(found[name]) for name in ("inputs", "marks", "outputs")),
        )
    except (OSError, ValueError, LookupError, TypeError):
        return Receipt()


def save_receipt(target: Path, receipt: Receipt) -> None:
    """Note how *target* was made.

    Raises:
        StorageError: the disk is full or refuses.
    """
    make_folder(_path(target).parent)
    write_whole(_path(target), json.dumps(asdict(receipt), indent=1, sort_keys=True).encode())


def digest_file(path: Path) -> str:
    """Return the digest of a file, hexadecimal; empty for none."""
    try:
        return digest_bytes(path.read_bytes()).hex()
    except OSError:
        return ""


def mark(path: Path) -> str:
    """Return a file's size and time of change; empty for none."""
    try:
        with storage_errors(path):
            found = path.stat()
    except StorageError:
        return ""
    return f"{found.st_size}-{found.st_mtime_ns}"


def _path(target: Path) -> Path:
    return target.parent / FOLDER / f"{target.name}.receipt.json"
