"""Pixels to and from a server on the same machine, past the wire: shared memory, proved.

Wherever that is not possible, and whenever anything of it fails, the wire is used.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Optional, Union

from filmgate.channel import Channel
from filmgate.descriptors import is_possible
from filmgate.digest import Buffer
from filmgate.errors import ConnectionLostError, FilmgateError, ProtocolError
from filmgate.transfer import Receiving
from filmgate.wire.messages import Welcome

FEATURE = "handoff:"
"""In `Welcome.features`, before the socket's name."""

SIZE_MIN = 1 << 20
"""Smaller blobs are as fast over the wire."""

log = logging.getLogger("filmgate")


@dataclass(eq=False)
class Put:
    """A blob to hand over.

    Attributes:
        digest: of the blob.
        data: its bytes.
        answered: told, on the link's thread, that the server has read it, or why it has not.
        dropped: nobody wants it any more.
    """

    digest: bytes
    data: memoryview
    answered: Callable[[Put, Optional[FilmgateError]], None]
    dropped: bool = False


@dataclass(eq=False)
class Get:
    """A blob to be handed over; see `Put`."""

    receiving: Receiving
    answered: Callable[[Optional[FilmgateError]], None]


_Task = tuple[Channel, Union[Put, Get, None]]
"""A channel and what to do there; None is to close it."""


class Handoff:
    """The client's end: a thread that copies, so that neither the host's nor the link's has to.

    Args:
        post: runs a call on the link's thread.
        enabled: whether it may be used at all.
    """

    def __init__(self, post: Callable[[Callable[[], None]], None], enabled: bool) -> None:
        self._post = post
        self._enabled = enabled and is_possible()
        self._channel: Optional[Channel] = None
        self._tasks: queue.SimpleQueue[Optional[_Task]] = queue.SimpleQueue()
        self._thread: Optional[threading.Thread] = None

    def opened(self, welcome: Welcome) -> None:
        """Connect for a new session, if the server offers it."""
        self.closed()
        names = [name for name in welcome.features if name.startswith(FEATURE)]
        if not self._enabled or not names:
            return
        try:
            self._channel = Channel.connect(
                names[0][len(FEATURE) :], welcome.resume, welcome.chunk_bytes
            )
        except (OSError, ValueError) as error:  # ValueError: a name that no socket can have
            log.info("pixels go over the wire: %s", error)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="filmgate-handoff", daemon=True)
            self._thread.start()

    def closed(self) -> None:
        """Let go of the channel; what is under way on it fails."""
        if self._channel is not None:
            self._channel.shut()
            self._tasks.put((self._channel, None))
            self._channel = None

    def close(self) -> None:
        """End the thread."""
        self.closed()
        if self._thread is not None:
            self._tasks.put(None)
            self._thread.join()
            self._thread = None

    def takes(self, size_bytes: int) -> bool:
        """Return whether a blob of this size should be handed over."""
        channel = self._channel
        return channel is not None and not channel.broken and size_bytes >= SIZE_MIN

    def put(
        self,
        digest: bytes,
        data: Buffer,
        answered: Callable[[Put, Optional[FilmgateError]], None],
    ) -> Put:
        """Hand a blob over; only where `takes` says so."""
        put = Put(digest, memoryview(data).cast("B"), answered)
        self._do(put)
        return put

    def get(
        self, receiving: Receiving, answered: Callable[[Optional[FilmgateError]], None]
    ) -> None:
        """Have a blob handed over into its buffer; only where `takes` says so."""
        self._do(Get(receiving, answered))

    def _do(self, what: Union[Put, Get]) -> None:
        if self._channel is None:
            raise ConnectionLostError("There is no channel to the server.")
        self._tasks.put((self._channel, what))

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            channel, what = task
            if what is None:
                channel.close()
            elif isinstance(what, Put):
                self._run_put(channel, what)
            else:
                self._run_get(channel, what)

    def _run_put(self, channel: Channel, put: Put) -> None:
        _, error = _attempt(
            channel, lambda: channel.put(put.digest, put.data, lambda: not put.dropped)
        )
        self._post(lambda: put.answered(put, error))

    def _run_get(self, channel: Channel, get: Get) -> None:
        wanted = get.receiving
        hasher, error = _attempt(
            channel, lambda: channel.get(wanted.digest, wanted.buffer, lambda: bool(wanted.jobs))
        )

        def answer() -> None:
            wanted.hasher = hasher or wanted.hasher
            get.answered(error)

        self._post(answer)


def _attempt(channel: Channel, act: Callable[[], Any]) -> tuple[Any, Optional[FilmgateError]]:
    """Return what *act* returns or its error; one of the channel itself breaks the channel."""
    try:
        if channel.broken:
            raise ConnectionResetError("it was closed")
        return act(), None
    except OSError as error:
        channel.shut()
        return None, ConnectionLostError(f"The channel to the server is broken ({error}).")
    except ProtocolError as error:
        channel.shut()
        return None, error
    except FilmgateError as error:
        return None, error
    except Exception as error:  # the thread's end: without this, jobs would wait for ever
        log.exception("handing pixels over failed")
        channel.shut()
        return None, FilmgateError(f"The client itself failed ({error!r}).")
