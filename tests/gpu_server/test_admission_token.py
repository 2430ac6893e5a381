"""The token that outlives a server."""

from __future__ import annotations

from pathlib import Path

from filmgate_server.access.token import SUFFIX, keep_token
from filmgate_server.config import IN_MEMORY


def test_a_token_stays_with_its_journal(tmp_path: Path) -> None:
    """A server that is started again keeps it; one with another journal has another."""
    journal = tmp_path / "state" / "jobs.sqlite3"
    first = keep_token(journal)
    assert keep_token(journal) == first
    assert keep_token(tmp_path / "other.sqlite3") != first
    assert len(first) == 64


def test_only_its_user_can_read_it(tmp_path: Path) -> None:
    """The file is private, and one that is not is replaced together with its token."""
    journal = tmp_path / "jobs.sqlite3"
    first, path = keep_token(journal), tmp_path / f"jobs.sqlite3{SUFFIX}"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    assert keep_token(journal) != first
    assert path.stat().st_mode & 0o777 == 0o600


def test_damaged_tokens_are_replaced(tmp_path: Path) -> None:
    """Half a file is no token."""
    journal = tmp_path / "jobs.sqlite3"
    first = keep_token(journal)
    (tmp_path / f"jobs.sqlite3{SUFFIX}").write_text(first[:10], encoding="ascii")
    assert len(keep_token(journal)) == 64


def test_a_journal_in_memory_keeps_no_token(tmp_path: Path) -> None:
    """What ends with the process is new each time."""
    assert keep_token(IN_MEMORY) != keep_token(IN_MEMORY)
