"""Make the pictures of the panel in docs/images, from what comes with the project.

Run it where a display is; one in memory will do::

    xvfb-run --auto-servernum --server-args '-screen 0 1600x1200x24' python docs/make_screenshots.py

Qt wants libxcb-cursor0, libxcb-icccm4, libxcb-keysyms1 and libxkbcommon-x11-0 for that.

Jobs, result and log are those of nodes that run the denoiser on a server of their own, told by
their sessions as in any host; the devices and the queue of a site's server are played.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import tomllib

from filmgate.config import load_config
from filmgate.errors import ConnectionLostError, FilmgateError
from filmgate.host.board import Board
from filmgate.host.connection import CONNECTED, LOST, NONE, ConnectionState
from filmgate.host.hub import Hub
from filmgate.host.port import Moment
from filmgate.host.session import HostSession
from filmgate.job import Payload
from filmgate.testing.fake_host import PUSH, FakeHost
from filmgate.ui.panel import FilmgatePanel
from filmgate.ui.qt import QtCore, application
from filmgate.wire.messages import StatusPage
from filmgate.wire.records import ModelSummary, UserStatus, WorkerStatus

ROOT = Path(__file__).resolve().parent.parent
SERVER = ROOT / "gpu_server" / "filmgate_server"
IMAGES = ROOT / "docs" / "images"
NOISY = ROOT / "examples" / "plates" / "noisy_0001.exr"
PACKAGES = (
    SERVER / "zoo" / "denoise",
    *(
        SERVER / "recipes" / name / "package"
        for name in ("upscale", "upscale_4x", "retime", "matte", "degrain")
    ),
)
ADDRESS = "tcp://gate:5700"
USER = "mira"
GIB = 1 << 30
SETTLE_MS = 500
PATIENCE_S = 120.0
DONE = 31
"""Frames after which the running job is shown."""
NARROW, WIDE = (440, 600), (880, 620)
LOST_TEXT = ConnectionLostError(
    f"{ADDRESS} did not answer within 10 s.",
    "Ask the people who run it, or start a server on this machine.",
)
NOWHERE = ConnectionLostError(
    "No server is configured, and none of yours runs on this machine.",
    "Set FILMGATE_SERVER to your site's server, or start one here.",
)


@dataclass(frozen=True)
class Package:
    """A model as it lies in the repository."""

    summary: ModelSummary
    card: str
    picture: bytes | None
    licence: dict[str, str]


@dataclass
class PlayedLink:
    """A connection to nobody that answers as told."""

    kind: str
    page: StatusPage
    error: FilmgateError | None = None

    def state(self) -> ConnectionState:
        """Return where it stands."""
        return ConnectionState(self.kind, "" if self.kind == NONE else ADDRESS)

    def client(self, wait_s: float) -> PlayedLink:
        """Return itself, or fail as told."""
        if self.error is not None:
            raise self.error
        return self

    def status(self, timeout_s: float) -> StatusPage:
        """Return the page."""
        return self.page


class PlayedCatalogue:
    """The packages of the repository as a server would list them."""

    def __init__(self) -> None:
        found = [load_package(folder) for folder in PACKAGES]
        self._packages = {package.summary.digest: package for package in found}

    def models(self) -> tuple[ModelSummary, ...]:
        """Return all of them."""
        return tuple(package.summary for package in self._packages.values())

    def card(self, model: ModelSummary) -> str:
        """Return a card."""
        return self._packages[model.digest].card

    def picture(self, model: ModelSummary) -> bytes | None:
        """Return a picture."""
        return self._packages[model.digest].picture

    def manifest(self, model: ModelSummary) -> SimpleNamespace:
        """Return what the panel reads of a manifest."""
        return SimpleNamespace(licence=self._packages[model.digest].licence)

    def refresh(self, done: Callable[[None], None]) -> None:
        """Say that nothing is new."""
        done(None)


def load_package(folder: Path) -> Package:
    """Read a package's manifest, card and picture."""
    manifest = tomllib.loads((folder / "model.toml").read_text(encoding="utf-8"))
    model = manifest["model"]
    digest = model["name"].encode().ljust(32, b".")
    summary = ModelSummary(
        model["name"], model["version"], model["task"], model["summary"], digest, digest, 0
    )
    picture = folder / "before_after.jpg"
    card = (folder / "card.md").read_text(encoding="utf-8")
    content = picture.read_bytes() if picture.is_file() else None
    return Package(summary, card, content, manifest["licence"])


def played_page() -> StatusPage:
    """Return a server of two devices, in the middle of an afternoon."""
    models = ("denoise@1.0.0", "upscale@1.0.0"), ("retime@1.0.0",)
    workers = (
        WorkerStatus("0", "cuda:0", "busy", 4, 0, 9, models[0], 9 * GIB, 22 * GIB, 9_000_000),
        WorkerStatus("1", "cuda:1", "idle", 0, 0, 9, models[1], 21 * GIB, 22 * GIB, 4_000_000),
    )
    users = (
        UserStatus("farm", "hydra", 212, 4, 216, 5_200_000),
        UserStatus(USER, "hydra", 7, 1, 0, 2_100_000),
        UserStatus("jonas.lindqvist", "northern lights", 2, 1, 0, 1_400_000),
        UserStatus("ayo", "hydra", 0, 0, 0, 600_000),
        UserStatus("chen", "northern lights", 0, 0, 0, 210_000),
    )
    return StatusPage("1.0.0", "running", {"uptime_ms": 273_000_000, "sessions": 6}, workers, users)


def artists_work(hub: Hub) -> list[HostSession]:
    """Let two nodes of a host run on *hub*; return their sessions, one of them in mid-run."""
    first, running = make_node(hub, "Filmgate_denoise1", "high")
    second, failed = make_node(hub, "Filmgate_denoise2", "best")  # as a script may write it
    for host, session in ((first, running), (second, failed)):
        session.run([Moment(1001.0)])
        run_host(host, session, 1)
    running.run([Moment(float(frame)) for frame in range(1001, 1101)])
    run_host(first, running, DONE)
    return [running, failed]


def make_node(hub: Hub, name: str, quality: str) -> tuple[FakeHost, HostSession]:
    """Return a node that denoises the example plate at every frame."""
    plate = NOISY.read_bytes()
    host = FakeHost(PUSH, lambda layer, moment: _connected(plate, layer, moment), (1001, 1100))
    host.name = name
    host.params["quality"] = quality
    return host, HostSession(host, hub, "denoise")


def _connected(plate: bytes, layer: str, moment: Moment) -> Payload | None:
    return Payload(layer, plate, time=moment.time) if layer == "color" else None


def run_host(host: FakeHost, session: HostSession, frames: int) -> None:
    """Run the host's events until so many frames are done, or the run is over."""
    until_s = time.monotonic() + PATIENCE_S
    while session.busy and session.status.done < frames:
        host.run_events()
        if time.monotonic() > until_s:
            raise TimeoutError(f"{host.name} does not get on.")


def wait(ms: int = SETTLE_MS) -> None:
    """Let the panel work."""
    loop = QtCore.QEventLoop()
    QtCore.QTimer.singleShot(ms, loop.quit)
    loop.exec()


def shoot(panel: FilmgatePanel, name: str, size: tuple[int, int]) -> None:
    """Write a picture of the panel."""
    panel.resize(*size)
    wait()
    panel.grab().save(str(IMAGES / f"{name}.png"))
    print(f"{name}.png")  # noqa: T201 - whoever runs it wants to know


def main() -> None:
    """Make all pictures."""
    application("filmgate")
    config = load_config({"user": USER, "local_python": sys.executable}, environ={})
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(config, Path(folder))
        started: Future[FilmgateError | None] = Future()
        hub.link.start_local(done=started.set_result)
        if (error := started.result(PATIENCE_S)) is not None:
            raise error
        sessions = artists_work(hub)
        shoot_all(hub)
        for session in sessions:
            session.close()
        hub.close()


def shoot_all(hub: Hub) -> None:
    """Make the pictures of what is on a hub's board."""

    def shown(kind: str = CONNECTED, error: FilmgateError | None = None, empty: bool = False):
        link = PlayedLink(kind, played_page(), error)
        board = Board() if empty else hub.board
        return SimpleNamespace(link=link, board=board, catalogue=CATALOGUE, config=hub.config)

    panel = FilmgatePanel(shown(), offers_nodes=True)
    panel.show()
    wait()
    panel.jobs.list.choose(1)
    shoot(panel, "panel", NARROW)
    panel.tabs.setCurrentWidget(panel.queue)
    shoot(panel, "panel_queue", NARROW)
    panel.tabs.setCurrentWidget(panel.models)
    panel.models.list.choose(0)
    shoot(panel, "panel_models", WIDE)
    panel.tabs.setCurrentWidget(panel.result)
    shoot(panel, "panel_result", WIDE)
    panel.tabs.setCurrentWidget(panel.log)
    panel.log.list.choose(0)
    shoot(panel, "panel_log", NARROW)
    panel.hide()
    lost = FilmgatePanel(shown(LOST, LOST_TEXT), offers_nodes=True)
    lost.show()
    shoot(lost, "panel_lost", NARROW)
    lost.hide()
    nowhere = FilmgatePanel(shown(NONE, NOWHERE, empty=True))
    nowhere.show()
    shoot(nowhere, "panel_no_server", NARROW)
    nowhere.hide()


CATALOGUE = PlayedCatalogue()

if __name__ == "__main__":
    main()
