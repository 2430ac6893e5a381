"""The client's side of the protocol: jobs, questions and blobs over one link, on its thread."""

from __future__ import annotations

import logging
import threading
from typing import Any, Callable, Optional

from filmgate.curve import Curve
from filmgate.downloads import Downloads
from filmgate.errors import FilmgateError
from filmgate.handoff import Handoff
from filmgate.job import Job, Progress
from filmgate.link import Link, LinkEvents
from filmgate.questions import Questions
from filmgate.submissions import Submissions
from filmgate.uploads import Uploads
from filmgate.wire.messages import (
    BlobData,
    BlobDone,
    Credit,
    Drain,
    Error,
    Hello,
    JobAccepted,
    JobEnded,
    JobProgress,
    JobReady,
    JobRefused,
    Message,
    Welcome,
    from_error,
)
from filmgate.wire.records import BlobRef

log = logging.getLogger("filmgate")


class Conversation(LinkEvents):
    """Jobs and questions over one link; everything but the link's `post` belongs to its thread.

    Args:
        server: the address.
        hello: what to say first.
        handoff: whether pixels may be handed over by shared memory on the same machine.
        curve: what encrypts the connection.

    Attributes:
        connected: set while a session is open, and when none ever will be.
        fatal: why the server has turned us away, if it has.
        link: the connection.
    """

    def __init__(
        self, server: str, hello: Hello, handoff: bool = True, curve: Optional[Curve] = None
    ) -> None:
        self.connected = threading.Event()
        self.fatal: Optional[FilmgateError] = None
        self._questions = Questions()
        self.link = Link(server, hello, self, curve)
        self._handoff = Handoff(self.link.post, handoff)
        self._uploads = Uploads(self.link, self._handoff)
        self._jobs = Submissions(self.link, self._uploads)
        self._downloads = Downloads(self.link, self._handoff, self._jobs)
        self._jobs.downloads = self._downloads
        self._handlers = self._handler_table()
        self.link.start()

    def ask(self, message: Message, answered: Callable[[Any], None]) -> None:
        """Ask the server; *answered* gets its message or an error."""
        if self.fatal is not None:
            answered(self.fatal)
        elif self.link.welcome is None:
            self._questions.note(-id(message), message, answered)
        else:
            self._questions.note(self.link.send(message), message, answered)

    def fetch(self, ref: BlobRef, answered: Callable[[Any], None]) -> None:
        """Fetch a blob that belongs to no job; *answered* gets its bytes or an error."""
        if self.fatal is not None:
            answered(self.fatal)
        else:
            self._downloads.fetch(ref, answered)

    def begin(self, job: Job) -> None:
        """Submit a job, now or as soon as a session is open."""
        if self.fatal is not None:
            job.report(Progress(self.fatal.code))
            job.future.set_exception(self.fatal)
        else:
            self._jobs.begin(job)

    def cancel(self, job: Job) -> None:
        """Ask for the end of a job."""
        self._jobs.cancel(job)

    def ending(self) -> list[Job]:
        """Return the jobs that were cancelled or acknowledged and have not ended yet."""
        return self._jobs.ending()

    def shut(self, error: FilmgateError) -> None:
        """End every job and question with *error*, and those that may still come."""
        self.fatal = error
        self._fail_all(error)
        self._handoff.close()

    # What the link tells.

    def opened(self, welcome: Welcome) -> None:
        """Submit what is open, again if need be, and ask the open questions again."""
        self._handoff.opened(welcome)
        self._uploads.opened(welcome)
        self._downloads.opened()
        self._jobs.opened()
        for message, answered in self._questions.take_all():
            self.ask(message, answered)
        self._downloads.ask()
        self.connected.set()

    def closed(self) -> None:
        """Note that the connection is gone; the jobs stay open."""
        self.connected.clear()
        self._handoff.closed()

    def failed(self, error: FilmgateError) -> None:
        """End everything: the server has turned us away."""
        self.fatal = error
        self._handoff.closed()
        self._fail_all(error)
        self.connected.set()

    def received(self, message: Message, re: Optional[int], piece: memoryview) -> None:
        """Take a message."""
        if re is not None and not isinstance(message, Error):
            self._jobs.answered(re)
        handler = self._handlers.get(type(message))
        if handler is not None:
            handler(message)
        elif isinstance(message, BlobData):
            self._downloads.take(message, piece)
        elif isinstance(message, Error):
            self._on_error(from_error(message), re)
        elif not self._questions.answer(re, message):
            log.info("message of kind %s was not expected", message.kind)

    def turned(self) -> None:
        """Send what the credit allows, and what is due to be tried again."""
        if self.link.welcome is not None:
            self._jobs.turned()
            self._uploads.pump()

    def _handler_table(self) -> dict[type[Message], Callable[[Any], None]]:
        return {
            JobAccepted: self._jobs.on_accepted,
            JobRefused: self._jobs.on_refused,
            JobProgress: self._jobs.on_progress,
            JobReady: self._jobs.on_ready,
            JobEnded: self._jobs.on_ended,
            BlobDone: lambda done: self._uploads.drop(done.digest),
            Credit: lambda credit: self._uploads.granted(credit.size),
            Drain: lambda _: log.info("the server is about to restart"),
        }

    def _on_error(self, error: FilmgateError, re: Optional[int]) -> None:
        if self._jobs.refused(re, error) or self._downloads.refused(re, error):
            return
        if "digest" in error.detail:
            self._jobs.put_failed(error)
        elif not self._questions.answer(re, error):
            log.warning("the server reports: %s", error)

    def _fail_all(self, error: FilmgateError) -> None:
        self._jobs.fail_all(error)
        self._questions.fail_all(error)
        self._downloads.fail_all(error)
