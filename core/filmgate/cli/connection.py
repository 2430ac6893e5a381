"""Coming by a server: the configured one, one that runs on this machine, or one of our own."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from filmgate.cli.options import ServerOptions
from filmgate.cli.terminal import say, warn
from filmgate.client import Client
from filmgate.config import ON, Config
from filmgate.curve import HANDSHAKE
from filmgate.endpoint import (
    FOLDER_VARIABLE,
    Endpoint,
    endpoint_path,
    find_endpoint,
    find_running,
    folder_flaw,
    is_local,
)
from filmgate.errors import BusyError, ConnectionLostError, DeniedError, FilmgateError
from filmgate.keys import load_curve
from filmgate.local_server import LocalServer

Tell = Callable[[str], None]

_SLICE_S = 1.0
_TURN_S = 0.1
_TOKEN_GRACE_S = 10.0
"""A server listens before its workers are ready, and announces its token only then."""

_REMEDY = "Start it (`filmgate serve`), give it time with --wait, or use --embedded."


@contextmanager
def connection(options: ServerOptions) -> Generator[Client]:
    """Connect to a server and close everything at the end.

    A configured server is waited for and never replaced by one of our own: a farm would otherwise
    start hundreds.

    Raises:
        ConnectionLostError: the server did not answer in time.
        FilmgateError: it turned us away, or one of our own could not start.
    """
    config = options.config()
    running = None if options.embedded or config.server.value else find_running()
    if options.embedded or not (config.server.value or running):
        with _own_server(config, options) as client:
            yield client
        return
    if running is not None:
        say(f"Using your server at {running.server} (none is configured).")
    address = running.server if running else config.server.value
    with _connected(address, config, options.wait) as client:
        yield client


@contextmanager
def existing_connection(config: Config, wait_s: float, tell: Tell = say) -> Generator[Client]:
    """Connect to the configured server or one that runs on this machine; start none.

    Args:
        config: where it may be configured.
        wait_s: how long it may take to answer.
        tell: told, when it does not answer at once, that it is waited for.

    Raises:
        ConnectionLostError: there is none, or it did not answer in time.
    """
    running = None if config.server.value else find_running()
    address = running.server if running else config.server.value
    if not address:
        raise _nowhere()
    with _connected(address, config, wait_s, tell) as client:
        yield client


def _nowhere() -> FilmgateError:
    """Return the error of a user without a server, or with one that must not be looked for."""
    text = "No server is configured, and none of yours runs on this machine."
    flaw = folder_flaw()
    if flaw is None:
        return ConnectionLostError(text, "Set FILMGATE_SERVER, or start one with `filmgate serve`.")
    return ConnectionLostError(f"No server is configured, and {flaw.text}", flaw.remedy)


@contextmanager
def _own_server(config: Config, options: ServerOptions) -> Generator[Client]:
    why = "as asked" if options.embedded else "none is configured"
    flaw = folder_flaw()
    if flaw is not None and not options.embedded:
        warn(str(flaw))
    say(f"Starting a server for this command ({why}) ...")
    with LocalServer() as endpoint, _client(endpoint.server, config, endpoint) as client:
        client.wait_connected()
        yield client


@contextmanager
def _connected(server: str, config: Config, wait_s: float, tell: Tell = say) -> Generator[Client]:
    """Wait for a server; one on this machine may write its token while we wait."""
    give_up_s = time.monotonic() + wait_s
    patience = _Patience(server, wait_s, tell)
    while True:
        endpoint = _token(server, config)
        with _client(server, config, endpoint) as client:
            if _wait(client, endpoint, give_up_s, patience):
                yield client
                return
        if time.monotonic() >= give_up_s:
            raise patience.busy or _absent(server, wait_s)


class _Patience:
    """Says once that we wait, and once that the server seems to be busy.

    Attributes:
        busy: what a server meant that is there and does not let us in now.
    """

    def __init__(self, server: str, wait_s: float, tell: Tell) -> None:
        self._tell = tell
        self._text = f"Waiting up to {wait_s:g} s for {server} ..."
        self.busy: BusyError | None = None

    def show(self) -> None:
        if self._text:
            self._tell(self._text)
        self._text = ""

    def excuse(self, error: BusyError) -> None:
        self.show()
        if self.busy is None:
            self._tell(f"{error.text} Trying again ...")
        self.busy = error


def _absent(server: str, wait_s: float) -> FilmgateError:
    """Return the error of a server that did not answer: perhaps there is no such machine."""
    host = server.removeprefix("tcp://").rpartition(":")[0].strip("[]")
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        return ConnectionLostError(
            f"This machine knows no host {host!r} ({error.strerror}).",
            "Correct the setting server (`filmgate doctor` shows where it comes from), or ask the "
            "people who run the network.",
        )
    return ConnectionLostError(f"{server} did not answer within {wait_s:g} s.", _REMEDY)


def _token(server: str, config: Config) -> Endpoint | None:
    """Return the token for a server, unless there is a key: what encrypts goes first.

    A file with a token may be a dead server's, or that of another one on the same port.
    """
    keyed = config.server.value == server and config.key.value
    return None if keyed else find_endpoint(server)


def _wait(client: Client, known: Endpoint | None, give_up_s: float, patience: _Patience) -> bool:
    """Wait until connected; False when the time is over or another token should be tried."""
    while True:
        left_s = give_up_s - time.monotonic()
        try:
            client.wait_connected(max(0.0, min(_SLICE_S, left_s)))
        except ConnectionLostError:
            if left_s <= 0 or _has_new_token(client, known):
                return False
            patience.show()
        except BusyError as error:
            patience.excuse(error)
            return False
        except DeniedError as error:
            if client.encrypted or HANDSHAKE in error.detail:  # no token is asked for
                raise
            if not _new_token(client.server, known, min(left_s, _TOKEN_GRACE_S)):
                raise _explained(error, client.server, known) from error
            return False
        else:
            return True


def _has_new_token(client: Client, known: Endpoint | None) -> bool:
    return not client.encrypted and find_endpoint(client.server) != known


def _new_token(server: str, known: Endpoint | None, wait_s: float) -> bool:
    """Say whether a server of this machine writes a token: one that has just started will."""
    give_up_s = time.monotonic() + wait_s
    while is_local(server) and time.monotonic() < give_up_s:
        if find_endpoint(server) != known:
            return True
        time.sleep(_TURN_S)
    return False


def _explained(error: DeniedError, server: str, known: Endpoint | None) -> DeniedError:
    """Say so where no token was shown because its file was not found."""
    if known is not None or not is_local(server):
        return error
    flaw = folder_flaw()
    if flaw is not None:
        return DeniedError(f"{server} turned us away without its token. {flaw.text}", flaw.remedy)
    path = endpoint_path(server)
    return DeniedError(
        f"{server} turned us away: there is no file {path.name} with its token for this user "
        f"in {path.parent.as_posix()}.",
        f"Run as the user who started the server, and with the same {FOLDER_VARIABLE}, which cron "
        "and system services often lack.",
    )


def _client(server: str, config: Config, endpoint: Endpoint | None) -> Client:
    """Connect with the token of a server of one's own, else with the keys that are set."""
    show, user, handoff = config.show.value, config.user.value, config.handoff.value == ON
    if endpoint is not None:
        return Client(server, show, user, endpoint.token, handoff)
    return Client(server, show, user, handoff=handoff, curve=load_curve(config))
