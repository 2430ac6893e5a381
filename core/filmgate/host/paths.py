"""The site's path map: one folder, spelled differently on each platform."""

from __future__ import annotations

import sys


class PathMap:
    """Spells paths as this platform does.

    Args:
        text: the setting `paths`: groups of prefixes that mean the same folder, ``Z:/=/mnt/z``;
            several groups are separated by semicolons.
        platform: as `sys.platform` names it.

    Raises:
        ConfigError: the text is no such list.
    """

    def __init__(self, text: str = "", platform: str = sys.platform) -> None:
        raise NotImplementedError

    def here(self, path: str) -> str:
        """Return *path* as this platform spells it, with forward slashes."""
        raise NotImplementedError
