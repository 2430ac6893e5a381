"""Reaching a server: the configured one, or one of this user's that runs on this machine."""

from __future__ import annotations

import socket
import time
from typing import Callable, Optional

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

Tell = Callable[[str], None]
GivenUp = Callable[[], bool]

_SLICE_S = 0.2
_QUIET_S = 1.0
"""A server that answers within this time is not said to be waited for."""

_TURN_S = 0.1
_TOKEN_GRACE_S = 10.0
"""A server listens before its workers are ready, and announces its token only then."""

ABSENT_REMEDY = (
    "Start it (`filmgate serve`), or correct the setting server (`filmgate doctor` shows where it "
    "comes from)."
)


def reach(
    config: Config,
    wait_s: float,
    tell: Tell,
    given_up: GivenUp = lambda: False,
    remedy: str = ABSENT_REMEDY,
) -> Client:
    """Connect to the configured server or one that runs on this machine; start none.

    Args:
        config: where it may be configured.
        wait_s: how long it may take to answer.
        tell: told, when it does not answer at once, that it is waited for.
        given_up: asked a few times each second whether to stop waiting.
        remedy: what helps where it does not answer.

    Returns:
        A client that is connected; the caller closes it.

    Raises:
        ConnectionLostError: there is none, or it did not answer in time.
        BusyError: it is there and lets nobody in now.
        FilmgateError: it turned us away.
    """
    address = find_server(config)
    if not address:
        raise _nowhere()
    return reach_server(address, config, wait_s, tell, given_up, remedy)


def find_server(config: Config) -> str:
    """Return the address of the configured server, else of one of this user's that runs here.

    Returns:
        Empty where there is neither.
    """
    if config.server.value:
        return config.server.value
    running = find_running()
    return running.server if running else ""


def reach_server(
    server: str,
    config: Config,
    wait_s: float,
    tell: Tell,
    given_up: GivenUp = lambda: False,
    remedy: str = ABSENT_REMEDY,
) -> Client:
    """Wait for a server; one on this machine may write its token while we wait.

    What it takes but *server*, an address, and what it returns and raises is as `reach` has it.
    """
    patience = _Patience(server, wait_s, tell, given_up)
    while True:
        endpoint = _token(server, config)
        client = connect(server, config, endpoint)
        try:
            if _wait(client, endpoint, patience):
                return client
        except BaseException:  # Ctrl-C while we wait included
            client.close()
            raise
        client.close()
        if patience.left_s() <= 0:
            raise patience.busy or _absent(server, wait_s, given_up, remedy)


def connect(server: str, config: Config, endpoint: Optional[Endpoint] = None) -> Client:
    """Make a client with the token of a server of one's own, else with the keys that are set.

    Args:
        server: the address.
        config: the settings.
        endpoint: what a server of this machine has announced.

    Returns:
        A client that connects in the background.

    Raises:
        ConfigError: the address or a key cannot be used.
    """
    show, user, handoff = config.show.value, config.user.value, config.handoff.value == ON
    if endpoint is not None:
        return Client(server, show, user, endpoint.token, handoff)
    return Client(server, show, user, handoff=handoff, curve=load_curve(config))


class _Patience:
    """How long we wait, and what is said meanwhile: once that we do, once that the server is busy.

    Attributes:
        busy: what a server meant that is there and does not let us in now.
    """

    def __init__(self, server: str, wait_s: float, tell: Tell, given_up: GivenUp) -> None:
        self.busy: Optional[BusyError] = None
        self._tell = tell
        self._given_up = given_up
        self._text = f"Waiting up to {wait_s:g} s for {server} ..."
        self._began_s = time.monotonic()
        self._end_s = self._began_s + wait_s

    def left_s(self) -> float:
        """Return for how long to go on; at most 0 means no longer."""
        return 0.0 if self._given_up() else self._end_s - time.monotonic()

    def show(self) -> None:
        if self._text and time.monotonic() >= self._began_s + _QUIET_S:
            self._say()

    def excuse(self, error: BusyError) -> None:
        self._say()
        if self.busy is None:
            self._tell(f"{error.text} Trying again ...")
        self.busy = error

    def _say(self) -> None:
        if self._text:
            self._tell(self._text)
        self._text = ""


def _nowhere() -> FilmgateError:
    """Return the error of a user without a server, or with one that must not be looked for."""
    text = "No server is configured, and none of yours runs on this machine."
    flaw = folder_flaw()
    if flaw is None:
        remedy = "Set FILMGATE_SERVER, or start one: `filmgate serve`, or the panel's button."
        return ConnectionLostError(text, remedy)
    return ConnectionLostError(f"No server is configured, and {flaw.text}", flaw.remedy)


def _absent(server: str, wait_s: float, given_up: GivenUp, remedy: str) -> FilmgateError:
    """Return the error of a server that did not answer: perhaps there is no such machine."""
    if given_up():
        return ConnectionLostError(f"{server} is no longer waited for.")
    host = server[len("tcp://") :].rpartition(":")[0].strip("[]")
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        return ConnectionLostError(
            f"This machine knows no host {host!r} ({error.strerror}).",
            "Correct the setting server (`filmgate doctor` shows where it comes from), or ask the "
            "people who run the network.",
        )
    return ConnectionLostError(f"{server} did not answer within {wait_s:g} s.", remedy)


def _token(server: str, config: Config) -> Optional[Endpoint]:
    """Return the token for a server, unless there is a key: what encrypts goes first.

    A file with a token may be a dead server's, or that of another one on the same port.
    """
    keyed = config.server.value == server and config.key.value
    return None if keyed else find_endpoint(server)


def _wait(client: Client, known: Optional[Endpoint], patience: _Patience) -> bool:
    """Wait until connected; False when the time is over or another token should be tried."""
    while True:
        left_s = patience.left_s()
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
            if not _new_token(client.server, known, patience):
                raise _explained(error, client.server, known) from error
            return False
        else:
            return True


def _has_new_token(client: Client, known: Optional[Endpoint]) -> bool:
    return not client.encrypted and find_endpoint(client.server) != known


def _new_token(server: str, known: Optional[Endpoint], patience: _Patience) -> bool:
    """Say whether a server of this machine writes a token: one that has just started will."""
    give_up_s = time.monotonic() + _TOKEN_GRACE_S
    while is_local(server) and patience.left_s() > 0 and time.monotonic() < give_up_s:
        if find_endpoint(server) != known:
            return True
        time.sleep(_TURN_S)
    return False


def _explained(error: DeniedError, server: str, known: Optional[Endpoint]) -> DeniedError:
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
