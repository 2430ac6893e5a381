"""The environment of a worker: what its libraries need, and no credentials."""

from __future__ import annotations

import sys
from collections.abc import Mapping

MALLOC_SETTINGS = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(1 << 34),
}
"""Keep freed memory, in one place: fresh pages for each frame cost a worker more than its
arithmetic, and what one stage's thread frees is what another's needs next."""

_KEPT_VARIABLES = {
    *("HOME", "LANG", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "PYTHONPATH"),
    *("TMPDIR", "TZ", "USER", "XDG_CACHE_HOME"),
}
_KEPT_PREFIXES = ("CUDA_", "KMP_", "LC_", "MKL_", "NVIDIA_", "OIDN_", "OMP_", "TORCH_")


def worker_environment(base: Mapping[str, str], threads: int | None) -> dict[str, str]:
    """Return the environment of a worker: what its libraries need, and no credentials.

    A list of what is kept protects better than one of what is taken away: a worker runs models.
    """
    kept = {
        name: value
        for name, value in base.items()
        if name in _KEPT_VARIABLES or name.startswith(_KEPT_PREFIXES)
    }
    malloc = MALLOC_SETTINGS if sys.platform == "linux" else {}
    count = {"OMP_NUM_THREADS": str(threads)} if threads else {}
    return {**kept, **malloc, **count}
