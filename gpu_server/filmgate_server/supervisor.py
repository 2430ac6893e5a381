"""The supervisor: starts the gateway, starts it again when it dies, and stops it in good order."""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import structlog

from filmgate.endpoint import (
    LOOPBACK,
    Endpoint,
    prepare_folder,
    publish_endpoint,
    withdraw_endpoint,
)
from filmgate.errors import ConfigError, FilmgateError, error_from_wire
from filmgate_server.access.token import keep_token
from filmgate_server.children import Child, spawn_child
from filmgate_server.config import ANY_PORT, ServerConfig, is_ipv4
from filmgate_server.operations.notify import ALIVE, READY, STOPPING, Notifier, status_line

GATEWAY_MODULE = "filmgate_server.service"
MALLOC_SETTINGS = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
}
"""For glibc: the gateway's messages of 1 MiB come from pages that are there already."""

BACKOFF_FIRST_S = 0.5
BACKOFF_MAX_S = 30.0
STEADY_AFTER_S = 60.0
"""A gateway that ran this long did not die of how it was started: the backoff begins anew."""

STOP_GRACE_S = 5.0
"""How long the gateway may take to put its workers away once the work is done."""

ABANDONED_GRACE_S = 2.0
"""How long an embedded server goes on when its client has left: nobody wants the results."""

_TURN_S = 0.5
_REPORT_BYTES_MAX = 16_384

log = structlog.get_logger()


class Supervisor:
    """One server from its start to its end; run it on the main thread.

    Args:
        config: the server's settings.
        lifeline_fd: a descriptor whose end stops the server; None where only signals do. Such a
            server belongs to one client: it is not announced to others and not started again.
        on_ready: called with the endpoint when the server takes work for the first time.
    """

    def __init__(
        self,
        config: ServerConfig,
        on_ready: Callable[[Endpoint], None],
        lifeline_fd: int | None = None,
    ) -> None:
        self._token = keep_token(config.journal_path)
        self._settings: dict[str, Any] = {
            **config.to_settings(),
            "journal": str(config.journal_path),
            "token": self._token,
        }
        self._drain_s = config.drain_s
        self._notifier = Notifier()
        self._on_ready = on_ready
        self._lifeline_fd = lifeline_fd
        # Who needs a key has no use for a token, and an embedded server is for its client alone.
        self._announced = lifeline_fd is None and config.authorized is None
        self._child: Child | None = None
        self._report_fd = -1
        self._report = b""
        self._endpoint: Endpoint | None = None
        self._started_s = 0.0
        self._start_again_s: float | None = None
        self._backoff_s = BACKOFF_FIRST_S
        self._stop_by_s: float | None = None
        self._wake, self._waker = socket.socketpair()

    def run(self) -> None:
        """Serve until a signal, or the end of the lifeline, asks to stop.

        Raises:
            FilmgateError: the gateway could not start; the text says why.
        """
        _refuse_taken(self._settings["host"], "port", self._settings["port"])
        _refuse_taken(LOOPBACK, "http_port", self._settings["http_port"])
        if self._announced:
            prepare_folder()  # a server that nobody can find must not start
        self._listen_to_signals()
        try:
            self._start()
            while not self._finished():
                self._turn()
        finally:
            self._clean_up()

    def _listen_to_signals(self) -> None:
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _leave_to_wakeup)

    def _start(self) -> None:
        self._start_again_s = None
        self._started_s = time.monotonic()
        self._report = b""
        self._report_fd, write_fd = os.pipe()
        try:
            settings = {**self._settings, "report_fd": write_fd}
            environ = {**MALLOC_SETTINGS, **os.environ}
            self._child = spawn_child(GATEWAY_MODULE, settings, pass_fds=[write_fd], env=environ)
        finally:
            os.close(write_fd)

    def _turn(self) -> None:
        fds = [self._wake.fileno(), self._report_fd, self._lifeline_fd]
        if self._child is not None:
            fds.append(self._child.pidfd)
        watched = [fd for fd in fds if fd is not None and fd >= 0]
        readable, _, _ = select.select(watched, [], [], _TURN_S)
        if self._wake.fileno() in readable:
            self._asked_to_stop(len(self._wake.recv(64)))
        if self._report_fd in readable:
            self._read_report()
        if self._lifeline_fd in readable:
            self._read_lifeline()
        self._look_after_child()
        self._tell_alive()

    def _asked_to_stop(self, times: int) -> None:
        """Let accepted work finish at the first signal; at the second, stop at once."""
        if self._stop_by_s is None and times == 1:
            log.info("stopping when accepted work is done", drain_s=self._drain_s)
            self._stop_within(self._drain_s + STOP_GRACE_S)
        else:
            log.info("stopping at once")
            self._stop_by_s = 0.0

    def _read_lifeline(self) -> None:
        fd = self._lifeline_fd
        if fd is not None and not os.read(fd, 4096):
            self._lifeline_fd = None
            self._stop_within(ABANDONED_GRACE_S)

    def _tell_alive(self) -> None:
        """Speak for a gateway that is not there; one that is there speaks for itself."""
        if self._child is None or self._report_fd >= 0:
            self._notifier.tell(ALIVE)

    def _stop_within(self, seconds: float) -> None:
        self._notifier.tell(STOPPING, status_line("finishing accepted work"))
        self._stop_by_s = time.monotonic() + seconds
        self._start_again_s = None
        if self._child is not None:
            self._child.terminate()

    def _look_after_child(self) -> None:
        now_s = time.monotonic()
        if self._start_again_s is not None and now_s >= self._start_again_s:
            self._start()
        if self._child is None:
            return
        if self._stop_by_s is not None and now_s > self._stop_by_s:
            self._child.kill()
        status = self._child.poll()
        if status is not None:
            self._child = None
            self._child_ended(status, now_s)

    def _child_ended(self, status: int, now_s: float) -> None:
        self._read_report()
        if self._stop_by_s is not None:
            return
        if self._endpoint is None:
            raise FilmgateError(
                f"The gateway ended while it started (status {status}).",
                "Its last lines above say why.",
            )
        log.error("gateway died", status=status)
        self._notifier.tell(status_line("the gateway died and is started again"))
        if self._lifeline_fd is not None:
            self._stop_by_s = 0.0
            return
        steady = now_s - self._started_s > STEADY_AFTER_S
        self._backoff_s = BACKOFF_FIRST_S if steady else min(2 * self._backoff_s, BACKOFF_MAX_S)
        self._start_again_s = now_s + self._backoff_s

    def _read_report(self) -> None:
        """Take what the gateway says of itself: one line when it is ready, or why it cannot be."""
        if self._report_fd < 0:
            return
        piece = os.read(self._report_fd, _REPORT_BYTES_MAX)
        self._report += piece
        if not piece or self._report.endswith(b"\n"):
            os.close(self._report_fd)
            self._report_fd = -1
            if self._report:
                self._take_report(json.loads(self._report))

    def _take_report(self, report: dict[str, Any]) -> None:
        if "error" in report:
            self._stop_by_s = 0.0
            raise error_from_wire(**report["error"])
        # Started again, it must be found where clients look for it.
        self._settings.update(port=report["port"], http_port=report["http_port"])
        log.info("ready", port=report["port"], http_port=report["http_port"])
        self._notifier.tell(READY, status_line(f"serving on port {report['port']}"))
        if self._endpoint is None:
            self._endpoint = Endpoint(report["port"], self._token, os.getpid())
            self._announce(self._endpoint)

    def _announce(self, endpoint: Endpoint) -> None:
        if self._announced:
            publish_endpoint(endpoint)
        self._on_ready(endpoint)

    def _finished(self) -> bool:
        return self._child is None and self._stop_by_s is not None

    def _clean_up(self) -> None:
        if self._child is not None:
            self._child.kill()
        if self._report_fd >= 0:
            os.close(self._report_fd)
        if self._endpoint is not None and self._announced:
            withdraw_endpoint(self._endpoint)
        signal.set_wakeup_fd(-1)
        self._wake.close()
        self._waker.close()


def _refuse_taken(host: str, name: str, port: int) -> None:
    """Find out before anything is started that somebody else has the port.

    Raises:
        ConfigError: the port, or the address, cannot be used.
    """
    if not is_ipv4(host):
        _refuse_absent(host)
        return  # ZeroMQ knows the interface's address, and says if the port is taken
    if port <= ANY_PORT:
        return
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise _no_such_host(host) from error
        raise ConfigError(
            f"Port {port} cannot be used ({error.strerror}).",
            f"`filmgate status` shows a server that runs already; "
            f"choose another port with --{name.replace('_', '-')}.",
        ) from error


def _refuse_absent(interface: str) -> None:
    if interface not in _interfaces():
        raise _no_such_host(interface)


def _no_such_host(host: str) -> ConfigError:
    return ConfigError(
        f"{host} is neither an IPv4 address nor a network interface of this machine.",
        f"Set host to 0.0.0.0 for every address, to one of its addresses, or to one of its "
        f"interfaces: {', '.join(_interfaces())}.",
    )


def _interfaces() -> list[str]:
    return [name for _, name in socket.if_nameindex()]


def _leave_to_wakeup(number: int, frame: FrameType | None) -> None:
    """Do nothing: the number arrives at the wake-up socket, where the loop reads it."""
