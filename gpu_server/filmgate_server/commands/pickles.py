"""Find pickles by what a file holds, whatever it is called.

Reading a pickle runs the code of whoever wrote it, so a package must not hold one, not even inside
an archive. Nothing here unpickles: opcodes are only looked at.
"""

from __future__ import annotations

import io
import pickletools
import zipfile
import zlib
from pathlib import PurePath
from typing import IO

PICKLED_SUFFIXES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".dill")
"""What torch.save and its kin write; a sound file of such a name has another one."""

_ZIP_MAGIC = b"PK\x03\x04"
_ARRAY_MAGIC = b"\x93NUMPY"
_ARRAY_HEADER_BYTES = 1 << 16
_PICKLE_MAGIC = b"\x80"
_PROTOCOLS = range(2, 6)
_TEXT_BYTES_MAX = 1 << 20
_CALLING = {"GLOBAL", "STACK_GLOBAL", "INST", "REDUCE", "BUILD", "OBJ", "NEWOBJ"}
_DEPTH_MAX = 4
_INNER_BYTES_MAX = 64 << 20
"""Of an archive within an archive, unpacked: a few bytes may stand for many."""

_SAMPLE_INPUTS = "/data/sample_inputs/model.pt"
"""torch.export.save always writes one; with ``example_inputs = None`` it is empty."""


def find_pickle(file: IO[bytes], name: str, depth: int = 0) -> str:
    """Say what of *file* is pickled; empty if nothing is.

    Args:
        file: opened for reading, seekable.
        name: of the file, or of the archive's member.
        depth: how many archives it lies in.
    """
    if PurePath(name).suffix.lower() in PICKLED_SUFFIXES:
        return f"{name} has the name of a pickle"
    head = file.read(_ARRAY_HEADER_BYTES)
    if head.startswith(_ZIP_MAGIC):
        return _in_archive(file, name, depth)
    if head.startswith(_ARRAY_MAGIC):
        return f"{name} is an array of pickled objects" if _holds_objects(head) else ""
    if head[:1] == _PICKLE_MAGIC and len(head) > 1 and head[1] in _PROTOCOLS:
        return f"{name} is a pickle"
    return f"{name} is a pickle" if _is_old_pickle(head + _rest(file)) else ""


def _rest(file: IO[bytes]) -> bytes:
    return file.read(_TEXT_BYTES_MAX)


def _in_archive(file: IO[bytes], name: str, depth: int) -> str:
    if depth == _DEPTH_MAX:
        return f"{name} holds archives within archives"
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                if found := _in_member(archive, member, depth):
                    return f"{name}: {found}" if depth else found
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        return f"{name} is an archive that cannot be looked into ({error})"
    return ""


def _in_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, depth: int) -> str:
    with archive.open(member) as inner:
        head = inner.read(_ARRAY_HEADER_BYTES + _TEXT_BYTES_MAX)
        if head.startswith(_ZIP_MAGIC):
            # A member's stream only seeks by reading again: an archive in it is held whole.
            head += inner.read(_INNER_BYTES_MAX)
            if inner.read(1):
                return f"{member.filename} is too large an archive within an archive"
    if member.filename.endswith(_SAMPLE_INPUTS) and not head:
        return ""
    return find_pickle(io.BytesIO(head), member.filename, depth + 1)


def _holds_objects(head: bytes) -> bool:
    """Say whether the header of a .npy file names Python objects as its type."""
    header = head[: head.find(b"}") + 1].replace(b" ", b"")
    return b"|O" in header or b"'O" in header or b"'object" in header


def _is_old_pickle(content: bytes) -> bool:
    """Say whether *content* is a pickle of protocol 0 or 1, which begins with no mark."""
    return bool(_opcodes(content) & _CALLING)


def _opcodes(content: bytes) -> set[str]:
    """Return the names of a pickle's opcodes; nothing if it is none."""
    try:
        return {opcode.name for opcode, _, _ in pickletools.genops(content)}
    except (ValueError, IndexError, KeyError, AssertionError, OverflowError):
        return set()
