"""A worker: the process that turns inputs into outputs on one device.

The main thread listens to the gateway; three threads decode, infer and encode, so that the stages
of successive frames overlap; one says every few seconds that the process is alive.

What brings numpy along is imported late: it starts threads, and the network is left before those.
"""

from __future__ import annotations

import faulthandler
import math
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from filmgate.errors import (
    CancelledError,
    FilmgateError,
    ManifestError,
    ModelError,
    StorageError,
)
from filmgate.wire.fields import LIST_MAX, TEXT_MAX, short_detail
from filmgate_server.children import read_settings, tie_to_parent
from filmgate_server.devices import find_device_class
from filmgate_server.operations.logs import configure_logs
from filmgate_server.pool.channel import Channel, Parcel
from filmgate_server.pool.messages import (
    STAGES,
    Beat,
    Cancel,
    Done,
    Drop,
    Failed,
    FromWorker,
    Grant,
    Prepare,
    Prepared,
    Ready,
    Resident,
    Run,
    Stop,
)
from filmgate_server.runtime.numerics import engine_versions
from filmgate_server.store.segments import allow_many_segments
from filmgate_server.worker.confinement import give_up_privileges, leave_network
from filmgate_server.worker.execution import Execution
from filmgate_server.worker.growth import Growth
from filmgate_server.worker.inboxes import Inboxes
from filmgate_server.worker.mappings import Mappings
from filmgate_server.worker.memory import open_memory, own_memory_bytes
from filmgate_server.worker.pipeline import Pipeline, typed_error
from filmgate_server.worker.poison import is_fatal
from filmgate_server.worker.traces import trace_of

POISONED_EXIT_CODE = 114
"""The device's context can no longer be trusted: nothing more may leave this process."""

_TEXT_CHARACTERS_MAX = TEXT_MAX // 4

_TRACED = (ModelError, ManifestError, StorageError)
"""What may come from a package's code; other errors say all there is to know."""

log = structlog.get_logger()


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker is told at its start; see `filmgate_server.pool.settings`.

    Attributes:
        device: ``cpu``, ``cuda:0``, or ``fake:`` and its size in bytes.
        threads: for decoding, arithmetic and encoding; None means every core.
        beat_s: how often to say that the process is alive.
        frame_bytes_max: the largest decoded frame.
        device_bytes: how much of the device's memory to use; None leaves it to the device.
        device_sharers: how many workers share the device.
        stall_s: how long a stage may go without a step where nothing better is known.
        hang_floor_s: what a model's tile may take at least before it counts as hung.
        warm: folder and digest (in hexadecimal) of each package to load first.
        log_json: whether to log JSON.
    """

    device: str
    threads: int | None
    beat_s: float
    frame_bytes_max: int
    device_bytes: int | None
    device_sharers: int
    stall_s: float
    hang_floor_s: float
    warm: Sequence[tuple[str, str]]
    log_json: bool


class Worker:
    """The gateway's other end.

    Args:
        channel: to the gateway.
        settings: what it was told.
        remarks: what the gateway should know of the start.
    """

    def __init__(self, channel: Channel, settings: WorkerSettings, remarks: Sequence[str]) -> None:
        from filmgate_server.worker.models import Models  # noqa: PLC0415
        from filmgate_server.worker.stages import Stages  # noqa: PLC0415

        self._channel = channel
        self._settings = settings
        self._remarks = list(remarks)
        self._sending = threading.Lock()
        self._loads = 0
        self._loaded_s = 0.0
        self._open: dict[int, Execution] = {}
        self._mappings = Mappings()
        self._growth, self._growth_bytes = Growth(), 0
        self._device_class = find_device_class(settings.device)
        threads = settings.threads
        memory = open_memory(settings.device, settings.device_bytes, settings.device_sharers)
        self._models = Models(
            settings.device, threads or 0, memory, self._note_loading, settings.hang_floor_s
        )
        inboxes = Inboxes(len(STAGES))
        stages = Stages(
            self._models,
            inboxes,
            self._device_class,
            self._mappings,
            threads or len(os.sched_getaffinity(0)),
            settings.frame_bytes_max,
            self._deliver,
        )
        works = {"decode": stages.decode, "infer": stages.infer, "encode": stages.encode}
        self._pipeline = Pipeline(works, inboxes, self._fail)

    def serve(self) -> None:
        """Take messages until the gateway says stop or is gone."""
        threading.Thread(target=self._beat, name="beat", daemon=True).start()
        for path, digest in self._settings.warm:
            self._warm(Path(path), bytes.fromhex(digest))
        device, remarks = self._settings.device, tuple(self._remarks)
        engines = engine_versions()
        self._send(Ready(os.getpid(), device, self._device_class, engines, remarks))
        while (parcel := self._channel.receive()) is not None:
            if isinstance(parcel.message, Stop):
                return
            self._take(parcel)

    def _warm(self, path: Path, digest: bytes) -> None:
        """Load a model before the start; one that cannot be loaded keeps the others from nobody."""
        remark, error = self._try_model(path, digest)
        remark = f"it cannot be used: {error.text}" if error is not None else remark
        if remark:
            self._remarks.append(f"{path.name} is not warm: {remark}"[:_TEXT_CHARACTERS_MAX])

    def _prepare(self, order: Prepare) -> None:
        """Load a model ahead of its first frame, on the thread that runs models."""
        digest = order.package_digest
        _, error = self._try_model(Path(order.package), digest)
        if error is None:
            self._send(Prepared(digest))
            return
        text, remedy = error.text[:_TEXT_CHARACTERS_MAX], error.remedy[:_TEXT_CHARACTERS_MAX]
        self._send(Prepared(digest, error.code, text, remedy))

    def _try_model(self, path: Path, digest: bytes) -> tuple[str, FilmgateError | None]:
        """Load and warm a model; return what could not be done, or why it cannot be used."""
        try:
            return self._models.prepare(path, digest), None
        except (Exception, SystemExit) as error:  # noqa: BLE001 - model code raises anything
            log.error("model failed", package=path.name, exception=trace_of(error))
            if is_fatal(error):
                os._exit(POISONED_EXIT_CODE)
            return "", typed_error(error)

    def _take(self, parcel: Parcel) -> None:
        message = parcel.message
        if isinstance(message, Run):
            self._start(message, parcel.fds)
        elif isinstance(message, Drop):
            self._mappings.drop(message.segment)
        elif isinstance(message, Prepare):
            self._pipeline.between_models(partial(self._prepare, message))
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
        self._send(self._sign_of_life())  # the gateway should know the memory before it gives more
        self._send(done, fds)

    def _fail(self, execution: Execution, error: FilmgateError | None) -> None:
        if isinstance(error, _TRACED):
            report(execution, error)
        if error is not None and is_fatal(error):
            os._exit(POISONED_EXIT_CODE)
        answered = not self._close(execution)
        for segment_id in execution.created:
            self._mappings.drop(segment_id)  # the gateway has not seen it and forgets it
        if error is not None and not answered:
            self._send(failure(execution.number, error, execution.timings_now()))

    def _close(self, execution: Execution) -> bool:
        """Forget it, and return whether that had not been done: a stage may end it once more."""
        if self._open.get(execution.number) is not execution:
            return False  # or a refused one is here again
        del self._open[execution.number]
        if not self._open:
            self._measure_growth(execution)
        return True

    def _measure_growth(self, execution: Execution) -> None:
        frame_bytes = sum(blob.entry.size for blob in execution.blobs)
        models = frozenset(self._models.shelf.references)
        self._growth_bytes = self._growth.note(own_memory_bytes(), frame_bytes, models)

    def _note_loading(self, loading: bool) -> None:
        with self._sending:
            self._loads += 1 if loading else -1  # two stages may load at once
            self._loaded_s = time.monotonic()
        self._send(self._sign_of_life())

    def _beat(self) -> None:
        pause = threading.Event()
        while not pause.wait(self._settings.beat_s):
            self._send(self._sign_of_life())

    def _sign_of_life(self) -> Beat:
        stall_s, since_s = self._settings.stall_s, time.monotonic() - self._loaded_s
        under_way = list(self._open.values())
        overdue_s = [each.overdue_s(stall_s, since_s) for each in under_way]
        known_s = [each.allowed_s for each in under_way if each.allowed_s < math.inf]
        shelf, memory = self._models.shelf, self._models.memory
        residents = [Resident(name, digest) for digest, name in shelf.references.items()]
        return Beat(
            self._loads > 0,
            max(0.0, *overdue_s, 0.0),
            min(stall_s, max(0.0, *known_s, 0.0)),
            tuple(residents[:LIST_MAX]),
            memory.used_bytes(),
            memory.budget_bytes,
            self._growth_bytes,
            {"evictions": shelf.evictions, "oom_step_downs": self._models.step_downs.count},
        )

    def _send(self, message: FromWorker, fds: Sequence[int] = ()) -> None:
        with self._sending:
            self._channel.send(message, fds)


def report(execution: Execution, error: FilmgateError) -> None:
    """Write the traceback into the log, and say in *error* where it is."""
    package, number = Path(execution.order.package).name, execution.number
    log.error("model failed", execution=number, package=package, exception=trace_of(error))
    error.remedy = f"{error.remedy} The server's log has the traceback under execution {number}."


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
    remarks = _confine()
    tie_to_parent()
    _prepare_process()
    channel = Channel(socket.socket(fileno=settings.pop("channel_fd")))
    known = WorkerSettings(**settings)
    configure_logs("info", known.log_json)
    Worker(channel, known, remarks).serve()
    os._exit(0)  # frames that are still in the stages are nobody's any more


def _confine() -> list[str]:
    """Give up what model code shall not have; return what it has all the same."""
    network, privileges = leave_network(), give_up_privileges()
    remarks = [f"model code could reach the network: {network}"] if network else []
    if privileges:
        remarks.append(f"model code keeps the server's privileges: {privileges}")
    if os.geteuid() == 0:
        remarks.append("model code has root's files: run the server as a user of its own")
    return remarks


def _prepare_process() -> None:
    faulthandler.enable()
    allow_many_segments()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold an artist's pixels
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a service manager tells all; the gateway drains


if __name__ == "__main__":
    main()
