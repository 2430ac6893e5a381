"""What each session may do with jobs, by its key: the broker asks."""

from __future__ import annotations

from filmgate.errors import DeniedError
from filmgate.keys import SUPERVISOR, Authorisation
from filmgate.wire.messages import JobSubmit
from filmgate_server.access.auth import check_submission
from filmgate_server.access.port import OwnJobs
from filmgate_server.gateway.sessions import SessionTable
from filmgate_server.jobs.table import Owner


class SessionRights(OwnJobs):
    """Looks up whose session it is; implements `filmgate_server.access.port.Access`.

    Args:
        sessions: who is connected.
    """

    def __init__(self, sessions: SessionTable) -> None:
        self._sessions = sessions

    def check_submit(self, owner: Owner, submit: JobSubmit) -> None:
        """Refuse interactive work of a farm, and models that the key does not cover.

        Raises:
            DeniedError: with what to do instead.
        """
        session = self._sessions.by_token(owner.session)
        if session is None:
            raise DeniedError("The session has ended.")
        check_submission(session.identity, submit.work.model, submit.priority)

    def check_cancel(self, owner: Owner, user: str, show: str) -> None:
        """Let a supervisor end any job of his shows, and everybody else his own.

        Raises:
            DeniedError: it is somebody else's.
        """
        session = self._sessions.by_token(owner.session)
        if session is None or not _supervises(session.identity.rights, show):
            self.check_job(owner, user, show)


def _supervises(rights: Authorisation, show: str) -> bool:
    """Say whether a key, and not only this machine's token, covers the show as a supervisor's."""
    return bool(rights.name) and rights.role == SUPERVISOR and rights.covers(show)
