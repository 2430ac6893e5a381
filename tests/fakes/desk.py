"""An artist's desk: a node in a fake host that ticks, and everything a test wants to spoil."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from filmgate.config import load_config
from filmgate.host.clock import Clock
from filmgate.host.hub import Hub
from filmgate.host.node import NodeState
from filmgate.host.port import Moment, Settings
from filmgate.host.session import HostSession
from filmgate.host.state import State
from filmgate.job import Payload
from filmgate.manifest import parse_manifest, to_manifest_json
from filmgate.testing import CONTRACT_MODELS, TICK, FakeHost

PATIENCE_S = 20.0
PACKAGE = "ab" * 32


class DeskClock:
    """A clock that a test sets; what is to happen later happens when the test says so."""

    def __init__(self) -> None:
        self.time_s = 0.0
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def now_s(self) -> float:
        return self.time_s

    def later(self, delay_s: float, call: Callable[[], None]) -> Callable[[], None]:
        entry = (self.time_s + delay_s, call)
        self.calls.append(entry)
        return lambda: self.calls.remove(entry) if entry in self.calls else None

    def advance(self, by_s: float) -> None:
        """Let time pass."""
        self.time_s += by_s
        for entry in [each for each in self.calls if each[0] <= self.time_s]:
            self.calls.remove(entry)
            entry[1]()


class DeskHost(FakeHost):
    """A fake host whose hints and settings a test chooses."""

    source_time: float | None = None
    hint: Callable[[Moment], str] | None = None

    def settings(self, moment: Moment) -> Settings:
        return replace(super().settings(moment), source_time=self.source_time)

    def fingerprint(self, moment: Moment) -> str:
        return self.hint(moment) if self.hint is not None else super().fingerprint(moment)


class Desk:
    """A node of a host on a folder of its own; a context manager.

    Args:
        folder: for everything on disk.
        server: its address; empty for none.
        document: the manifest that the node embeds; None leaves it to the server.
        model: as the node asks for it.
        span: first and last frame of the main input.
        clock: the time; None is the machine's.
    """

    def __init__(
        self,
        folder: Path,
        server: str,
        document: Mapping[str, Any] | None = None,
        model: str = "echo",
        span: tuple[int, int] = (1, 10),
        clock: Clock | None = None,
    ) -> None:
        self.hub = Hub(load_config({"server": server, "show": "film", "user": "alice"}, {}), folder)
        self.connected = {"color"}
        self.spoil: Callable[[str, Moment], None] | None = None
        state = "" if document is None else embedded(document).to_text()
        self.host = DeskHost(TICK, self._pixels, span, state)
        self.session = HostSession(self.host, self.hub, model, clock)

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *exception: object) -> None:
        if not self.host.gone:
            self.session.close()
        self.hub.close()

    def run(self, *frames: float, **options: Any) -> None:
        """Begin."""
        self.session.run([Moment(float(frame)) for frame in frames], **options)

    def settle(self, until: Callable[[], bool] | None = None) -> None:
        """Tick until something holds; by default, until nothing is under way."""
        holds = until or (lambda: not self.session.busy)
        give_up_s = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < give_up_s, f"nothing more happens: {self.session.status}"
            self.host.tick(self.session)

    def make(self, *frames: float, **options: Any) -> None:
        """Run and wait for the end."""
        self.run(*frames, **options)
        self.settle()

    def states(self, frames: Sequence[int]) -> list[State]:
        """Return the state of each frame."""
        return [self.session.state_at(Moment(float(frame))) for frame in frames]

    def codes(self) -> list[str]:
        """Return the codes of what the artist was told."""
        return [problem.code for problem in self.host.problems]

    def plate(self, name: str, moment: Moment) -> bytes:
        """Return what a capture gives now."""
        revision = self.host.revisions.get(moment.time, 0)
        return f"{name} {moment.time:g} {moment.view} {revision} ".encode() * 50

    def _pixels(self, name: str, moment: Moment) -> Payload | None:
        if self.spoil is not None:
            self.spoil(name, moment)
        return Payload(name, self.plate(name, moment)) if name in self.connected else None


def document_of(**sections: Any) -> dict[str, Any]:
    """Return the manifest of a model that echoes, with other sections."""
    return {**CONTRACT_MODELS[0], **sections}


def embedded(document: Mapping[str, Any]) -> NodeState:
    """Return the state of a node that was saved with a manifest."""
    manifest = parse_manifest(dict(document))
    text = to_manifest_json(manifest).decode()
    return NodeState(model=manifest.name, version=manifest.version, package=PACKAGE, manifest=text)
