"""Who may do what to which job: the port that the broker asks."""

from __future__ import annotations

from typing import Protocol

from filmgate.errors import DeniedError
from filmgate.wire.messages import JobSubmit
from filmgate_server.jobs.table import Owner


class Access(Protocol):
    """Decides what a session may do; the content of other shows is out of reach in any case."""

    def check_submit(self, owner: Owner, submit: JobSubmit) -> None:
        """Let *owner* submit this job.

        Raises:
            DeniedError: they may not.
        """
        ...

    def check_job(self, owner: Owner, user: str, show: str) -> None:
        """Let *owner* see, end and take over a job of *user* for *show*.

        Raises:
            DeniedError: they may not.
        """
        ...

    def check_cancel(self, owner: Owner, user: str, show: str) -> None:
        """Let *owner* cancel a job of *user* for *show*.

        Raises:
            DeniedError: they may not.
        """
        ...


class OwnJobs:
    """Everybody may submit, and see their own jobs."""

    def check_submit(self, owner: Owner, submit: JobSubmit) -> None:
        """Let everybody submit."""

    def check_job(self, owner: Owner, user: str, show: str) -> None:
        """Refuse another artist's job, and one of another show.

        Raises:
            DeniedError: it is somebody else's.
        """
        if (owner.user, owner.show) != (user, show):
            raise DeniedError("This job belongs to somebody else.")

    def check_cancel(self, owner: Owner, user: str, show: str) -> None:
        """Refuse what `check_job` refuses.

        Raises:
            DeniedError: it is somebody else's.
        """
        self.check_job(owner, user, show)
