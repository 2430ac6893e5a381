"""A ``.pt2`` file from the outside: what it holds is looked at before anything is unpacked."""

from __future__ import annotations

import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

from filmgate.errors import ManifestError

if TYPE_CHECKING:
    from pathlib import Path

_KNOWN = re.compile(
    r"(archive_format|archive_version|version|byteorder|\.data/\w+|models/\w+\.json"
    r"|data/(weights|constants)/(weight|tensor)_\d+|data/(weights|constants)/\w+_config\.json)\Z"
)
"""What a program without pickles is made of: its graph as JSON, and numbers."""

_SAMPLES = re.compile(r"data/sample_inputs/\w+\.pt\Z")
"""Pickled, so it has to be empty."""

_CONFIG = re.compile(r"data/(weights|constants)/\w+_config\.json\Z")
_REMEDY = "Set `program.example_inputs = None` before `torch.export.save`, and export it again."


def refuse_pickles(path: Path) -> None:
    """Refuse an archive that holds anything but a graph and numbers.

    Raises:
        ManifestError: it is no archive of torch.export, or holds pickles or compiled code.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                _judge(path, archive, member)
    except (zipfile.BadZipFile, ValueError) as error:
        text = f"{path.name} is not a file of torch.export.save: {error}."
        raise ManifestError(text, _REMEDY) from error


def _judge(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    inside = member.filename.partition("/")[2]
    if _SAMPLES.match(inside) and not member.file_size:
        return
    if not _KNOWN.match(inside):
        raise ManifestError(f"{path.name} holds {inside!r}: a pickle, or code.", _REMEDY)
    if _CONFIG.match(inside) and _pickled(json.loads(archive.read(member))):
        raise ManifestError(f"{path.name} holds pickled tensors.", _REMEDY)


def _pickled(config: Any) -> bool:
    """Tell whether one of the payloads has to be unpickled."""
    return any(payload.get("use_pickle", True) for payload in config.get("config", {}).values())
