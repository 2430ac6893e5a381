"""What a server's status looks like on a terminal, 80 columns wide or more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich import box
from rich.console import Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from filmgate.cli.pace import Pace
from filmgate.wire.messages import StatusPage
from filmgate.wire.records import UserStatus, WorkerStatus

ARTISTS_MAX = 12
_BAR_COLUMNS = 8
_FULL_FROM = 0.9
_NARROW = 26
_COUNTS = ("Waiting", "Running", "Batch")
_PADDING = (1, 0, 0, 0)
_MIB = 1 << 20
_GIB = 1 << 30
_STYLES = {
    "running": "green",
    "draining": "yellow",
    "away": "bold red",
    "busy": "green",
    "idle": "dim",
    "starting": "yellow",
    "warming": "yellow",
    "down": "bold red",
}


@dataclass(frozen=True)
class View:
    """What is shown.

    Attributes:
        address: the server's.
        pace: the latest page and an earlier one; None before the first answer.
        absence: why the server does not answer, and since when; empty while it does.
        hint: a line at the bottom.
        artists_max: how many lines the queue may take.
    """

    address: str
    pace: Pace | None
    absence: str = ""
    hint: str = ""
    artists_max: int = ARTISTS_MAX


def draw(view: View) -> RenderableType:
    """Return the whole screen."""
    parts: list[RenderableType] = [_head(view)]
    if view.pace is not None:
        parts += [_devices(view.pace), _queue(view.pace, view.artists_max)]
    if view.hint:
        parts.append(Padding(Text(view.hint, "dim"), _PADDING))
    return Group(*parts)


def describe(view: View) -> str:
    """Return the same in one line, for a log."""
    if view.pace is None or view.absence:
        return f"{view.address}: {view.absence}"
    pace, page = view.pace, view.pace.now
    busy = sum(worker.state == "busy" for worker in page.workers)
    waiting = sum(user.waiting for user in page.users)
    running = sum(user.running for user in page.users)
    return (
        f"{view.address}: {page.state}, {busy} of {len(page.workers)} devices busy, "
        f"{waiting} waiting, {running} running, {pace.frames_per_minute:.0f} frames/min, "
        f"memory {_store_text(page)}"
    )


def _head(view: View) -> Panel:
    state = "away" if view.absence or view.pace is None else view.pace.now.state
    version = f"Filmgate {view.pace.now.server}" if view.pace else "Filmgate"
    uptime = f", up {_duration(view.pace)}" if view.pace and not view.absence else ""
    title = Text.assemble((version, "bold"), "  ", view.address)
    told = Text.assemble((state, _STYLES.get(state, "")), uptime)
    lines: list[RenderableType] = []
    if view.absence:
        lines.append(Text(view.absence, "red"))
    if view.pace is not None:
        lines += _figures(view.pace)
    return Panel(Group(_ends(title, told), *lines), box=box.ROUNDED, border_style="dim")


def _figures(pace: Pace) -> list[RenderableType]:
    page = pace.now
    open_jobs, clients = (page.counters.get(name, 0) for name in ("jobs_open", "sessions"))
    flow = Text.assemble(
        (f"{pace.frames_per_minute:.0f}", "bold"),
        " frames/min, ",
        (f"{100 * pace.cached_share:.0f} %", "bold"),
        " from the store",
    )
    load = Text(f"{open_jobs} open, {_plural(clients, 'client')}")
    used, budget = _store(page)
    store = Text.assemble("Store ", _bar(used / budget if budget else 0.0), f" {_store_text(page)}")
    return [_ends(flow, load), store]


def _devices(pace: Pace) -> RenderableType:
    table = _table("Device", "State", "Busy", "Memory", "Models", wide="Models")
    for worker in pace.now.workers:
        table.add_row(
            Text(f"{worker.name} {worker.device}"),
            _state(worker),
            _percentage(pace.busy_share(worker)),
            _memory(worker),
            Text(", ".join(worker.models) or "none", "" if worker.models else "dim"),
        )
    return Padding(table, _PADDING)


def _state(worker: WorkerStatus) -> Text:
    text = Text(worker.state, _STYLES.get(worker.state, ""))
    if worker.restarts:
        text.append(f" ↻{worker.restarts}", "yellow")
    return text


def _memory(worker: WorkerStatus) -> Text:
    used, budget = worker.memory_used_bytes, worker.memory_budget_bytes
    if not budget:
        return Text(f"{_size(used)}, no bound" if used else "no bound", "dim")
    return Text.assemble(_bar(used / budget), f" {used / _GIB:.1f} of {_size(budget)}")


def _queue(pace: Pace, artists_max: int) -> RenderableType:
    users = sorted(pace.now.users, key=_by_work)
    if not users:
        return Padding(Text("Nobody has sent anything yet.", "dim"), _PADDING)
    table = _table("Artist", "Show", *_COUNTS, "Device time", wide="Artist")
    for user in users[:artists_max]:
        counts = [_count(number) for number in (user.waiting, user.running, user.batch)]
        share = _percentage(pace.device_share(user))
        table.add_row(Text(user.user), Text(user.show), *counts, share)
    if len(users) > artists_max:
        table.add_row(Text(f"and {len(users) - artists_max} more", "dim"))
    return Padding(table, _PADDING)


def _by_work(user: UserStatus) -> tuple[int, int, str]:
    return -(user.waiting + user.running), -user.device_ms, user.user


def _table(*heads: str, wide: str) -> Table:
    """Return a table in which only the column *wide* gives way."""
    table = Table(box=None, pad_edge=False, expand=True, header_style="bold dim")
    for head in heads:
        justify: JustifyMethod = "right" if head in _COUNTS else "left"
        narrow = head != wide
        table.add_column(
            head,
            justify=justify,
            no_wrap=True,
            overflow="ellipsis",
            ratio=None if narrow else 1,
            max_width=_NARROW if narrow else None,
        )
    return table


def _bar(share: float) -> Text:
    filled = round(min(1.0, share) * _BAR_COLUMNS)
    style = "yellow" if share >= _FULL_FROM else "green"
    return Text.assemble(("━" * filled, style), ("╌" * (_BAR_COLUMNS - filled), "bright_black"))


def _percentage(share: float) -> Text:
    return Text.assemble(_bar(share), f" {100 * share:3.0f} %")


def _count(number: int) -> Text:
    return Text(str(number), "" if number else "dim")


def _ends(left: Text, right: Text) -> Table:
    line = Table.grid(expand=True)
    line.add_column(no_wrap=True, overflow="ellipsis")
    line.add_column(justify="right", no_wrap=True)
    line.add_row(left, right)
    return line


def _store(page: StatusPage) -> tuple[int, int]:
    counters = page.counters
    return counters.get("store_used_bytes", 0), counters.get("store_budget_bytes", 0)


def _store_text(page: StatusPage) -> str:
    used, budget = _store(page)
    return f"{used / _MIB:.0f} of {budget / _MIB:.0f} MiB"


def _size(size_bytes: int) -> str:
    if size_bytes >= _GIB:
        return f"{size_bytes / _GIB:.1f} GiB"
    return f"{size_bytes / _MIB:.0f} MiB"


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _duration(pace: Pace) -> str:
    minutes, seconds = divmod(pace.now.counters.get("uptime_ms", 0) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts: Iterable[tuple[int, str]] = ((days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s"))
    told = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(told[:2]) or "0 s"
