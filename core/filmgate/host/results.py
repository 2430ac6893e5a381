"""What was computed before, by request, on disk: shared by every process that may write there.

The index holds one small file for each request: what the outputs are called and which content they
have. Their bytes are in the content store, which may evict them at any time; an entry that lacks
one is no hit. So is one that is damaged, and the next result takes its place.
"""

from __future__ import annotations

import json
import logging
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from filmgate.cache import Cache
from filmgate.digest import DIGEST_BYTES, canonical_digest, digest_bytes
from filmgate.disk import READ_ONLY, make_folder, publish, remove, storage_errors, write_new
from filmgate.errors import RequestError, StorageError
from filmgate.job import Output, Result
from filmgate.wire.records import BlobRef, ColourSpec, Wish

SCHEMA = 1
"""Of keys and of entries; whatever changes their meaning raises it."""

FOLDER_ENTRIES_MAX = 1024
"""In each of the 256 folders; a full one loses the half that was not used for longest."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """Everything that a client knows to determine a result.

    Attributes:
        package: the digest of the model's exact package: 32 bytes, never an alias.
        params: every parameter, of its declared type (`filmgate.params.resolve_parameters`).
        layers: layers chosen by hand, by input name.
        inputs: as they are named on the wire.
        wish: what to answer; whether a preview is wanted too makes no difference.
        colour: what the colours of the inputs are.
        time: the result's source time in frames; None means that of the first input.
        show: whose work this is: what one show computed is no other's to read.
    """

    package: bytes
    params: Mapping[str, Any]
    layers: Mapping[str, str]
    inputs: tuple[BlobRef, ...]
    wish: Wish
    colour: ColourSpec
    time: Optional[float] = None
    show: str = ""

    def key(self) -> bytes:
        """Return the 32-byte digest of the request's canonical encoding.

        Raises:
            RequestError: a value has no encoding: NaN, or another type than a job can hold.
        """
        return canonical_digest(
            {
                "schema": SCHEMA,
                "package": self.package,
                "params": self.params,
                "layers": self.layers,
                "inputs": [_input_fields(ref) for ref in self.inputs],
                "wish": [self.wish.mode, self.wish.compression, self.wish.depth],
                "colour": [self.colour.space, self.colour.working, self.colour.config],
                "time": None if self.time is None else float(self.time),
                "show": self.show,
            }
        )


@dataclass(frozen=True)
class Found:
    """A result that was computed before.

    Attributes:
        outputs: as `filmgate.job.Result` has them; their bytes were verified.
        work_key: of the work that made them.
        numerics: what computed them.
        warnings: what the server said then.
    """

    outputs: tuple[Output, ...]
    work_key: bytes
    numerics: str
    warnings: tuple[str, ...]


class Results:
    """The index of results in one folder. Instances are cheap; many processes may share it.

    Args:
        folder: made when it does not exist.
        cache: the store of the outputs' bytes.

    Raises:
        StorageError: the folder cannot be made.
    """

    def __init__(self, folder: Path, cache: Cache) -> None:
        self.folder = folder
        self.cache = cache
        make_folder(folder)

    def find(self, key: bytes) -> Optional[Found]:
        """Return the result of a request, every byte of it verified; None where one is missing.

        Args:
            key: from `Request.key`.
        """
        path = self._path(key)
        try:
            found = self._parse(_load(path))
        except StorageError as error:  # computing it again is better than not going on
            _log.warning("An earlier result cannot be read: %s", error)
            return None
        if found is not None:
            _mark_used(path)
        return found

    def put(self, key: bytes, result: Result) -> None:
        """Remember a result and store its outputs.

        Raises:
            StorageError: the disk is full or failing.
        """
        rows = [_output_row(output, self.cache.put(output.data)) for output in result.outputs]
        content = _to_entry(result, rows)
        path = self._path(key)
        with storage_errors(path):
            there = _load(path)
            if there != content:
                self._write(path, content, there is not None)

    def _path(self, key: bytes) -> Path:
        if len(key) != DIGEST_BYTES:
            raise RequestError(f"A request's key has {DIGEST_BYTES} bytes, not {len(key)}.")
        return self.folder / key.hex()[:2] / f"{key.hex()[2:]}.json"

    def _write(self, path: Path, content: bytes, replace: bool) -> None:
        """Write an entry; one that somebody reads on Windows stays as it is, for now."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if replace and not remove(path):
            return
        _make_room(path.parent)
        incoming = path.with_name(f".{uuid.uuid4().hex}.part")
        try:
            write_new(incoming, content, READ_ONLY)
            publish(incoming, path)
        finally:
            remove(incoming)

    def _parse(self, content: Optional[bytes]) -> Optional[Found]:
        """Read an entry with its outputs; whatever is wrong with it, it is no hit."""
        try:
            entry = _parse_entry(content)
            outputs = [self._load_output(row) for row in entry["outputs"]]
            work_key, warnings = bytes.fromhex(entry["work_key"]), tuple(entry["warnings"])
            numerics = str(entry["numerics"])
        except (LookupError, TypeError, ValueError):
            return None
        return Found(tuple(outputs), work_key, numerics, warnings)

    def _load_output(self, row: Mapping[str, Any]) -> Output:
        content = self.cache.load(bytes.fromhex(row["digest"]), verify=True)
        if content is None:
            raise LookupError(row["digest"])
        return Output(row["name"], memoryview(content), row["media"], row["time"], row["view"])


def _input_fields(ref: BlobRef) -> list[Any]:
    return [ref.name, ref.digest, ref.media, float(ref.time), ref.view]


def _output_row(output: Output, digest: bytes) -> dict[str, Any]:
    return {
        "name": output.name,
        "digest": digest.hex(),
        "media": output.media,
        "time": output.time,
        "view": output.view,
    }


def _to_entry(result: Result, rows: list[dict[str, Any]]) -> bytes:
    """Write an entry: the digest of the rest, a line's end, JSON."""
    document = {
        "schema": SCHEMA,
        "outputs": rows,
        "work_key": result.work_key.hex(),
        "numerics": result.numerics,
        "warnings": list(result.warnings),
    }
    body = json.dumps(document, sort_keys=True).encode()
    return digest_bytes(body).hex().encode() + b"\n" + body


def _parse_entry(content: Optional[bytes]) -> Mapping[str, Any]:
    digest, _, body = (content or b"").partition(b"\n")
    if digest != digest_bytes(body).hex().encode():
        raise ValueError("damaged")
    document: Mapping[str, Any] = json.loads(body)
    if document["schema"] != SCHEMA:
        raise ValueError("another schema")
    return document


def _load(path: Path) -> Optional[bytes]:
    """Return an entry's bytes, or None where it is missing."""
    with storage_errors(path):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None


def _mark_used(path: Path) -> None:
    try:
        os.utime(path)
    except OSError:  # removed since, or another user's
        _log.debug("Could not mark %s as used.", path.as_posix())


def _make_room(folder: Path) -> None:
    entries = list(folder.iterdir())
    if len(entries) < FOLDER_ENTRIES_MAX:
        return
    for path in sorted(entries, key=_used_s)[: len(entries) // 2]:
        remove(path)


def _used_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process made room
        return 0.0
