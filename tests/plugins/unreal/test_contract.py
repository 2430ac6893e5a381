"""The contract of all hosts, passed by the plugin in the stand-in for Unreal."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

from fakes.echo import EchoServer
from fakes.secluded import seclude
from filmgate.host.port import Moment
from filmgate.host.session import HostSession
from filmgate.host.state import Problem
from filmgate.takes import Take
from filmgate.testing import MODEL, SPAN, ContractHost, HostContract

IDLE_S = 0.02


class Notes:
    """What an asset's side of the seam was asked for."""

    def __init__(self) -> None:
        self.captured: list[tuple[str, float, str]] = []
        self.problems: list[Problem] = []
        self.take: Optional[Take] = None
        self.now = self.most = 0


class UnrealNode(ContractHost):
    """A sequence of textures and what a model makes of it.

    Args:
        fresh: starts an editor.
        work: what the model works on, and what that becomes.
    """

    def __init__(self, fresh: Callable[..., Any], work: Any) -> None:
        self.fresh, self.work = fresh, work
        self.notes = Notes()
        self._session: HostSession = self._sessions.session(work)
        self._listen(self._sessions.host(work))

    @classmethod
    def make(cls, fresh: Callable[..., Any], texture: Any, model: str = MODEL) -> UnrealNode:
        """Make a texture for each frame, and work of a model on them."""
        from filmgate_unreal.textures import TextureSource  # noqa: PLC0415 - found once it runs
        from filmgate_unreal.work import Work  # noqa: PLC0415

        first, last = SPAN
        frames = {frame: f"/Game/T_Fire_{frame}" for frame in range(first, last + 1)}
        for frame, path in frames.items():
            if not _asset(path):
                plane = [frame % 256] * 32
                texture(path, dict.fromkeys("BGRA", plane), 8, kind="BGRA8", srgb=True)
        source = TextureSource(frames)
        count = len(_made)
        _made.append(model)
        return cls(fresh, Work(source, f"/Game/T_Fire_{count}_{model}", model))

    @property
    def _sessions(self) -> Any:
        from filmgate_unreal import sessions  # noqa: PLC0415

        return sessions

    @property
    def _editor(self) -> Any:
        from unreal._session import current  # noqa: PLC0415

        return current()

    def _listen(self, host: Any) -> None:
        """Note what the session asks of the asset, and then let the plugin do it."""
        host.capture = partial(self._capture, host.capture)
        host.deliver = partial(self._deliver, host.deliver)
        host.report = partial(self._report, host.report)
        self._plate = host.capture.args[0]

    def _capture(self, capture: Any, name: str, moment: Moment) -> Any:
        payload = capture(name, moment)
        self.notes.captured.append((name, moment.time, moment.view))
        self.notes.now += 1
        self.notes.most = max(self.notes.most, self.notes.now)
        return payload

    def _deliver(self, deliver: Any, take: Take) -> None:
        self.notes.take = take
        deliver(take)

    def _report(self, report: Any, problem: Problem) -> None:
        self.notes.problems.append(problem)
        report(problem)

    @property
    def session(self) -> HostSession:
        """The session of the work."""
        return self._session

    @property
    def name(self) -> str:
        """The name of the source."""
        return str(self.work.source.label())

    @property
    def take(self) -> Optional[Take]:
        """The take that came last."""
        return self.notes.take

    @property
    def problems(self) -> Sequence[Problem]:
        """What the artist was told."""
        return self.notes.problems

    @property
    def violations(self) -> Sequence[str]:
        """Calls of Unreal on a wrong thread."""
        return list(self._editor.violations)

    @property
    def captured(self) -> Sequence[tuple[str, float, str]]:
        """Each capture."""
        return self.notes.captured

    @property
    def captures_at_once(self) -> int:
        """The largest number of captures in one tick."""
        return self.notes.most

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._session.busy

    def run(self, frames: Sequence[int], live: bool = False, again: bool = False) -> None:
        """Run as a batch does."""
        self._session.run([Moment(float(frame)) for frame in frames], live=live)

    def cancel(self) -> None:
        """Press the button."""
        self._session.cancel()

    def turn(self) -> None:
        """Let the editor draw one frame."""
        self.notes.now = 0
        self._editor.tick()
        threading.Event().wait(IDLE_S / 4)

    def set_params(self, **params: Any) -> None:
        """Set parameters, of which the form need not be known yet."""
        self._sessions.host(self.work).set_params(**params)

    def change_pixels(self, frame: int) -> None:
        """Import another picture into the texture of a frame."""
        from unreal import _images  # noqa: PLC0415

        held = _asset(self.work.source.frames[frame])
        plane = [int(code) ^ 1 for code in held._source.planes["R"]]
        held._source = _images.make_image(8, 4, "BGRA8", dict.fromkeys("BGRA", plane))

    def plate(self, frame: int) -> bytes:
        """Return what a capture gives now."""
        return bytes(self._plate("color", Moment(float(frame))).data)

    def reopen(self) -> UnrealNode:
        """Save everything, quit the editor, start it on the same project."""
        before = self._editor
        self._end()
        after = self.fresh()
        after.assets, after.metadata = before.assets, before.metadata
        _start()
        return UnrealNode(self.fresh, self.work)

    def _end(self) -> None:
        from filmgate_unreal import sessions, ticks  # noqa: PLC0415

        ticks.stop()
        sessions.close_hubs()

    def copy(self) -> UnrealNode:
        """Accept the result, and duplicate the asset that it became."""
        import unreal  # noqa: PLC0415

        from filmgate_unreal import metadata  # noqa: PLC0415
        from filmgate_unreal.work import Work  # noqa: PLC0415

        library = unreal.EditorAssetLibrary
        accepted = library.duplicate_asset(self.work.source.path, self.work.target)
        metadata.write(accepted, self._sessions.record(self.work))
        target = f"{self.work.target}_copy"
        library.duplicate_asset(self.work.target, target)
        return UnrealNode(self.fresh, Work(self.work.source, target, self.work.model))

    def add(self, model: str) -> UnrealNode:
        """Let another model work on the same textures."""
        return UnrealNode.make(self.fresh, None, model)

    def delete(self) -> None:
        """Forget the work."""
        self._sessions.end(self.work)


_made: list[str] = []


def _asset(path: str) -> Any:
    import unreal  # noqa: PLC0415

    return unreal.load_asset(path) if unreal.EditorAssetLibrary.does_asset_exist(path) else None


def _start() -> None:
    from filmgate_unreal import ticks  # noqa: PLC0415

    ticks.start()


@pytest.fixture
def server() -> Iterator[EchoServer]:
    """Return a server that answers."""
    with EchoServer() as echo:
        yield echo


@pytest.fixture
def host(
    fresh: Callable[..., Any],
    texture: Callable[..., Any],
    server: EchoServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[UnrealNode]:
    """Return a sequence of tiny textures, with that server configured."""
    seclude(tmp_path, monkeypatch)
    monkeypatch.setenv("FILMGATE_SERVER", server.address)
    monkeypatch.setenv("FILMGATE_SHOW", "film")
    from filmgate_unreal import sessions, ticks  # noqa: PLC0415 - found once Unreal is

    _start()
    yield UnrealNode.make(fresh, texture)
    ticks.stop()
    sessions.close_hubs()


class TestUnreal(HostContract):
    """What a model makes of a sequence of textures keeps the contract."""
