"""The lines in an artist's ``init.py`` that tell Nuke where the bundles are."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from filmgate.cli.bundled import Bundle
from filmgate.cli.targets import SYS_PLATFORMS
from filmgate.disk import storage_errors, write_whole
from filmgate.errors import ConfigError

STARTUP_FILE = "init.py"

_BEGIN = b"# >>> filmgate"
_END = b"# <<< filmgate"
_BLOCK = re.compile(
    rb"(?:^|(?<=\r))# >>> filmgate\b.*?^# <<< filmgate[^\r\n]*(?:\r\n|\r|\n|\Z)", re.M | re.S
)
_SEAL = re.compile(rb"^(.*\n)# <<< filmgate ([0-9a-f]+)\n?\Z", re.S)
_SEAL_DIGITS = 16
"""Enough to notice a change by hand."""
_ENTRY = re.compile(r"^        (['\"].*): (['\"].*),$", re.M)
_TEXT = """\
# >>> filmgate: written by `filmgate install nuke`; `filmgate install nuke --remove` takes it away
def _filmgate():
    import os
    import sys

    import nuke

    bundles = {{
{entries}
    }}
    bundle = bundles.get("%s %d.%d" % ((sys.platform,) + tuple(sys.version_info[:2])))
    if bundle and os.path.isdir(bundle):
        nuke.pluginAddPath(bundle)
    elif bundle:
        nuke.tprint("Filmgate is not loaded: there is no folder " + bundle)


_filmgate()
del _filmgate
"""


def key_of(bundle: Bundle) -> str:
    """Return what a bundle is listed under: ``sys.platform`` and the version of Python.

    One home may serve several versions of Nuke on several systems: each finds its own.
    """
    names = {platform: name for name, platform in SYS_PLATFORMS.items()}
    return f"{names[bundle.target.platform]} {bundle.target.python}"


def load_entries(folder: Path) -> dict[str, str]:
    """Return the bundles that ``init.py`` in *folder* names, by `key_of`.

    Raises:
        ConfigError: our lines are damaged.
        StorageError: the file cannot be read.
    """
    return _parse_entries(_load(folder / STARTUP_FILE), folder / STARTUP_FILE)


def save_entries(folder: Path, entries: Mapping[str, str]) -> Path:
    """Write our lines into ``init.py`` in *folder*, or take them away; nothing else changes.

    Args:
        folder: the host's folder of the user; it is made.
        entries: folders of bundles by `key_of`; none takes the lines away.

    Raises:
        ConfigError: our lines were changed by hand and would be replaced, or their marks are
            damaged, or the file is none that Python reads.
        StorageError: the disk is full or refuses.
    """
    path = (folder / STARTUP_FILE).resolve()  # where it is a link, what it leads to is written
    before = _load(path)
    after = _edited(before, entries, path)
    if after == before:
        return path
    with storage_errors(path):
        folder.mkdir(parents=True, exist_ok=True)
        if not after:
            path.unlink()
            return path
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666
        write_whole(path, after, mode)
    return path


def _load(path: Path) -> bytes:
    with storage_errors(path):
        return path.read_bytes() if path.exists() else b""


def _parse_entries(content: bytes, path: Path) -> dict[str, str]:
    block = _find_block(content, path)
    text = block.group().decode("ascii", "replace").replace("\r\n", "\n") if block else ""
    pairs = (found.groups() for found in _ENTRY.finditer(text))
    try:
        return {ast.literal_eval(key): ast.literal_eval(value) for key, value in pairs}
    except (ValueError, SyntaxError) as error:
        raise _damaged(path) from error


def _find_block(content: bytes, path: Path) -> re.Match[bytes] | None:
    found = _BLOCK.search(content)
    whole = content.count(_BEGIN) == content.count(_END) == (1 if found else 0)
    if not whole:
        raise _damaged(path)
    return found


def _edited(content: bytes, entries: Mapping[str, str], path: Path) -> bytes:
    _refuse_wide(content, path)
    block = _find_block(content, path)
    if block and entries and not _is_ours(block.group()):
        raise _changed(path)
    lines = _to_block(entries, _line_end(content)) if entries else b""
    if block:
        edited = content[: block.start()] + lines + content[block.end() :]
    else:
        joint = _line_end(content) if content and not content.endswith((b"\n", b"\r")) else b""
        edited = content + (joint + lines if lines else b"")
    return edited


def _to_block(entries: Mapping[str, str], line_end: bytes) -> bytes:
    """Return our lines in ASCII, which fits whatever encoding the file has."""
    listed = "\n".join(f"        {key!a}: {entries[key]!a}," for key in sorted(entries))
    lines = _TEXT.format(entries=listed).encode("ascii")
    return (lines + _END + b" " + _seal(lines) + b"\n").replace(b"\n", line_end)


def _is_ours(block: bytes) -> bool:
    """Say whether a block is as we wrote it, in this version or another; line ends may differ."""
    found = _SEAL.match(block.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    return found is not None and _seal(found[1]) == found[2]


def _seal(lines: bytes) -> bytes:
    return hashlib.sha256(lines).hexdigest()[:_SEAL_DIGITS].encode("ascii")


def _line_end(content: bytes) -> bytes:
    windows = content.count(b"\r\n")
    return b"\r\n" if windows * 2 > content.count(b"\n") else b"\n"


def _refuse_wide(content: bytes, path: Path) -> None:
    if b"\0" in content:
        text = f"{path.as_posix()} is written in UTF-16 or is no text."
        raise ConfigError(text, "Save it as UTF-8, which is what Python reads.")


def _changed(path: Path) -> ConfigError:
    remedy = (
        "Copy what you want to keep of them to another place; then `filmgate install nuke --remove`"
        " takes them out, and you can install again."
    )
    return ConfigError(_by_hand(path), remedy)


def _damaged(path: Path) -> ConfigError:
    remedy = f"Delete them, from {_BEGIN.decode()} to {_END.decode()}, and install again."
    return ConfigError(_by_hand(path), remedy)


def _by_hand(path: Path) -> str:
    return f"The lines of Filmgate in {path.as_posix()} were changed by hand."
