"""`filmgate status --watch`: the status again every second, until somebody has seen enough."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress

from rich.live import Live

from filmgate.cli.connection import existing_connection
from filmgate.cli.keyboard import keys
from filmgate.cli.pace import WINDOW_S, History, Pace
from filmgate.cli.screen import View, describe, draw
from filmgate.cli.terminal import results
from filmgate.client import Client
from filmgate.config import Config
from filmgate.errors import ConnectionLostError, DeniedError
from filmgate.exits import EXIT_OK

REFRESH_S = 1.0
ANSWER_S = 2.0
QUIT = ("q", "Q")
_FIXED_LINES = 12
"""What the screen takes beside the queue and the devices."""


def watch_status(config: Config) -> int:
    """Show the status until q or Ctrl-C; where no terminal is, write a line each second."""
    # Ctrl-C and a reader that has left both say: enough.
    with Feed(config) as feed, suppress(KeyboardInterrupt, BrokenPipeError):
        _show(feed) if results.is_terminal else _log(feed)
    return EXIT_OK


class Feed:
    """Looks at a server again and again, whether or not it is there.

    Args:
        config: where it may be configured.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._open = ExitStack()
        self._client: Client | None = None
        self._history = History()
        self._pace: Pace | None = None
        self._address = config.server.value or "this machine"
        self._away_since_s: float | None = None

    def __enter__(self) -> Feed:
        """Return the feed."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the connection."""
        self._open.close()

    def look(self) -> View:
        """Ask the server; one that does not answer is asked anew the next time.

        Raises:
            FilmgateError: it will never answer: a setting is wrong, or we are not let in.
        """
        try:
            page = self._connected().status(ANSWER_S)
        except (ConnectionLostError, DeniedError) as error:
            if isinstance(error, DeniedError) and self._pace is None:
                raise
            self._open.close()
            self._client = None
            return self._absent(error.text)
        self._away_since_s = None
        self._pace = self._history.add(page)
        return self._view("")

    def _connected(self) -> Client:
        if self._client is None:
            connecting = existing_connection(self._config, ANSWER_S, tell=_keep_quiet)
            self._client = self._open.enter_context(connecting)
            self._address = self._client.server
        return self._client

    def _absent(self, text: str) -> View:
        now_s = time.monotonic()
        if self._away_since_s is None:
            self._away_since_s = now_s
        since_s = now_s - self._away_since_s
        return self._view(f"{text} Away for {since_s:.0f} s; asking again.")

    def _view(self, absence: str) -> View:
        hint = f"Rates and shares are those of the last {WINDOW_S:.0f} s.  q quits."
        devices = len(self._pace.now.workers) if self._pace else 0
        lines = max(3, results.height - _FIXED_LINES - devices)
        return View(self._address, self._pace, absence, hint, lines)


def _show(feed: Feed) -> None:
    with keys() as pressed, Live(console=results, screen=True, auto_refresh=False) as live:
        while True:
            live.update(draw(feed.look()), refresh=True)
            if pressed(REFRESH_S) in QUIT:
                return


def _log(feed: Feed) -> None:
    while True:
        results.print(f"{time.strftime('%H:%M:%S')} {describe(feed.look())}", soft_wrap=True)
        results.file.flush()
        time.sleep(REFRESH_S)


def _keep_quiet(text: str) -> None:
    """Say nothing: the screen shows that the server is away."""
