"""What the README shows runs as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from filmgate.image.exr import load_exr

PATIENCE_S = 50


def python_example(repository: Path) -> str:
    """Return the README's Python block."""
    page = (repository / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    return example


def test_python_example_cleans_a_plate(repository: Path, examples: Path, tmp_path: Path) -> None:
    """The example finds the server that this user has started, and writes a clean plate."""
    run, work = tmp_path / "run", tmp_path / "work"
    run.mkdir(mode=0o700)
    work.mkdir()
    shutil.copy(examples / "noisy_0001.exr", work / "noisy.exr")
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(run), "XDG_STATE_HOME": str(tmp_path)}
    serve = [sys.executable, "-m", "filmgate_server", "serve", "--port", "0", "--http-port", "-1"]
    with subprocess.Popen(serve, env=environ, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            assert any("Filmgate serves" in line for line in server.stderr)
            subprocess.run(
                [sys.executable, "-c", python_example(repository)],
                cwd=work,
                env=environ,
                check=True,
                timeout=PATIENCE_S,
            )
        finally:
            server.terminate()
    plate = load_exr(work / "clean.exr")
    assert plate.parts[0].header.channels == load_exr(work / "noisy.exr").parts[0].header.channels
