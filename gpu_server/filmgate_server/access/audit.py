"""The audit log: who did what and when, one JSON object a line; neither pixels nor parameters."""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from filmgate.errors import ConfigError
from filmgate.wire.messages import JobEnded
from filmgate_server.jobs.journal import Journal

OWNER_ONLY = 0o600
COMPLAIN_EVERY_S = 60.0
DENIALS_PER_S = 20
"""Who is denied more often is counted instead of written: a flood must not fill the disk."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Actor:
    """Who does something.

    Attributes:
        key: the name of his key; empty for the user of this machine.
        user: the artist.
        show: the show of his session.
        address: where he is.
    """

    key: str = ""
    user: str = ""
    show: str = ""
    address: str = ""


SERVER = Actor(user="(server)")


class AuditLog:
    """Writes what happened; where no file is set, nothing.

    A disk that is full stops nothing: the lines are lost, which the server's own log says. The file
    is opened again when it was moved away, as logrotate does.

    Args:
        path: the file; None for none.
        clock: seconds since the epoch.

    Attributes:
        lost: how many lines could not be written.

    Raises:
        ConfigError: the file cannot be written.
    """

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.time) -> None:
        self.lost = 0
        self._clock = clock
        self._actor = SERVER
        self._complained_s = 0.0
        self._denied_s, self._denials, self._suppressed = 0, 0, 0
        self._file = None if path is None else _open(path)

    @contextmanager
    def acting(self, actor: Actor) -> Generator[None]:
        """Name who causes what happens inside the block."""
        former, self._actor = self._actor, actor
        try:
            yield
        finally:
            self._actor = former

    def note(self, event: str, **facts: str | int | float) -> None:
        """Write that something happened, and through whom."""
        if self._file is None:
            return
        line = {"time": round(self._clock(), 3), "event": event, **_who(self._actor), **facts}
        text = json.dumps(line, ensure_ascii=False) + "\n"
        try:
            self._file.append(text.encode())
        except OSError as error:
            self._complain(error)

    def deny(self, what: str, **facts: str | int | float) -> None:
        """Write that something was denied."""
        now_s = int(self._clock())
        if now_s != self._denied_s:
            self._denied_s, self._denials = now_s, 0
        self._denials += 1
        if self._denials > DENIALS_PER_S:
            self._suppressed += 1
            return
        if self._suppressed:
            facts["unwritten_before"], self._suppressed = self._suppressed, 0
        self.note("denied", what=what, **facts)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _complain(self, error: OSError) -> None:
        self.lost += 1
        now_s = self._clock()
        if now_s - self._complained_s > COMPLAIN_EVERY_S:
            self._complained_s = now_s
            log.error("audit log cannot be written", lost=self.lost, error=str(error))


class AuditedJournal(Journal):
    """A journal that tells the audit log of each job that is accepted and of each that ends.

    Args:
        path: the database file.
        clock: seconds since the epoch.
        audit: told what is written.
    """

    def __init__(self, path: Path, clock: Callable[[], float], audit: AuditLog) -> None:
        super().__init__(path, clock)
        self._audit = audit

    def accept(
        self,
        job_id: bytes,
        show: str,
        user: str,
        model: str,
        package: bytes,
        work_key: bytes,
        priority: str,
        lease_s: float,
    ) -> None:
        """Record an accepted job."""
        super().accept(job_id, show, user, model, package, work_key, priority, lease_s)
        facts = {"job": job_id.hex(), "user": user, "show": show, "model": model}
        self._audit.note("job accepted", **facts, priority=priority, work=work_key.hex())

    def end(self, ended: JobEnded) -> JobEnded:
        """Record how a job ended, unless it has ended before; return what counts."""
        before = self.find(ended.job_id)
        final = super().end(ended)
        if before is not None and before.ended is None:
            facts = {"job": ended.job_id.hex(), "user": before.user, "show": before.show}
            self._audit.note("job ended", **facts, outcome=final.outcome, code=final.code)
        return final


class _File:
    """A file that lines are appended to, opened again when it was moved away."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._torn = False
        self._fd = self._open()

    def append(self, line: bytes) -> None:
        """Write a line in one go.

        Raises:
            OSError: the disk is full or failing; a part of the line may be there.
        """
        if self._moved():
            os.close(self._fd)
            self._fd = self._open()
        content = b"\n" + line if self._torn else line
        self._torn = True
        if os.write(self._fd, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._torn = False

    def close(self) -> None:
        """Close it."""
        os.close(self._fd)

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return os.open(self._path, flags, OWNER_ONLY)

    def _moved(self) -> bool:
        try:
            return not os.path.samestat(os.fstat(self._fd), self._path.stat())
        except FileNotFoundError:
            return True


def _open(path: Path) -> _File:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _File(path)
    except OSError as error:
        raise ConfigError(f"The audit log {path} cannot be written: {error.strerror}.") from error


def _who(actor: Actor) -> dict[str, str]:
    return {name: value for name, value in vars(actor).items() if value}
