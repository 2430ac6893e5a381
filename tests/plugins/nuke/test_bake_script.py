"""The bake script beside the plugin: it finds what it needs, or says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PLUGIN = Path(__file__).resolve().parents[3] / "plugins" / "nuke"
FAKE = PLUGIN.parents[1] / "tests" / "fakes" / "nuke"
CORE = PLUGIN.parents[1] / "core"


def bake(script: Path) -> subprocess.CompletedProcess[str]:
    """Run the script as Nuke does, without its folder on ``NUKE_PATH``."""
    paths = os.pathsep.join(map(str, (FAKE, CORE)))
    start = (
        "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], {}, '__main__')"
    )
    return subprocess.run(
        [sys.executable, "-c", start, str(script), "/nowhere/shot.nk"],
        cwd=FAKE,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_plugin_beside_the_script_is_found() -> None:
    """A blade without ``NUKE_PATH`` bakes: the line is about the script that is not there."""
    ended = bake(PLUGIN / "bake.py")

    assert ended.returncode == 2, ended.stderr
    assert "There is no script /nowhere/shot.nk" in ended.stdout


def test_what_keeps_the_plugin_from_starting_is_one_line(tmp_path: Path) -> None:
    """A copied script, or a module that is too old: the farm's log has a line, no traceback."""
    shutil.copy(PLUGIN / "bake.py", tmp_path)

    ended = bake(tmp_path / "bake.py")

    assert ended.returncode == 78
    assert "[filmgate] error: Filmgate cannot start: No module named 'filmgate_nuke" in ended.stdout
    assert "Traceback" not in ended.stderr
