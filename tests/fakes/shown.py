"""A hub as the panel sees it: server, models and board answer as told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from filmgate.config import load_config
from filmgate.errors import FilmgateError
from filmgate.host.board import Board, RunRow
from filmgate.host.connection import CONNECTED, NONE, ConnectionState
from filmgate.host.state import State, Status
from filmgate.wire.messages import StatusPage
from filmgate.wire.records import ModelSummary, UserStatus, WorkerStatus

ADDRESS = "tcp://gate:5700"
GIB = 1 << 30


def make_page(state: str = "running", users: tuple[UserStatus, ...] = ()) -> StatusPage:
    """Return what a server of one device says."""
    worker = WorkerStatus(
        "0", "cuda:0", "busy", 1, 0, 7, ("denoise@1.0.0",), 6 * GIB, 24 * GIB, 1000
    )
    return StatusPage("1.2.3", state, {"uptime_ms": 90_000, "sessions": 2}, (worker,), users)


def make_run(name: str = "run", **changes: Any) -> RunRow:
    """Return a run; *changes* are those of its status, or the row's own."""
    row = {key: changes.pop(key) for key in ("cancel", "ended_s", "label") if key in changes}
    status = Status(**{"state": State.RUNNING, **changes})
    made = {"label": f"Node_{name}", "cancel": lambda: None, "ended_s": 0.0, **row}
    return RunRow(
        name,
        f"node{name}",
        made["label"],
        "denoise 1.0.0",
        status,
        100.0,
        made["cancel"],
        made["ended_s"],
    )


def make_model(name: str, task: str = "denoise", summary: str = "") -> ModelSummary:
    """Return a line of the list of models."""
    digest = name.encode().ljust(32, b".")
    return ModelSummary(name, "1.0.0", task, summary or f"Does {name}.", digest, digest, 0)


@dataclass
class ScriptedLink:
    """A connection that answers as told; `gate` holds answers up while it is clear."""

    kind: str = CONNECTED
    page: StatusPage = field(default_factory=make_page)
    error: FilmgateError | None = None
    start_error: FilmgateError | None = None
    gate: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    done: Callable[[FilmgateError | None], None] | None = None
    stopped: bool = False

    def __post_init__(self) -> None:
        self.gate.set()

    def state(self) -> ConnectionState:
        return ConnectionState(self.kind, "" if self.kind == NONE else ADDRESS)

    def client(self, wait_s: float) -> ScriptedLink:
        self.threads.append(threading.current_thread())
        self.gate.wait(20)
        if self.error is not None:
            raise self.error
        return self

    def status(self, timeout_s: float) -> StatusPage:
        return self.page

    def start_local(self, python: str = "", done: Any = None) -> None:
        self.done = done

    def stop_local(self) -> None:
        self.stopped = True


@dataclass
class ScriptedCatalogue:
    """Models, cards and pictures as told."""

    found: tuple[ModelSummary, ...] = ()
    cards: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    licences: dict[str, dict[str, str]] = field(default_factory=dict)
    threads: list[threading.Thread] = field(default_factory=list)
    refreshed: int = 0

    def models(self) -> tuple[ModelSummary, ...]:
        self.threads.append(threading.current_thread())
        return self.found

    def card(self, model: ModelSummary) -> str | None:
        self.threads.append(threading.current_thread())
        return self.cards.get(model.name)

    def picture(self, model: ModelSummary) -> bytes | None:
        return self.pictures.get(model.name)

    def manifest(self, model: ModelSummary) -> Any:
        return SimpleNamespace(licence=self.licences.get(model.name, {}))

    def refresh(self, done: Callable[[None], None]) -> None:
        self.refreshed += 1
        done(None)


@dataclass
class ShownHub:
    """What the panel asks of a hub."""

    board: Board = field(default_factory=Board)
    link: ScriptedLink = field(default_factory=ScriptedLink)
    catalogue: ScriptedCatalogue = field(default_factory=ScriptedCatalogue)
    config: Any = field(default_factory=lambda: load_config({"user": "mira"}, {}))
