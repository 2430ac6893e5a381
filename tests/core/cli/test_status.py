"""`filmgate status`: the screen, the pace, and watching."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from fakes.service import TOKEN, Service
from fakes.waiting import PATIENCE_S
from filmgate.cli.pace import History, Pace
from filmgate.cli.screen import View, describe, draw
from filmgate.cli.watch import Feed
from filmgate.config import load_config
from filmgate.endpoint import Endpoint, publish_endpoint
from filmgate.wire.messages import StatusPage
from filmgate.wire.records import UserStatus, WorkerStatus

Command = Any
"""What `conftest.Command` is: tests import nothing from each other."""

ADDRESS = "tcp://gate.studio:5700"
GIB = 1 << 30


def page(uptime_s: float, **more: Any) -> StatusPage:
    """Return a page with counters: the given ones, and the uptime."""
    counters = {"uptime_ms": round(uptime_s * 1000), **more.pop("counters", {})}
    known = {"server": "1.2.3", "state": "running", "workers": (), "users": ()}
    return StatusPage(counters=counters, **{**known, **more})


def full_page() -> StatusPage:
    """Return a page on which everything is to be seen."""
    models = ("denoise@1.4.0", "upscale@2.0.0")
    return page(
        3 * 3600 + 12 * 60,
        counters={
            "jobs_done": 100,
            "jobs_cached": 25,
            "jobs_open": 4831,
            "sessions": 12,
            "store_used_bytes": GIB,
            "store_budget_bytes": 2 * GIB,
        },
        workers=(
            WorkerStatus("0", "cuda:0", "busy", 2, 0, 77, models, 6 * GIB, 20 * GIB, 27_000),
            WorkerStatus("1", "cuda:1", "down", 0, restarts=3),
        ),
        users=(
            UserStatus("mira.okafor", "hydra", 14, 1, 0, 9000),
            UserStatus("farm", "kestrel", 4812, 1, 4813, 3000),
        ),
    )


def text(view: View, width: int = 80) -> str:
    """Return the screen as it stands on a terminal without colours."""
    console = Console(width=width, color_system=None, force_terminal=False)
    with console.capture() as captured:
        console.print(draw(view))
    return captured.get()


def test_the_screen_fits_eighty_columns_and_loses_no_figure() -> None:
    """Server, devices, queue and store are all there, whole, on a usual terminal."""
    said = text(View(ADDRESS, Pace(full_page(), page(3 * 3600 + 12 * 60 - 30))))
    assert max(len(line) for line in said.splitlines()) <= 80
    for words in (
        "Filmgate 1.2.3",
        ADDRESS,
        "running, up 3 h 12 min",
        "200 frames/min, 25 % from the store",
        "4831 open, 12 clients",
        "1024 of 2048 MiB",
        "0 cuda:0",
        "90 %",
        "6.0 of 20.0 GiB",
        "denoise@1.4.0",
        "down ↻3",
        "mira.okafor",
        "4813",
        "75 %",
        "25 %",
    ):
        assert words in said, words


def test_a_server_that_is_away_is_shown_with_what_was_known() -> None:
    """The reason stands above the last figures."""
    said = text(View(ADDRESS, Pace(full_page()), "It did not answer. Away for 3 s."))
    assert "away" in said
    assert "Away for 3 s" in said
    assert "mira.okafor" in said
    assert "It did not answer" in text(View(ADDRESS, None, "It did not answer."))


def test_a_long_queue_shows_whom_it_matters_to() -> None:
    """Those with most work come first, and the others are counted."""
    users = tuple(UserStatus(f"artist{number:02}", "film", number, 0) for number in range(40))
    said = text(View(ADDRESS, Pace(page(9.0, users=users)), artists_max=5))
    assert "artist39" in said
    assert "artist34" not in said
    assert "and 35 more" in said


def test_a_line_tells_the_same_in_short() -> None:
    """What a log gets."""
    said = describe(View(ADDRESS, Pace(full_page())))
    assert "1 of 2 devices busy" in said
    assert "4826 waiting, 2 running" in said


def test_names_are_no_markup() -> None:
    """An artist's brackets are shown, not obeyed."""
    users = (UserStatus("[bold]x[/bold]", "[red]", 1, 0),)
    assert "[bold]x[/bold]" in text(View(ADDRESS, Pace(page(9.0, users=users))))


def test_pace_is_the_difference_between_two_pages() -> None:
    """Rates and shares tell of the time between them, not of the whole run."""
    worker, user = WorkerStatus("0", "cpu", "busy", 1, busy_ms=5000), UserStatus("a", "f", 1, 1)
    before = page(100, counters={"jobs_done": 10}, workers=(worker,), users=(user,))
    now = page(
        110,
        counters={"jobs_done": 12, "jobs_cached": 1},
        workers=(replace(worker, busy_ms=9000),),
        users=(replace(user, device_ms=3000), UserStatus("b", "f", 0, 0, device_ms=1000)),
    )
    pace = Pace(now, before)
    assert pace.frames_per_minute == pytest.approx(12)
    assert pace.cached_share == pytest.approx(0.5)
    assert pace.busy_share(now.workers[0]) == pytest.approx(0.4)
    assert [pace.device_share(each) for each in now.users] == pytest.approx([0.75, 0.25])


def test_nothing_has_happened_yet() -> None:
    """Two equal pages divide by nothing."""
    pace = Pace(full_page(), full_page())
    assert (pace.frames_per_minute, pace.cached_share) == (0, 0)
    assert pace.busy_share(pace.now.workers[0]) == 0


def test_history_forgets_what_is_old_and_what_was_before_a_restart() -> None:
    """The earlier page is half a minute old at most, and never of another run."""
    history = History()
    for second in range(60):
        pace = history.add(page(second))
    assert pace.elapsed_ms == 30_000
    assert history.add(page(1)).before is None


def test_json_and_watch_do_not_go_together(filmgate: Command) -> None:
    """It is said which of them to leave out."""
    assert "--watch" in filmgate("status", "--watch", "--json", code=2).err


def test_watching_without_a_terminal_writes_lines(filmgate: Command) -> None:
    """Each second a line; Ctrl-C ends it without a complaint."""
    watching = filmgate.start("status", "--watch")
    assert watching.stdout is not None
    lines = [watching.stdout.readline() for _ in range(2)]
    watching.send_signal(signal.SIGINT)
    _, err = watching.communicate(timeout=PATIENCE_S)
    assert all("1 devices busy" in line for line in lines), lines
    assert (watching.returncode, err) == (0, "")


def test_watching_a_server_that_is_not_there(lonely: Command) -> None:
    """It is said, again and again, and nothing is started."""
    watching = lonely.start("status", "--watch")
    assert watching.stdout is not None
    lines = [watching.stdout.readline() for _ in range(2)]
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=PATIENCE_S)
    assert all("No server is configured" in line for line in lines), lines


@pytest.mark.parametrize("key", [True, False], ids=["q", "Ctrl-C"])
def test_the_screen_is_live_and_leaves_the_terminal_as_it_was(filmgate: Command, key: bool) -> None:
    """The figures appear; q and Ctrl-C end it, and the screen and its keys are as before."""
    with terminal() as (screen, keyboard):
        before = termios.tcgetattr(keyboard)
        watching = subprocess.Popen(
            [sys.executable, "-m", "filmgate.cli", "status", "--watch"],
            stdin=keyboard,
            stdout=keyboard,
            stderr=keyboard,
            env={**os.environ, "TERM": "xterm-256color"},
        )
        shown = read_until(screen, lambda seen: "q quits" in seen)
        os.write(screen, b"q") if key else watching.send_signal(signal.SIGINT)
        rest = read_until(screen, lambda seen: "\x1b[?1049l" in seen)
        assert watching.wait(PATIENCE_S) == 0
        assert termios.tcgetattr(keyboard) == before
    assert "\x1b[?1049h" in shown
    assert "cpu" in shown
    assert "Traceback" not in shown + rest


def test_a_server_that_goes_and_comes_is_watched_on(
    make_service: Callable[[], Service], lonely: Command
) -> None:
    """A restart is seen as an absence, after which the figures are back."""
    service = make_service()
    publish_endpoint(Endpoint(service.port, TOKEN, service.process.pid))
    with Feed(load_config({"server": service.address})) as feed:
        assert feed.look().absence == ""
        service.stop()
        away = feed.look()
        assert "Away for 0 s" in away.absence
        assert away.pace is not None
        service.start()
        assert feed.look().absence == ""


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[Callable[[], Service]]:
    """Return a maker of a server of this test's own."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Service(tmp_path))


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """Yield both ends of a terminal: what a person sees and types at, and the program's end."""
    person, program = pty.openpty()
    termios.tcsetwinsize(program, (30, 80))
    try:
        yield person, program
    finally:
        os.close(person)
        os.close(program)


def read_until(screen: int, enough: Callable[[str], bool]) -> str:
    """Read the screen until *enough* of it is there."""
    seen, deadline_s = "", time.monotonic() + PATIENCE_S
    while not enough(seen):
        assert time.monotonic() < deadline_s, seen
        if select.select([screen], [], [], 1.0)[0]:
            seen += os.read(screen, 65536).decode(errors="replace")
    return seen
