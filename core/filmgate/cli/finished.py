"""What stands at the output already: nothing, the very result that is wanted, or something else."""

from __future__ import annotations

import json
import mmap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from filmgate.cli.sidecar import load_sidecar
from filmgate.digest import digest_text
from filmgate.disk import storage_error
from filmgate.errors import DamagedImageError, ImageError
from filmgate.image.container import Limits, read_offsets, scan_headers
from filmgate.image.formats import EXR_SUFFIX
from filmgate.image.header import Header
from filmgate.image.provenance import Provenance, asked_colour, read_provenance, time_text
from filmgate.wire.records import ColourSpec, Wish


class Existing(Enum):
    """What is there."""

    NOTHING = "nothing"
    WANTED = "wanted"
    """The same model, parameters, inputs and wish made it: it need not be made again."""
    OUTDATED = "outdated"
    """A result of ours, made otherwise."""
    FOREIGN = "foreign"
    """A file that did not come from here."""


@dataclass(frozen=True)
class Recipe:
    """What determines a result, apart from its input files.

    Attributes:
        model_digest: of the package.
        params: every parameter, defaults included.
        layers: those chosen by hand.
        wish: what the file should look like.
        colour: what is said of the colours. What the server makes of a name, by its settings, is
            not known here: a file is not made again because those have changed.
        depth: how files other than EXR are to store samples; empty for what fits their source.
    """

    model_digest: bytes
    params: Mapping[str, Any]
    layers: Mapping[str, str]
    wish: Wish
    colour: ColourSpec
    depth: str = ""


def look_at(
    path: Path,
    recipe: Recipe,
    inputs: Mapping[str, Path],
    time: float | None,
    digest_of: Callable[[Path], bytes],
) -> Existing:
    """Say what stands at *path*.

    Args:
        path: the output.
        recipe: how it should be made.
        inputs: the files, named as in a header.
        time: its source time, for a model that takes several frames.
        digest_of: hashes an input; called only where all else agrees.

    Raises:
        StorageError: a file cannot be read.
    """
    try:
        provenance = _load_provenance(path, recipe.depth)
    except FileNotFoundError:
        return Existing.NOTHING
    except OSError as error:
        raise storage_error(path, error) from error
    except ImageError:  # no EXR, or not all of one
        return Existing.FOREIGN
    if provenance is None:
        return Existing.FOREIGN
    wanted = "" if time is None else time_text(time)
    made = provenance.time == wanted and _made_by(provenance, recipe)
    if made and _made_from(provenance, inputs, digest_of):
        return Existing.WANTED
    return Existing.OUTDATED


def _load_provenance(path: Path, depth: str) -> Provenance | None:
    """Return what made the file at *path*: an EXR says so itself, others have a sidecar."""
    if path.suffix.lower() == EXR_SUFFIX:
        return read_provenance(load_header(path))
    sidecar = load_sidecar(path)
    if sidecar is None:
        return None
    stored = {"stored": sidecar.depth} if sidecar.depth != depth else {}
    return replace(sidecar.provenance, wish={**sidecar.provenance.wish, **stored})


def load_header(path: Path) -> Header:
    """Return the first part's header of a file whose pixels are all there.

    Raises:
        OSError: it cannot be read.
        ImageError: it is no EXR, or cut off.
    """
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise DamagedImageError("The file is empty.")
        # Only the header and the table of offsets are read: the file may be large.
        view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    container = scan_headers(view, Limits())
    read_offsets(view, container)
    return container.headers[0]


def _made_by(provenance: Provenance, recipe: Recipe) -> bool:
    colour = recipe.colour
    return (
        provenance.model_digest == digest_text(recipe.model_digest)
        and _plain(provenance.params) == _plain(recipe.params)
        and provenance.layers == dict(recipe.layers)
        and provenance.wish == vars(recipe.wish)
        and provenance.colour.get("asked", {})
        == asked_colour(colour.space, colour.working, colour.config)
    )


def _made_from(
    provenance: Provenance, inputs: Mapping[str, Path], digest_of: Callable[[Path], bytes]
) -> bool:
    if set(provenance.inputs) != set(inputs):
        return False
    return all(
        provenance.inputs[name] == digest_text(digest_of(path)) for name, path in inputs.items()
    )


def _plain(params: Mapping[str, Any]) -> Any:
    """Bring values to what JSON makes of them: tuples are lists there."""
    return json.loads(json.dumps(dict(params)))
