"""``python -m bench.status_picture``: draw docs/images/status.svg from a server at work."""

from __future__ import annotations

import io
import re
import time
from contextlib import ExitStack

from rich.console import CONSOLE_SVG_FORMAT, Console

from bench.frames import ROOT
from bench.load_models import PAUSE
from bench.load_server import LoadServer
from bench.load_truth import Truth
from filmgate.cli.pace import Pace
from filmgate.cli.screen import View, draw
from filmgate.client import Client
from filmgate.job import Options

PICTURE = ROOT / "docs" / "images" / "status.svg"
ADDRESS = "tcp://127.0.0.1:5700"
COLUMNS = 84
WATCHED_S = 8.0
FRAME_BYTES = 256 << 10
TILES = 20
QUEUES = (
    ("mira", "hydra", 160, "interactive"),
    ("jonas", "hydra", 90, "interactive"),
    ("ana-maria", "kestrel", 60, "interactive"),
    ("farm", "kestrel", 600, "batch"),
)
_FONTS = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)
"""Web fonts: a picture in the documentation fetches nothing."""


def main() -> None:
    """Let some artists and a farm send frames, watch for a while, and draw what is seen."""
    with LoadServer("--workers", "2", "--threads", "1") as server, ExitStack() as stack:
        token, address = server.endpoint.token, server.endpoint.server
        for place, (user, show, frames, priority) in enumerate(QUEUES):
            client = stack.enter_context(Client(address, show, user, token))
            truth = Truth(place, FRAME_BYTES, PAUSE)
            for number in range(frames):
                client.submit(truth.work(number, tiles=TILES), Options(priority=priority))
        watcher = stack.enter_context(server.client("watcher"))
        before = watcher.status()
        time.sleep(WATCHED_S)
        view = View(ADDRESS, Pace(watcher.status(), before), hint="q quits.")
    PICTURE.write_text(picture_of(view), encoding="utf-8", newline="\n")


def picture_of(view: View) -> str:
    """Return the screen as an SVG document."""
    console = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True)
    console.print(draw(view))
    form = _FONTS.sub("", CONSOLE_SVG_FORMAT).replace("Fira Code, monospace", "monospace")
    return console.export_svg(title="filmgate status --watch", code_format=form)


if __name__ == "__main__":
    main()
