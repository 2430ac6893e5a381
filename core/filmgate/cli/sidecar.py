"""What made a file that has no place to say so: a small one in ``.filmgate`` beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filmgate.digest import Buffer, digest_bytes, digest_text
from filmgate.disk import storage_error, storage_errors, write_whole
from filmgate.image.header import Header, text_attribute
from filmgate.image.provenance import Provenance, provenance_attributes, read_provenance

FOLDER = ".filmgate"
_DIGEST, _DEPTH = "digest", "depth"


@dataclass(frozen=True)
class Sidecar:
    """What is known of a file.

    Attributes:
        digest: of the file that it was written for.
        depth: how its samples were asked for; empty for what fits the source.
        provenance: what made it.
    """

    digest: str
    depth: str
    provenance: Provenance


def sidecar_path(path: Path) -> Path:
    """Return where the sidecar of *path* is."""
    return path.parent / FOLDER / f"{path.name}.json"


def save_sidecar(path: Path, content: Buffer, depth: str, provenance: Provenance) -> None:
    """Write the sidecar of *path*, which will hold *content*.

    Raises:
        StorageError: the disk is full or refuses.
    """
    texts = provenance_attributes(provenance).items()
    document = {name: entry.value.decode("utf-8") for name, entry in texts}
    document |= {_DIGEST: digest_text(digest_bytes(content)), _DEPTH: depth}
    target = sidecar_path(path)
    with storage_errors(target.parent):
        target.parent.mkdir(exist_ok=True)
    write_whole(target, json.dumps(document, indent=1, ensure_ascii=False).encode("utf-8"))


def load_sidecar(path: Path) -> Sidecar | None:
    """Return the sidecar of *path*; None without one, or if *path* has changed since.

    Raises:
        OSError: *path* cannot be read.
        StorageError: the sidecar cannot be read.
    """
    content = path.read_bytes()
    document = _load(sidecar_path(path))
    texts = {name: text for name, text in document.items() if isinstance(text, str)}
    header = Header({name: text_attribute(text) for name, text in texts.items()})
    provenance = read_provenance(header)
    if provenance is None or texts.get(_DIGEST) != digest_text(digest_bytes(content)):
        return None
    return Sidecar(texts[_DIGEST], texts.get(_DEPTH, ""), provenance)


def _load(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise storage_error(path, error) from error
    except ValueError:  # cut off, or another program's
        return {}
    return document if isinstance(document, dict) else {}  # pyright: ignore[reportUnknownVariableType]
