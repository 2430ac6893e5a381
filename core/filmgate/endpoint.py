"""How clients find a server on their own machine: a file with port and token for its user alone.

The folder belongs to the user and lies on the machine itself, never in a shared home: another
machine's server must not be found.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Optional

from filmgate.disk import remove, storage_errors, write_whole
from filmgate.errors import StorageError

LOOPBACK = "127.0.0.1"
FOLDER_VARIABLE = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_RUNTIME_DIR"
"""Says where the folder lies; cron and system services often lack it."""
_LOOPBACK_NAMES = (LOOPBACK, "localhost")
_OWNER_ONLY_FOLDER = 0o700
_OWNER_ONLY_FILE = 0o600
_OTHERS = 0o077
_PROBE_TIMEOUT_S = 0.5


@dataclass(frozen=True)
class Endpoint:
    """Where a server of this machine listens, and what it wants to hear.

    Attributes:
        port: on 127.0.0.1.
        token: what a client's hello must carry.
        pid: the server's process.
    """

    port: int
    token: str
    pid: int

    @property
    def server(self) -> str:
        """The address as the settings write it."""
        return f"tcp://{LOOPBACK}:{self.port}"


def endpoint_folder(environ: Optional[Mapping[str, str]] = None) -> Path:
    """Return this user's folder for endpoints on this machine, whether or not it exists."""
    environ = os.environ if environ is None else environ
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or tempfile.gettempdir()) / "filmgate" / "run"
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if runtime and Path(runtime).is_dir():
        return Path(runtime) / "filmgate"
    return Path(tempfile.gettempdir()) / f"filmgate-{os.getuid()}"


def prepare_folder() -> Path:
    """Make this user's folder for endpoints if it is not there, and return it.

    Raises:
        StorageError: the folder is not this user's own, or the disk refuses.
    """
    folder = endpoint_folder()
    with storage_errors(folder):
        folder.mkdir(mode=_OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
    flaw = folder_flaw()
    if flaw is not None:
        raise flaw
    return folder


def folder_flaw() -> Optional[StorageError]:
    """Return why nothing in the folder is believed; None where it is sound, or not there."""
    folder = endpoint_folder()
    if not os.path.lexists(folder) or _is_own(folder):
        return None
    return StorageError(
        f"{folder.as_posix()} is not this user's own folder, or others may use it: servers of this "
        "machine are not looked for there.",
        f"If it is yours, run: chmod 700 {folder.as_posix()}. Else remove it, or set "
        f"{FOLDER_VARIABLE} to a folder that only you can use.",
    )


def publish_endpoint(endpoint: Endpoint) -> Path:
    """Write the endpoint's file, readable by this user alone, and return its path.

    Raises:
        StorageError: the folder is not this user's own, or the disk refuses.
    """
    path = _path(prepare_folder(), endpoint.port)
    write_whole(path, json.dumps(asdict(endpoint)).encode(), _OWNER_ONLY_FILE)
    return path


def withdraw_endpoint(endpoint: Endpoint) -> None:
    """Remove the endpoint's file, unless another server has taken its place since."""
    path = _path(endpoint_folder(), endpoint.port)
    if load_endpoint(path) == endpoint:
        remove(path)


def load_endpoint(path: Path) -> Optional[Endpoint]:
    """Read one endpoint's file; None where there is none, or none of ours."""
    try:
        document: Any = json.loads(path.read_bytes())
        return Endpoint(int(document["port"]), str(document["token"]), int(document["pid"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def find_endpoint(server: str) -> Optional[Endpoint]:
    """Return the endpoint behind a configured address of this machine, if its file is there."""
    if not is_local(server) or not _is_own(endpoint_folder()):
        return None
    return load_endpoint(endpoint_path(server))


def endpoint_path(server: str) -> Path:
    """Return the file in which the token of a local address is looked for."""
    return _path(endpoint_folder(), int(server.rpartition(":")[2]))


def is_local(server: str) -> bool:
    """Say whether an address is one of this machine's own."""
    host, _, port = server.rpartition(":")
    return host in [f"tcp://{name}" for name in _LOOPBACK_NAMES] and port.isdigit()


def find_running() -> Optional[Endpoint]:
    """Return the newest server of this user on this machine that answers, or None."""
    folder = endpoint_folder()
    if not folder.is_dir() or not _is_own(folder):
        return None
    paths = sorted(folder.glob("server-*.json"), key=_written_s, reverse=True)
    found = (load_endpoint(path) for path in paths)
    return next((endpoint for endpoint in found if endpoint and _listens(endpoint)), None)


def _path(folder: Path, port: int) -> Path:
    return folder / f"server-{port}.json"


def _written_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # its server has just left
        return 0.0


def _is_own(folder: Path) -> bool:
    """Say whether nobody else could have put a file there: a token must not go to a stranger."""
    if sys.platform == "win32":  # the folder is in the user's profile
        return True
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    return folder.is_dir() and status.st_uid == os.getuid() and not status.st_mode & _OTHERS


def _listens(endpoint: Endpoint) -> bool:
    """Ask the port: the file of a server that was killed stays behind."""
    try:
        socket.create_connection((LOOPBACK, endpoint.port), _PROBE_TIMEOUT_S).close()
    except OSError:
        return False
    return True
