"""A bundle tried on the interpreter that it is for, where this machine has one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from filmgate.cli.bundled import Bundle

MODULES = ("zmq", "msgpack", "blake3", "filmgate.client")
"""What must be importable inside a host."""

_TRY_WITHIN_S = 30.0
_ASK = "import sys; print('%d.%d' % sys.version_info[:2], sys.implementation.name)"
# As in a host: its own folders stand in front, ours among them; wheels come last.
_TRY = """
import importlib, json, sys
sys.path[:0] = sys.argv[3:]
from filmgate.host.vendor import Vendor
vendor = Vendor("the host", importlib.import_module(sys.argv[2]).__file__)
vendor.prepare()
vendor.check_modules()
found = {name: importlib.import_module(name) for name in json.loads(sys.argv[1])}
print(json.dumps({name: module.__file__ for name, module in found.items()}))
"""


@dataclass(frozen=True)
class Trial:
    """How a bundle fared.

    Attributes:
        python: the interpreter; empty where this machine has none of that version.
        files: where each of `MODULES` came from; empty where that failed.
        problem: why it failed.
    """

    python: str = ""
    files: tuple[str, ...] = ()
    problem: str = ""


def try_bundle(bundle: Bundle, folders: Sequence[Path]) -> Trial:
    """Import the client from *bundle* as its host would, in a process of its own.

    Args:
        bundle: one for this platform.
        folders: what the host has on ``sys.path``, in order, the bundle's code among them.
    """
    python = find_interpreter(bundle.target.python)
    if python is None:
        return Trial()
    names = json.dumps(MODULES)
    command = [python, "-I", "-S", "-B", "-c", _TRY, names, bundle.host.package]
    command += map(str, folders)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_TRY_WITHIN_S
        )
    except subprocess.TimeoutExpired:
        return Trial(python.as_posix(), problem=f"it did not load within {_TRY_WITHIN_S:.0f} s")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        return Trial(python.as_posix(), problem=last)
    files: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return Trial(python.as_posix(), tuple(files.values()))


def find_interpreter(version: str) -> Path | None:
    """Return a CPython of *version* ("3.11"): this one, one on PATH or one of pyenv's."""
    return next((path for path in _candidates(version) if _reports(path, version)), None)


def _candidates(version: str) -> Iterator[Path]:
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        yield Path(sys.executable)
    found = shutil.which(f"python{version}")
    if found:
        yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True)


def _reports(python: Path, version: str) -> bool:
    """Ask, because a launcher on PATH may stand for no interpreter at all."""
    try:
        answer = subprocess.run(
            [python, "-I", "-S", "-c", _ASK],
            capture_output=True,
            text=True,
            check=False,
            timeout=_TRY_WITHIN_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.stdout.split() == [version, "cpython"]
