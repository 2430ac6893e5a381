"""`filmgate panel`: a window by itself."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("typer", reason="no command line is installed in a host's interpreter")

COMMAND = [sys.executable, "-m", "filmgate.cli", "panel"]


def environment(tmp_path: Path, **changes: str) -> dict[str, str]:
    """Return an environment without settings, display or server of this user."""
    hidden = ("FILMGATE_", "DISPLAY", "WAYLAND_", "QT_", "XDG_")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(hidden)}
    folders = {name: str(tmp_path) for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME")}
    return {**kept, **folders, **changes}


def test_it_is_documented(repository: Path) -> None:
    """In the table of commands, in a section of its own and on the artists' page."""
    text = (repository / "docs" / "cli.md").read_text(encoding="utf-8")
    assert "| `filmgate panel` |" in text
    assert "## The panel" in text
    page = (repository / "docs" / "panel.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", page)
    assert len(pictures) >= 5
    assert all((repository / "docs" / name).is_file() for name in pictures)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have a display")
def test_without_a_display_it_says_so(tmp_path: Path) -> None:
    """Qt would abort the process."""
    ended = subprocess.run(
        COMMAND, env=environment(tmp_path), capture_output=True, text=True, timeout=40, check=False
    )
    assert ended.returncode == 78
    assert "No display" in ended.stderr
    assert "filmgate status --watch" in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a process is interrupted otherwise there")
def test_it_opens_and_ends_by_ctrl_c(tmp_path: Path) -> None:
    """With nothing configured, and with nothing left of it."""
    told = environment(tmp_path, QT_QPA_PLATFORM="offscreen", QT_LOGGING_RULES="*=true")
    with subprocess.Popen(COMMAND, env=told, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        seen = next((line for line in process.stderr if "propagateSizeHints" in line), "")
        assert seen  # the window is there
        process.send_signal(signal.SIGINT)
        process.stderr.read()
        assert process.wait(timeout=20) == 0
