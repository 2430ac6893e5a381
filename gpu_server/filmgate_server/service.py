"""The gateway's process: everything put together around one loop."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from types import FrameType
from typing import Any

import structlog
import zmq

from filmgate.descriptors import is_possible
from filmgate.errors import FilmgateError, StorageError
from filmgate.keys import load_secret_key
from filmgate_server.access.audit import AuditedJournal, AuditLog
from filmgate_server.access.auth import KeyFolder, LocalToken
from filmgate_server.access.door import Door
from filmgate_server.access.rights import SessionRights
from filmgate_server.children import read_settings, tie_to_parent
from filmgate_server.config import NO_PORT, ServerConfig
from filmgate_server.devices import list_devices
from filmgate_server.gateway.catalogue import Catalogue
from filmgate_server.gateway.changeover import Changeover
from filmgate_server.gateway.gateway import Gateway
from filmgate_server.gateway.handoff import Handoffs
from filmgate_server.gateway.library import Library
from filmgate_server.gateway.requests import Requests
from filmgate_server.gateway.sessions import SessionTable
from filmgate_server.gateway.windows import Windows, budget_bytes
from filmgate_server.jobs.admission import Admission
from filmgate_server.jobs.broker import Broker
from filmgate_server.jobs.configs import Configs, load_configs
from filmgate_server.jobs.dispatcher import Dispatcher
from filmgate_server.jobs.intake import Intake
from filmgate_server.jobs.table import JobTable
from filmgate_server.jobs.terms import Terms
from filmgate_server.operations.health import HealthServer
from filmgate_server.operations.logs import configure_logs
from filmgate_server.operations.metrics import Metrics
from filmgate_server.operations.notify import ALIVE, Notifier
from filmgate_server.operations.status import Status
from filmgate_server.pool.local import LocalPool
from filmgate_server.pool.port import WorkerInfo
from filmgate_server.pool.settings import PoolSettings
from filmgate_server.registry.snapshot import LibrarianSettings, Snapshot
from filmgate_server.scheduling.estimates import Estimates
from filmgate_server.scheduling.scheduler import Scheduler
from filmgate_server.store.content import Store
from filmgate_server.store.segments import allow_many_segments, segments_allowed

TICK_MS = 25
UPKEEP_S = 1.0
STUCK_S = 10.0
JOURNAL_KEEP_S = 7 * 24 * 3600.0

log = structlog.get_logger()


class Service:
    """One gateway with its pool.

    Args:
        config: the server's settings.
        token: what clients must show in their hello.
    """

    def __init__(self, config: ServerConfig, token: str) -> None:
        self._config = config
        self._clock = time.monotonic
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._upkeep_s = 0.0
        self._overdue = False
        self._turned_s = self._clock()
        self._drain_until_s: float | None = None
        self._wake, self._waker = socket.socketpair()
        self._notifier = Notifier()
        self.metrics = Metrics()
        self._configs = _configs(config)
        self._build(token)

    def _build(self, token: str) -> None:
        config = self._config
        self._audit = AuditLog(config.audit_log)
        self._table = JobTable()
        self._sessions = SessionTable(config.sessions_max, config.sessions_per_artist_max)
        self._store = self._open_store()
        self._journal = AuditedJournal(config.journal_path, time.time, self._audit)
        self._library = Library(_librarian_settings(config), self._take_snapshot)
        self._changeover = self._open_changeover()
        self.gateway = self._open_gateway(token)
        self._estimates = Estimates()
        self._broker = self._new_broker()
        self._dispatcher = self._new_dispatcher()
        self._devices = list_devices(config.workers, config.fake_device_memory)
        self._pool = self._new_pool()
        self._status = self._new_status()
        self._catalogue = Catalogue(self._changeover, self._changeover.offer, config.chunk_bytes)
        self._changeover.listener = self._catalogue.show
        self.gateway.answer_with(self._new_requests())
        self._handoffs = self._new_handoffs()

    def _open_store(self) -> Store:
        return Store(
            self._config.store_bytes,
            self._clock,
            self._forget_segment,
            self._config.chunk_bytes,
            segments_allowed(),
        )

    def _open_changeover(self) -> Changeover:
        """Wait for the librarian's first look: without models there is nothing to serve."""
        return Changeover(
            self._library.start(),
            self._config.warm,
            self._library.ask,
            lambda outcome: self.metrics.model_changes.labels(outcome=outcome).inc(),
            self._clock,
        )

    def _open_gateway(self, token: str) -> Gateway:
        config = self._config
        windows = Windows(
            budget_bytes(config.store_bytes), config.chunk_bytes, config.upload_window_bytes
        )
        door = _door(self._context, config, token, self._audit)
        return Gateway(self._context, config.address, door, self._sessions, self.metrics, windows)

    def _new_broker(self) -> Broker:
        config, table, store = self._config, self._table, self._store
        broker = Broker(
            table,
            store,
            self._journal,
            Intake(self._changeover, store, config.max_frame_bytes, self._device, self._configs),
            self.gateway,
            self.metrics,
            Admission(
                table, store, self._estimates, _terms(config), self._worker_count, self._clock
            ),
            self._clock,
        )
        broker.access = SessionRights(self._sessions)
        return broker

    def _new_dispatcher(self) -> Dispatcher:
        dispatcher = Dispatcher(
            self._table,
            self._store,
            Scheduler(self._config.batch_floor),
            self.metrics,
            self._broker,
            self._clock,
            self._estimates,
        )
        self._broker.dispatcher = dispatcher
        return dispatcher

    def _new_pool(self) -> LocalPool:
        pool = LocalPool(self._pool_settings(), self._dispatcher)
        pool.preparations = self._changeover
        self._changeover.pool = pool
        self._dispatcher.pool = pool
        return pool

    def _new_status(self) -> Status:
        status = Status(
            self._table,
            self._store,
            self._sessions,
            self._dispatcher,
            self._broker,
            self.metrics,
            self._clock,
        )
        status.changeover = self._changeover
        return status

    def _new_requests(self) -> Requests:
        return Requests(
            self.gateway,
            self._broker,
            self._catalogue,
            self._status,
            self.metrics,
            self._purge,
            self._audit,
            self._config.chunk_bytes,
        )

    def _new_handoffs(self) -> Handoffs | None:
        if not self._config.handoff or not is_possible():
            return None
        chunk_bytes, clock = self._config.chunk_bytes, self._clock
        handoffs = Handoffs(self._sessions, self._broker, self.metrics, chunk_bytes, clock)
        self.gateway.features = (handoffs.feature,)
        return handoffs

    def _take_snapshot(self, snapshot: Snapshot) -> None:
        self._changeover.take(snapshot)

    def _device(self) -> WorkerInfo | None:
        return next(iter(self._dispatcher.workers.values()), None)

    def _pool_settings(self) -> PoolSettings:
        config = self._config
        return PoolSettings(
            self._devices,
            config.threads,
            frame_bytes_max=config.max_frame_bytes,
            stall_s=config.stall_s,
            device_bytes=config.device_memory,
            warm=tuple(self._changeover.warm_packages()),
            recycle_jobs=config.recycle_jobs,
            recycle_growth_bytes=config.recycle_growth_bytes,
            log_json=config.log_json,
        )

    def _worker_count(self) -> int:
        return len(self._dispatcher.workers)

    def _forget_segment(self, segment_id: int) -> None:
        self._pool.drop_input(segment_id)

    def _purge(self, show: str) -> int:
        """Forget a show, and let go of the memory that its pixels lay in."""
        blobs = self._store.purge(show)
        self._store.trim(0)
        self._pool.trim_outputs(0)
        return blobs

    def complaint(self) -> str:
        """Say what keeps the server from taking work; empty when nothing does."""
        missing = len(self._devices) - len(self._dispatcher.workers)
        if missing:
            return f"{missing} workers are still starting"
        return "the server is about to stop" if self._broker.draining else ""

    def stuck(self) -> str:
        """Say whether the loop has stopped turning; empty when it turns."""
        silent_s = self._clock() - self._turned_s
        return f"the gateway has been silent for {silent_s:.0f} s" if silent_s > STUCK_S else ""

    def run(self, report_fd: int | None) -> None:
        """Serve until a signal has asked to stop and accepted work is done."""
        self._waker.setblocking(False)
        self._wake.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        self._pool.start()
        health = self._start_health()
        try:
            while not self._finished():
                self._turn()
                if report_fd is not None and not self.complaint():
                    http_port = health.port if health else NO_PORT
                    _say(report_fd, {"port": self.gateway.port, "http_port": http_port})
                    report_fd = None
        finally:
            if health is not None:
                health.close()
            self._close()

    def _start_health(self) -> HealthServer | None:
        if self._config.http_port == NO_PORT:
            return None
        port, metrics = self._config.http_port, self.metrics
        return HealthServer(port, self.stuck, self.complaint, metrics.to_text)

    def _turn(self) -> None:
        for fd in self._poll():
            self._handle(fd)
        now_s = self._turned_s = self._clock()
        self._pool.tick(now_s)
        self._dispatcher.tick()
        self._dispatcher.place()
        self.gateway.tick()
        if now_s - self._upkeep_s > UPKEEP_S:
            self._upkeep_s = now_s
            self._upkeep(now_s)
        elif self._overdue:
            self._overdue = self._broker.tick()

    def _handle(self, fd: Any) -> None:
        """Let the part that *fd* belongs to take what has come."""
        zap = self.gateway.door.zap
        if fd is self.gateway.socket:
            self.gateway.receive()
        elif fd is self.gateway.watchdog.monitor:
            self.gateway.lost()
        elif zap is not None and fd is zap.socket:
            zap.answer()
        elif fd == self._wake.fileno():
            self._wake.recv(64)
            self.gateway.announce_drain()
        elif self._handoffs is not None and fd == self._handoffs.fileno():
            self._handoffs.handle()
        elif fd in self._library.filenos():
            self._library.handle()
        elif isinstance(fd, int):
            self._pool.handle(fd)

    def _poll(self) -> list[Any]:
        poller = zmq.Poller()
        poller.register(self.gateway.socket, zmq.POLLIN)
        poller.register(self.gateway.watchdog.monitor, zmq.POLLIN)
        if self.gateway.door.zap is not None:
            poller.register(self.gateway.door.zap.socket, zmq.POLLIN)
        for fd in (self._wake.fileno(), *self._library.filenos(), *self._pool.filenos()):
            poller.register(fd, zmq.POLLIN)
        if self._handoffs is not None:
            poller.register(self._handoffs.fileno(), zmq.POLLIN)
        return [fd for fd, _ in poller.poll(TICK_MS)]

    def _upkeep(self, now_s: float) -> None:
        self._overdue = self._broker.tick()
        if self._handoffs is not None:
            self._handoffs.tick()
        self._library.tick(now_s)
        self._changeover.tick()
        self._store.expire(now_s - self._config.result_ttl_s)
        self._forget_old_jobs()
        self.metrics.set_levels(self._status.levels())
        self._notifier.tell(ALIVE)

    def _forget_old_jobs(self) -> None:
        with suppress(StorageError):  # the journal has logged it; the next tick tries again
            self._journal.forget(time.time() - JOURNAL_KEEP_S)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._drain_until_s is None:
            self._broker.draining = True
            self._drain_until_s = self._clock() + self._config.drain_s
        else:
            self._drain_until_s = 0.0

    def _finished(self) -> bool:
        if self._drain_until_s is None:
            return False
        return not self._table.jobs or self._clock() > self._drain_until_s

    def _close(self) -> None:
        if self._handoffs is not None:
            self._handoffs.close()
        self._library.close()
        self._pool.stop()
        self.gateway.close()
        self._journal.close()
        self._context.destroy(0)


def _door(
    context: zmq.Context[zmq.Socket[bytes]], config: ServerConfig, token: str, audit: AuditLog
) -> Door:
    """Let keys in where there are any, else this machine's user by his token."""
    if config.authorized is None or config.server_key is None:
        return Door(context, LocalToken(token), audit)
    secret = load_secret_key(config.server_key).secret
    credentials = KeyFolder(config.authorized)
    return Door(context, credentials, audit, secret, config.handshakes_per_s)


def _librarian_settings(config: ServerConfig) -> LibrarianSettings:
    return LibrarianSettings(
        folders=tuple(str(folder) for folder in config.model_folders),
        registry=config.registry,
        endpoint=config.registry_endpoint,
        poll_s=config.registry_poll_s,
        cache=str(config.registry_folder),
        publishers=str(config.trusted_publishers or ""),
        trusted=config.registry_trusted,
        log_level=config.log_level,
        log_json=config.log_json,
    )


def _configs(config: ServerConfig) -> Configs:
    return load_configs(
        config.ocio_configs,
        config.default_config,
        config.show_configs,
        config.default_space,
        config.show_spaces,
    )


def _terms(config: ServerConfig) -> Terms:
    return Terms(
        lease_s=config.job_lease_s,
        batch_lease_s=config.batch_lease_s,
        restart_lease_s=config.restart_lease_s,
        upload_stall_s=config.upload_stall_s,
        jobs_max=config.max_jobs,
        artist_jobs_max=config.artist_jobs_max,
        artist_bytes_max=config.artist_bytes_max,
    )


def run_service(settings: Mapping[str, Any]) -> None:
    """Run the gateway with the settings that the supervisor hands over."""
    given = dict(settings)
    token, report_fd = str(given.pop("token", "")), given.pop("report_fd", None)
    config = ServerConfig.from_settings(given)
    configure_logs(config.log_level, config.log_json)
    allow_many_segments()
    try:
        service = Service(config, token)
    except FilmgateError as error:
        _report_failure(error, report_fd)
        raise SystemExit(1) from None
    service.run(report_fd)


def _report_failure(error: FilmgateError, report_fd: int | None) -> None:
    log.error("the gateway cannot start", code=error.code, text=error.text)
    if report_fd is not None:
        said = {"code": error.code, "text": error.text, "remedy": error.remedy}
        _say(report_fd, {"error": said})


def _say(report_fd: int, document: Mapping[str, Any]) -> None:
    """Tell the supervisor one thing, as a line of JSON, and close the descriptor."""
    os.write(report_fd, json.dumps(document).encode() + b"\n")
    os.close(report_fd)


if __name__ == "__main__":
    handed_over = read_settings()
    tie_to_parent()
    run_service(handed_over)
