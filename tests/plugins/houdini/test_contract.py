"""The contract of all hosts, passed by the plugin in the stand-in for Houdini."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Optional

import pytest

from fakes.echo import EchoServer
from fakes.hip import PLATE, Hip, PlateSource
from fakes.secluded import seclude
from filmgate.host.port import Moment
from filmgate.host.session import HostSession
from filmgate.host.state import Problem, State
from filmgate.manifest import parse_manifest
from filmgate.takes import Take
from filmgate.testing import CONTRACT_MODELS, MODEL, SPAN, ContractHost, HostContract

IDLE_S = 0.02
CAPTURES_IN_COOK = 3
MANIFESTS = {each["model"]["name"]: parse_manifest(each) for each in CONTRACT_MODELS}
ENDED = (State.FRESH, State.BAKED, State.ERROR)


class Notes:
    """What a node's side of the seam was asked for."""

    def __init__(self) -> None:
        self.captured: list[tuple[str, float, str]] = []
        self.problems: list[Problem] = []
        self.take: Optional[Take] = None
        self.now = self.most = 0


class HoudiniNode(ContractHost):
    """A Filmgate SOP in the hands of the contract.

    Args:
        hou: the stand-in.
        hip: the scene.
        folder: for scenes.
        node: the SOP.
    """

    def __init__(self, hou: Any, hip: Hip, folder: Path, node: Any) -> None:
        self.hou, self.hip, self.folder, self.node = hou, hip, folder, node
        self.notes = Notes()
        self.cooking: deque[int] = deque()
        self.path = node.path()
        self._session: HostSession = self._sessions.session(node)
        self._listen(self._sessions.host(node))

    @classmethod
    def make(cls, hou: Any, hip: Hip, folder: Path, model: str = MODEL) -> HoudiniNode:
        """Make a plate that differs in each frame, and a node for a model below it."""
        number = len(hip.network.children()) + 1
        plate = hip.script(PLATE, f"plate{number}")
        return cls(hou, hip, folder, hip.node(MANIFESTS[model], plate, model=model))

    @property
    def _sessions(self) -> Any:
        from filmgate_houdini import sessions  # noqa: PLC0415

        return sessions

    @property
    def _world(self) -> Any:
        return self.hou._world.current()

    def _listen(self, host: Any) -> None:
        """Note what the session asks of the node, and then let the node do it."""
        host.capture = partial(self._capture, host.capture)
        host.deliver = partial(self._deliver, host.deliver)
        host.report = partial(self._report, host.report)

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
        """The node's session."""
        return self._session

    @property
    def name(self) -> str:
        """The node's path."""
        return str(self.path)

    @property
    def take(self) -> Optional[Take]:
        """The take that the node reads."""
        return self.notes.take

    @property
    def problems(self) -> Sequence[Problem]:
        """What the artist was told."""
        return self.notes.problems

    @property
    def violations(self) -> Sequence[str]:
        """Calls of Houdini on a wrong thread."""
        return list(self._world.violations)

    @property
    def captured(self) -> Sequence[tuple[str, float, str]]:
        """Each capture."""
        return self.notes.captured

    @property
    def captures_at_once(self) -> int:
        """The largest number of captures in one turn of the event loop, or in one cook."""
        return self.notes.most

    @property
    def captures_allowed(self) -> int:
        """What the cook of one frame needs."""
        return CAPTURES_IN_COOK

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, and nothing is left to cook."""
        return not (self.cooking or self._session.busy)

    def run(self, frames: Sequence[int], live: bool = False, again: bool = False) -> None:
        """Cook the frames, as the viewport and renders do; or run as the buttons do."""
        if live or again:
            self._session.run([Moment(float(frame)) for frame in frames], live=live)
        else:
            self.cooking.extend(frames)

    def cancel(self) -> None:
        """Press the button; nothing more is cooked."""
        self.cooking.clear()
        self.node.parm("filmgate_cancel").pressButton()

    def turn(self) -> None:
        """Let the event loop turn, and cook the next frame."""
        self.notes.now = 0
        if self.cooking:
            self._cook(self.cooking[0])
        self.notes.now = 0
        self._world.run_one()
        with self._world._wake:
            self._world._wake.wait(IDLE_S)

    def _cook(self, frame: int) -> None:
        if self.hou.frame() != frame:
            self.hou.setFrame(frame)
        with suppress(self.hou.OperationFailed):
            self.node.cook(force=True)
        if self._session.state_at(Moment(float(frame))) in ENDED:
            self.cooking.popleft()

    def set_params(self, **params: Any) -> None:
        """Set the parameters."""
        for name, value in params.items():
            self.node.parm(f"filmgate_p_{name}").set(value)

    def change_pixels(self, frame: int) -> None:
        """Edit the plate's script."""
        parm = self.node.inputs()[0].parm("python")
        before = parm.unexpandedString()
        number = before.count(f"{float(frame)}: ") + 1
        parm.set(
            before.replace("{", f"{{{float(frame)}: {number}, ", 1)
            if number == 1
            else before.replace(f"{float(frame)}: {number}", f"{float(frame)}: {number + 1}", 1)
        )

    def plate(self, frame: int) -> bytes:
        """Return what a capture gives now."""
        return PlateSource(self.node).plate(Moment(float(frame)))

    def reopen(self) -> HoudiniNode:
        """Save the scene, leave Houdini, start it and open the scene."""
        scene, path = str(self.folder / "shot.hip"), self.node.path()
        self.hou.hipFile.save(scene)
        self._sessions.close_hubs()
        self.hou._fresh()
        hip = Hip(self.hou, scene)
        self.hou.playbar.setFrameRange(*SPAN)
        return HoudiniNode(self.hou, hip, self.folder, self.hou.node(path))

    def copy(self) -> HoudiniNode:
        """Copy and paste the node, connected to the same plate."""
        (pasted,) = self.hip.network.copyItems([self.node])
        pasted.setInput(0, self.node.inputs()[0])
        return HoudiniNode(self.hou, self.hip, self.folder, pasted)

    def add(self, model: str) -> HoudiniNode:
        """Make another node, with a plate of its own."""
        return HoudiniNode.make(self.hou, self.hip, self.folder, model)

    def delete(self) -> None:
        """Delete the node."""
        self.cooking.clear()
        self.node.destroy()


@pytest.fixture
def server() -> Iterator[EchoServer]:
    """Return a server that answers."""
    with EchoServer() as echo:
        yield echo


@pytest.fixture
def host(
    hou: Any, server: EchoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HoudiniNode]:
    """Return a node in a scene, with that server configured."""
    seclude(tmp_path, monkeypatch)
    monkeypatch.setenv("FILMGATE_SERVER", server.address)
    monkeypatch.setenv("FILMGATE_SHOW", "film")
    from filmgate_houdini import sessions, sop  # noqa: PLC0415 - found once Houdini is

    monkeypatch.setattr(sop, "SopSource", PlateSource)
    hou.playbar.setFrameRange(*SPAN)
    hip = Hip(hou)
    yield HoudiniNode.make(hou, hip, tmp_path)
    sessions.close_hubs()


class TestHoudini(HostContract):
    """A Filmgate SOP keeps the contract."""
