"""A ``.pt2`` file from the outside: what it holds is looked at before anything is unpacked."""

from __future__ import annotations

import json
import re
import zipfile
from typing import TYPE_CHECKING, Any, cast

from filmgate.errors import ManifestError
from filmgate_server.runtime.program import find_foreign

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
_JSON_BYTES_MAX = 64 << 20
"""Of a graph; what thousands of operators take is far below."""

_REMEDY = "Set `program.example_inputs = None` before `torch.export.save`, and export it again."
_FOREIGN_REMEDY = "Export the network with PyTorch's own operators, or use engine torch."


def refuse_code(path: Path) -> None:
    """Refuse an archive that holds anything but numbers and a graph of known operators.

    Raises:
        ManifestError: it is no archive of torch.export, or holds what could run.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            # torch reads names without regard to case, and takes one of several
            if len({member.filename.lower() for member in members}) != len(members):
                raise ManifestError(f"{path.name} holds a file twice.", _REMEDY)
            for member in members:
                _judge(path, archive, member)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError) as error:
        text = f"{path.name} is not a file of torch.export.save: {error}."
        raise ManifestError(text, _REMEDY) from error


def _judge(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    inside = member.filename.partition("/")[2]
    if _SAMPLES.match(inside) and not member.file_size:
        return
    if not _KNOWN.match(inside):
        raise ManifestError(f"{path.name} holds {inside!r}: a pickle, or code.", _REMEDY)
    if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
        raise ManifestError(f"{path.name} is compressed: {inside!r}.", _REMEDY)
    if inside.endswith(".json"):
        content = _parse(path, archive, member)
        if _CONFIG.match(inside) and _is_pickled(content):
            raise ManifestError(f"{path.name} holds pickled tensors.", _REMEDY)
        if found := find_foreign(content):
            raise ManifestError(f"{path.name} is no plain program: {found}.", _FOREIGN_REMEDY)


def _parse(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Any:
    if member.file_size > _JSON_BYTES_MAX:
        text = f"{path.name}: {member.filename} has more than {_JSON_BYTES_MAX} bytes."
        raise ManifestError(text, _FOREIGN_REMEDY)
    return json.loads(archive.read(member).decode())


def _is_pickled(content: Any) -> bool:
    """Tell whether one of the payloads has to be unpickled."""
    if not isinstance(content, dict):
        return True
    payloads = cast("dict[str, Any]", content).get("config", {})
    return any(payload.get("use_pickle", True) for payload in payloads.values())
