"""The archive of an OCIO config (``.ocioz``): unpacked in memory, within bounds.

Format: https://opencolorio.readthedocs.io/en/latest/api/config.html, ``Config.archive``: a zip with
``config.ocio`` and the look-up tables that it names.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

import PyOpenColorIO  # pyright: ignore[reportMissingTypeStubs] - it ships none

from filmgate.digest import Buffer
from filmgate.errors import ColourError

CONFIG_NAME = "config.ocio"
MEMBERS_MAX = 1024
UNPACKED_BYTES_MAX = 128 << 20
CONFIG_BYTES_MAX = 4 << 20
TABLE_BYTES_MAX = 16 << 20
"""A cube of 65 x 65 x 65 as text has some 7 MiB."""
TABLE_LINES_MAX = 600_000
"""More than 81 x 81 x 81. OCIO's readers take their time by lines, blank ones above all."""
READS_MAX = 4
"""Of a table for one way. What no reader for its suffix understands OCIO shows to all its nineteen,
each of which goes through the whole; the suffixes of more than one format have two or three."""

_NO_TABLE = [0]
"""Stands for a file that an archive does not hold. Where nothing at all is given instead, OCIO
looks for it on the machine's own disk."""

_ocio: Any = PyOpenColorIO
_REMEDY = "Make the archive with `ocioarchive`, or by Config.archive of OpenColorIO."
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,  # a compression that nobody here knows
    RuntimeError,  # encrypted
    UnicodeDecodeError,
    ValueError,
    OSError,
)


def parse_ocioz(data: Buffer) -> dict[str, bytes]:
    """Return the files of an archive by their paths in it; nothing is written to a disk.

    Raises:
        ColourError: it is no such archive, is larger than the bounds, or names a path outside.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = _unpacked(archive)
    except _ZIP_ERRORS as error:
        raise ColourError(f"The OCIO archive is damaged ({error}).", _REMEDY) from error
    if CONFIG_NAME not in files:
        raise ColourError(f"The OCIO archive holds no {CONFIG_NAME}.", _REMEDY)
    if len(files[CONFIG_NAME]) > CONFIG_BYTES_MAX:
        raise ColourError(f"{CONFIG_NAME} is larger than {CONFIG_BYTES_MAX >> 20} MiB.", _REMEDY)
    return files


def _unpacked(archive: zipfile.ZipFile) -> dict[str, bytes]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MEMBERS_MAX:
        raise ColourError(f"The OCIO archive holds more than {MEMBERS_MAX} files.", _REMEDY)
    files: dict[str, bytes] = {}
    left_bytes = UNPACKED_BYTES_MAX
    for member in members:
        _check_path(member.filename, files)
        with archive.open(member) as content:  # what the header says of its size may be a lie
            files[member.filename] = content.read(min(left_bytes, TABLE_BYTES_MAX) + 1)
        _check_table(member.filename, files[member.filename])
        left_bytes -= len(files[member.filename])
        if left_bytes < 0:
            size_mib = UNPACKED_BYTES_MAX >> 20
            raise ColourError(f"The OCIO archive unpacks to more than {size_mib} MiB.", _REMEDY)
    return files


def _check_table(name: str, content: bytes) -> None:
    if len(content) > TABLE_BYTES_MAX or content.count(b"\n") > TABLE_LINES_MAX:
        raise ColourError(
            f"{name[:100]!r} of the OCIO archive has more than {TABLE_BYTES_MAX >> 20} MiB "
            f"or {TABLE_LINES_MAX} lines.",
            "Use a smaller table: 65 x 65 x 65 points are enough for any.",
        )


def _check_path(name: str, known: dict[str, bytes]) -> None:
    path = PurePosixPath(name)
    leaves = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name
    if leaves or name in known:
        raise ColourError(f"The OCIO archive holds {name[:100]!r}, which no archive may.", _REMEDY)


class Tables(_ocio.PyConfigIOProxy):
    """Lets OCIO read an archive's files, and no others.

    Args:
        files: what `parse_ocioz` returned.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType] - an untyped binding
        self._files = files
        self._reads: Counter[str] = Counter()

    def begin(self) -> None:
        """Allow each table `READS_MAX` reads from now on."""
        self._reads.clear()

    def getConfigData(self) -> str:  # noqa: N802 - OCIO's name
        """Return the config's text."""
        return self._files[CONFIG_NAME].decode("utf-8")

    def getLutData(self, path: str) -> Sequence[int]:  # noqa: N802 - OCIO's name
        """Return the bytes of a look-up table."""
        self._reads[path] += 1
        if path not in self._files or self._reads[path] > READS_MAX:
            return _NO_TABLE
        return bytearray(self._files[path])  # a kind of sequence that the binding takes

    def getFastLutFileHash(self, path: str) -> str:  # noqa: N802 - OCIO's name
        """Return what stands for the content of a look-up table; empty where there is none."""
        return sha256(self._files[path]).hexdigest() if path in self._files else ""
