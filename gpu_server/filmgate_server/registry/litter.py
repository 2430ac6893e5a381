"""What processes that were killed have left behind."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LITTER_S = 86_400.0
"""What has not changed for so long is nobody's work any more."""


def remove_litter(drafts: Iterable[Path]) -> None:
    """Remove those of *drafts*, files or folders, that nobody works on; what cannot be, stays."""
    for path in drafts:
        with suppress(OSError):  # another process may be tidying too
            if time.time() - path.lstat().st_ctime < LITTER_S:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
