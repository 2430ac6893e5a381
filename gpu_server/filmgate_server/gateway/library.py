"""The gateway's end of the librarian: its process, what it says, and what it is asked."""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Callable

import structlog

from filmgate.errors import FilmgateError, StorageError, error_from_wire
from filmgate_server.children import Child, spawn_child
from filmgate_server.pool.member import backoff_s
from filmgate_server.registry.local import Package
from filmgate_server.registry.snapshot import LibrarianSettings, Snapshot, parse_line

MODULE = "filmgate_server.registry.librarian"
FIRST_LOOK_S = 120.0
"""So long the first look at all packages may take: each of their bytes is hashed."""

STEADY_S = 60.0
"""One that dies sooner has not recovered, whatever it has said before."""

_READ_BYTES = 1 << 20

log = structlog.get_logger()


class Library:
    """Keeps a librarian running; without one nothing changes, and everything else goes on.

    Args:
        settings: for the librarian.
        take: told of each snapshot after the first.
    """

    def __init__(self, settings: LibrarianSettings, take: Callable[[Snapshot], None]) -> None:
        self._settings = settings
        self._take = take
        self._child: Child | None = None
        self._socket: socket.socket | None = None
        self._heard = bytearray()
        self._known: dict[bytes, Package] = {}
        self._asked: set[str] = set()
        self._deaths = 0
        self._restart_at_s = 0.0
        self._started_at_s = float("-inf")

    def start(self) -> Snapshot:
        """Start the librarian and return what it says first; call it from the main thread.

        Raises:
            FilmgateError: the settings cannot be used.
            StorageError: it says nothing in time.
        """
        self._spawn()
        snapshot = None
        while snapshot is None:
            socket_ = self._socket
            if socket_ is None or not select.select([socket_], [], [], FIRST_LOOK_S)[0]:
                self.close()
                raise StorageError("The packages of the model folders cannot be looked through.")
            snapshot = self._read()
        return snapshot

    def filenos(self) -> list[int]:
        """Return what to poll for reading."""
        return [self._socket.fileno()] if self._socket is not None else []

    def handle(self) -> None:
        """Take what the librarian has said."""
        try:
            snapshot = self._read()
        except FilmgateError as error:
            log.error("the librarian cannot work", error=str(error))
            return
        if snapshot is not None:
            self._take(snapshot)

    def tick(self, now_s: float) -> None:
        """Start a librarian that has died again."""
        if self._child is None:
            if now_s >= self._restart_at_s:
                self._asked.clear()
                self._spawn()
                self._started_at_s = now_s
        elif self._child.poll() is not None:
            self._hang_up()
            self._child = None
            steady = now_s - self._started_at_s >= STEADY_S
            self._deaths = 1 if steady else self._deaths + 1
            self._restart_at_s = now_s + backoff_s(self._deaths)
            log.warning("the librarian has died and is started again", deaths=self._deaths)

    def ask(self, reference: str) -> None:
        """Have the release ``name@version`` fetched."""
        if reference in self._asked or self._socket is None:
            return
        try:
            self._socket.send(reference.encode() + b"\n", socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except OSError:
            return  # whoever needs it will ask again
        self._asked.add(reference)

    def close(self) -> None:
        """End the librarian."""
        self._hang_up()
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        try:
            settings = {**vars(self._settings), "channel_fd": theirs.fileno()}
            self._child = spawn_child(MODULE, settings, [theirs.fileno()])
        except BaseException:  # whatever it was, nobody else knows of the socket
            ours.close()
            raise
        finally:
            theirs.close()
        self._socket, self._heard = ours, bytearray()

    def _read(self) -> Snapshot | None:
        """Return the latest snapshot that has arrived whole, if one has.

        Raises:
            FilmgateError: the librarian cannot work with its settings.
        """
        if self._socket is None:
            return None
        try:
            piece = self._socket.recv(_READ_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            piece = b""
        if not piece:
            self._hang_up()
            return None
        self._heard += piece
        *lines, rest = self._heard.split(b"\n")
        self._heard = bytearray(rest)
        return self._parse(bytes(lines[-1])) if lines else None

    def _parse(self, line: bytes) -> Snapshot:
        if line.startswith(b'{"error"'):
            raise error_from_wire(**json.loads(line)["error"])
        snapshot = parse_line(line, self._known)
        self._known = {package.digest: package for package in snapshot.packages}
        self._asked &= {
            f"{name}@{version}"
            for name, versions in snapshot.published.absent.items()
            for version in versions
        }
        return snapshot

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
