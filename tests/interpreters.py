"""The interpreters that hosts bring: find each, and give it a small environment of its own.

An environment holds what one lock names and nothing else: no numpy, no torch.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")

_ROOT = Path(__file__).resolve().parent.parent
CLIENTS = _ROOT / "locks" / "clients.txt"
PYSIDE2 = _ROOT / "locks" / "pyside2.txt"
"""With the Qt of Nuke 14 and 15 besides."""

_ENVIRONMENTS = _ROOT / ".venv-clients"


def find_interpreter(version: str) -> Path | None:
    """Return a CPython of *version* ("3.9"), from PATH or pyenv, or None."""
    for candidate in _candidates(version):
        if _reports(candidate, version):
            return candidate
    return None


def load_environment(version: str, interpreter: Path, lock_file: Path = CLIENTS) -> Path:
    """Return the Python of the environment for *version*, made anew if its lock has changed."""
    folder = _ENVIRONMENTS / (version if lock_file == CLIENTS else f"{version}-{lock_file.stem}")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "made-from.txt"
    lock = lock_file.read_text(encoding="utf-8")
    folder.parent.mkdir(exist_ok=True)
    with FileLock(f"{folder}.lock"):  # two tests at once may want the same environment
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != lock:
            _run([interpreter, "-m", "venv", "--clear", "--without-pip", folder])
            pip = (sys.executable, "-m", "pip", "--python", python)
            _run([*pip, "install", "-q", "-r", lock_file])
            stamp.write_text(lock, encoding="utf-8")
    return python


def _candidates(version: str) -> Iterator[Path]:
    found = shutil.which(f"python{version}")
    if found:
        yield Path(found)
    pyenv = shutil.which("pyenv")
    if pyenv:
        root = Path(_run([pyenv, "root"]).strip())
        yield from sorted(root.glob(f"versions/{version}.*/bin/python"), reverse=True)


def _reports(python: Path, version: str) -> bool:
    """Ask, because a launcher on PATH may stand for no interpreter at all."""
    code = "import sys; print('%d.%d' % sys.version_info[:2], sys.implementation.name)"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return answer.stdout.split() == [version, "cpython"]


def _run(command: list[Path | str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
