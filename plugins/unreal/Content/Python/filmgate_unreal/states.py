"""What Filmgate remembers of an asset that it makes: beside the project, until it is accepted.

A preview changes no asset, so it asks for no check-out and is saved with nothing. From then on the
accepted asset carries the same in its metadata, for whoever copies it or opens it elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import unreal

from filmgate.digest import digest_bytes
from filmgate.disk import make_folder, storage_errors, write_whole
from filmgate.errors import StorageError

FOLDER = "Filmgate/nodes"


@dataclass(frozen=True)
class Kept:
    """What is kept.

    Attributes:
        node: the state of the node, as `filmgate.host.node` writes it; empty for a new one.
        params: the parameters that were set.
    """

    node: str = ""
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def to_text(self) -> str:
        """Write it as one line of JSON."""
        return json.dumps({"node": self.node, "params": self.params}, sort_keys=True)


def parse_kept(text: str) -> Kept:
    """Read what `Kept.to_text` wrote; what cannot be read is a new node's."""
    try:
        found: Any = json.loads(text) if text else {}
        return Kept(str(found.get("node", "")), dict(found.get("params", {})))
    except (AttributeError, TypeError, ValueError):  # changed by hand
        return Kept()


def load(target: str) -> Kept:
    """Return what is kept for an asset; nothing where that cannot be read."""
    try:
        with storage_errors(_path(target)):
            return parse_kept(_path(target).read_text(encoding="utf-8"))
    except StorageError:
        return Kept()


def save(target: str, kept: Kept) -> None:
    """Keep it.

    Raises:
        StorageError: the disk is full or failing.
    """
    make_folder(_folder())
    write_whole(_path(target), kept.to_text().encode())


def forget(target: str) -> None:
    """Keep nothing for an asset any more."""
    with storage_errors(_path(target)):
        _path(target).unlink(missing_ok=True)


def saved_folder() -> Path:
    """Return the project's folder for what is no content."""
    saved = unreal.Paths.convert_relative_path_to_full(unreal.Paths.project_saved_dir())
    return Path(saved)


def _folder() -> Path:
    return saved_folder() / FOLDER


def _path(target: str) -> Path:
    return _folder() / f"{digest_bytes(target.lower().encode()).hex()[:32]}.json"
