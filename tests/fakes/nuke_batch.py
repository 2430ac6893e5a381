"""``nuke -t SCRIPT …`` with the stand-in: ``python -m fakes.nuke_batch SCRIPT ARGUMENTS``.

As the real one it hands the arguments over, less a frame range at the end.
"""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

from fakes.studio import find_nuke

_RANGE = re.compile(r"-?\d+(-\d+(x\d+)?)?\Z")


def main() -> None:
    """Run a script as ``nuke -t`` does."""
    find_nuke()
    import nuke  # noqa: PLC0415 - found once the stand-in is on the path

    script, *arguments = sys.argv[1:]
    if arguments and _RANGE.match(arguments[-1]):
        arguments.pop()
    sys.argv = [script, *arguments]
    nuke._fresh("16.0", "-t")
    sys.path.insert(0, str(Path(script).parent))
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
