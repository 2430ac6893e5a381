"""The connection of one host: made when first needed, on threads of its own, and made again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

from filmgate.client import Client
from filmgate.config import Config
from filmgate.errors import FilmgateError
from filmgate.host.paths import PathMap
from filmgate.host.state import Problem

NONE, IDLE, CONNECTING, CONNECTED, LOST = "none", "idle", "connecting", "connected", "lost"
"""The kinds of a `ConnectionState`."""

CONNECT_WITHIN_S = 10.0


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

    Nothing is connected before `client` or `start_local` is called. Any thread may call anything
    but `client`, which waits and therefore belongs on background threads.

    Args:
        config: says which server.
        paths: spells the setting ``local_python`` for this platform.
        changed: told, on any thread, when `state` has changed.
    """

    def __init__(
        self,
        config: Config,
        paths: Optional[PathMap] = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        raise NotImplementedError

    def client(self, wait_s: float = CONNECT_WITHIN_S) -> Client:
        """Return a connected client; what one failed attempt met, the next call tries again.

        Args:
            wait_s: how long the server may take to answer. A server of one's own that is being
                started is waited for until it is ready.

        Raises:
            FilmgateError: there is no server, or it cannot be reached; the remedy says what helps.
        """
        raise NotImplementedError

    def state(self) -> ConnectionState:
        """Return where we stand; never waits."""
        raise NotImplementedError

    def start_local(
        self, python: str = "", done: Optional[Callable[[Optional[FilmgateError]], None]] = None
    ) -> None:
        """Start a server of one's own in the background and use it from then on.

        Args:
            python: the interpreter that the server is installed in; by default the setting
                ``local_python``.
            done: told how it went, on another thread; None means that it runs.
        """
        raise NotImplementedError

    def stop_local(self) -> None:
        """Stop the server of one's own, if there is one; returns when it is gone."""
        raise NotImplementedError

    def reset(self) -> None:
        """Drop the connection; the next call of `client` makes another."""
        raise NotImplementedError

    def close(self) -> None:
        """End everything, whatever is under way; nothing can be asked for afterwards."""
        raise NotImplementedError
