"""The wheels that a bundle carries: which they are, where they are kept, and how they come."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from filmgate.cli.targets import Target, Wheel
from filmgate.disk import storage_errors
from filmgate.errors import ConfigError, ConnectionLostError, IntegrityError, StorageError

FETCH_TIMEOUT_S = 600
"""For a few megabytes, over a slow line."""

_OTHER_BYTES = "DO NOT MATCH THE HASHES"
"""What pip says of a file whose bytes are not those of the lock."""


def load_lock(path: Path) -> tuple[Wheel, ...]:
    """Read the wheels that may be carried.

    Args:
        path: of a file with lines as ``sha256sum`` writes them.

    Raises:
        StorageError: the file cannot be read.
    """
    with storage_errors(path):
        lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.split() for line in lines if line and not line.startswith("#"))
    return tuple(Wheel(filename, sha256) for sha256, filename in pairs)


def choose(lock: Iterable[Wheel], target: Target) -> tuple[Wheel, ...]:
    """Return the wheels that *target* needs, for all of its machines."""
    return tuple(
        wheel for wheel in lock if any(wheel.fits(target, machine) for machine in target.machines)
    )


def gather(
    wheels: Sequence[Wheel], target: Target, folder: Path, offline: bool
) -> tuple[Path, ...]:
    """Return where each wheel is in *folder*; pip fetches what is missing, unless *offline*.

    pip asks the index that this machine is set to, or its ``PIP_FIND_LINKS``. Nothing is installed
    and no code of a wheel is run. What does not have the locked sha256 is never used.

    Args:
        wheels: those wanted, of *target*.
        target: what they are for.
        folder: keeps wheels; it is made.
        offline: use the folder alone.

    Raises:
        ConfigError: this Python has no pip; or some are missing, and *offline*.
        ConnectionLostError: no index gave them.
        IntegrityError: the index has another file under a name.
        StorageError: the disk is full or refuses.
    """
    missing = [wheel for wheel in wheels if not _is_kept(folder, wheel)]
    if missing and offline:
        raise _missing(missing, target, folder)
    if missing:
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as beside:
                _fetch(missing, target, Path(beside))
                for wheel in missing:
                    (Path(beside) / wheel.filename).replace(folder / wheel.filename)
    return tuple(folder / wheel.filename for wheel in wheels)


def wheel_folder() -> Path:
    """Return where wheels are kept: the user's cache, which may be emptied at any time."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "filmgate" / "wheels"


def digest_file(path: Path) -> str:
    """Return a file's sha256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_kept(folder: Path, wheel: Wheel) -> bool:
    path = folder / wheel.filename
    with storage_errors(path):
        return path.is_file() and digest_file(path) == wheel.sha256


def _missing(wheels: Sequence[Wheel], target: Target, folder: Path) -> ConfigError:
    lines = "\n".join(f"  {wheel.sha256}  {wheel.filename}" for wheel in wheels)
    return ConfigError(
        f"These wheels are not in {folder.as_posix()}, or are damaged (sha256 and name):\n{lines}",
        "On a machine with a network: the same command with"
        f" `--python {target.python} --platform {target.platform} --wheels FOLDER`; then bring that"
        " folder here and name it with --wheels.",
        {"missing": [wheel.filename for wheel in wheels]},
    )


def _fetch(wheels: Sequence[Wheel], target: Target, beside: Path) -> None:
    """Let pip put *wheels* into *beside*: once for each set of machines that they are built for."""
    for machine in target.machines:
        wanted = [
            wheel
            for wheel in wheels
            if wheel.fits(target, machine) and not (beside / wheel.filename).exists()
        ]
        if wanted:
            _download(wanted, target, beside)
    for wheel in wheels:
        _verify(beside / wheel.filename, wheel)


def _download(wheels: Sequence[Wheel], target: Target, beside: Path) -> None:
    if find_spec("pip") is None:
        raise ConfigError("This Python has no pip to fetch wheels with.", "`python -m ensurepip`.")
    wanted = beside / "requirements.txt"
    lines = [f"{each.project}=={each.version} --hash=sha256:{each.sha256}\n" for each in wheels]
    wanted.write_text("".join(lines), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", *_options(wheels, target)]
    command += ["--dest", str(beside), "--requirement", str(wanted)]
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, errors="replace", timeout=FETCH_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        text = f"The wheels did not come within {FETCH_TIMEOUT_S // 60} minutes."
        raise ConnectionLostError(text, _NETWORK_REMEDY) from None
    if done.returncode:
        raise _refusal(done.stderr)


def _options(wheels: Sequence[Wheel], target: Target) -> list[str]:
    """Ask for the very files: by default pip only takes what fits this machine."""
    platforms = dict.fromkeys(tag for wheel in wheels for tag in wheel.platforms if tag != "any")
    return [
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--disable-pip-version-check",
        "--no-input",
        "--implementation=cp",
        f"--python-version={target.python}",
        *(f"--platform={tag}" for tag in platforms),
    ]


def _refusal(words: str) -> ConnectionLostError | IntegrityError | StorageError:
    if _OTHER_BYTES in words:
        return IntegrityError(
            "The package index has other files than those that are locked.", _HASH_REMEDY
        )
    if "No space left" in words:
        return StorageError("There is no room for the wheels.", "Free some space and try again.")
    errors = [line for line in words.splitlines() if line.startswith("ERROR:")]
    last = errors[-1].removeprefix("ERROR:").strip() if errors else "pip gave no reason"
    text = f"The wheels cannot be fetched: {last.rstrip('.')}."
    return ConnectionLostError(text, _NETWORK_REMEDY)


def _verify(path: Path, wheel: Wheel) -> None:
    if not path.is_file() or digest_file(path) != wheel.sha256:
        raise IntegrityError(f"{wheel.filename} did not come as it is locked.", _HASH_REMEDY)


_NETWORK_REMEDY = (
    "Check the network and the package index that pip is set to (`pip config list`), or use "
    "--offline with a folder of wheels."
)
_HASH_REMEDY = "Check which package index pip is set to (`pip config list`): it has another file."
