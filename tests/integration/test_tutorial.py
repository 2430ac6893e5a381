"""The tutorial for makers of models runs as it stands on its page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from filmgate.image.exr import load_exr

PATIENCE_S = 200


@pytest.mark.timeout(PATIENCE_S + 20)
def test_a_module_becomes_a_model_that_artists_run(
    repository: Path, examples: Path, tmp_path: Path
) -> None:
    """Every block of docs/models.md, in order, ends with a frame that the module has softened."""
    pytest.importorskip("torch")
    page = (repository / "docs" / "models.md").read_text(encoding="utf-8")
    (module,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    steps = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    assert len(steps) == 6
    work, run = tmp_path / "work", tmp_path / "run"
    work.mkdir()
    run.mkdir(mode=0o700)
    (work / "net.py").write_text(module, encoding="utf-8")
    shutil.copy(examples / "noisy_0001.exr", work / "frame.exr")
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", "\n".join(steps)],
        cwd=work,
        env=_environment(tmp_path, run),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    before, after = (load_exr(work / name).parts[0] for name in ("frame.exr", "soft.exr"))
    for letter in "RGB":
        channel = f"ViewLayer.Combined.{letter}"
        noisy, soft = (part.channels[channel].astype(np.float64) for part in (before, after))
        around = [noisy[100 + y, 100 + x] for y in range(-2, 3) for x in range(-2, 3)]
        assert soft[100, 100] == pytest.approx(sum(around) / 25, rel=1e-3)


def _environment(state: Path, run: Path) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("FILMGATE_")}
    programs = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    folders = {"XDG_STATE_HOME": str(state), "XDG_RUNTIME_DIR": str(run), "HOME": str(state)}
    return {**kept, **folders, "PATH": programs, "OMP_NUM_THREADS": "2"}
