"""Workers and servers that are killed, and servers that are restarted in good order."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable

from bench.load_audit import audit, longest_pause_s
from bench.load_fleet import Fleet
from bench.load_server import LoadServer
from bench.table import Target
from filmgate.client import Client
from filmgate.errors import FilmgateError

ARTISTS = 8
IN_FLIGHT = 2
FRAME_BYTES = 64 << 10
RESULTS_BETWEEN = 8
"""So many results lie between two kills: a frame that lost its worker is tried again before."""
RESUME_S = 10.0
_TURN_S = 0.01
_PATIENCE_S = 120.0


def measure_worker_kills(kills: int) -> Target:
    """Kill a worker again and again amid its frames."""
    with LoadServer("--workers", "2", "--threads", "1") as server:
        with server.client("watcher") as watcher, _artists(server) as fleet:
            for _ in range(kills):
                wait_results(fleet, len(fleet.ends) + RESULTS_BETWEEN)
                kill_worker(watcher)
            ends = fleet.stop()
        found = audit(ends, server.journalled())
        restarts = round(server.metric("filmgate_worker_restarts_total"))
    return Target(
        f"{kills} workers killed amid their frames",
        "every job ends once, as a result, with the right pixels",
        f"{found}; {restarts} restarts",
        found.clean and restarts >= kills - 1,
    )


def measure_server_kills(kills: int) -> list[Target]:
    """Kill the whole server again and again, and start it on the same port and journal."""
    pauses_s: list[float] = []
    with LoadServer("--workers", "2", "--threads", "1") as server:
        with _artists(server) as fleet:
            for _ in range(kills):
                wait_results(fleet, len(fleet.ends) + RESULTS_BETWEEN)
                server.kill()
                server.start()
                started_s, seen = time.monotonic(), len(fleet.ends)
                wait_results(fleet, seen + 1)
                pauses_s.append(time.monotonic() - started_s)
            ends = fleet.stop()
        found = audit(ends, server.journalled())
    resumed_s = max(pauses_s, default=0.0)
    return [
        Target(
            f"the server killed {kills} times",
            "every job ends once, as a result, with the right pixels",
            str(found),
            found.clean,
        ),
        Target(
            "the next result after the killed server is back",
            f"within {RESUME_S:.0f} s",
            f"{resumed_s:.1f} s at the longest",
            resumed_s <= RESUME_S,
        ),
    ]


def measure_restart(restarts: int) -> Target:
    """Let the server finish, leave and be started again while artists go on."""
    away_s: list[float] = []
    with LoadServer("--workers", "2", "--threads", "1") as server:
        with _artists(server) as fleet:
            for _ in range(restarts):
                wait_results(fleet, len(fleet.ends) + 10 * RESULTS_BETWEEN)
                stopped_s = time.monotonic()
                server.stop_in_good_order()
                server.start()
                away_s.append(time.monotonic() - stopped_s)
            wait_results(fleet, len(fleet.ends) + 10 * RESULTS_BETWEEN)
            ends = fleet.stop()
        found = audit(ends, server.journalled())
    return Target(
        f"{restarts} restarts in good order under load",
        "clients notice nothing but a pause",
        f"{found}; longest pause {longest_pause_s(ends):.1f} s, of which the server was away "
        f"{max(away_s):.1f} s",
        found.clean,
    )


def _artists(server: LoadServer) -> Fleet:
    orders = {"size_bytes": FRAME_BYTES, "in_flight": IN_FLIGHT}
    return Fleet(server, ARTISTS, orders=orders)


def wait_results(fleet: Fleet, count: int) -> None:
    """Wait until *count* jobs have ended."""
    _wait(lambda: len(fleet.ends) >= count, "results")


def kill_worker(watcher: Client) -> None:
    """Send SIGKILL to one of the workers that have started."""
    pids: list[int] = []

    def found() -> bool:
        with contextlib.suppress(FilmgateError):
            seen = [each for each in watcher.status().workers if each.state in ("idle", "busy")]
            pids[:] = [each.pid for each in seen if each.pid]
        return bool(pids)

    _wait(found, "a worker to kill")
    with contextlib.suppress(ProcessLookupError):
        os.kill(random.choice(pids), signal.SIGKILL)  # noqa: S311 - any will do


def _wait(condition: Callable[[], bool], what: str) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > until_s:
            raise RuntimeError(f"waited {_PATIENCE_S:.0f} s in vain for {what}")
        time.sleep(_TURN_S)
