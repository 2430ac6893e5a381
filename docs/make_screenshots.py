"""Make the pictures of the panel in docs/images, from what comes with the project.

Run it where a display is; one in memory will do::

    xvfb-run --auto-servernum --server-args '-screen 0 1600x1200x24' python docs/make_screenshots.py

Qt wants libxcb-cursor0, libxcb-icccm4, libxcb-keysyms1 and libxkbcommon-x11-0 for that.

Before and after are computed by the denoiser; server, jobs and queue are played, so that the same
pictures come out everywhere.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import tomllib

from filmgate.config import load_config
from filmgate.errors import ConnectionLostError, FilmgateError
from filmgate.host.board import ERROR, INFO, WARNING, Board, Comparison, RunRow
from filmgate.host.connection import CONNECTED, LOST, NONE, ConnectionState
from filmgate.host.state import Problem, State, Status
from filmgate.image.display import preview_png
from filmgate.image.exr import load_exr
from filmgate.ui.panel import FilmgatePanel
from filmgate.ui.qt import QtCore, application
from filmgate.wire.messages import StatusPage
from filmgate.wire.records import ModelSummary, UserStatus, WorkerStatus

ROOT = Path(__file__).resolve().parent.parent
SERVER = ROOT / "gpu_server" / "filmgate_server"
IMAGES = ROOT / "docs" / "images"
NOISY = ROOT / "examples" / "plates" / "noisy_0001.exr"
BEAUTY = [f"ViewLayer.Combined.{name}" for name in "RGB"]
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


def played_board(pictures: tuple[bytes, bytes]) -> Board:
    """Return an artist's last ten minutes."""
    now_s = time.time()
    ticks = iter(range(0, 10_000, 47))
    board = Board(lambda: now_s - 610 + next(ticks))

    def run(label: str, model: str, status: Status, ago_s: float, took_s: float = 0.0) -> None:
        ended_s = now_s - ago_s + took_s if took_s else 0.0
        name = f"{label}{ago_s}"
        board.begin(RunRow(name, name, label, model, status, now_s - ago_s, lambda: None, ended_s))

    problem = Problem(
        "device_memory",
        "The GPU's memory does not hold this model and a tile of 8192 × 4320.",
        "Use a smaller frame, or a model with less memory: upscale instead of upscale_4x.",
        "device_memory 7f3a91c2",
        1047,
    )
    run("Upscale4x1", "upscale_4x 1.0.0", Status(State.ERROR, "", 0, 1, 0, problem=problem), 610, 9)
    fresh = Status(State.FRESH, "1920 × 1080, 0.4 s per frame", 48, 48, 1)
    run("Denoise_sky", "denoise 1.0.0", fresh, 420, 62)
    waiting = Status(State.RUNNING, "Waiting for a device", 0, 24, 0.0, place=6, eta_s=190)
    run("Retime_plateB", "retime 1.0.0", waiting, 31)
    running = Status(State.RUNNING, "Denoising", 31, 100, 0.314, eta_s=74)
    run("Denoise_beauty", "denoise 1.0.0", running, 25)
    for level, text, remedy, id in (
        (INFO, "Denoise_sky: 48 frames, 31 of them from the cache.", "", ""),
        (WARNING, "Denoise_sky: 12 pixels of frame 1012 were not finite.", _SCRUBBED, ""),
        (ERROR, f"Upscale4x1, frame 1047: {problem.text}", problem.remedy, problem.id),
        (INFO, "Denoise_beauty: running frames 1001-1100.", "", ""),
        (INFO, "Retime_plateB: running frames 1001-1024 at half speed.", "", ""),
    ):
        board.note(level, text, remedy, id)
    board.show_result(Comparison("Denoise_beauty, frame 1001, denoise 1.0.0", *pictures))
    return board


_SCRUBBED = "They were made black before denoising. Look for what makes NaN in the render."


def denoised() -> tuple[bytes, bytes]:
    """Return an example before and after denoising, as a server sends previews."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "denoised.exr"
        command = [sys.executable, "-m", "filmgate.cli", "run", "denoise"]
        subprocess.run([*command, str(NOISY), str(result), "--embedded"], check=True)
        before, after = (load_exr(path).parts[0].stacked(BEAUTY) for path in (NOISY, result))
    return preview_png(before), preview_png(after)


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
    board = played_board(denoised())
    config = load_config({"user": USER}, environ={})

    def hub(kind: str = CONNECTED, error: FilmgateError | None = None, empty: bool = False):
        link = PlayedLink(kind, played_page(), error)
        shown = Board() if empty else board
        return SimpleNamespace(link=link, board=shown, catalogue=CATALOGUE, config=config)

    panel = FilmgatePanel(hub(), offers_nodes=True)
    panel.show()
    wait()
    panel.jobs.list.choose(0)
    shoot(panel, "panel", NARROW)
    panel.tabs.setCurrentWidget(panel.queue)
    shoot(panel, "panel_queue", NARROW)
    panel.tabs.setCurrentWidget(panel.models)
    panel.models.list.choose(1)
    shoot(panel, "panel_models", WIDE)
    panel.tabs.setCurrentWidget(panel.result)
    shoot(panel, "panel_result", WIDE)
    panel.tabs.setCurrentWidget(panel.log)
    panel.log.list.choose(2)
    shoot(panel, "panel_log", NARROW)
    panel.hide()
    lost = FilmgatePanel(hub(LOST, LOST_TEXT), offers_nodes=True)
    lost.show()
    shoot(lost, "panel_lost", NARROW)
    lost.hide()
    nowhere = FilmgatePanel(hub(NONE, NOWHERE, empty=True))
    nowhere.show()
    shoot(nowhere, "panel_no_server", NARROW)
    nowhere.hide()


CATALOGUE = PlayedCatalogue()

if __name__ == "__main__":
    main()
