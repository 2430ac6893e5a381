"""Bake Filmgate nodes on a farm: ``nuke -t bake.py script.nk --node Denoise1 --frames=1-100``.

It makes what is missing, copies the results to where the site keeps bakes, and can be started
again at any time: what is done already is kept. docs/farm.md tells the rest and the exit codes.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

EXIT_CONFIG = 78
"""As `filmgate.exits` has it, which may be what is missing."""


def main() -> int:
    """Bake what the command line says; the plugin beside this file needs no ``NUKE_PATH``."""
    folder = str(Path(sys.argv[0]).resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        import_module("filmgate_nuke.vendor").prepare()
        farm = import_module("filmgate_nuke.farm")
    except ImportError as error:
        sys.stdout.write(f"[filmgate] error: Filmgate cannot start: {error}\n")
        return EXIT_CONFIG
    return int(farm.main(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
