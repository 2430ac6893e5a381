"""Starting a server of one's own where there is none to start."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

import pytest

from filmgate.errors import ConnectionLostError
from filmgate.local_server import LocalServer, scrub_environment


def test_a_python_without_a_server_says_what_to_install(tmp_path: Path) -> None:
    """An artist who named a Python too many learns what it lacks, and which command mends it."""
    venv.create(tmp_path, symlinks=sys.platform != "win32")
    python = tmp_path / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    server = LocalServer(str(python), environ=scrub_environment({"PATH": ""}))
    with pytest.raises(ConnectionLostError, match="installed in") as caught, server:
        pass
    assert str(python) in caught.value.text
    assert "pip install 'filmgate[cli,server,oidn]'" in caught.value.remedy
