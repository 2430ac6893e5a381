"""A worker: the process that turns inputs into outputs on one device.

The main thread listens to the gateway; three threads decode, infer and encode, so that the stages
of successive frames overlap; one says every few seconds that the process is alive.
"""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Mapping, Sequence

from filmgate.errors import CancelledError, FilmgateError
from filmgate.wire.fields import TEXT_MAX, short_detail
from filmgate_server.children import read_settings, tie_to_parent
from filmgate_server.devices import find_device_class
from filmgate_server.execution import Execution
from filmgate_server.mappings import Mappings
from filmgate_server.pipeline import Pipeline, is_fatal
from filmgate_server.pool.channel import Channel, Parcel
from filmgate_server.pool.messages import (
    Beat,
    Cancel,
    Done,
    Drop,
    Failed,
    FromWorker,
    Grant,
    Ready,
    Run,
    Stop,
)
from filmgate_server.runtime.numerics import engine_versions
from filmgate_server.segments import allow_many_segments
from filmgate_server.shelf import Shelf
from filmgate_server.stages import Stages

POISONED_EXIT_CODE = 114
"""The device's context can no longer be trusted: nothing more may leave this process."""

_TEXT_CHARACTERS_MAX = TEXT_MAX // 4


class Worker:
    """The gateway's other end.

    Args:
        channel: to the gateway.
        device: ``cpu`` or ``cuda:0``.
        threads: for decoding, arithmetic and encoding; None means every core.
        beat_s: how often to say that the process is alive.
        frame_bytes_max: the largest decoded frame.
    """

    def __init__(
        self,
        channel: Channel,
        device: str,
        threads: int | None,
        beat_s: float,
        frame_bytes_max: int,
    ) -> None:
        self._channel = channel
        self._device = device
        self._beat_s = beat_s
        self._sending = threading.Lock()
        self._loads = 0
        self._loaded_s = 0.0
        self._open: dict[int, Execution] = {}
        self._mappings = Mappings()
        shelf = Shelf(device, threads or 0, self._note_loading)
        cores = threads or len(os.sched_getaffinity(0))
        stages = Stages(shelf, self._mappings, cores, frame_bytes_max, self._deliver)
        works = {"decode": stages.decode, "infer": stages.infer, "encode": stages.encode}
        self._pipeline = Pipeline(works, self._fail)

    def serve(self) -> None:
        """Take messages until the gateway says stop or is gone."""
        engines = engine_versions()
        self._send(Ready(os.getpid(), self._device, find_device_class(self._device), engines))
        threading.Thread(target=self._beat, name="beat", daemon=True).start()
        while (parcel := self._channel.receive()) is not None:
            if isinstance(parcel.message, Stop):
                return
            self._take(parcel)

    def _take(self, parcel: Parcel) -> None:
        message = parcel.message
        if isinstance(message, Run):
            self._start(message, parcel.fds)
        elif isinstance(message, Drop):
            self._mappings.drop(message.segment)
        elif isinstance(message, Cancel | Grant):
            execution = self._open.get(message.execution)
            if execution is None:
                return  # it has just ended
            if isinstance(message, Cancel):
                self._cancel(execution)
            else:
                execution.answer(message)

    def _cancel(self, execution: Execution) -> None:
        """End an execution that waits at once: what keeps the stage may take long."""
        if execution.withdraw():
            self._fail(execution, CancelledError("The job was cancelled."))

    def _start(self, order: Run, fds: Sequence[int]) -> None:
        execution = Execution(order, self._send)
        self._open[order.execution] = execution
        try:
            self._mappings.attach(order.attached, fds)
            execution.blobs = self._mappings.blobs(order)
        except FilmgateError as error:
            self._fail(execution, error)
        else:
            self._pipeline.put(execution)

    def _deliver(self, execution: Execution, done: Done, fds: Sequence[int]) -> None:
        self._close(execution)
        self._send(done, fds)

    def _fail(self, execution: Execution, error: FilmgateError | None) -> None:
        if error is not None and is_fatal(error):
            os._exit(POISONED_EXIT_CODE)
        self._close(execution)
        for segment_id in execution.created:
            self._mappings.drop(segment_id)  # the gateway has not seen it and forgets it
        if error is not None:
            self._send(failure(execution.number, error, execution.timings))

    def _close(self, execution: Execution) -> None:
        if self._open.get(execution.number) is execution:  # a refused one may be here again
            del self._open[execution.number]

    def _note_loading(self, loading: bool) -> None:
        with self._sending:
            self._loads += 1 if loading else -1  # two stages may load at once
            self._loaded_s = time.monotonic()
        self._send(self._sign_of_life())

    def _beat(self) -> None:
        pause = threading.Event()
        while not pause.wait(self._beat_s):
            self._send(self._sign_of_life())

    def _sign_of_life(self) -> Beat:
        stalled_s = max((each.stalled_s() for each in list(self._open.values())), default=0.0)
        return Beat(self._loads > 0, min(stalled_s, time.monotonic() - self._loaded_s))

    def _send(self, message: FromWorker, fds: Sequence[int] = ()) -> None:
        with self._sending:
            self._channel.send(message, fds)


def failure(execution: int, error: FilmgateError, timings: Mapping[str, float]) -> Failed:
    """Return *error* as a message; texts and details that are too long for one are cut."""
    return Failed(
        execution,
        error.code,
        error.text[:_TEXT_CHARACTERS_MAX],
        error.remedy[:_TEXT_CHARACTERS_MAX],
        short_detail(error.detail),
        dict(timings),
    )


def main() -> None:
    """Run a worker until its gateway lets it go."""
    settings = read_settings()
    tie_to_parent()
    _prepare_process()
    channel = Channel(socket.socket(fileno=settings.pop("channel_fd")))
    Worker(channel, **settings).serve()
    os._exit(0)  # frames that are still in the stages are nobody's any more


def _prepare_process() -> None:
    faulthandler.enable()
    allow_many_segments()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold an artist's pixels
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a service manager tells all; the gateway drains


if __name__ == "__main__":
    main()
