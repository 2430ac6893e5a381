"""The connection of one host: made when first needed, on threads of its own, and made again."""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass
from typing import Callable, Optional

from filmgate.client import Client
from filmgate.config import Config
from filmgate.connection import GivenUp, connect, find_server, reach
from filmgate.endpoint import Endpoint
from filmgate.errors import ConnectionLostError, FilmgateError
from filmgate.host.interpreter import local_interpreter
from filmgate.host.paths import PathMap
from filmgate.host.problem import to_problem
from filmgate.host.state import Problem
from filmgate.host.worker import Worker
from filmgate.local_server import LocalServer, scrub_environment

NONE, IDLE, CONNECTING, CONNECTED, LOST = "none", "idle", "connecting", "connected", "lost"
"""The kinds of a `ConnectionState`."""

CONNECT_WITHIN_S = 10.0
_LET_IN_WITHIN_S = 30.0
"""How long a server of one's own that is ready may take to answer."""

_SLICE_S = 0.2

Done = Callable[[Optional[FilmgateError]], None]

log = logging.getLogger("filmgate")


@dataclass(frozen=True)
class ConnectionState:
    """Where a host stands with its server.

    Attributes:
        kind: `NONE`: no server is known; `IDLE`: nobody has asked for the server yet;
            `CONNECTING`; `CONNECTED`; `LOST`: it could not be reached, or is gone.
        server: the address; empty where none is known.
        problem: why there is no connection.
    """

    kind: str
    server: str = ""
    problem: Optional[Problem] = None


class Connection:
    """A client that all nodes of a host share.

    Nothing is connected before `client` or `start_local` is called. Any thread may call anything;
    what waits (`client`, `stop_local`, `close`) is not for a host's main thread while it draws.

    Args:
        config: says which server.
        paths: spells the setting ``local_python`` for this platform.
        changed: told, on any thread, when an attempt begins or ends. That a server comes and goes
            meanwhile is told by `state` alone.
    """

    def __init__(
        self,
        config: Config,
        paths: Optional[PathMap] = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._paths = paths or PathMap(config.paths.value)
        self._changed = changed
        self._fields = threading.Lock()
        self._attempt = threading.Lock()
        self._attempts = 0
        self._generation = 0
        self._connecting = False
        self._closed = False
        self._client: Optional[Client] = None
        self._failure: Optional[FilmgateError] = None
        self._local: Optional[LocalServer] = None
        self._endpoint: Optional[Endpoint] = None
        self._starter = Worker("filmgate-local-server")

    def client(self, wait_s: float = CONNECT_WITHIN_S) -> Client:
        """Return a connected client; where one attempt has failed, the next call tries again.

        Calls that wait together share one attempt and its failure.

        Args:
            wait_s: how long the server may take to answer. A server of one's own that is being
                started is waited for until it is ready.

        Raises:
            FilmgateError: there is no server, or it cannot be reached; the remedy says what helps.
        """
        client, before = self._client, self._attempts
        if client is not None and _flaw(client) is None:
            return client
        with self._attempt:
            if self._attempts != before and self._failure is not None:
                raise _again(self._failure)
            return self._try(lambda given_up: self._reach(wait_s, given_up))

    def state(self) -> ConnectionState:
        """Return where we stand; never waits."""
        with self._fields:
            client, connecting, failure = self._client, self._connecting, self._failure
        flaw = None if client is None else _flaw(client)
        server = client.server if client is not None else self._config.server.value
        if client is not None and flaw is None:
            return ConnectionState(CONNECTED, server)
        problem = flaw or failure
        shown = None if problem is None else to_problem(problem)
        if connecting:
            return ConnectionState(CONNECTING, server, shown)
        if not server:
            return ConnectionState(NONE, "", shown)
        return ConnectionState(LOST if problem else IDLE, server, shown)

    def start_local(self, python: str = "", done: Optional[Done] = None) -> None:
        """Start a server of one's own in the background and use it from then on.

        Args:
            python: the interpreter that the server is installed in; by default the setting
                ``local_python``, else that of the command ``filmgate``.
            done: told how it went, on another thread; None means that it runs.
        """
        self._starter.post(lambda: self._start(python, done))

    def stop_local(self) -> None:
        """Stop the server of one's own, if there is one; returns when it is gone."""
        local = self._local
        if local is not None:
            if self._connecting:
                local.interrupt()
            self.reset()
            with self._attempt:
                self._stop(local)

    def reset(self) -> None:
        """Drop the connection and whatever tries to make one; the next `client` makes another.

        Jobs that are open on it fail with a `ConnectionLostError`.
        """
        with self._fields:
            self._generation += 1
            client, self._client, self._failure = self._client, None, None
        if client is not None:
            client.close()
        self._changed()

    def close(self) -> None:
        """End everything, whatever is under way; nothing can be asked for afterwards."""
        self._closed = True
        self.reset()
        self.stop_local()
        self._starter.close()

    # One attempt at a time.

    def _try(self, make: Callable[[GivenUp], Client]) -> Client:
        """Make a client and keep it, unless somebody drops it before it is there."""
        generation = self._begin()
        try:
            client = make(lambda: self._closed or self._generation != generation)
        except FilmgateError as error:
            self._end(generation, None, error)
            raise
        if not self._end(generation, client, None):
            client.close()
            raise ConnectionLostError("The connection was dropped while it was being made.")
        return client

    def _begin(self) -> int:
        if self._closed:
            raise ConnectionLostError("The connection was closed.", "Restart the host.")
        with self._fields:
            self._connecting = True
            generation = self._generation
        self._changed()
        return generation

    def _end(
        self, generation: int, client: Optional[Client], error: Optional[FilmgateError]
    ) -> bool:
        with self._fields:
            wanted = not self._closed and self._generation == generation
            self._connecting = False
            self._attempts += 1
            if wanted:
                self._failure, self._client = error, client or self._client
        self._changed()
        return wanted

    def _reach(self, wait_s: float, given_up: GivenUp) -> Client:
        give_up_s = time.monotonic() + wait_s
        kept = self._kept(give_up_s, given_up)
        if kept is not None:
            return kept
        if self._local is not None and not self._local.running:
            self._stop(self._local)
        left_s = max(0.0, give_up_s - time.monotonic())
        if self._endpoint is not None:
            return self._let_in(self._endpoint, left_s, given_up)
        return reach(self._config, left_s, log.info, given_up)

    def _kept(self, give_up_s: float, given_up: GivenUp) -> Optional[Client]:
        """Wait until the client that we have is connected again; None where another is needed.

        It tries by itself, and what is open on it goes on where it was.
        """
        client = self._client
        if client is None:
            return None
        while not given_up() and self._worth_waiting(client):
            left_s = give_up_s - time.monotonic()
            try:
                client.wait_connected(max(0.0, min(_SLICE_S, left_s)))
            except ConnectionLostError:
                if left_s <= 0:
                    raise _lost(client.server) from None
            except FilmgateError as error:  # another token, perhaps: a new hello will tell
                log.info("a new connection is made: %s", error)
                break
            else:
                return client
        self._forget(client)
        return None

    def _worth_waiting(self, client: Client) -> bool:
        """Say whether the client's server may come back: one that we have found may be another."""
        if self._local is not None:
            return self._local.running
        return bool(self._config.server.value) or find_server(self._config) in ("", client.server)

    def _forget(self, client: Client) -> None:
        with self._fields:
            if self._client is client:
                self._client = None
        client.close()

    # A server of one's own.

    def _start(self, python: str, done: Optional[Done]) -> None:
        error: Optional[FilmgateError] = None
        self.reset()
        try:
            with self._attempt:
                self._try(lambda given_up: self._started(python, given_up))
        except FilmgateError as failure:
            error = failure
        if done is not None:
            done(error)

    def _started(self, python: str, given_up: GivenUp) -> Client:
        interpreter = local_interpreter(self._config, self._paths, python)
        if self._local is not None:
            self._stop(self._local)
        local = self._local = LocalServer(interpreter, environ=scrub_environment(os.environ))
        try:
            if given_up():
                raise ConnectionLostError("The server was not started: nobody wants it any more.")
            self._endpoint = local.start()
            return self._let_in(self._endpoint, _LET_IN_WITHIN_S, given_up)
        except FilmgateError:
            self._stop(local)
            raise

    def _let_in(self, endpoint: Endpoint, wait_s: float, given_up: GivenUp) -> Client:
        client = connect(endpoint.server, self._config, endpoint)
        give_up_s = time.monotonic() + wait_s
        try:
            while not _connected_soon(client):
                if given_up() or time.monotonic() > give_up_s:
                    raise _lost(endpoint.server)
        except FilmgateError:
            client.close()
            raise
        return client

    def _stop(self, local: LocalServer) -> None:
        local.stop()
        if self._local is local:
            self._local = self._endpoint = None


def _connected_soon(client: Client) -> bool:
    """Wait a little; raises what the server has turned us away with."""
    try:
        client.wait_connected(_SLICE_S)
    except ConnectionLostError:
        return False
    return True


def _flaw(client: Client) -> Optional[FilmgateError]:
    """Return why a client is of no use now; None where it is connected."""
    try:
        client.wait_connected(0.0)
    except ConnectionLostError:
        return _lost(client.server)
    except FilmgateError as error:
        return error
    return None


def _lost(server: str) -> ConnectionLostError:
    return ConnectionLostError(
        f"The connection to {server} is lost.", "It is tried again; see whether the server runs."
    )


def _again(error: FilmgateError) -> FilmgateError:
    """Return the same error for another thread: one exception is not raised twice."""
    return type(error)(error.text, error.remedy, error.detail)
