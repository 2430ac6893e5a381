"""`filmgate status`: what the server is doing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.table import Table

from filmgate.cli.connection import existing_connection
from filmgate.cli.exits import EXIT_OK
from filmgate.cli.options import JsonOption, SiteOptions
from filmgate.cli.terminal import results, write_json
from filmgate.wire.messages import StatusPage

_MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class StatusOptions(SiteOptions, JsonOption):
    """What `filmgate status` takes."""

    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for a server that does not answer.")
    ] = 5.0


def show_status(options: StatusOptions) -> int:
    """Show what the server is doing: its workers, its queue and its memory."""
    with existing_connection(options.config(), options.wait) as client:
        address, page = client.server, client.status()
    if options.as_json:
        write_json({"address": address, **asdict(page)})
    else:
        _print(address, page)
    return EXIT_OK


def _print(address: str, page: StatusPage) -> None:
    counters = page.counters
    uptime_s = counters.get("uptime_ms", 0) / 1000
    used, budget = (counters.get(f"store_{name}_bytes", 0) for name in ("used", "budget"))
    results.print(f"{address}: Filmgate {page.server}, {page.state} for {uptime_s:.0f} s")
    results.print(f"Memory: {used / _MIB:.0f} of {budget / _MIB:.0f} MiB")
    results.print(f"Jobs: {counters.get('jobs_open', 0)} open")
    results.print(_workers(page))
    if page.users:
        results.print(_users(page))


def _workers(page: StatusPage) -> Table:
    table = Table("Worker", "Device", "State", "Running", "Restarts", box=None, pad_edge=False)
    for worker in page.workers:
        running, restarts = str(worker.running), str(worker.restarts)
        table.add_row(worker.name, worker.device, worker.state, running, restarts)
    return table


def _users(page: StatusPage) -> Table:
    table = Table("Artist", "Show", "Waiting", "Running", box=None, pad_edge=False)
    for user in page.users:
        table.add_row(user.user, user.show, str(user.waiting), str(user.running))
    return table
