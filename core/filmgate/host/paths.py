"""The site's path map: one folder, spelled differently on each platform."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import Optional

from filmgate.config import GROUP_SEPARATOR, PREFIX_SEPARATOR
from filmgate.errors import ConfigError

_WINDOWS = re.compile(r"(?:[A-Za-z]:|//|\\\\)")
"""How a path begins that only Windows knows: a drive, or a share."""


@dataclass(frozen=True)
class _Group:
    """Prefixes that mean the same folder, without slashes at the end."""

    prefixes: tuple[str, ...]
    platform: str

    def match(self, path: str) -> int:
        """Return how many characters of *path* one of the prefixes covers; -1 where none does."""
        return max((len(each) for each in self.prefixes if _covers(each, path)), default=-1)

    @cached_property
    def here(self) -> Optional[str]:
        """This platform's spelling; None where the group has none for it.

        The disk is asked only where the spelling alone does not tell: Linux and macOS look alike.
        """
        windows = self.platform == "win32"
        fitting = [each for each in self.prefixes if _is_windows(each) == windows]
        if len(fitting) < 2:
            return fitting[0] if fitting else None
        return next((each for each in fitting if os.path.isdir(each)), fitting[0])  # noqa: PTH112


class PathMap:
    """Spells paths as this platform does.

    Args:
        text: the setting ``paths``: groups of prefixes that mean the same folder, ``Z:/=/mnt/z``;
            several groups are separated by semicolons.
        platform: as `sys.platform` names it.

    Raises:
        ConfigError: a group has fewer than two prefixes.
    """

    def __init__(self, text: str = "", platform: str = sys.platform) -> None:
        self._platform = platform
        texts = [group for group in text.split(GROUP_SEPARATOR) if group.strip()]
        self._groups = tuple(_parse_group(each, platform) for each in texts)

    def here(self, path: str) -> str:
        """Return *path* as this platform spells it, with forward slashes.

        The longest prefix that covers the path counts. What no group covers, or has no spelling
        for on this platform, stays as it is but for the slashes.
        """
        plain = self._with_slashes(path)
        length, group = max(
            ((group.match(plain), group) for group in self._groups),
            key=lambda found: found[0],
            default=(-1, None),
        )
        prefix = None if group is None or length < 0 else group.here
        return plain if prefix is None else _joined(prefix, plain[length:])

    def _with_slashes(self, path: str) -> str:
        """A backslash is a separator in Windows' paths, and elsewhere part of a name."""
        windows = self._platform == "win32" or _is_windows(path)
        return path.replace("\\", "/") if windows else path


def _parse_group(text: str, platform: str) -> _Group:
    prefixes = tuple(_prefix(each) for each in text.split(PREFIX_SEPARATOR))
    if len(prefixes) < 2:
        raise ConfigError(
            f"{text.strip()!r} in the setting paths says of one folder only what it is called.",
            "Write the prefixes that mean the same folder: Z:/=/mnt/z; P:/=/mnt/p.",
        )
    return _Group(prefixes, platform)


def _prefix(text: str) -> str:
    """Return a prefix without the slash at its end: of ``Z:/`` the drive, of ``/`` nothing."""
    plain = text.strip()
    return (plain.replace("\\", "/") if _is_windows(plain) else plain).rstrip("/")


def _joined(prefix: str, rest: str) -> str:
    """Put a path together; a drive or the root alone ends in its slash."""
    return prefix + (rest or ("/" if prefix == "" or prefix.endswith(":") else ""))


def _is_windows(path: str) -> bool:
    return _WINDOWS.match(path) is not None


def _covers(prefix: str, path: str) -> bool:
    """Say whether *path* lies in the folder *prefix* or is it; Windows knows no case."""
    start, rest = path[: len(prefix)], path[len(prefix) :]
    same = start.lower() == prefix.lower() if _is_windows(prefix) else start == prefix
    return same and rest[:1] in ("", "/")
