"""What `filmgate run` says of colours: ``--space`` and ``--config``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from filmgate.digest import digest_text
from filmgate.disk import storage_error
from filmgate.errors import ColourError
from filmgate.job import Payload
from filmgate.manifest import Manifest
from filmgate.wire.records import OCIOZ_MEDIA, OCIOZ_NAME, ColourSpec

ARCHIVE_SUFFIX = ".ocioz"


@dataclass(frozen=True)
class ColourChoice:
    """What is said of the colours of every frame.

    Attributes:
        spec: for the jobs.
        inputs: the archive of the config, where it comes along.
    """

    spec: ColourSpec
    inputs: tuple[Payload, ...] = ()


def choose_colour(space: str, config: str, manifest: Manifest) -> ColourChoice:
    """Read the options; of a model without colours they say nothing.

    Args:
        space: of the files; empty if they or the show know best.
        config: the name of an OCIO config, or the path of an ``.ocioz`` file.
        manifest: of the model.

    Raises:
        ColourError: the file does not exist.
        StorageError: it cannot be read.
    """
    if not any(entry.is_colour for entry in manifest.inputs):
        return ColourChoice(ColourSpec())
    if not config.lower().endswith(ARCHIVE_SUFFIX):
        return ColourChoice(ColourSpec(space=space, config=config))
    archive = Payload(OCIOZ_NAME, _read(Path(config)), OCIOZ_MEDIA)
    named = digest_text(archive.digested.digest)
    return ColourChoice(ColourSpec(space=space, config=named), (archive,))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ColourError(f"The OCIO config {path} does not exist.") from None
    except OSError as error:
        raise storage_error(path, error) from error
