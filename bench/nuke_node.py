"""What a node in Nuke adds to the server's own time, with the stand-in for Nuke.

The stand-in renders and writes in plain Python, far slower than Nuke: what its renders take is
measured apart and counts neither for the plugin nor against it.
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import OpenEXR

from bench.frames import ROOT, Size, load_rendering, to_exr
from bench.measure import elapsed_s
from bench.table import Target, milliseconds, table
from filmgate.client import Client
from filmgate.endpoint import publish_endpoint
from filmgate.job import Job, Listener, Options, Payload, Work
from filmgate.local_server import LocalServer

MAIN_THREAD_BOUND_S = 0.05
OVERHEAD_BOUND = 0.15
PATIENCE_S = 120.0
MODEL = "denoise"
_FOLDERS = ("plugins/nuke", "tests/fakes/nuke", "tests")


@dataclass(frozen=True)
class Click:
    """One press of Run frame.

    Attributes:
        whole_s: until the node reads the result.
        render_s: of that, Nuke's own render of the input.
        main_s: what the plugin took of the main thread besides.
        server_s: what the server's stages took for this very job.
        captures: how many inputs were captured.
    """

    whole_s: float
    render_s: float
    main_s: float
    server_s: float
    captures: int

    @property
    def overhead(self) -> float:
        """What is neither Nuke's render nor the server's stages, as a part of the latter."""
        return (self.whole_s - self.render_s) / self.server_s - 1


class Desk:
    """A session of the stand-in with one node for a plate that each round changes."""

    def __init__(self, folder: Path, size: Size) -> None:
        import nuke  # noqa: PLC0415 - found once the stand-in is on the path

        self.nuke: Any = nuke
        self.world = nuke._fresh()
        self._render_s = 0.0
        self._server_s = 0.0
        self._renders = 0
        plate = folder / "plate.0001.exr"
        plate.write_bytes(to_exr(load_rendering(size)))
        read = nuke.nodes.Read(file=plate.as_posix(), first=1, last=1, raw=True)
        nuke.root()["format"].setValue(
            nuke.addFormat(f"{size.width} {size.height} 0 0 {size.width} {size.height} 1 bench")
        )
        self.grade = nuke.nodes.Grade(inputs=[read])
        self.group = self._node()
        self._measure_renders()

    def _node(self) -> Any:
        from filmgate_nuke import menus, sessions  # noqa: PLC0415

        summary, _ = sessions.hub().catalogue.resolve(MODEL)
        group = menus.create(summary)
        group.setInput(0, self.grade)
        return group

    def _measure_renders(self) -> None:
        """Count what the stand-in's own renders take."""
        execute = self.nuke.execute

        def timed(*args: Any, **given: Any) -> None:
            self._renders += 1
            self._render_s += elapsed_s(lambda: execute(*args, **given))

        self.nuke.execute = timed

    def listen_to_plugin(self) -> None:
        """Count what the server takes for what the node asks."""
        from filmgate_nuke import sessions  # noqa: PLC0415

        self._listen(sessions.hub().link.client())

    def _listen(self, client: Client) -> None:
        """Count what the server's stages take for the plugin's jobs."""
        submit = client.submit

        def heard(work: Work, options: Options, progress: Listener, end: Listener) -> Job:
            def ended(job: Job) -> None:
                self._server_s += sum(job.result().timings_ms.values()) / 1e3
                end(job)

            return submit(work, options, progress, ended)

        client.submit = heard  # type: ignore[method-assign]

    def click(self, round_: int) -> Click:
        """Change the plate, press Run frame, and run the event loop until the node reads it."""
        from filmgate_nuke import actions, sessions  # noqa: PLC0415

        self.grade["multiply"].setValue(1 + round_ / 64)
        session = sessions.session(self.group)
        self._render_s, self._server_s, self._renders, busy_s = 0.0, 0.0, 0, 0.0
        begin_s = time.perf_counter()
        busy_s += elapsed_s(lambda: actions.run_frame(self.group))
        while session.busy:
            if not self.world.queued():
                self.world.run_until(lambda: self.world.queued() or not session.busy, PATIENCE_S)
            if self.world.queued():
                busy_s += elapsed_s(self.world.run_one)
        whole_s = time.perf_counter() - begin_s
        if session.status.problem is not None:
            raise RuntimeError(str(session.status.problem))
        main_s = busy_s - self._render_s
        return Click(whole_s, self._render_s, main_s, self._server_s, self._renders)

    def capture(self) -> bytes:
        """Return what is captured of the main input now."""
        from filmgate.host.port import Moment  # noqa: PLC0415
        from filmgate_nuke import sessions  # noqa: PLC0415

        payload = sessions.host(self.group).capture("color", Moment(1))
        return bytes(payload.data)


def server_s(client: Client, content: bytes) -> float:
    """Return what the server takes for a frame it has not seen, as a plain client sees it."""
    work = Work(MODEL, (Payload("color", content),))
    return elapsed_s(lambda: client.run(work))


def measure_nuke_node(size: Size, rounds: int) -> tuple[str, list[Target]]:
    """Measure clicks on a node beside plain jobs of the same pixels; return table and targets."""
    clicks, plain = [], []
    with tempfile.TemporaryDirectory() as name, _server(Path(name)) as client:
        desk = Desk(Path(name), size)
        desk.click(0)  # loads the model on the server
        desk.listen_to_plugin()
        for round_ in range(1, rounds + 1):
            clicks.append(desk.click(round_))
            desk.grade["multiply"].setValue(2 + round_ / 64)
            plain.append(server_s(client, _checked(desk.capture())))
        _close()
    return _report(size, clicks, plain)


def _report(size: Size, clicks: list[Click], plain: list[float]) -> tuple[str, list[Target]]:
    main_s = statistics.median(each.main_s / each.captures for each in clicks)
    overhead = statistics.median(each.overhead for each in clicks)
    rows = [
        ["the stand-in's render and write", _median(each.render_s for each in clicks)],
        ["the plugin on the main thread, for each capture", milliseconds(main_s)],
        ["from the click to the result", _median(each.whole_s for each in clicks)],
        [
            "the server's stages for it, pictures for the panel included",
            _median(each.server_s for each in clicks),
        ],
        ["the same pixels from a plain client, without pictures", _median(plain)],
    ]
    targets = [
        Target(
            f"main thread besides Nuke's render, {size.name}",
            f"below {milliseconds(MAIN_THREAD_BOUND_S)} ms a capture",
            f"{milliseconds(main_s)} ms",
            main_s < MAIN_THREAD_BOUND_S,
        ),
        Target(
            f"from click to first result over the server's own time, `{MODEL}`, {size.name}",
            f"at most {OVERHEAD_BOUND:.0%}",
            f"{overhead:+.1%}",
            overhead <= OVERHEAD_BOUND,
        ),
    ]
    return table(("what", "median, ms"), rows), targets


def _median(seconds: Iterable[float]) -> str:
    return milliseconds(statistics.median(seconds))


def _checked(content: bytes) -> bytes:
    """Check that a capture is an EXR of plain colours, as the plain client's job needs it."""
    channels = OpenEXR.File(io.BytesIO(content), separate_channels=True).channels()
    if sorted(name for name in channels if name != "A") != ["B", "G", "R"]:
        raise RuntimeError(f"captured {sorted(channels)}")
    return content


@contextmanager
def _server(folder: Path) -> Generator[Client]:
    """Start a server that the plugin finds, and let imports find the stand-in."""
    before, path = dict(os.environ), list(sys.path)
    (folder / "run").mkdir(mode=0o700)
    with (
        LocalServer(options=("--log-level", "error")) as endpoint,
        Client(endpoint.server, token=endpoint.token) as client,
    ):
        client.wait_connected()
        os.environ.update(
            FILMGATE_SERVER=endpoint.server,
            FILMGATE_CACHE=str(folder / "cache"),
            XDG_RUNTIME_DIR=str(folder / "run"),
        )
        publish_endpoint(endpoint)
        sys.path[:0] = [str(ROOT / each) for each in _FOLDERS]
        try:
            yield client
        finally:
            os.environ.clear()
            os.environ.update(before)
            sys.path[:] = path


def _close() -> None:
    from filmgate_nuke import sessions  # noqa: PLC0415

    sessions.close_hubs()
