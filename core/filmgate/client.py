"""The client: submit work to a server and get verified results back.

A definitive example::

    with Client("tcp://127.0.0.1:5700") as client:
        plate = Payload("color", Path("noisy.exr").read_bytes())
        result = client.run(Work("denoise", (plate,), params={"quality": "high"}))
        Path("clean.exr").write_bytes(result.output("color").data)
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from concurrent.futures import Future, wait
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import replace
from typing import Any, Optional

import filmgate
from filmgate.conversation import Conversation
from filmgate.curve import Curve
from filmgate.errors import ConnectionLostError, FilmgateError, ProtocolError
from filmgate.job import Job, Listener, Options, Result, Work
from filmgate.link import lost_error
from filmgate.manifest import Manifest, parse_manifest_json
from filmgate.wire.messages import (
    CachePurge,
    CachePurged,
    Hello,
    Message,
    ModelsList,
    ModelsPage,
    StatusGet,
    StatusPage,
)
from filmgate.wire.records import BlobRef, ModelSummary
from filmgate.wire.version import PROTOCOLS

ANSWER_WITHIN_S = 30.0
LAST_ANSWERS_S = 1.0


class Client:
    """A connection to one server, shared by any number of jobs and threads.

    It starts one thread, connects in the background, and reconnects by itself; open jobs are
    resumed. Pixels are kept until their job has ended.

    Args:
        server: the address, for example ``tcp://127.0.0.1:5700``.
        show: the show that inputs and results belong to.
        user: the artist; by default the user of this machine.
        token: what a local server wrote into the file that only its user can read.
        handoff: whether pixels are handed over by shared memory where the server runs on this
            machine as the same user; everywhere else the wire is used in any case.
        curve: the keys of an encrypted connection; `filmgate.keys.load_curve` reads them.

    Raises:
        ConfigError: the address cannot be used.
    """

    def __init__(
        self,
        server: str,
        show: str = "",
        user: str = "",
        token: str = "",
        handoff: bool = True,
        curve: Optional[Curve] = None,
    ) -> None:
        self._closed = False
        self._conversation = Conversation(server, _hello(show, user, token), handoff, curve)
        self._link = self._conversation.link
        self._encrypted = curve is not None

    def __enter__(self) -> Client:
        """Return the client itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close."""
        self.close()

    @property
    def server(self) -> str:
        """The address."""
        return self._link.server

    @property
    def encrypted(self) -> bool:
        """Whether the connection is encrypted, and the client known by its key."""
        return self._encrypted

    def wait_connected(self, timeout_s: float = ANSWER_WITHIN_S) -> None:
        """Wait until the server has let us in.

        Raises:
            ConnectionLostError: it has not within *timeout_s*.
            FilmgateError: it has turned us away: another version, or a wrong token.
        """
        arrived = self._conversation.connected.wait(timeout_s)
        if self._conversation.fatal is not None:
            raise self._conversation.fatal
        if not arrived:
            raise lost_error(self.server, timeout_s)

    def submit(
        self,
        work: Work,
        options: Options = Options(),  # noqa: B008 - immutable
        on_progress: Optional[Listener] = None,
        on_end: Optional[Listener] = None,
    ) -> Job:
        """Start a job; returns once its inputs are digested.

        Args:
            work: what to do.
            options: how to treat it.
            on_progress: told of each change, on the client's thread: be brief.
            on_end: told of the end, on the client's thread.
        """
        job = Job(work, options, self._ask_cancel, on_progress, on_end)
        self._link.post(lambda: self._conversation.begin(job))
        return job

    def run(self, work: Work, options: Options = Options()) -> Result:  # noqa: B008 - immutable
        """Submit and wait.

        Raises:
            FilmgateError: the job ended otherwise than with a result.
        """
        return self.submit(work, options).result()

    def models(self, timeout_s: float = ANSWER_WITHIN_S) -> list[ModelSummary]:
        """List what the server offers.

        Raises:
            ConnectionLostError: it did not answer in time.
        """
        found: list[ModelSummary] = []
        cursor = 0
        while True:
            page: ModelsPage = self._ask(ModelsList(cursor), timeout_s)
            found.extend(page.models)
            cursor = page.following
            if not cursor:
                return found

    def model(self, ref: str, timeout_s: float = ANSWER_WITHIN_S) -> ModelSummary:
        """Return what a reference means to the server now, as it would for a job.

        Args:
            ref: ``name``, ``name@version``, ``name@blake3:…`` or ``name@alias``; the version need
                not be listed: one that is published is fetched.
            timeout_s: how long the answer may take.

        Raises:
            UnknownModelError: the server has no such model.
            RetiredModelError: it was taken out of use; the text says why.
            BusyError: it is being fetched; ask again.
            ConnectionLostError: the server did not answer in time.
        """
        page: ModelsPage = self._ask(ModelsList(model=ref), timeout_s)
        if len(page.models) != 1:
            raise ProtocolError(f"The server named {len(page.models)} models for {ref!r}.")
        return page.models[0]

    def manifest(self, ref: str, timeout_s: float = ANSWER_WITHIN_S) -> Manifest:
        """Return the manifest of a model; references are those of `model`.

        Raises:
            FilmgateError: as `model` raises.
        """
        return self.manifest_of(self.model(ref, timeout_s), timeout_s)

    def manifest_of(self, model: ModelSummary, timeout_s: float = ANSWER_WITHIN_S) -> Manifest:
        """Return the manifest of exactly this version.

        Raises:
            ConnectionLostError: the server did not answer in time.
        """
        blob = BlobRef("manifest", model.manifest, model.manifest_size)
        return parse_manifest_json(bytes(self._fetch(blob, timeout_s)))

    def attachment(self, blob: BlobRef, timeout_s: float = ANSWER_WITHIN_S) -> bytes:
        """Return one of `ModelSummary.attachments`: a card, or a picture.

        Raises:
            UnknownBlobError: the server has it no longer.
            ConnectionLostError: it did not answer in time.
        """
        return bytes(self._fetch(blob, timeout_s))

    def status(self, timeout_s: float = ANSWER_WITHIN_S) -> StatusPage:
        """Return what the server is doing, with all of its users.

        Raises:
            ConnectionLostError: it did not answer in time.
        """
        page: StatusPage = self._ask(StatusGet(), timeout_s)
        users, cursor = list(page.users), page.following
        while cursor:
            more: StatusPage = self._ask(StatusGet(cursor), timeout_s)
            users.extend(more.users)
            cursor = more.following
        return replace(page, users=tuple(users), following=0)

    def purge(self, show: str, timeout_s: float = ANSWER_WITHIN_S) -> int:
        """Make the server forget what a show has stored and no open job needs; return how much.

        Raises:
            DeniedError: this user is no supervisor of the show.
            ConnectionLostError: it did not answer in time.
        """
        purged: CachePurged = self._ask(CachePurge(show), timeout_s)
        return purged.blobs

    def close(self) -> None:
        """End the thread; open jobs fail here, and end on the server when their lease runs out."""
        if not self._closed:
            self._closed = True
            self._hear_last_answers()
            self._link.post(
                lambda: self._conversation.shut(ConnectionLostError("The client was closed."))
            )
            self._link.close()

    def _hear_last_answers(self) -> None:
        """Wait a moment for the ends of what was cancelled or acknowledged.

        A connection that is closed while answers are on their way takes with it what was sent last.
        """
        if self._link.runs_here or not self._conversation.connected.is_set():
            return
        with suppress(ConnectionLostError):
            ending: list[Job] = self._wait(
                lambda answered: answered(self._conversation.ending()), LAST_ANSWERS_S
            )
            wait([job.future for job in ending], LAST_ANSWERS_S)

    # Questions, from any thread.

    def _ask(self, message: Message, timeout_s: float) -> Any:
        return self._wait(lambda answered: self._conversation.ask(message, answered), timeout_s)

    def _fetch(self, ref: BlobRef, timeout_s: float) -> memoryview:
        content: memoryview = self._wait(
            lambda answered: self._conversation.fetch(ref, answered), timeout_s
        )
        return content

    def _wait(self, start: Callable[[Callable[[Any], None]], None], timeout_s: float) -> Any:
        future: Future[Any] = Future()
        self._link.post(lambda: start(lambda answer: _resolve(future, answer)))
        try:
            return future.result(timeout_s)
        except FutureTimeout:
            raise lost_error(self.server, timeout_s) from None

    def _ask_cancel(self, job: Job) -> None:
        self._link.post(lambda: self._conversation.cancel(job))


def _hello(show: str, user: str, token: str) -> Hello:
    return Hello(PROTOCOLS, f"filmgate/{filmgate.__version__}", user or _user(), show, token)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no name for this user id, or no pwd on Windows
        return "unknown"


def _resolve(future: Future[Any], answer: Any) -> None:
    if isinstance(answer, FilmgateError):
        future.set_exception(answer)
    else:
        future.set_result(answer)
