"""Lists of models as files: whole or worthless, and never replaced while somebody reads them."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from filmgate.digest import DIGEST_BYTES, canonical, digest_bytes
from filmgate.disk import make_folder, remove, storage_errors, write_whole
from filmgate.errors import FilmgateError, StorageError
from filmgate.wire.codec import unpack
from filmgate.wire.fields import read_fields, write_fields
from filmgate.wire.records import ModelSummary

KEPT = 2
"""Lists that stay: the newest, and one before it for whoever is just reading."""

_SUFFIX = ".models"
_LENGTH_BYTES = 4

log = logging.getLogger("filmgate")


class Listings:
    """The lists of one server, the newest of which counts; many processes may share the folder.

    Args:
        folder: made when it does not exist.
        key: tells the servers in it apart; fit for a file name.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder = folder
        self._key = key
        make_folder(folder)

    def load(self) -> Optional[tuple[ModelSummary, ...]]:
        """Return the newest list that is whole; None where there is none."""
        while True:
            paths = self._paths()
            found = (load_models(path) for path in reversed(paths))
            models = next((models for models in found if models is not None), None)
            if models is not None or all(path.exists() for path in paths):
                return models  # else another process has added lists and removed these

    def save(self, models: Sequence[ModelSummary]) -> None:
        """Add a list, and remove those that it has made old.

        Raises:
            StorageError: the disk is full or failing.
        """
        number = max(time.time_ns(), 1 + max(map(_number, self._paths()), default=0))
        name = f"{self._key}-{number:020d}-{uuid.uuid4().hex[:12]}{_SUFFIX}"
        save_models(self._folder / name, models)
        for path in self._paths()[:-KEPT]:
            remove(path)

    def _paths(self) -> list[Path]:
        """Return the lists, the oldest first."""
        with storage_errors(self._folder):
            return sorted(self._folder.glob(f"{self._key}-*{_SUFFIX}"))


def save_models(path: Path, models: Sequence[ModelSummary]) -> None:
    """Write models under a name of their own, after the digest of what follows.

    Raises:
        StorageError: the disk is full or failing.
    """
    records = [canonical(write_fields(model)) for model in models]
    body = b"".join(len(each).to_bytes(_LENGTH_BYTES, "big") + each for each in records)
    write_whole(path, digest_bytes(body) + body)


def load_models(path: Path) -> Optional[tuple[ModelSummary, ...]]:
    """Read what `save_models` wrote; None where that is missing, damaged or of another version."""
    try:
        content = path.read_bytes()
        return _parse_models(content)
    except (OSError, FilmgateError) as error:
        if not isinstance(error, FileNotFoundError):
            log.warning("A list of models is left alone: %s: %s", path.as_posix(), error)
        return None


def _parse_models(content: bytes) -> tuple[ModelSummary, ...]:
    seal, body = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    if digest_bytes(body) != seal:
        raise StorageError("The file is damaged.")
    models: list[ModelSummary] = []
    while body:
        size_bytes = int.from_bytes(body[:_LENGTH_BYTES], "big")
        record, body = body[_LENGTH_BYTES:][:size_bytes], body[_LENGTH_BYTES + size_bytes :]
        models.append(read_fields(ModelSummary, unpack(record)))
    return tuple(models)


def _number(path: Path) -> int:
    """Return the time in a list's name; a clock that was set back must not hide a newer list."""
    digits = path.name.split("-")[-2:][0]
    return int(digits) if digits.isdecimal() else 0
