"""The token of a local server: kept beside its journal, so that clients outlive a restart."""

from __future__ import annotations

import secrets
from pathlib import Path

from filmgate.disk import storage_errors, write_whole
from filmgate_server.config import IN_MEMORY

TOKEN_BYTES = 32
SUFFIX = ".token"
_OWNER_ONLY_FOLDER = 0o700
_OWNER_ONLY = 0o600
_OTHERS = 0o077


def keep_token(journal: Path) -> str:
    """Return the token of the server with this journal, a new one at its first start.

    A client that is open while the server is started again shows the token that it knows; with
    another it would be turned away for good. A file that others could read is not believed.

    Args:
        journal: the server's journal; one in memory ends with its server, and so does the token.

    Raises:
        StorageError: the file cannot be written.
    """
    if journal == IN_MEMORY:
        return secrets.token_hex(TOKEN_BYTES)
    path = journal.with_name(journal.name + SUFFIX)
    token = _load_token(path)
    if not token:
        token = secrets.token_hex(TOKEN_BYTES)
        with storage_errors(path.parent):
            path.parent.mkdir(mode=_OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        write_whole(path, token.encode(), _OWNER_ONLY)
    return token


def _load_token(path: Path) -> str:
    """Read the token; empty where there is none, or none that only this user can read."""
    try:
        text = path.read_text("ascii")
        private = not path.stat().st_mode & _OTHERS
    except (OSError, ValueError):
        return ""
    return text if private and len(text) == 2 * TOKEN_BYTES else ""
