"""`filmgate status`: what the server is doing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from filmgate.cli.connection import existing_connection
from filmgate.cli.options import JsonOption, SiteOptions
from filmgate.cli.pace import Pace
from filmgate.cli.screen import View, draw
from filmgate.cli.terminal import results, write_json
from filmgate.cli.watch import watch_status
from filmgate.errors import RequestError
from filmgate.exits import EXIT_OK


@dataclass(frozen=True, kw_only=True)
class StatusOptions(SiteOptions, JsonOption):
    """What `filmgate status` takes."""

    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Show it again every second, until q or Ctrl-C.")
    ] = False
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for a server that does not answer.")
    ] = 5.0


def show_status(options: StatusOptions) -> int:
    """Show what the server is doing: its devices, its queue and its memory."""
    if options.watch and options.as_json:
        raise RequestError("--json writes the status once.", "Leave out --watch or --json.")
    if options.watch:
        return watch_status(options.config())
    with existing_connection(options.config(), options.wait) as client:
        address, page = client.server, client.status()
    if options.as_json:
        write_json({"address": address, **asdict(page)})
    else:
        results.print(draw(View(address, Pace(page))))
    return EXIT_OK
