"""Coming by a server: the configured one, one that runs on this machine, or one of our own."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from filmgate.cli.options import ServerOptions
from filmgate.cli.terminal import say, warn
from filmgate.client import Client
from filmgate.config import Config
from filmgate.connection import connect, find_server, reach, reach_server
from filmgate.endpoint import folder_flaw
from filmgate.local_server import LocalServer

Tell = Callable[[str], None]

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
    address = "" if options.embedded else find_server(config)
    if not address:
        with _own_server(config, options) as client:
            yield client
        return
    if not config.server.value:
        say(f"Using your server at {address} (none is configured).")
    with reach_server(address, config, options.wait, say, remedy=_REMEDY) as client:
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
    with reach(config, wait_s, tell, remedy=_REMEDY) as client:
        yield client


@contextmanager
def _own_server(config: Config, options: ServerOptions) -> Generator[Client]:
    why = "as asked" if options.embedded else "none is configured"
    flaw = folder_flaw()
    if flaw is not None and not options.embedded:
        warn(str(flaw))
    say(f"Starting a server for this command ({why}) ...")
    with LocalServer() as endpoint, connect(endpoint.server, config, endpoint) as client:
        client.wait_connected()
        yield client
